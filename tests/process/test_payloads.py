"""Whatever can be sent arrives equal; whatever cannot says so, and no process dies of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from process.flows import payloads
from process.flows.script import run_script
from process.flows.stages import Echo, Gather, pid
from routilux import Flow, JobFailed, PayloadError, Runtime

TIMEOUT = 30.0


@pytest.fixture(scope="module")
def runtime() -> Iterator[Runtime]:
    """The flows below are started here, so that no test leaves them behind."""
    with Runtime() as made:
        for flow, slots in (
            (ECHO, {"value": 1}),
            (SOURCE, {"name": "zero"}),
            (FLAGS, {"value": np.zeros(1)}),
        ):
            made.run(flow, slots, timeout=TIMEOUT)
        yield made


ECHO = Flow("echo").pipe(Echo(), "first").pipe(Echo(), "second")
SOURCE = Flow("source").pipe(payloads.Sources()).pipe(Echo())
FLAGS = Flow("flags").pipe(Echo()).pipe(payloads.Flags())


def through(runtime: Runtime, value: object) -> Any:
    (found,) = runtime.exec(ECHO, value=value).results(TIMEOUT)
    return found


def same(one: Any, other: Any) -> bool:  # noqa: PLR0911 - one for each kind
    """Equal, of the same type, and so is all that is in it."""
    if type(one) is not type(other):
        return False
    match one:
        case np.ma.MaskedArray():
            return bool((one.filled(0) == other.filled(0)).all() and (one.mask == other.mask).all())
        case np.ndarray():
            return (
                one.dtype == other.dtype
                and one.shape == other.shape
                and np.array_equal(one, other, equal_nan=one.dtype.kind in "fcmM")
            )
        case list() | tuple():
            return len(one) == len(other) and all(map(same, one, other))
        case dict():
            return list(map(repr, one)) == list(map(repr, other)) and all(
                map(same, one.values(), other.values())
            )
        case float():
            return repr(one) == repr(other)
    return bool(one == other)


@pytest.mark.parametrize("name", payloads.PLAIN)
def test_a_submitted_payload_arrives_equal(runtime: Runtime, name: str) -> None:
    assert same(through(runtime, payloads.PLAIN[name]), payloads.PLAIN[name])


@pytest.mark.parametrize("name", payloads.ARRAYS)
def test_a_submitted_array_arrives_equal(runtime: Runtime, name: str) -> None:
    assert same(through(runtime, payloads.ARRAYS[name]), payloads.ARRAYS[name])


@pytest.mark.parametrize("name", [*payloads.PLAIN, *payloads.ARRAYS])
def test_a_payload_made_in_a_worker_arrives_equal(runtime: Runtime, name: str) -> None:
    (found,) = runtime.exec(SOURCE, name=name).results(TIMEOUT)
    assert same(found, {**payloads.PLAIN, **payloads.ARRAYS}[name])


def test_all_of_them_in_one_payload_arrive_equal(runtime: Runtime) -> None:
    everything = {**payloads.PLAIN, "arrays": list(payloads.ARRAYS.values())}
    assert same(through(runtime, everything), everything)


@pytest.mark.parametrize(
    "error", [ValueError("no", 3), OSError(2, "gone", "file"), KeyError("k"), StopIteration(1)], ids=repr
)
def test_an_exception_is_a_payload(runtime: Runtime, error: Exception) -> None:
    found = through(runtime, error)
    assert (type(found), found.args, str(found)) == (type(error), error.args, str(error))


def test_a_bytearray_and_a_memoryview_arrive_as_bytes(runtime: Runtime) -> None:
    assert through(runtime, [bytearray(b"ab"), memoryview(b"cd")]) == [b"ab", b"cd"]
    assert through(runtime, bytearray(100_000)) == bytes(100_000)


def test_a_hundred_megabytes_arrive(runtime: Runtime) -> None:
    data = os.urandom(1 << 20) * 100
    assert through(runtime, data) == data


def test_an_array_of_a_hundred_megabytes_arrives(runtime: Runtime) -> None:
    array = np.random.default_rng(1).random(100 * (1 << 20) // 8)
    assert np.array_equal(through(runtime, array), array)


def test_many_sizes_arrive_in_order(runtime: Runtime) -> None:
    sizes = [n * 1021 % 40_000 for n in range(300)]
    found = list(runtime.stream(ECHO, (bytes([n % 256]) * size for n, size in enumerate(sizes))))
    assert found == [bytes([n % 256]) * size for n, size in enumerate(sizes)]


@pytest.mark.parametrize("size", [10, 100_000])
def test_arrays_arrive_read_only(runtime: Runtime, size: int) -> None:
    assert runtime.run(FLAGS, value=np.zeros(size), timeout=TIMEOUT) is False
    assert not through(runtime, np.zeros(size)).flags.writeable


@pytest.mark.parametrize("size", [10, 100_000])
def test_a_slot_that_copies_gives_a_private_array(runtime: Runtime, size: int) -> None:
    flow = Flow().pipe(Echo()).pipe(payloads.Copies())
    found = runtime.run(flow, value=np.zeros(size), timeout=TIMEOUT)
    assert found[0] == 99
    runtime.stop(flow)


@pytest.mark.parametrize(("kept", "part"), [(1, False), (20, False), (20, True)])
def test_a_view_that_is_kept_keeps_its_content(runtime: Runtime, kept: int, part: bool) -> None:  # noqa: FBT001 - a parameter
    flow = Flow().pipe(payloads.Frames()).pipe(payloads.Keeps(kept=kept, part=part))
    assert runtime.run(flow, n=300, timeout=TIMEOUT) == []
    runtime.stop(flow)


def test_many_views_can_be_kept() -> None:
    flow = Flow().pipe(payloads.Frames(items=2500)).pipe(payloads.Keeps(kept=1300))
    with Runtime() as runtime:
        assert runtime.run(flow, n=2000, timeout=TIMEOUT) == []


def test_a_view_in_an_output_keeps_its_content(runtime: Runtime) -> None:
    flow = Flow().pipe(payloads.Frames())
    found = list(runtime.stream(flow, [300]))
    assert [int(frame[0]) for frame in found] == list(range(300))
    assert all((frame == number).all() for number, frame in enumerate(found))
    runtime.stop(flow)


def test_whole_job_holds_large_payloads_until_the_end(runtime: Runtime) -> None:
    flow = Flow().pipe(payloads.Frames()).pipe(Gather())
    found = runtime.run(flow, n=200, timeout=TIMEOUT)
    assert all((frame == number).all() for number, frame in enumerate(found))
    runtime.stop(flow)


def test_whole_job_holds_ten_thousand_arrays(runtime: Runtime) -> None:
    flow = Flow().pipe(payloads.Frames(items=600)).pipe(payloads.Counts())
    assert runtime.run(flow, n=10_000, timeout=TIMEOUT) == 10_000
    runtime.stop(flow)


@pytest.mark.parametrize(
    ("kind", "type_name"), [("lambda", "function"), ("socket", "socket"), ("generator", "generator")]
)
def test_what_cannot_be_sent_fails_the_job_and_not_the_process(kind: str, type_name: str) -> None:
    flow = Flow()
    flow.add_routine(payloads.Bad(), "bad")
    flow.add_routine(pid, "pid")
    flow.connect("bad", "first", "pid", "value")
    with Runtime() as runtime:
        before = runtime.run(flow, value=1, timeout=TIMEOUT)
        job = runtime.exec(flow, value=kind).wait(TIMEOUT)
        assert isinstance(job.error, JobFailed)
        assert "PayloadError" in job.error.cause_type
        assert f"routine 'bad' cannot emit a {type_name} on event 'refused'" in str(job.error)
        assert runtime.run(flow, value=1, timeout=TIMEOUT) == before


def test_what_cannot_be_submitted_is_refused(runtime: Runtime) -> None:
    with pytest.raises(PayloadError, match="cannot send a function to routine 'first'"):
        runtime.exec(ECHO, value=lambda: None)
    assert through(runtime, 1) == 1


# --- classes and functions of a script ---

SCRIPT = """
import enum, sys
from dataclasses import dataclass
from typing import NamedTuple
from routilux import *

