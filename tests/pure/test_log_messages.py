"""Which hits a breakpoint counts, and what a log message comes to."""

from typing import Any

import pytest

from pure.orders import Order
from routilux.debug.messages import compile_hits, compile_message
from routilux.errors import BreakpointError


@pytest.mark.parametrize(
    ("text", "hits"),
    [(">= 3", [3, 4, 5, 6]), ("== 5", [5]), ("% 2", [2, 4, 6]), ("<3", [1, 2]), ("> 4", [5, 6])],
)
def test_a_hit_condition_chooses_hits_by_their_number(text: str, hits: list[int]) -> None:
    test = compile_hits(text)
    assert [number for number in range(1, 7) if test(number)] == hits


@pytest.mark.parametrize("text", ["", "3", "% 0", ">= -1", ">= x", "=> 3", ">= 9999999999", None])
def test_what_is_no_hit_condition_is_refused(text: Any) -> None:
    with pytest.raises(BreakpointError, match=">= 3"):
        compile_hits(text)


def test_a_log_message_says_what_its_expressions_come_to() -> None:
    message = compile_message("{{{size + 1}}} of {user} at {routine_id}: {missing}, {data}")
    assert message(Order(2), "j", "r") == "{3} of ann at r: ?, <Order>"


@pytest.mark.parametrize("text", ["{", "}", "{a", "{}", "{a**2}", "{a!r:{b}}", "x" * 513])
def test_what_is_no_log_message_is_refused(text: str) -> None:
    with pytest.raises(BreakpointError):
        compile_message(text)
