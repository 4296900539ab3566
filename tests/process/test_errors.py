"""What goes wrong is told clearly, touches what it must, and leaves everything else working."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from process.flows import failures
from process.flows.script import run_script
from process.flows.stages import Dies, Echo, Gather, Slow, Ticks, Total, double, numbers, pid
from routilux import Flow, FlowError, JobFailed, JobState, Routine, RoutineCrashed, Runtime, routine

TIMEOUT = 30.0


def failed(job: JobState) -> JobFailed:
    error = job.wait(TIMEOUT).error
    assert isinstance(error, JobFailed)
    return error


# --- on_error ---

KINDS = pytest.mark.parametrize("kind", [failures.Fussy, failures.FussyGenerator])


@KINDS
def test_an_error_stops_the_job_unless_told_otherwise(runtime: Runtime, kind: type[Routine]) -> None:
    flow = Flow().pipe(numbers).pipe(kind(), "fussy").pipe(Echo())
    error = failed(runtime.exec(flow, job_id="seven", n=5))
    assert (error.routine, error.cause_type, error.job_id) == ("fussy", "ValueError", "seven")
    assert str(error).startswith("routine 'fussy' of job 'seven' raised ValueError: 2 is bad")


@KINDS
def test_a_failed_job_leaves_the_processes_as_they_were(runtime: Runtime, kind: type[Routine]) -> None:
    flow = Flow().pipe(kind()).pipe(pid)
    before = set(runtime.exec(flow, value=1).results(TIMEOUT))
    failed(runtime.exec(flow, value=2))
    assert set(runtime.exec(flow, value=1).results(TIMEOUT)) == before


@KINDS
@pytest.mark.parametrize(
    ("on_error", "found", "counted"),
    [("skip", [0, 0, 1, -1, 3, -3], (0, 1)), ("continue", [0, 0, 1, -1, 2, 3, -3], (1, 0))],
)
def test_an_error_is_let_pass_as_told(
    runtime: Runtime, kind: type[Routine], on_error: Any, found: list[int], counted: tuple[int, int]
) -> None:
    flow = Flow(on_error=on_error).pipe(numbers).pipe(kind(), "fussy").pipe(Gather())
    job = runtime.exec(flow, n=4)
    assert job.result(TIMEOUT) == found
    assert (job.counters["fussy"]["errors"], job.counters["fussy"]["skipped"]) == counted
    assert [str(error).splitlines()[0] for error in job.errors] == [
        f"routine 'fussy' of job '{job.job_id}' raised ValueError: 2 is bad"
    ]


@pytest.mark.parametrize(("on_error", "found"), [("skip", [1, -1, 9, -9]), ("continue", [1, -1, 5, 9, -9])])
def test_an_error_in_a_batch_is_let_pass_as_told(runtime: Runtime, on_error: Any, found: list[int]) -> None:
    flow = Flow(on_error=on_error).pipe(numbers).pipe(failures.FussyBatch())
    assert runtime.exec(flow, n=6).results(TIMEOUT) == found


@pytest.mark.parametrize(("on_error", "found"), [("skip", []), ("continue", ["before"])])
def test_an_error_in_finish_is_let_pass_as_told(runtime: Runtime, on_error: Any, found: list[str]) -> None:
    job = runtime.exec(Flow(on_error=on_error).pipe(numbers).pipe(failures.FussyFinish()), n=3)
    assert job.results(TIMEOUT) == found
    assert len(job.errors) == 1


def test_an_error_in_finish_stops_the_job(runtime: Runtime) -> None:
    error = failed(runtime.exec(Flow().pipe(numbers).pipe(failures.FussyFinish()), n=3))
    assert "at the end" in str(error)


def test_an_error_in_a_batch_stops_the_job(runtime: Runtime) -> None:
    error = failed(runtime.exec(Flow().pipe(numbers).pipe(failures.FussyBatch()), n=3))
    assert "2 is bad" in str(error)


def test_errors_of_one_job_are_not_anothers(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(failures.Fussy(bad=50)).pipe(Gather())
    jobs = [runtime.exec(flow, n=n) for n in (100, 20) * 10]
    assert [job.wait(TIMEOUT).status for job in jobs] == ["failed", "completed"] * 10


def test_many_errors_are_counted_and_some_are_kept(runtime: Runtime) -> None:
    flow = Flow(on_error="skip").pipe(numbers).pipe(Echo().set_logic(lambda value: 1 // 0), "fails")
    job = runtime.exec(flow, n=3000).wait(TIMEOUT)
    assert (job.status, job.counters["fails"]["skipped"], len(job.errors)) == ("completed", 3000, 100)


# --- what an error says ---


@KINDS
def test_the_traceback_is_the_users_own(runtime: Runtime, kind: type[Routine]) -> None:
    error = failed(runtime.exec(Flow().pipe(kind()), value=2))
    assert f'File "{failures.__file__}", line ' in str(error)
    assert 'raise ValueError(f"{value} is bad")' in error.traceback
    assert "/routilux/" not in error.traceback


def test_a_chain_of_errors_is_told_whole(runtime: Runtime) -> None:
    text = str(failed(runtime.exec(Flow().pipe(failures.Raises()), value="chain")))
    assert "KeyError: 'cause'" in text
    assert "The above exception was the direct cause" in text
    assert text.rstrip().endswith("ValueError: effect")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("exit", "SystemExit"),
        ("surrogate", "FileNotFoundError"),
        ("endless text", "ValueError"),
        ("mute", "Mute"),
        ("deep", "RecursionError"),
    ],
)
def test_odd_errors_fail_the_job_and_not_the_process(runtime: Runtime, value: str, kind: str) -> None:
    flow = Flow().pipe(failures.Raises()).pipe(pid)
    before = runtime.run(flow, value="fine", timeout=TIMEOUT)
    assert failed(runtime.exec(flow, value=value)).cause_type.endswith(kind)
    assert runtime.run(flow, value="fine", timeout=TIMEOUT) == before


def test_what_is_no_exception_kills_the_process_and_says_where(runtime: Runtime) -> None:
    job = runtime.exec(Flow().pipe(failures.Raises()), value="keyboard").wait(TIMEOUT)
    assert "routine 'raises'" in str(job.error or job.errors[0])


@pytest.mark.parametrize("value", ["surrogate", "endless text", "mute"])
def test_odd_errors_can_be_skipped_any_number_of_times(runtime: Runtime, value: str) -> None:
    flow = Flow(on_error="skip").pipe(failures.Raises(), "raises").pipe(Gather())
    found = list(runtime.stream(flow, [value] * 60 + ["fine"], timeout=TIMEOUT))
    assert found == [["fine"]]


def test_what_cannot_be_unpickled_fails_its_job(runtime: Runtime) -> None:
    flow = Flow().pipe(Echo()).pipe(pid)
    before = runtime.run(flow, value=1, timeout=TIMEOUT)
    assert "not a number" in str(failed(runtime.exec(flow, value=failures.Unreadable())))
    assert runtime.run(flow, value=1, timeout=TIMEOUT) == before


def test_what_cannot_be_unpickled_can_be_skipped(runtime: Runtime) -> None:
    flow = Flow(on_error="skip").pipe(Echo(), "echo").pipe(Gather())
    found = list(runtime.stream(flow, [1, failures.Unreadable(), 2], timeout=TIMEOUT))
    assert found == [[1, 2]]


def test_a_key_that_raises_fails_the_job_that_emits(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers, "numbers").pipe(Total(), workers=2, key=lambda value: 1 // value)
    error = failed(runtime.exec(flow, n=3))
    assert (error.routine, error.cause_type) == ("numbers", "ZeroDivisionError")


def test_a_submission_whose_key_raises_is_refused_and_leaves_no_job(runtime: Runtime) -> None:
    flow = Flow().pipe(Echo(), workers=2, key="id")
    for _ in range(3):
        with pytest.raises(TypeError, match="no such field"):
            runtime.exec(flow, value={"other": 1})
    assert runtime.jobs("running") == []
    assert runtime.run(flow, value={"id": 1}, timeout=TIMEOUT) == {"id": 1}


# --- before anything runs ---


@pytest.fixture
def _starts_nothing() -> Iterator[None]:
    """A flow that cannot run is refused before a process is started, and at once."""
    began, before = time.monotonic(), children()
    yield
    assert children() == before
    assert time.monotonic() - began < 30


def children() -> str:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")


@pytest.mark.usefixtures("_starts_nothing")
def test_a_wrong_configuration_key_is_refused() -> None:
    with pytest.raises(FlowError, match="'secnds': did you mean 'seconds'"):
        Ticks(secnds=1)


@pytest.mark.usefixtures("_starts_nothing")
def test_an_unconnected_slot_is_refused(runtime: Runtime) -> None:
    flow = Flow().pipe(double)
    flow.add_routine(routine(lambda a, b: a), "both")
    flow.connect("double", "output", "both", "a")
    with pytest.raises(FlowError, match="both: nothing feeds its slot 'b'"):
        runtime.exec(flow, value=1)


@pytest.mark.usefixtures("_starts_nothing")
def test_an_unknown_routine_is_refused(runtime: Runtime) -> None:
    flow = Flow().pipe(double)
    flow.connect("double", "output", "doubel", "value")
    with pytest.raises(FlowError, match="there is no routine 'doubel': did you mean 'double'"):
        runtime.exec(flow, value=1)


@pytest.mark.usefixtures("_starts_nothing")
def test_an_unknown_slot_of_a_submission_is_refused(runtime: Runtime) -> None:
    with pytest.raises(FlowError, match="'double' has no slot 'valeu': did you mean 'value'"):
        runtime.exec(Flow().pipe(double), valeu=1)


@pytest.mark.usefixtures("_starts_nothing")
def test_a_configuration_that_cannot_travel_is_named(runtime: Runtime) -> None:
    class Locks(Routine):
        lock: Any = None

        def logic(self) -> None:
            pass

    with pytest.raises(FlowError, match=r"locks: cannot be sent to a worker: its configuration 'lock'"):
        runtime.exec(Flow().pipe(Locks(lock=threading.Lock())))


@pytest.mark.usefixtures("_starts_nothing")
def test_what_is_no_flow_is_refused(runtime: Runtime) -> None:
    with pytest.raises(FlowError, match="expected a Flow"):
        runtime.exec(double, value=1)  # type: ignore[arg-type]  # the mistake under test


# --- a start that fails ---


def test_a_setup_that_raises_fails_the_job_with_its_traceback(runtime: Runtime) -> None:
    flow = Flow().pipe(Echo()).pipe(failures.NoSetup(), "no_setup")
    error = runtime.exec(flow, value=1).wait(TIMEOUT).error
    assert isinstance(error, RoutineCrashed)
    assert "routine 'no_setup' could not start: OSError: the disk is gone" in str(error)
    assert 'raise OSError("the disk is gone")' in str(error)


def test_a_setup_that_raises_is_tried_again_by_the_next_job(runtime: Runtime) -> None:
    flow = Flow().pipe(failures.NoSetup(), "no_setup")
    for _ in range(3):
        assert runtime.exec(flow, value=1).wait(TIMEOUT).status == "failed"


def test_a_teardown_that_raises_leaves_results_and_no_process() -> None:
    with Runtime() as runtime:
        job = runtime.exec(Flow().pipe(failures.NoTeardown()), value=1)
    assert job.result(TIMEOUT) == 1


VANISHING = """
import sys, pathlib
pathlib.Path("plugin.py").write_text('''
from routilux import Event, Routine, Slot
class Plugin(Routine):
    value = Slot()
    out = Event()
    def logic(self, value): self.out.emit(value)
''')
sys.path.insert(0, ".")
import plugin
from routilux import Flow, Runtime
if sys.argv[1] == "module":
    pathlib.Path("plugin.py").write_text("import no_such_module")
