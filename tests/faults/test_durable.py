"""All processes of a durable run are killed, and what is resumed ends as if nobody had died."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from faults.durable import Lives, killed_at_random
from faults.lasting import CASES, held
from faults.stories import tell
from routilux import (
    ClosedError,
    DeadlineExceeded,
    ExecutionStatus,
    JobCancelled,
    JobFailed,
    JobState,
    Runtime,
    clock,
    incarnation,
)
from routilux.statedir import LOCK

TIMEOUT = 40.0
POINTS = [
    *("journal.before", "journal.after", "commit.after", "apply.middle"),
    *(pytest.param(point, marks=pytest.mark.soak) for point in ("commit.before", "applied.after")),
]
SAMPLES = [
    (1, ["ordered", "shared", "bulk"]),
    (2, ["keyed", "deadly", "early"]),
    *(pytest.param((seed, sorted(CASES)), marks=pytest.mark.soak) for seed in range(3, 23)),
]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def only(runtime: Runtime) -> JobState:
    (job,) = runtime.resumed
    return job


def files(state: Path) -> list[str]:
    return sorted(path.name for path in state.rglob("*"))


def go_on(state: Path) -> None:
    """What waits in the middle of a job, so that it does not end before its processes are killed, goes on."""
    Path(f"{state}.go").touch()


# --- at any moment ---


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
@pytest.mark.timeout(300)
def test_jobs_are_exact_when_everything_is_killed_at_random(
    state: Path, sample: tuple[int, list[str]]
) -> None:
    seed, names = sample
    assert killed_at_random(state, names, seed).faults() == []


@pytest.mark.parametrize("nth", [4, pytest.param(30, marks=pytest.mark.soak)])
@pytest.mark.parametrize("point", POINTS)
def test_a_supervisor_that_dies_between_two_steps_leaves_everything_exact(
    state: Path, point: str, nth: int
) -> None:
    lives = Lives(state, ["held"])
    for passage in (nth, 2):  # while it runs, then while it is resumed
        with lives.begin(ROUTILUX_CRASH=f"{point}:{passage},supervisor") as life:
            life.communicate(timeout=TIMEOUT)
        assert life.returncode == -9
    lives.finish()
    assert lives.faults() == []


def test_a_dead_letter_is_kept_once_when_the_supervisor_dies_over_it(state: Path) -> None:
    lives = Lives(state, ["deadly"])
    with lives.begin(ROUTILUX_CRASH="dead.after:1,supervisor") as life:
        life.communicate(timeout=TIMEOUT)
    assert life.returncode == -9
    lives.finish()
    assert lives.faults() == []


def test_a_dead_letter_of_an_earlier_life_goes_to_the_resumed_flow(state: Path) -> None:
    story = """
flow = Flow("deaths").pipe(numbers).pipe(Deadly(first=1))
Runtime(state_dir=state, dead_letters=state + ".dead").exec(flow, n=2).wait(30)
die()
"""
    tell(state, story)
    with Runtime.resume(state, dead_letters=f"{state}.dead") as runtime:
        (letter,) = runtime.dead_letters.all()
        again = runtime.requeue(letter).wait(TIMEOUT)
        assert (again.flow_name, again.status) == ("deaths", ExecutionStatus.COMPLETED)


@pytest.mark.parametrize(("point", "found"), [("journal.after", []), ("commit.after", ["a"])])
def test_a_job_is_admitted_by_the_commit_of_its_submission(state: Path, point: str, found: list[str]) -> None:
    story = "Runtime(state_dir=state).exec(held(), n=40, job_id='a').wait(30)"
    tell(state, story, ROUTILUX_CRASH=f"{point}:1,supervisor")
    with Runtime.resume(state) as runtime:
        assert [job.job_id for job in runtime.resumed] == found
        for job in runtime.resumed:
            assert job.results(TIMEOUT) == list(range(0, 80, 2))
    assert files(state) == [LOCK]


# --- what becomes of a job ---


def test_a_paused_job_stays_paused(state: Path) -> None:
    tell(
        state,
        """
job = Runtime(state_dir=state).exec(held(go), n=100)
until(has_done(job, "careful", 5))
job.pause()
die()
""",
    )
    go_on(state)
    with Runtime.resume(state) as runtime:
        job = only(runtime)
        assert job.status is ExecutionStatus.PAUSED
        job.resume()
        assert job.results(TIMEOUT) == list(range(0, 200, 2))


def test_a_message_that_waits_for_its_next_attempt_has_it_when_it_is_resumed(state: Path) -> None:
    tell(
        state,
        """
flow = Flow().pipe(numbers).pipe(Stubborn(times=2), on_error=retry(2, 10_000.0))
job = Runtime(state_dir=state).exec(flow, n=2)
assert next(job.outputs()).payload == 1
die()
""",
    )
    with Runtime.resume(state) as runtime:
        assert only(runtime).results(TIMEOUT) == [1, 0]


def test_jobs_that_had_ended_are_found_as_they_ended(state: Path) -> None:
    tell(
        state,
        """
@routine
def odd(value):
    raise ValueError(f"{value} is odd")

runtime = Runtime(state_dir=state)
done = runtime.exec(held(), n=10, job_id="done").wait()
failed = runtime.exec(Flow().pipe(odd), value=3, job_id="failed").wait()
cancelled = runtime.exec(held(go), n=100, job_id="cancelled")
until(has_done(cancelled, "careful", 5))
cancelled.cancel()
die()
""",
    )
    with Runtime.resume(state) as runtime:
        done, failed, cancelled = (find(runtime, name) for name in ("done", "failed", "cancelled"))
        assert done.results(0.0) == list(range(0, 20, 2))
        assert done.counters["careful"]["activations"] == 10
        with pytest.raises(JobFailed, match="3 is odd"):
            failed.results(0.0)
        with pytest.raises(JobCancelled):
            cancelled.results(0.0)
    assert files(state) == [LOCK]


def find(runtime: Runtime, job_id: str) -> JobState:
    return next(job for job in runtime.resumed if job.job_id == job_id)


def test_a_stream_fails_and_the_others_go_on(state: Path) -> None:
    tell(
        state,
        """
