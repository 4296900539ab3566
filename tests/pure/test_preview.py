"""A preview says what a payload is, in a bounded line, and never decodes a pickle."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routilux.ipc.codec import Encoder
from routilux.ipc.preview import preview, short
from routilux.ipc.reader import DEEPEST


def encoded(value: object) -> tuple[bytes, bool]:
    part = Encoder().encode(value)
    if isinstance(part, bytes):
        return part, False
    region = bytearray(part.nbytes)
    part.write(memoryview(region))
    return bytes(region), True


def previewed(value: object, limit: int = 500) -> str:
    data, is_large = encoded(value)
    return preview(data, is_large=is_large, limit=limit)


class Deadly:
    """Ends the process that unpickles it."""

    def __reduce__(self) -> tuple[Callable[[int], Any], tuple[int]]:
        return os._exit, (1,)


@dataclass
class Holder:
    pixels: Any


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text()
    | st.binary(max_size=32),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.lists(inner).map(tuple),
    max_leaves=10,
)


@given(PLAIN)
def test_plain_values_look_as_python_writes_them(value: object) -> None:
    assert previewed(value, limit=1_000_000) == repr(value)


@given(PLAIN, st.integers(1, 60))
def test_a_preview_is_the_start_of_the_whole(value: object, limit: int) -> None:
    whole, cut = previewed(value, limit=1_000_000), previewed(value, limit=limit)
    assert cut == (whole if len(whole) <= limit else f"{whole[: limit - 1]}…")


@pytest.mark.parametrize("is_large", [False, True])
@given(data=st.binary(max_size=200), limit=st.integers(1, 600))
def test_bytes_that_are_no_message_have_a_bounded_preview_too(
    data: bytes, limit: int, *, is_large: bool
) -> None:
    assert len(preview(data, is_large=is_large, limit=limit)) <= limit


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((1,), "(1,)"),
        ({7}, "{7}"),
        (set(), "set()"),
        (frozenset({7}), "frozenset({7})"),
        (1 + 2j, "(1+2j)"),
        (date(2024, 2, 3), "date 2024-02-03"),
        (datetime(2024, 2, 3, 4, 5, tzinfo=UTC), "datetime 2024-02-03 04:05:00+00:00"),
        (timedelta(seconds=90), "timedelta 0:01:30"),
        (bytes(33), "bytes of 33 B"),
        ([bytes(100_000)], "[bytes of 100,000 B]"),
        (msgpack.ExtType(5, b"abc"), "ExtType(5, 3 B)"),
        (np.zeros((2, 3), np.uint8), "array 2×3 uint8"),
        ({"a": np.zeros((1080, 1920))}, "{'a': array 1080×1920 float64}"),
        (np.zeros(3, [("x", "i4")]), "array 3 with fields"),
        (np.float32(0.5), "float32 0.5"),
        (np.int64(-3), "int64 -3"),
        (np.bool_(True), "bool_ True"),  # noqa: FBT003
        (np.str_("x"), "str_ 'x'"),
        (np.datetime64("2024-01-01"), "numpy scalar '<M8[D]' of 8 B"),
    ],
)
def test_extensions_are_shown_by_name(value: object, text: str) -> None:
    assert previewed(value) == text


def test_what_is_pickled_is_named_by_its_class_and_size() -> None:
    text = previewed([Decimal("1.5")])
    assert text.startswith("[decimal.Decimal by pickle, ")
    assert text.endswith(" B]")


def test_a_payload_that_kills_whoever_decodes_it_has_a_preview() -> None:
    assert previewed({"deadly": Deadly()}).startswith("{'deadly': posix._exit by pickle, ")


def test_a_pickle_with_buffers_outside_is_one_object() -> None:
    text = previewed(Holder(np.zeros(100_000, np.uint8)))
    assert text.startswith(f"{__name__}.Holder by pickle, 100,")


def test_deep_nesting_is_cut() -> None:
    value: list[object] = []
    for _ in range(500):
        value = [value]
    assert previewed(value) == "[" * (DEEPEST + 1) + "…"


def test_a_message_cut_off_says_that_it_is_not_readable() -> None:
    data, _ = encoded(["one", "two"])
    assert preview(data[:-2], is_large=False) == "['one', … (not readable: EOFError)"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=10,
    )
)
def test_the_quick_preview_of_a_plain_payload_is_the_same(value: object) -> None:
    encoded = Encoder().encode(value)
    assert isinstance(encoded, bytes)
    assert short(encoded, 120) == preview(encoded, is_large=False, limit=120)


@given(st.binary(max_size=200))
def test_the_quick_preview_never_raises(encoded: bytes) -> None:
    assert len(short(encoded, 120)) <= 120
