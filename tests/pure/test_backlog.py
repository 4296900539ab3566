"""The backlog: everything is written in order, by another thread, and no more than so much of it waits."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routilux import DeadlineExceeded, InternalError, RoutiluxError
from routilux.backlog import Backlog


@given(st.lists(st.integers(1, 12)), st.integers(1, 20))
def test_all_is_written_in_order_and_never_more_than_may_wait(sizes: list[int], most: int) -> None:
    written: list[list[int]] = []
    backlog: Backlog[int] = Backlog(written.append, most_bytes=most)
    for size in sizes:
        backlog.add(size, size)
    backlog.close()
    assert [size for items in written for size in items] == sizes
    assert all(sum(items) <= most or len(items) == 1 for items in written)


def test_another_thread_writes() -> None:
    threads: list[int] = []
    backlog: Backlog[str] = Backlog(lambda _: threads.append(threading.get_ident()))
    backlog.add("item", 1)
    backlog.flush()
    backlog.close()
    assert threads != [threading.get_ident()]


def test_what_is_added_after_the_end_is_not_taken() -> None:
    written: list[list[str]] = []
    backlog: Backlog[str] = Backlog(written.append)
    backlog.close()
    backlog.add("late", 1)
    backlog.close()
    assert written == []


def waits(gate: threading.Event) -> None:
    assert gate.wait(30.0)


def test_who_adds_waits_for_a_slow_disk_but_not_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    gate = threading.Event()
    backlog: Backlog[str] = Backlog(lambda _: waits(gate), most_bytes=10, patience=0.05)
    backlog.add("first", 8)
    backlog.add("second", 8)
    gate.set()
    backlog.close()
    assert isinstance(backlog.failure, DeadlineExceeded)
    assert (
        "the disk has written nothing for 0.05 seconds; what happens from now on is not kept" in caplog.text
    )


def test_who_waits_goes_on_when_there_is_room() -> None:
    gate = threading.Event()
    backlog: Backlog[str] = Backlog(lambda _: waits(gate), most_bytes=10)
    backlog.add("first", 8)
    adder = threading.Thread(target=backlog.add, args=("second", 8))
    adder.start()
    gate.set()
    adder.join(30.0)
    backlog.close()
    assert (adder.is_alive(), backlog.failure) == (False, None)


@pytest.mark.parametrize(
    ("raised", "kind"), [(RoutiluxError("no space"), RoutiluxError), (ZeroDivisionError(), InternalError)]
)
def test_a_failed_write_ends_it_and_nobody_waits(
    raised: Exception, kind: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    def write(_: list[str]) -> None:
        raise raised

    backlog: Backlog[str] = Backlog(write, most_bytes=1)
    backlog.add("item", 1)
    backlog.flush()
    backlog.add("another", 5)
    backlog.close()
    assert type(backlog.failure) is kind
    assert len(caplog.records) == 1


def test_an_offer_is_refused_while_there_is_no_room() -> None:
    is_writing, may_go_on = threading.Event(), threading.Event()
    written: list[str] = []

    def write(items: list[str]) -> None:
        is_writing.set()
        assert may_go_on.wait(20)
        written.extend(items)

    backlog: Backlog[str] = Backlog(write, most_bytes=10)
    assert backlog.offer("first", 8)
    assert is_writing.wait(20)
    assert not backlog.offer("second", 8)
    may_go_on.set()
    backlog.flush()
    assert backlog.offer("third", 8)
    backlog.close()
    assert not backlog.offer("late", 1)
    assert written == ["first", "third"]
