"""Here are the facts of the wire: what comes in is typed or refused, with a pointer to what is wrong."""

import pytest
from multidict import MultiDict

from routilux_monitor import wire
from routilux_monitor.contract.errors import ApiError
from routilux_monitor.contract.fields import Page
from routilux_monitor.contract.jobs import JobPost, WaitQuery

GOOD = b'{"flow_id": "f", "routine_id": "r", "slot_name": "s"}'


@pytest.mark.parametrize(
    ("raw", "code", "pointer"),
    [
        (b'{"flow_id": 1, "routine_id": "r", "slot_name": "s"}', "VALIDATION_ERROR", "/flow_id"),
        (b'{"flow_id": "f", "routine_id": "r"}', "VALIDATION_ERROR", "/slot_name"),
        (GOOD[:-1] + b', "a/b": 1}', "VALIDATION_ERROR", "/a~1b"),
        (GOOD[:-1] + b', "timeout": -1}', "VALIDATION_ERROR", "/timeout"),
        (GOOD[:-1] + b', "job_id": "../etc"}', "VALIDATION_ERROR", "/job_id"),
        (GOOD[:-1] + b', "data": 123456789012345678901234567890}', "VALIDATION_ERROR", ""),
        (GOOD[:-1] + b', "data": NaN}', "MALFORMED_REQUEST", None),
        (GOOD[:-1] + b', "data": "\xff"}', "MALFORMED_REQUEST", None),
        (GOOD[:-1] + b', "data": ' + b"[" * 5000 + b"]" * 5000 + b"}", "MALFORMED_REQUEST", None),
        (b"", "MALFORMED_REQUEST", None),
        (b"[]", "VALIDATION_ERROR", ""),
    ],
)
def test_a_bad_body_is_refused_with_a_pointer(raw: bytes, code: str, pointer: str | None) -> None:
    with pytest.raises(ApiError) as refused:
        wire.body(raw, JobPost)
    assert (refused.value.code, refused.value.details.get("pointer")) == (code, pointer)


@pytest.mark.parametrize(
    "query", [{"limit": "x"}, {"limit": "0"}, {"limit": "1001"}, {"offset": "-1"}, {"no": "1"}]
)
def test_a_bad_parameter_is_refused_with_a_pointer(query: dict[str, str]) -> None:
    with pytest.raises(ApiError) as refused:
        wire.query(MultiDict(query), Page)
    assert refused.value.details == {"in": "query", "pointer": "/" + next(iter(query))}


@pytest.mark.parametrize("timeout", ["nan", "inf", "-1", "1e400", "301"])
def test_a_wait_is_bounded(timeout: str) -> None:
    with pytest.raises(ApiError):
        wire.query(MultiDict({"timeout": timeout}), WaitQuery)


def test_a_parameter_is_given_once() -> None:
    with pytest.raises(ApiError, match="more than once"):
        wire.query(MultiDict([("limit", "1"), ("limit", "2")]), Page)
