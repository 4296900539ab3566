"""Here is how a runtime is asked on behalf of a request."""

from typing import TypeVar

from routilux.commands import Refusal, Request
from routilux.errors import Busy, DeadlineExceeded, PeerLost
from routilux_monitor.contract.errors import STATUS, ApiError
from routilux_monitor.model import JobRecord
from routilux_monitor.monitor import Monitor

A = TypeVar("A")


async def ask(monitor: Monitor, runtime_id: str, request: Request, kind: type[A]) -> A:
    """The runtime's answer, which is of this kind. Its refusals are the request's errors."""
    try:
        answer = await monitor.known.ask(runtime_id, request)
    except PeerLost as error:
        raise ApiError("RUNTIME_SHUTDOWN", str(error), runtime_id=runtime_id) from error
    except DeadlineExceeded as error:
        raise ApiError("TIMEOUT_EXCEEDED", str(error), runtime_id=runtime_id) from error
    except Busy as error:
        raise ApiError("BUSY", str(error), runtime_id=runtime_id) from error
    if isinstance(answer, Refusal):
        code = answer.code if answer.code in STATUS else "INTERNAL_ERROR"
        raise ApiError(code, answer.message, **answer.details)
    if not isinstance(answer, kind):
        raise ApiError(
            "INTERNAL_ERROR", f"runtime {runtime_id!r} has answered {type(request).__name__} in another way"
        )
    return answer


async def ask_of_job(monitor: Monitor, record: JobRecord, request: Request, nothing: A) -> A:
    """What the job's runtime answers of what it holds of it; `nothing` if both have ended."""
    try:
        return await ask(monitor, record.runtime_id, request, type(nothing))
    except ApiError as error:
        if error.code != "RUNTIME_SHUTDOWN" or not record.ended:
            raise
        return nothing
