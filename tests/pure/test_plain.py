"""A payload as plain JSON data: bounded, and made without decoding a pickle."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routilux.ipc.codec import Encoder, in_one_piece
from routilux.ipc.plain import shown


def plain(value: object, largest: int = 1 << 20) -> tuple[Any, bool]:
    part = Encoder().encode(value)
    is_large = not isinstance(part, bytes)
    return shown(part if isinstance(part, bytes) else in_one_piece(part), is_large=is_large, largest=largest)


class Deadly:
    """Ends the process that unpickles it."""

    def __reduce__(self) -> tuple[Callable[[int], Any], tuple[int]]:
        return os._exit, (1,)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=10,
)


@given(JSON)
def test_what_json_has_stays_as_it_is(value: object) -> None:
    assert plain(value) == (value, True)


@given(data=st.binary(max_size=300), is_large=st.booleans(), largest=st.integers(1, 1000))
def test_bytes_that_are_no_message_give_plain_data_too(data: bytes, is_large: bool, largest: int) -> None:  # noqa: FBT001 - made by hypothesis
    value, _ = shown(data, is_large=is_large, largest=largest)
    json.dumps(value, allow_nan=False).encode()


@given(JSON, st.integers(1, 200))
def test_what_is_shown_is_bounded(value: object, largest: int) -> None:
    found, is_whole = plain([value] * 20, largest)
    assert len(json.dumps(found, ensure_ascii=False)) <= 40 + 8 * largest
    assert is_whole == (found == [value] * 20)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, (2,)), [1, [2]]),
        ({7}, {"$set": [7]}),
        (frozenset({7}), {"$set": [7]}),
        ({1: "a", "b": 2}, {"$map": [[1, "a"], ["b", 2]]}),
        (b"ab", {"$bytes": 2, "hex": "6162"}),
        (math.inf, {"$float": "inf"}),
        (1 + 2j, {"$complex": [1.0, 2.0]}),
        (date(2024, 2, 3), {"$date": "2024-02-03"}),
        (datetime(2024, 2, 3, 4, 5, tzinfo=UTC), {"$datetime": "2024-02-03T04:05:00+00:00"}),
        (timedelta(seconds=90), {"$timedelta": 90.0}),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),  # noqa: FBT003
        (np.str_("x"), "x"),
        (
            np.array([[1, 2], [3, 4]], np.int16),
            {"$array": {"dtype": "<i2", "shape": [2, 2], "preview": [1, 2, 3, 4], "min": 1, "max": 4}},
        ),
    ],
)
def test_what_json_has_not_is_tagged(value: object, expected: object) -> None:
    assert plain(value) == (expected, True)


def test_of_a_large_array_the_start_is_shown() -> None:
    value, is_whole = plain({"image": np.arange(2_000_000, dtype=np.float64).reshape(1000, 2000)})
    about = value["image"]["$array"]
    assert (about["dtype"], about["shape"], about["preview"][:3]) == ("<f8", [1000, 2000], [0.0, 1.0, 2.0])
    assert not is_whole


def test_what_is_pickled_is_named_and_not_run() -> None:
    assert plain([Decimal("1.5"), Deadly(), 7])[0][2] == 7
    assert plain({"deadly": Deadly()})[0]["deadly"]["$pickle"] == "posix._exit"


def test_an_extension_of_the_user_is_named() -> None:
    assert plain(msgpack.ExtType(5, b"abc")) == ({"$ext": 5, "nbytes": 3}, False)


def test_deep_nesting_is_cut() -> None:
    value: list[object] = []
    for _ in range(500):
        value = [value]
    found, is_whole = plain(value)
    assert json.dumps(found).count("[") == 33
    assert not is_whole


def test_of_a_message_cut_off_what_came_before_is_shown() -> None:
    encoded = Encoder().encode({"a": ["one", "two"], "b": 3})
    assert isinstance(encoded, bytes)
    assert shown(encoded[:10]) == ({"a": ["one"]}, False)