runtime = Runtime(state_dir=state)
flow = Flow("fed").pipe(Careful())
other = runtime.exec(held(), n=200, job_id="other")
outputs = runtime.stream(flow, iter(int, 1))
assert next(outputs) == 0
die()
""",
    )
    with Runtime.resume(state) as runtime:
        fed = next(job for job in runtime.resumed if job.flow_name == "fed")
        with pytest.raises(ClosedError, match="was a stream"):
            fed.results(TIMEOUT)
        assert find(runtime, "other").results(TIMEOUT) == list(range(0, 400, 2))


def test_the_time_of_a_job_goes_on_while_nobody_runs_it(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(
        state,
        """
job = Runtime(state_dir=state).exec(held(go), n=100, timeout=10 * 60.0)
until(has_done(job, "careful", 5))
die()
""",
    )
    monkeypatch.setattr(clock, "wall", lambda: time.time() + 10 * 60.0)
    with Runtime.resume(state) as runtime, pytest.raises(DeadlineExceeded):
        only(runtime).results(TIMEOUT)


def test_objects_of_the_main_module_are_known_again(state: Path) -> None:
    tell(
        state,
        """
from dataclasses import dataclass

@dataclass
class Point:
    x: int

class Move(Routine):
    value = Slot()
    out = Event()
    def logic(self, value):
        self.out.emit(Point(value.x + 1))

flow = Flow("moves").pipe(Careful(seconds=0.0), "careful")
job = Runtime(state_dir=state).post(Flow("moves").pipe(Move()), "move", "value", Point(1))
die()
""",
    )
    assert tell(
        state,
        """
with Runtime.resume(state) as runtime:
    print([job.results(30) for job in runtime.resumed])
""",
    ).endswith("Point(x=2)]]\n")


def test_large_payloads_that_wait_for_a_lane_are_not_lost(state: Path) -> None:
    begin = """
flow = Flow("weigh").pipe(Weighed(go=go))
runtime = Runtime(state_dir=state, max_pending=100)
for number in range(90):
    runtime.post(flow, "weighed", "value", number.to_bytes(4, "big") * 250_000)
supervisor = supervisor_of(runtime, flow)
with supervisor._lock:
    assert supervisor._desk.waiting > 10, supervisor._desk.waiting
    die()
"""
    resume = """
with Runtime.resume(state) as runtime:
    assert [job.result(40) for job in runtime.resumed] == [[number, True] for number in range(90)]
    print("exact")
"""
    tell(state, begin, ROUTILUX_RING="1024")
    go_on(state)
    assert tell(state, resume, ROUTILUX_RING="1024") == "exact\n"
    assert files(state) == [LOCK]


def test_outputs_that_were_handed_out_are_handed_out_again(state: Path) -> None:
    story = """
job = Runtime(state_dir=state).exec(held(), n=100)
print([output.payload for output, _ in zip(job.outputs(), range(7))])
die()
"""
    tell(state, story)
    with Runtime.resume(state) as runtime:
        assert [output.payload for output in only(runtime).outputs()] == list(range(0, 200, 2))


def test_a_suspended_job_goes_on_and_says_so(state: Path) -> None:
    runtime = Runtime(state_dir=state)
    job = runtime.exec(held(f"{state}.go"), n=300, job_id="a")
    next(job.outputs())
    runtime.suspend()
    with pytest.raises(ClosedError, match="it can be resumed"):
        job.results(0.0)
    go_on(state)
    with Runtime.resume(state) as runtime:
        assert only(runtime).results(TIMEOUT) == list(range(0, 600, 2))
    assert files(state) == [LOCK]


def test_new_jobs_run_beside_resumed_ones_under_names_of_their_own(state: Path) -> None:
    tell(state, "Runtime(state_dir=state).exec(held(), n=300); die()")
    with Runtime.resume(state) as runtime:
        again = runtime.exec(held(), n=10)
        assert again.job_id != only(runtime).job_id
        assert again.results(TIMEOUT) == list(range(0, 20, 2))
        assert only(runtime).results(TIMEOUT) == list(range(0, 600, 2))


def test_a_stopped_worker_dies_with_its_supervisor(state: Path) -> None:
    pid = tell(
        state,
        """
flow = held()
runtime = Runtime(state_dir=state)
job = runtime.exec(flow, n=200)
until(has_done(job, "careful", 5))
pid = pids(supervisor_of(runtime, flow))["careful-1"]
os.kill(pid, signal.SIGSTOP)
print(pid, flush=True)
die()
""",
    )
    with Runtime.resume(state) as runtime:
        assert incarnation.started(int(pid)) is None
        assert only(runtime).results(TIMEOUT) == list(range(0, 400, 2))


def test_a_job_store_records_a_resumed_job_with_all_its_outputs(state: Path) -> None:
    story = """
job = Runtime(state_dir=state, job_store=state + ".jobs").exec(held(go), n=200, job_id="a")
until(has_done(job, "careful", 20))
die()
"""
    tell(state, story)
    go_on(state)
    with Runtime.resume(state, job_store=f"{state}.jobs") as runtime:
        only(runtime).wait(TIMEOUT)
        assert runtime.job_store is not None
        second, first = runtime.job_store.jobs(job_id="a")
        assert (first.status, second.status) == ("lost", "completed")
        assert [output.payload for output in runtime.job_store.outputs(second)] == list(range(0, 400, 2))
