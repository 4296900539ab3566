"""The store of dead letters: what is kept, how much of it, and files of the first schema."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routilux import DeadLettersFull, FlowError, PayloadError, RoutiluxError, Runtime, StoreError
from routilux.deadletters import Body, Cause, DeadLetters
from routilux.flow import Flow
from routilux.function import routine
from routilux.ipc.codec import Encoder, Large

KILLED = Cause("was killed by signal 11 (SIGSEGV)", 3)


def body(payload: object = "x", routine: str = "parse") -> Body:
    part = Encoder().encode(payload)
    data = bytearray(part.nbytes) if isinstance(part, Large) else part
    if isinstance(part, Large):
        part.write(memoryview(data))
    is_large = isinstance(part, Large)
    return Body(routine, "text", "read.output->parse.text", "4:0:1", is_large, bytes(data))


def filled(path: Path | None = None, count: int = 3, **limits: int) -> DeadLetters:
    letters = DeadLetters(path, **limits)
    for number in range(count):
        letters.add(f"flow-{number % 2}", f"job-{number}", body(number), KILLED)
    return letters


def test_a_letter_tells_all_that_is_known_of_its_message() -> None:
    letters = DeadLetters(None)
    letters.add("docs", "job-7", body({"page": 3}), KILLED)
    (letter,) = letters.all()
    assert (letter.flow, letter.job_id, letter.routine, letter.slot) == ("docs", "job-7", "parse", "text")
    assert (letter.connection, letter.message_id) == ("read.output->parse.text", "4:0:1")
    assert (letter.reason, letter.attempts, letter.traceback) == (*KILLED[:2], "")
    assert (letter.preview, letter.nbytes, letter.payload) == ("{'page': 3}", 7, {"page": 3})


def test_a_large_payload_is_kept_too() -> None:
    letters = DeadLetters(None)
    letters.add("docs", "job-7", body([bytes(100_000)]), KILLED)
    assert letters.get(1).preview == "[bytes of 100,000 B]"
    assert letters.get(1).payload == [bytes(100_000)]


def test_letters_are_listed_by_flow_by_job_and_up_to_a_limit() -> None:
    letters = filled()
    assert [letter.payload for letter in letters.all()] == [0, 1, 2]
    assert [letter.payload for letter in letters.all(flow="flow-0")] == [0, 2]
    assert [letter.payload for letter in letters.all(job_id="job-1")] == [1]
    assert [letter.payload for letter in letters.all(limit=2)] == [0, 1]


def test_a_discarded_letter_is_gone_and_its_id_is_not_given_again() -> None:
    letters = filled()
    last = letters.all()[-1]
    assert letters.discard(last.id)
    assert not letters.discard(last.id)
    letters.add("flow", "job", body("new"), KILLED)
    with pytest.raises(RoutiluxError, match="there is no dead letter 3 in ':memory:'"):
        _ = last.payload


def test_all_letters_or_those_of_a_flow_are_discarded_at_once() -> None:
    letters = filled()
    assert letters.discard_all(flow="flow-0") == 2
    assert [letter.payload for letter in letters.all()] == [1]
    assert letters.discard_all() == 1


@given(st.lists(st.integers(0, 60)), st.integers(1, 5), st.integers(1, 120))
def test_the_store_never_exceeds_its_bounds_and_forgets_nothing(
    sizes: list[int], max_letters: int, max_bytes: int
) -> None:
    letters = DeadLetters(None, max_letters=max_letters, max_bytes=max_bytes)
    kept: list[str] = []
    for size in sizes:
        part = body("x" * size)
        has_room = len(kept) < max_letters and nbytes(kept) + len(part.payload) <= max_bytes
        try:
            letters.add("flow", "job", part, KILLED)
        except DeadLettersFull:
            assert not has_room
        else:
            assert has_room
            kept.append("x" * size)
    assert [letter.payload for letter in letters.all()] == kept
    letters.close()


def nbytes(kept: list[str]) -> int:
    return sum(len(body(text).payload) for text in kept)


def test_a_file_of_the_first_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    path = first_store(tmp_path)
    (letter,) = DeadLetters(path).all()
    assert (letter.id, letter.routine, letter.payload) == (5, "parse", {"page": 3})
    assert letter.preview == "{'page': 3}"
    assert (letter.connection, letter.attempts, letter.traceback, letter.at) == ("", 3, "", 1.5)
    assert DeadLetters(path).all() == [letter]


def first_store(folder: Path) -> Path:
    """A file as Routilux 0.1.0 made it."""
    db = sqlite3.connect(folder / "dead.sqlite")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute(
        "CREATE TABLE IF NOT EXISTS dead_letters ("
        "id INTEGER PRIMARY KEY, flow TEXT, job_id TEXT, routine TEXT, slot TEXT, message_id TEXT,"
        "reason TEXT, at REAL, is_large INTEGER, payload BLOB)"
    )
    payload = body({"page": 3}).payload
    row = (5, "docs", "job-7", "parse", "text", "4:0:1", "exited with code 1", 1.5, 0, payload)
    db.execute("INSERT INTO dead_letters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    db.commit()
    db.close()
    return folder / "dead.sqlite"


def test_a_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dead.sqlite"
    filled(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 9")
    db.close()
    with pytest.raises(StoreError, match=r"written by a later version of Routilux \(its schema is number 9"):
        DeadLetters(path)


def test_a_file_that_is_no_store_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, and longer than the head of one\n" * 40, encoding="utf-8")
    with pytest.raises(StoreError, match=r"notes.txt' cannot be used: file is not a database"):
        DeadLetters(path)


# --- requeue ---


@routine
def double(number: int) -> int:
    return 2 * number


@pytest.fixture
def runtime() -> Runtime:
    runtime = Runtime(engine="inline")
    sent = body(21)._replace(routine="double", slot="number")
    runtime.dead_letters.add("doubles", "job-1", sent, KILLED)
    return runtime


def test_a_requeued_letter_is_a_job_of_its_own_and_leaves_the_store(runtime: Runtime) -> None:
    (letter,) = runtime.dead_letters.all()
    assert runtime.requeue(letter, flow=Flow("doubles").pipe(double)).result() == 42
    assert runtime.dead_letters.all() == []


def test_a_letter_is_requeued_to_the_flow_of_its_name_that_the_runtime_has_run(runtime: Runtime) -> None:
    flow = Flow("doubles").pipe(double)
    runtime.run(flow, number=1)
    assert runtime.requeue(1).result() == 42


def test_two_flows_of_that_name_are_one_too_many(runtime: Runtime) -> None:
    flows = [Flow("doubles").pipe(double) for _ in range(2)]
    for flow in flows:
        runtime.run(flow, number=1)
    with pytest.raises(FlowError, match="has run 2 flows named 'doubles': pass flow="):
        runtime.requeue(1)


@pytest.mark.parametrize(
    ("flow", "told"),
    [
        (None, "no flow is registered as 'doubles'"),
        (Flow("doubles").pipe(double, "twice"), "flow 'doubles' has no routine 'double'"),
        (
            Flow("doubles").pipe(routine(lambda n: n), "double"),
            "routine 'double' has no slot 'number'",
        ),
    ],
)
def test_a_letter_that_cannot_be_requeued_stays(runtime: Runtime, flow: Flow | None, told: str) -> None:
    with pytest.raises(FlowError, match=told):
        runtime.requeue(1, flow=flow)
    assert len(runtime.dead_letters.all()) == 1


def test_a_letter_of_another_store_is_requeued_from_there(runtime: Runtime, tmp_path: Path) -> None:
    elsewhere = DeadLetters(tmp_path / "dead.sqlite")
    elsewhere.add("doubles", "job-9", body(4)._replace(routine="double", slot="number"), KILLED)
    assert runtime.requeue(elsewhere.get(1), flow=Flow("doubles").pipe(double)).result() == 8
    assert (elsewhere.all(), len(runtime.dead_letters.all())) == ([], 1)


def test_a_letter_that_cannot_be_decoded_for_a_key_stays(runtime: Runtime) -> None:
    unknown = body(Decimal(1)).payload.replace(b"decimal", b"decimol")
    sent = Body("double", "number", "submission", "0:0:0", is_large=False, payload=unknown)
    runtime.dead_letters.add("doubles", "job-2", sent, KILLED)
    with pytest.raises(PayloadError, match=r"dead letter 2 cannot be decoded here: ModuleNotFoundError"):
        runtime.requeue(2, flow=Flow("doubles").pipe(double, key=int))
    assert runtime.dead_letters.get(2).preview.startswith("decimol.Decimal by pickle")


def test_a_letter_stays_when_its_job_is_not_admitted(runtime: Runtime) -> None:
    runtime.close()
    with pytest.raises(RoutiluxError, match="the runtime is closed"):
        runtime.requeue(1, flow=Flow("doubles").pipe(double))
    assert len(runtime.dead_letters.all()) == 1