@dataclass
class Point:
    x: int

class Plain:
    def __init__(self, n): self.n = n
    def __eq__(self, other): return type(other) is Plain and self.n == other.n
    __hash__ = None

class Derived(Plain):
    def twice(self): return Derived(self.n * 2)

class Colour(enum.Enum):
    RED = 1

class Row(NamedTuple):
    a: int

class OwnError(Exception):
    pass

FACTOR = 3

def helper(n):
    return n * FACTOR

class Works(Routine):
    value = Slot()
    out = Event()
    bonus: int = 0

    def logic(self, value):
        try:
            if isinstance(value, Point):
                assert type(value) is Point
                raise OwnError("point")
        except OwnError:
            self.out.emit(Point(helper(value.x) + self.bonus))
        else:
            self.out.emit([value, value.twice() if isinstance(value, Derived) else None])

@routine
def passes(value):
    return value

def closure():
    offset = 100
    @routine
    def adds(value):
        return Point(value.x + offset) if isinstance(value, Point) else value
    return adds

if __name__ == "__main__":
    flow = Flow()
    flow.add_routine(passes, "passes")
    flow.add_routine(Works(bonus=1), "works", workers=2, key=lambda value: str(value))
    flow.add_routine(closure(), "adds")
    flow.connect("passes", "output", "works", "value")
    flow.connect("works", "out", "adds", "value")
    with Runtime() as runtime:
        assert runtime.run(flow, value=Point(2), timeout=30) == Point(107)
        for value in (Plain(3), Colour.RED, Row(1), OwnError, Derived, 5):
            assert runtime.run(flow, value=value, timeout=30) == [value, None], value
        assert runtime.run(flow, value=Derived(2), timeout=30)[1].n == 4
        found = list(runtime.stream(flow, [Point(n) for n in range(50)]))
        assert sorted(point.x for point in found) == [3 * n + 101 for n in range(50)]
        error = runtime.run(flow, value=OwnError("x"), timeout=30)[0]
        assert type(error) is OwnError
    print("fine")
"""


def test_classes_and_functions_of_a_script_work(tmp_path: Path) -> None:
    done = run_script(tmp_path, SCRIPT)
    assert (done.stdout, done.stderr, done.returncode) == ("fine\n", "", 0)


LATE = """
from routilux import *

class Echo(Routine):
    value = Slot()
    out = Event()
    def logic(self, value): self.out.emit(value)

if __name__ == "__main__":
    flow = Flow().pipe(Echo())
    with Runtime() as runtime:
        runtime.run(flow, value=1, timeout=30)
        class Late:  # as in the next cell of a notebook
            pass
        print(type(runtime.run(flow, value=Late(), timeout=30)).__name__)
"""


def test_a_class_defined_while_the_flow_is_warm_is_refused_with_the_remedy(tmp_path: Path) -> None:
    done = run_script(tmp_path, LATE)
    assert done.returncode == 1
    assert "it was defined after the flow was started; call runtime.stop(flow) first" in done.stderr
