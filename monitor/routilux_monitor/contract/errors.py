"""Here are the errors that the monitor answers with, and their HTTP status."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from msgspec import Meta

from routilux_monitor.contract.fields import Answer

STATUS: Mapping[str, int] = MappingProxyType(
    {
        "MALFORMED_REQUEST": 400,
        "UNAUTHORIZED": 401,
        "FORBIDDEN": 403,
        "BREAKPOINT_NOT_FOUND": 404,
        "FLOW_NOT_FOUND": 404,
        "HOLD_NOT_FOUND": 404,
        "JOB_NOT_FOUND": 404,
        "LETTER_NOT_FOUND": 404,
        "MESSAGE_NOT_FOUND": 404,
        "MESSAGE_NOT_KEPT": 404,
        "PATH_NOT_FOUND": 404,
        "ROUTINE_NOT_FOUND": 404,
        "RUNTIME_NOT_FOUND": 404,
        "SLOT_NOT_FOUND": 404,
        "WORKER_NOT_FOUND": 404,
        "METHOD_NOT_ALLOWED": 405,
        "TIMEOUT_EXCEEDED": 408,
        "ATTACH_REFUSED": 409,
        "IDEMPOTENCY_CONFLICT": 409,
        "JOB_ALREADY_COMPLETED": 409,
        "JOB_ALREADY_EXISTS": 409,
        "NOTHING_HELD": 409,
        "RUNTIME_SHUTDOWN": 409,
        "WORKER_NOT_RUNNING": 409,
        "BODY_TOO_LARGE": 413,
        "UNSUPPORTED_MEDIA_TYPE": 415,
        "MISDIRECTED_REQUEST": 421,
        "VALIDATION_ERROR": 422,
        "UPGRADE_REQUIRED": 426,
        "BUSY": 429,
        "TOO_MANY_FAILURES": 429,
        "INTERNAL_ERROR": 500,
    }
)
"""Of each code."""


class ErrorBody(Answer, frozen=True):
    code: Annotated[str, Meta(examples=sorted(STATUS))]
    message: str
    details: dict[str, Any]
    """`pointer` is the field that is wrong, as a JSON pointer; `in` says whether in the body or the query."""
    request_id: str


class ErrorAnswer(Answer, frozen=True):
    error: ErrorBody


class ApiError(Exception):
    """A request is answered with this error."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details

    @property
    def status(self) -> int:
        return STATUS[self.code]

    def answer(self, request_id: str) -> ErrorAnswer:
        """The body that says so."""
        return ErrorAnswer(ErrorBody(self.code, self.message, self.details, request_id))


def invalid(message: str, *, place: Literal["body", "query"], pointer: str) -> ApiError:
    """A field of the body or a parameter of the query is not as it must be."""
    return ApiError("VALIDATION_ERROR", message, **{"in": place, "pointer": pointer})
