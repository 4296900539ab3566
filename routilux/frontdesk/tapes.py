"""Here is the part of the debug desk that records messages, and takes recorded ones."""

from collections.abc import Callable
from typing import Any

import msgspec

from routilux.debug.recordings import Limits, Take
from routilux.debug.session import DebugControl
from routilux.debugcommands import Inject, SaveHeld, StartRecording, TakeRecorded, TapeInfo
from routilux.flow import Flow
from routilux.frontdesk.refused import Refused
from routilux.ipc.codec import Decoder
from routilux.ipc.typed import TypedDecoder
from routilux.jobs import JobState
from routilux.slottypes import demand_of
from routilux.submission import Sealed

MOST_BYTES = 4 << 20
"""Payloads of one answer, but for one that is larger."""

Control = Callable[[str, str], tuple[DebugControl, JobState | None]]
"""Of a job, else of a flow, by their ids."""


class TapeDesk:
    """Part of the debug desk, whose methods it is given."""

    def __init__(
        self,
        control: Control,
        running: Callable[[str], DebugControl | None],
        job: Callable[[str], JobState],
        held: Callable[[JobState, str], str],
    ) -> None:
        self._control = control
        self._running = running
        self._job = job
        self._held = held

    def answer(self, request: StartRecording | TakeRecorded | SaveHeld) -> TapeInfo:
        """Do what was asked. Raises Refused or BreakpointError."""
        match request:
            case StartRecording():
                return self._start(request)
            case TakeRecorded():
                return self._take(request)
            case SaveHeld():
                job = self._job(request.job_id)
                record = job.control.debugger.saved(job, self._held(job, request.hold_id))
                return _told("", Take((record,), 0, "count"))

    def _start(self, request: StartRecording) -> TapeInfo:
        try:
            limits = Limits(request.count, request.max_bytes, request.seconds)
        except ValueError as error:
            raise Refused("VALIDATION_ERROR", str(error)) from error
        control, job = self._control(request.job_id, request.flow_id)
        name = control.recordings.start(job, request.place, request.condition, limits)
        return TapeInfo(name)

    def _take(self, request: TakeRecorded) -> TapeInfo:
        control = self._running(request.flow_id)
        if control is None:
            raise Refused("WORKER_NOT_FOUND", f"the processes of flow {request.flow_id!r} have ended")
        tapes = control.recordings
        if request.stops:
            tapes.end(request.recording_id)
        return _told(request.recording_id, tapes.take(request.recording_id, request.offset))


def _told(recording_id: str, take: Take) -> TapeInfo:
    """As much as fits, and at least one message; it is over once nothing is left out."""
    told: list[bytes] = []
    room = MOST_BYTES
    for record in take.messages:
        body = msgspec.msgpack.encode(record)
        if told and len(body) > room:
            break
        told.append(body)
        room -= len(body)
    reason = take.reason if len(told) == len(take.messages) else ""
    return TapeInfo(recording_id, tuple(told), take.skipped, reason)


def captured(flow: Flow, request: Inject) -> Any:
    """The payload of a recorded message for that slot, decoded here only where its type or key is asked for.
    Raises Refused if it is none.
    """
    demand = demand_of(flow, request.routine_id, request.slot_name)
    if demand is None and flow.nodes[request.routine_id].key is None:
        return Sealed(request.encoded, is_large=True)
    plain = Decoder()
    decoder = TypedDecoder(demand.type, plain) if demand is not None and request.is_typed else plain
    try:
        return decoder.decode_large(memoryview(request.encoded))
    except Exception as error:  # its class's own code may raise anything
        raise Refused("VALIDATION_ERROR", f"the message cannot be decoded here: {error!r}") from error