else:
    pathlib.Path("plugin.py").write_text("class Other: pass")
with Runtime() as runtime:
    job = runtime.exec(Flow().pipe(plugin.Plugin(), "plugin"), value=1).wait(30)
    print(type(job.error).__name__, job.error)
"""


@pytest.mark.parametrize(
    ("what", "told"),
    [("module", "No module named 'no_such_module'"), ("class", "Can't get attribute 'Plugin'")],
)
def test_code_that_is_not_there_for_the_worker_is_named(tmp_path: Path, what: str, told: str) -> None:
    done = run_script(tmp_path, VANISHING, what)
    assert done.stdout.startswith("RoutineCrashed routine 'plugin' could not start: "), done.stderr
    assert told in done.stdout
    assert done.returncode == 0


# --- a worker that dies ---

DEATHS = pytest.mark.parametrize(
    ("how", "told"),
    [
        ("kill", r"was killed by signal 9 \(SIGKILL\)"),
        ("segfault", r"was killed by signal 11 \(SIGSEGV\)"),
        ("exit", "exited with code 3"),
        ("leave", "exited with code 0"),
    ],
)


@DEATHS
def test_a_message_that_kills_its_process_becomes_a_dead_letter(
    runtime: Runtime, how: str, told: str
) -> None:
    flow = Flow().pipe(Echo()).pipe(Dies(), "dies").pipe(Gather())
    job = runtime.exec(flow, value=how).wait(TIMEOUT)
    assert (job.status, job.counters["dies"]["dead"], len(job.errors)) == ("completed", 1, 1)
    assert isinstance(job.errors[0], RoutineCrashed)
    assert re.search(f"routine 'dies' {told} 3 times while working on message", str(job.errors[0]))


@DEATHS
def test_the_neighbours_of_a_dead_letter_are_processed_once(runtime: Runtime, how: str, told: str) -> None:
    flow = Flow().pipe(Echo()).pipe(Dies()).pipe(Gather())
    items = [str(n) for n in range(200)]
    found = list(runtime.stream(flow, [*items[:100], how, *items[100:]]))
    assert found == [items]


def test_a_dead_letter_is_kept_with_its_payload(runtime: Runtime) -> None:
    flow = Flow("letters").pipe(Dies(), "dies")
    runtime.exec(flow, job_id="seven", value="kill").wait(TIMEOUT)
    (letter,) = runtime.dead_letters.all()
    assert (letter.flow, letter.job_id, letter.routine, letter.slot) == ("letters", "seven", "dies", "value")
    assert letter.payload == "kill"


def test_only_the_process_that_died_is_replaced(runtime: Runtime) -> None:
    flow = Flow()
    flow.add_routine(pid, "before")
    flow.add_routine(Dies(), "dies")
    flow.add_routine(pid, "after")
    flow.connect("dies", "out", "after", "value")
    pids = [runtime.run(flow, {"value": 1}, entry=name, timeout=TIMEOUT) for name in ("before", "dies")]
    runtime.exec(flow, {"value": "kill"}, entry="dies").wait(TIMEOUT)
    again = [runtime.run(flow, {"value": 1}, entry=name, timeout=TIMEOUT) for name in ("before", "dies")]
    assert again == pids


def test_a_death_changes_nothing_for_other_jobs(runtime: Runtime) -> None:
    flow = Flow()
    flow.add_routine(Ticks(seconds=0.0), "ticks")
    flow.add_routine(Dies(), "dies")
    flow.add_routine(Gather(), "gather")
    flow.connect("ticks", "out", "dies", "value")
    flow.connect("dies", "out", "gather", "value")
    jobs = [runtime.exec(flow, entry="ticks", n=3000) for _ in range(3)]
    dead = [runtime.post(flow, "dies", "value", "kill") for _ in range(2)]
    assert [job.result(TIMEOUT) for job in jobs] == [list(range(3000))] * 3
    assert [job.wait(TIMEOUT).counters["dies"]["dead"] for job in dead] == [1, 1]


def test_a_process_killed_from_outside_is_replaced_and_nothing_is_lost(runtime: Runtime) -> None:
    flow = Flow().pipe(numbers).pipe(Slow(seconds=0.0005), "slow").pipe(Gather())
    job = runtime.exec(flow, n=2000)
    killed: set[int] = set()
    while not job.ended and len(killed) < 3:
        for child in psutil.Process().children():
            with contextlib.suppress(psutil.Error):  # the one that was killed before
                if child.cmdline()[-1:] == ["flow:slow-0"] and child.pid not in killed:
                    killed.add(child.pid)
                    child.kill()
    assert job.result(TIMEOUT) == list(range(2000))
    done = dict.fromkeys(("activations", "received", "emitted"), 2000)
    assert job.counters["slow"] == {"errors": 0, "skipped": 0, "unused": 0, "dead": 0} | done


def test_a_stream_outlives_the_death_of_a_worker(runtime: Runtime) -> None:
    read = threading.Event()

    def items() -> Iterator[str]:
        yield "before"
        assert read.wait(TIMEOUT)
        yield "kill"
        yield "after"

    outputs = runtime.stream(Flow().pipe(Dies()), items())
    assert next(outputs) == "before"
    read.set()
    assert list(outputs) == ["after"]
