"""A file of recorded messages: what was written is read, and nothing else is taken for it."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import msgpack
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from routilux.debug.recordings import FORMAT, MAGIC, End, Recorded, in_bytes, read, read_bytes, write
from routilux.errors import RecordingError
from routilux.ipc.codec import Encoder, in_one_piece
from routilux.ipc.rebuilt import NeedsTrust, rebuilt
from routilux.replay import recorded

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False),
    st.complex_numbers(allow_nan=False),
    st.text(),
    st.binary(max_size=100),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.timedeltas(),
)
keys = st.one_of(st.text(), st.integers(-9, 9), st.tuples(st.booleans(), st.text()), st.dates())
plain = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(keys, inner),
        st.sets(keys),
        st.frozensets(keys),
    ),
    max_leaves=20,
)
dtypes = st.one_of(npst.boolean_dtypes(), npst.integer_dtypes(), npst.floating_dtypes(sizes=(32, 64)))
arrays = npst.arrays(dtypes, npst.array_shapes(min_dims=0, max_side=6))


ran: list[str] = []


class Command:
    """Its pickle, once loaded, has run code."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return run, ("it ran",)


def run(what: str) -> None:
    ran.append(what)


def payload(value: object) -> bytes:
    return in_one_piece(Encoder().encode(value))


def record(value: object, **fields: Any) -> Recorded:
    return Recorded(flow="shop", job_id="job-1", payload=payload(value), **fields)


def file_of(folder: Path, *values: object) -> Path:
    path = folder / "orders.rlx"
    messages = [record(value, routine="report", slot="record") for value in values]
    write(path, messages, End(len(messages), reason="count"))
    return path


@given(plain)
def test_plain_data_is_read_as_it_was_sent(value: object) -> None:
    found = rebuilt(payload(value), is_large=True)
    assert (found, type(found)) == (value, type(value))


@given(arrays, st.booleans())
def test_arrays_are_read_as_they_were_sent(array: Any, is_turned: bool) -> None:  # noqa: FBT001 - drawn
    sent = np.asfortranarray(array) if is_turned else array
    found: Any = rebuilt(payload([sent, sent[()]]), is_large=True)[0]  # type: ignore[index]
    assert (found.dtype, found.shape, found.tobytes()) == (sent.dtype, sent.shape, sent.tobytes())


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_large_array_keeps_its_order(order: Any) -> None:
    sent = np.asarray(np.arange(20_000.0).reshape(100, 200), order=order)
    found: Any = rebuilt(payload({"a": sent, "b": b"x" * 20_000}), is_large=True)
    assert np.array_equal(found["a"], sent)
    assert found["a"].flags[f"{order}_CONTIGUOUS"]
    assert found["b"] == b"x" * 20_000


@given(st.binary(max_size=300), st.booleans())
def test_bytes_that_are_no_payload_are_told(data: bytes, is_large: bool) -> None:  # noqa: FBT001 - drawn
    with suppress(NeedsTrust, ValueError):  # and nothing else
        rebuilt(data, is_large=is_large)


def test_an_array_of_addresses_is_refused() -> None:
    header = msgpack.packb(["|O", "C", 1])
    made = msgpack.packb(msgpack.ExtType(5, bytes(8) + header + len(header).to_bytes(4, "little")))
    forged = made.replace(b"\x05", b"\xf5", 1)  # -11, which ExtType does not make
    with pytest.raises(ValueError, match="no payload"):
        rebuilt(forged)


def test_what_is_nested_without_an_end_is_not_followed() -> None:
    with pytest.raises(NeedsTrust, match="nested"):
        rebuilt(b"\x91" * 100_000)


def test_a_pickle_is_not_loaded_unless_it_is_trusted(tmp_path: Path) -> None:
    path = file_of(tmp_path, {"order": Command()})
    (message,) = recorded(path)
    assert "by pickle" in message.preview
    with pytest.raises(RecordingError, match=r"not plain data.*trust=True"):
        _ = message.payload
    assert ran == []
    (trusted,) = recorded(path, trust=True)
    assert trusted.payload == {"order": None}
    assert ran.pop() == "it ran"


def test_a_dtype_with_fields_is_a_pickle_too(tmp_path: Path) -> None:
    array = np.zeros(3, [("x", "<i4"), ("y", "<f8")])
    path = file_of(tmp_path, array)
    with pytest.raises(RecordingError, match="fields"):
        _ = recorded(path)[0].payload
    assert np.array_equal(recorded(path, trust=True)[0].payload, array)


@given(st.lists(plain, max_size=5), st.integers(0, 3))
def test_a_file_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, values: list[object], skipped: int
) -> None:
    path = tmp_path_factory.mktemp("tape") / "orders.rlx"
    messages = [record(value, parents=("1:2:3",), at=0.5) for value in values]
    write(path, messages, End(len(messages), skipped, "time"))
    assert read(path) == (messages, End(len(messages), skipped, "time"))


