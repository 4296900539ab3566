"""Here are views of a traced message as a recording: the file that replays it, or why there is none."""

from base64 import b64encode

from routilux.debug import recordings
from routilux.debug.recordings import Recorded
from routilux.hookevents import COPIED, Copy
from routilux_monitor.contract import metrics as contract
from routilux_monitor.lineage import Lineage
from routilux_monitor.model import JobRecord, TraceEvent


def recording(job: JobRecord, found: Lineage, copy: Copy) -> contract.MessageRecording:
    """The message that has been found in the trace, as it came with its copy."""
    message = found.message
    is_submission = found.is_whole and not message.parents
    record = Recorded(
        flow=job.flow_id,
        job_id=job.job_id,
        routine=message.target,
        slot=message.slot,
        connection_id="submission" if is_submission else message.connection_id,
        source=message.source,
        event=message.event,
        message_id=message.parents[0] if message.parents else "",
        parents=message.parents,
        origin=message.origin,
        at=message.used_at or 0.0,
        error=_error(job, message.message_id),
        is_typed=copy.is_typed,
        payload=copy.data,
    )
    return contract.MessageRecording(
        job_id=job.job_id,
        message_id=message.message_id,
        routine_id=message.target,
        slot_name=message.slot,
        nbytes=copy.nbytes,
        recording=b64encode(recordings.in_bytes(record)).decode(),
    )


def why_not(job: JobRecord, message_id: str) -> str:
    """Why a message of the trace has no copy, and what to do about it."""
    name = f"message {message_id!r} of job {job.job_id!r}"
    used = _used(job, message_id)
    if used is None:
        return f"{name} has not been used by any routine that the trace tells of: only then is it copied"
    nbytes = used.data.get("nbytes")
    if nbytes is None:
        return (
            f"{name} was not copied: nobody wanted to see the job as a whole when it was used; submit it "
            "with trace=True, or through the monitor, or keep its page open while it runs"
        )
    if nbytes > COPIED:
        return (
            f"{name} has {nbytes:,} bytes, and a trace has no messages of more than {COPIED:,}: record its "
            "connection (`routilux record`), or hold it there and save it"
        )
    return (
        f"{name} is not there any more: a trace has the newest messages, and of a busy job not all; record "
        "its connection (`routilux record`)"
    )


def _used(job: JobRecord, message_id: str) -> TraceEvent | None:
    """Its last use: it may have been tried several times."""
    for event in reversed(job.trace):
        if event.kind == "slot_called" and event.data.get("message_id") == message_id:
            return event
    return None


def _error(job: JobRecord, message_id: str) -> str:
    """The traceback of the activation that has failed on it."""
    used = _used(job, message_id)
    for event in job.trace:
        if used is not None and event.kind == "routine_failed" and event.activation == used.activation:
            return str(event.data.get("traceback", ""))
    return ""
