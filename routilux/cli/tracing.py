"""Here is what `routilux replay` takes from the trace of a job: a monitor has it."""

from base64 import b64decode
from binascii import Error as NoBase64
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from routilux.cli.listing import print_table, write_lines
from routilux.cli.monitors import Monitor, Refused, monitors
from routilux.cli.progress import counted
from routilux.debug.recordings import read_bytes
from routilux.errors import PeerLost, RecordingError, RoutiluxError
from routilux.hookevents import COPIED
from routilux.replay import Message, place_of

PAGE = 1000
"""Events of one answer."""


class _Data(msgspec.Struct, frozen=True):
    slot_name: str = ""
    message_id: str = ""
    preview: str = ""
    nbytes: int | None = None
    is_replayable: bool = False


class _Event(msgspec.Struct, frozen=True):
    routine_id: str
    data: _Data


class _Trace(msgspec.Struct, frozen=True):
    events: tuple[_Event, ...]
    total: int


class _Recording(msgspec.Struct, frozen=True):
    recording: str


class Traced(NamedTuple):
    """The job, and a monitor that has its trace."""

    job_id: str
    monitor: Monitor

    @classmethod
    def find(cls, job_id: str, link: str | None) -> "Traced":
        """Raises RoutiluxError if no monitor knows the job."""
        unknown: RoutiluxError | None = None
        for monitor in monitors(link):
            try:
                monitor.get(f"{_path(job_id)}/state", msgspec.Raw)
            except Refused as refused:
                if refused.code != "JOB_NOT_FOUND":
                    raise
                unknown = unknown or refused
            except PeerLost as lost:  # the next one may know it
                unknown = lost
            else:
                return cls(job_id, monitor)
        raise RecordingError(str(unknown))

    def message(self, message_id: str, *, trust: bool) -> Message:
        """Raises RecordingError if it cannot be had."""
        try:
            answer = self.monitor.get(
                f"{_path(self.job_id)}/messages/{quote(message_id, safe='')}/recording", _Recording
            )
            data = b64decode(answer.recording, validate=True)
        except Refused as refused:
            raise RecordingError(str(refused)) from None
        except NoBase64:
            raise RecordingError(
                "who has the link of those that only look sees no payloads: give the monitor's first link"
            ) from None
        (record,), _ = read_bytes(f"{self.job_id}/{message_id}", data)
        return Message(record, f"{self.job_id}-{message_id}-{place_of(record)}", trust=trust)

    def list_messages(self, *, as_json: bool) -> None:
        """Those that can be replayed, and how many cannot. Raises RecordingError if none was copied."""
        used = [event for event in self._events() if event.data.nbytes is not None]
        if not used:
            raise RecordingError(
                f"no message of job {self.job_id!r} was copied: nobody has wanted to see the job as a whole; "
                "submit it with trace=True, or through the monitor, or keep its page open while it runs"
            )
        found = {event.data.message_id: event for event in used if event.data.is_replayable}
        if as_json:
            write_lines(_told(event) for event in found.values())
            return
        rows = [tuple(_told(event).values()) for event in found.values()]
        print_table(("message", "routine", "slot", "bytes", "preview"), rows, right=("bytes",))
        missing = {e.data.message_id: e.data.nbytes or 0 for e in used if not e.data.is_replayable}
        large = sum(nbytes > COPIED for nbytes in missing.values())
        if large:
            print(f"and {counted(large, 'message')} of more than {COPIED:,} bytes, which no trace has")
        if len(missing) > large:
            print(f"and {counted(len(missing) - large, 'message')} let go for newer ones, or left out")

    def _events(self) -> list[_Event]:
        events: list[_Event] = []
        while True:
            page = self.monitor.get(
                f"{_path(self.job_id)}/execution-trace?limit={PAGE}&offset={len(events)}", _Trace
            )
            events += page.events
            if len(events) >= page.total or not page.events:
                return events


def _path(job_id: str) -> str:
    return f"/jobs/{quote(job_id, safe='')}"


def _told(event: _Event) -> dict[str, object]:
    data = event.data
    return {
        "message_id": data.message_id,
        "routine": event.routine_id,
        "slot": data.slot_name,
        "nbytes": data.nbytes,
        "preview": data.preview,
    }