def test_a_file_that_is_cut_anywhere_is_not_taken_for_whole(tmp_path: Path) -> None:
    path = file_of(tmp_path, 1, {"a": [1.5]}, "three")
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(RecordingError, match=r"orders\.rlx"):
            recorded(path)


def test_a_file_in_which_any_byte_has_changed_is_not_taken_for_whole(tmp_path: Path) -> None:
    path = file_of(tmp_path, 1, {"a": [1.5]}, "three")
    whole = path.read_bytes()
    for at in range(len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 0x41
        path.write_bytes(changed)
        with pytest.raises(RecordingError, match=r"orders\.rlx"):
            recorded(path)


def test_a_file_cut_short_says_how_much_is_there(tmp_path: Path) -> None:
    path = file_of(tmp_path, 1, 2, 3)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RecordingError, match="cut short after 3 messages"):
        recorded(path)


def test_other_files_are_told_from_it(tmp_path: Path) -> None:
    path = tmp_path / "orders.rlx"
    with pytest.raises(RecordingError, match="there is no recording"):
        recorded(path)
    path.write_text("id,size\n1,2\n", encoding="utf-8")
    with pytest.raises(RecordingError, match="does not begin as one"):
        recorded(path)
    with pytest.raises(RecordingError, match="cannot be read"):
        recorded(tmp_path)


def test_a_newer_format_is_refused_and_a_field_more_is_not(tmp_path: Path) -> None:
    path = file_of(tmp_path, 1)
    messages, end = read(path)
    newer = {"type": "head", "format": FORMAT + 1}
    path.write_bytes(MAGIC + block(newer) + block(end))
    with pytest.raises(RecordingError, match=rf"format {FORMAT + 1}"):
        recorded(path)
    known = msgspec.to_builtins(messages[0]) | {"weather": "fine", "payload": messages[0].payload}
    path.write_bytes(MAGIC + block({"type": "head", "format": FORMAT}) + block(known) + block(end))
    assert [message.payload for message in recorded(path)] == [1]


def block(content: object) -> bytes:
    body = msgspec.msgpack.encode(content)
    return len(body).to_bytes(4, "little") + crc32(body).to_bytes(4, "little") + body


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    path = file_of(tmp_path, 1)
    before = path.read_bytes()
    with pytest.raises(RecordingError, match="cannot be written"):
        write(tmp_path / "nowhere" / "x.rlx", [], End(0))
    with pytest.raises(TypeError):
        write(path, [record(1, at=object())], End(1))
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["orders.rlx"]


WRITER = """
import sys
from routilux.debug.recordings import End, Recorded, write
message = Recorded(flow="f", job_id="j", payload=bytes(100_000))
while True:
    write(sys.argv[1], [message] * 20, End(20))
    print("written", flush=True)
"""


def test_a_writer_that_is_killed_leaves_a_whole_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "orders.rlx"
    for times in range(1, 4):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for _ in range(times):
                assert writer.stdout.readline() == "written\n"
            writer.kill()
        assert len(read(path)[0]) == 20
        assert list(tmp_path.iterdir()) == [path]


def test_messages_are_named_by_file_number_and_place(tmp_path: Path) -> None:
    names = [message.__name__ for message in recorded(file_of(tmp_path, 1, 2))]
    assert names == ["orders-1-report.record", "orders-2-report.record"]


def test_each_reading_makes_the_payload_anew(tmp_path: Path) -> None:
    (message,) = recorded(file_of(tmp_path, {"seen": []}))
    message.payload["seen"].append(1)
    assert message.payload == {"seen": []}


def test_the_kinds_of_payloads_in_one_file(tmp_path: Path) -> None:
    values = [
        1,
        (1, 2),
        {3},
        date(2026, 1, 2),
        time(3, 4),
        datetime(2026, 1, 2, tzinfo=UTC),
        timedelta(1),
        b"x",
    ]
    assert [message.payload for message in recorded(file_of(tmp_path, *values))] == values


def test_a_pickle_of_a_large_buffer_is_not_loaded_either() -> None:
    made = pickle.PickleBuffer(bytearray(20_000))
    with pytest.raises(NeedsTrust, match="pickle"):
        rebuilt(payload({"x": made}), is_large=True)


def test_a_recording_in_memory_is_the_file_of_one_message(tmp_path: Path) -> None:
    message = record(1)
    write(tmp_path / "one.rlx", [message], End(1, reason="count"))
    data = (tmp_path / "one.rlx").read_bytes()
    assert in_bytes(message) == data
    assert read_bytes("one", data) == ([message], End(1, reason="count"))
    with pytest.raises(RecordingError, match="'one' is cut short"):
        read_bytes("one", data[:-1])
