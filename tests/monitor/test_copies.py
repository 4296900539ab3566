"""Copies of messages are kept while the trace tells of them, within bounds, and given out as recordings."""

from __future__ import annotations

import asyncio
import re
import time
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from monitor import rig
from monitor.fakeruntime import activated, counters, job_changed
from monitor.told import A, Told
from routilux.debug.recordings import read_bytes
from routilux.hookevents import COPIED, Copy
from routilux.ipc.codec import Encoder, in_one_piece
from routilux.replay import Message
from routilux_monitor.contract.fields import MASK
from routilux_monitor.copies import ROW
from routilux_monitor.history import History
from routilux_monitor.jobtable import JobLimits
from routilux_monitor.jobtrack import Bounds
from routilux_monitor.model import JobRecord
from routilux_monitor.store import Limits
from routilux_monitor.views.recordings import why_not
from routilux_monitor.views.traces import trace


def of(value: object) -> Copy:
    part = Encoder().encode(value)
    assert isinstance(part, bytes)
    return Copy(len(part), in_one_piece(part))


def names(record: JobRecord) -> list[str]:
    return [kept.message_id for kept in record.copies]


def bounded(**bounds: int) -> Told:
    return Told(Limits(jobs=JobLimits(job=Bounds(**bounds))))


def test_the_trace_says_what_can_be_replayed() -> None:
    told = Told()
    told.tell(A, activated("j", "0:0:0", copy=of("x")), activated("j", "0:0:1", copy=Copy(COPIED + 1)))
    told.tell(A, activated("j", "0:0:2"))
    used = [event.data for event in trace(told.job, "", 0, None).events if event.event_type == "slot_called"]
    assert [(data.nbytes, data.is_replayable) for data in used] == [
        (2, True),
        (COPIED + 1, False),
        (None, None),
    ]


def test_the_oldest_copies_go_first_and_their_events_stay() -> None:
    copy = of("x" * 100)
    told = bounded(copy_bytes=3 * (ROW + len(copy.data)))
    for n in range(5):
        told.tell(A, activated("j", f"0:0:{n}", copy=copy))
    assert names(told.job) == ["0:0:2", "0:0:3", "0:0:4"]
    assert told.job.trace_dropped == 0
    assert "is not there any more" in why_not(told.job, "0:0:1")


def test_a_copy_goes_with_its_event_and_one_of_a_later_attempt_does_not() -> None:
    told = bounded(events=7)  # two activations, and the first one's failure, which outlives it
    told.tell(A, activated("j", "0:0:0", copy=of("a"), status="retried"))
    told.tell(A, activated("j", "0:0:1", copy=of("b")))
    told.tell(A, activated("j", "0:0:0", copy=of("a"), attempt=2))
    assert names(told.job) == ["0:0:1", "0:0:0"]
    told.tell(A, activated("j", "0:0:2", copy=of("c")))
    assert names(told.job) == ["0:0:0", "0:0:2"]
    assert told.job.trace_dropped == 5
    assert told.job.copies.nbytes == 2 * (ROW + len(of("a").data))


def test_copies_are_counted_and_let_go_before_the_trace_where_all_jobs_take_too_much() -> None:
    told = Told(Limits(jobs=JobLimits(nbytes=60_000)))
    for n in range(20):
        told.tell(A, activated("j", f"0:0:{n}", copy=of("x" * 4000)))
    assert told.store.nbytes <= 60_000
    assert 0 < len(names(told.job)) < 20
    assert told.job.trace_dropped == 0


def test_a_history_has_the_copies_too(tmp_path: Path) -> None:
    history = History(tmp_path / "history.db", max_age=float("inf"))
    told = Told(keeper=history)
    told.tell(A, activated("j", "0:0:0", copy=of("x")))
    told.tell(0, job_changed("j", "completed", counters=counters(a=1)))
    told.store.settle(time.time() + 60)
    kept = history.job("j")
    history.close()
    assert kept is not None
    assert kept.copies == told.job.copies
    assert kept.copies.get("0:0:0") == of("x")


@pytest.mark.parametrize(
    ("copy", "why"),
    [
        (None, "nobody wanted to see the job as a whole"),
        (Copy(5_000_000), "has 5,000,000 bytes.*routilux record"),
        (Copy(100), "of a busy job not all"),
    ],
)
def test_a_message_without_a_copy_says_why(copy: Copy | None, why: str) -> None:
    told = Told()
    told.tell(A, activated("j", "0:0:0", copy=copy))
    assert re.search(why, why_not(told.job, "0:0:0"))


def asked(token: str) -> dict[str, Any]:
    async def ask() -> tuple[int, dict[str, Any]]:
        async with rig.answering() as the:
            return await the.ask("GET", "/jobs/job-1/messages/1:0:0/recording", token=token)

    status, answer = asyncio.run(ask())
    assert status == 200
    return answer


def test_a_message_is_given_out_as_a_recording() -> None:
    answer = asked(rig.DEBUG)
    (record,), end = read_bytes("it", b64decode(answer["recording"]))
    assert Message(record, "m").payload == rig.SECRET
    assert (record.job_id, record.routine, record.slot) == ("job-1", "split", "text")
    assert (record.connection_id, record.at, record.error) == ("submission", 1005.0, "Traceback ...")
    assert (answer["nbytes"], end.messages) == (10, 1)


def test_the_view_token_is_given_no_recording() -> None:
    assert asked(rig.VIEW)["recording"] == MASK
