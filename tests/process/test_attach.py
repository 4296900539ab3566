"""An editor's debugger in a held worker: what it sees and may, and that nothing of it stays."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from process.dap import Client
from process.flows import attached
from process.flows.workers import TIMEOUT, kill, until, workers
from routilux import ExecutionStatus, FlowError, JobState, Runtime
from routilux.debug.attachment import Attachment
from routilux.debug.session import Hold
from routilux.errors import AttachRefused

ALL_CODE = pytest.mark.parametrize("just_my_code", [True, False])
EVENT = {"routine_id": "sums", "event_name": "out", "condition": "data == 3"}


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """Closed in the end, whatever is held."""
    made = Runtime(heap=1 << 24, allow_attach=True)
    yield made
    made.close(grace=1.0)


def held_job(runtime: Runtime, **fields: Any) -> tuple[JobState, Hold]:
    job = runtime.exec(attached.sums(), n=4, breakpoints=[fields or EVENT])
    return job, job.session().wait(TIMEOUT)


def connected(found: Attachment) -> Client:
    return Client(found.host, found.port)


def is_open(found: Attachment) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((found.host, found.port)) == 0


def actions(job: JobState) -> list[str]:
    return [each.action for each in job.session().audit]


@ALL_CODE
def test_an_editor_reads_a_local_continues_and_changes_nothing(
    runtime: Runtime, *, just_my_code: bool
) -> None:
    job, hold = held_job(runtime)
    with connected(hold.attach()) as client:
        client.attach(just_my_code=just_my_code)
        frame = client.stack()[0]
        assert frame["name"].endswith("logic")
        assert client.variables(frame)["seen"] == "3"
        client.ask("continue", threadId=1)
        assert sorted(job.results(TIMEOUT)) == [0, 1, 3, 6]
        client.ask("disconnect")
    assert actions(job) == ["add breakpoint", "attach", "editor came", "resume"]


@ALL_CODE
def test_an_editor_steps_on_in_the_users_code(runtime: Runtime, *, just_my_code: bool) -> None:
    job, hold = held_job(runtime)
    with connected(hold.attach()) as client:
        client.attach(just_my_code=just_my_code)
        line = client.stack()[0]["line"]
        client.ask("next", threadId=1)
        assert client.stack()[0]["line"] == line + 1
        assert job.session().holds == []
        client.ask("continue", threadId=1)
        assert sorted(job.results(TIMEOUT)) == [0, 1, 3, 6]


@ALL_CODE
def test_a_step_into_leads_from_an_activation_to_its_logic(runtime: Runtime, *, just_my_code: bool) -> None:
    job, hold = held_job(runtime, routine_id="sums", condition="data == 2")
    with connected(hold.attach()) as client:
        client.attach(just_my_code=just_my_code)
        client.stack()
        client.ask("stepIn", threadId=1)
        frame = client.stack()[0]
        assert frame["name"].endswith("logic")
        assert client.variables(frame)["value"] == "2"
        client.ask("continue", threadId=1)
        assert sorted(job.results(TIMEOUT)) == [0, 1, 3, 6]


def test_an_editor_stands_where_an_exception_came_from(runtime: Runtime) -> None:
    job = runtime.exec(attached.division(), value=0, breakpoints=[{"type": "error"}])
    hold = job.session().wait(TIMEOUT)
    with connected(hold.attach()) as client:
        client.attach()
        frame = client.stack()[0]
        assert (frame["name"], client.variables(frame)["value"]) == ("inverse", "0")
    hold.retry(4)
    assert job.result(TIMEOUT) == 3.0


def test_an_editor_sets_a_local_that_is_gone_on_with(runtime: Runtime) -> None:
    job, hold = held_job(runtime)
    with connected(hold.attach()) as client:
        client.attach()
        frame = client.stack()[0]
        client.set_local(frame, "seen", "30")
        assert client.ask("evaluate", expression="seen + 1", frameId=frame["id"])["result"] == "31"
        client.ask("continue", threadId=1)
        assert sorted(job.results(TIMEOUT)) == [0, 1, 3, 33]


def test_an_attached_editor_stops_at_the_next_hold_too(runtime: Runtime) -> None:
    job, hold = held_job(runtime, routine_id="sums", event_name="out", condition="data > 1")
    with connected(hold.attach()) as client:
        client.attach()
        assert client.variables(client.stack()[0])["seen"] == "3"
        client.ask("continue", threadId=1)
        assert client.variables(client.stack()[0])["seen"] == "6"
        client.ask("continue", threadId=1)
        assert sorted(job.results(TIMEOUT)) == [0, 1, 3, 6]


def test_an_editor_that_detaches_leaves_the_message_held(runtime: Runtime) -> None:
    job, hold = held_job(runtime)
    for _ in range(2):
        with connected(hold.attach()) as client:
            client.attach()
            client.stack()
            client.ask("disconnect")
            client.wait_for_hang_up()
    assert [each.hold_id for each in job.session().holds] == [hold.hold_id]
    assert actions(job)[-1] == "editor left"
    hold.resume()
    assert sorted(job.results(TIMEOUT)) == [0, 1, 3, 6]


def test_what_is_edited_elsewhere_goes_on_in_the_editor_too(runtime: Runtime) -> None:
    job, hold = held_job(runtime)
    with connected(hold.attach()) as client:
        client.attach()
        client.stack()
        assert {each.name for each in hold.variables()} >= {"seen", "value"}
        hold.edit(30)
        client.event("continued")
        assert sorted(job.results(TIMEOUT)) == [0, 1, 6, 30]


def test_a_worker_is_as_it_was_once_the_editor_has_gone(runtime: Runtime) -> None:
    job, hold = held_job(runtime)
    (worker,) = workers("sums")
    threads = worker.num_threads()
    found = hold.attach()
    with connected(found) as client:
        client.attach()
        client.stack()
        assert worker.children(recursive=True) == []
    until(lambda: actions(job)[-1] == "editor left")
    hold.resume()
    job.results(TIMEOUT)
    assert not is_open(found)
    until(lambda: worker.num_threads() == threads)


def test_breakpoint_calls_are_the_editors_only_while_it_is_attached(runtime: Runtime) -> None:
    job = runtime.exec(attached.hooks(), n=3, breakpoints=[{"routine_id": "hooks"}])
    session = job.session()
    hold = session.wait(TIMEOUT)
    with connected(hold.attach()) as client:
        client.attach()
        client.stack()
        client.ask("continue", threadId=1)
        client.stack()
    until(lambda: actions(job)[-1] == "editor left")
    for _ in range(2):
        session.wait(TIMEOUT).resume()
    assert sorted(job.results(TIMEOUT)) == ["debugpy.public_api", "sys", "sys"]


def test_the_port_is_closed_when_the_message_goes_on(runtime: Runtime) -> None:
    job, hold = held_job(runtime)
    found = hold.attach()
    assert hold.attach() == found
    hold.resume()
    job.results(TIMEOUT)
    assert not is_open(found)


def test_the_clock_of_activations_stands_still_while_an_editor_steps(runtime: Runtime) -> None:
    job = runtime.exec(attached.impatient(), n=4, breakpoints=[EVENT])
    hold = job.session().wait(TIMEOUT)
    with connected(hold.attach()) as client:
        client.attach()
        client.stack()
        client.ask("next", threadId=1)
        client.stack()
        assert client.is_quiet(3 * attached.SHORT)
        client.ask("continue", threadId=1)
        assert sorted(job.results(TIMEOUT)) == [0, 1, 3, 6]


def test_nothing_goes_on_by_itself_while_an_editor_is_attached(runtime: Runtime) -> None:
    job, hold = held_job(runtime)
    with connected(hold.attach()) as client:
        client.attach()
        client.stack()
        job.control.debugger.lease = 3.0  # an editor says each second that it is there
        assert client.is_quiet(4.0)
    until(lambda: job.ended)
    assert actions(job)[-2:] == ["editor left", "auto-resume"]


def test_a_killed_worker_hangs_up_and_its_message_is_held_again(runtime: Runtime) -> None:
    job, hold = held_job(runtime)
    with connected(hold.attach()) as client:
        client.attach()
        client.stack()
        kill("sums")
        client.wait_for_hang_up()
    until(lambda: [each.attempt for each in job.session().holds] == [2])
    with connected(job.session().holds[0].attach()) as client:
        client.attach()
        assert client.stack()[0]["name"].endswith("logic")
        client.ask("continue", threadId=1)
        assert sorted(job.results(TIMEOUT)) == [0, 1, 3, 6]


def test_closing_the_runtime_hangs_up(runtime: Runtime) -> None:
    _, hold = held_job(runtime)
    with connected(hold.attach()) as client:
        client.attach()
        client.stack()
        runtime.close()
        client.wait_for_hang_up()


def test_closing_the_runtime_ends_a_worker_that_an_editor_has_stopped_outside_of_a_hold(
    runtime: Runtime,
) -> None:
    job, hold = held_job(runtime)
    (worker,) = workers("sums")
    with connected(hold.attach()) as client:
        client.attach()
        client.stack()
        client.ask("next", threadId=1)
        client.stack()
        assert job.session().holds == []
        runtime.close(grace=0.3)
        client.wait_for_hang_up()
    assert job.status is ExecutionStatus.CANCELLED
    assert not worker.is_running()


def test_nothing_is_left_of_a_killed_runtime() -> None:
    program = subprocess.Popen(
        [sys.executable, "-m", "process.flows.attached"],
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    host, port = program.stdout.readline().split()
    children = psutil.Process(program.pid).children(recursive=True)
    with Client(host, int(port)) as client:
        client.attach()
        client.stack()
        program.send_signal(signal.SIGKILL)
        client.wait_for_hang_up()
    program.communicate(timeout=TIMEOUT)
    until(lambda: not any(each.is_running() for each in children))


def test_what_does_not_speak_the_protocol_is_shown_the_door(runtime: Runtime) -> None:
    job, hold = held_job(runtime)
    found = hold.attach()
    with socket.create_connection((found.host, found.port), TIMEOUT) as page:
        page.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
        with suppress(ConnectionResetError):
            assert page.recv(1) == b""
    with connected(found) as client:
        client.attach()
        client.stack()
        client.ask("continue", threadId=1)
        assert len(job.results(TIMEOUT)) == 4


def test_an_editor_that_is_slow_to_say_what_it_wants_holds_up_nothing(runtime: Runtime) -> None:
    job, hold = held_job(runtime)
    with connected(hold.attach()) as client:
        client.ask("initialize", adapterID="debugpy")
        hold.resume()
        assert sorted(job.results(TIMEOUT)) == [0, 1, 3, 6]
        client.wait_for_hang_up()


def test_there_is_one_editor_at_a_time(runtime: Runtime) -> None:
    job, hold = held_job(runtime)
    with connected(hold.attach()) as client:
        client.attach()
        client.stack()
        with pytest.raises(AttachRefused, match="attached to this process already"):
            hold.attach()
    job.cancel()


def test_a_held_submission_has_no_process_to_attach_to(runtime: Runtime) -> None:
    job, hold = held_job(runtime, routine_id="count", slot_name="n")
    with pytest.raises(AttachRefused, match="no process to attach to"):
        hold.attach()
    job.cancel()


def test_without_leave_nobody_attaches() -> None:
    with Runtime(heap=1 << 24) as runtime:
        job, hold = held_job(runtime)
        with pytest.raises(AttachRefused, match="--allow-attach"):
            hold.attach()
        assert "frozen_modules" not in " ".join(workers("sums")[0].cmdline())
        hold.resume()
        job.results(TIMEOUT)


def test_the_inline_engine_allows_no_attaching() -> None:
    with pytest.raises(FlowError, match="engine='inline'"):
        Runtime(engine="inline", allow_attach=True)
