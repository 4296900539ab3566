"""Here is a recording as its user holds it."""

from collections.abc import Mapping
from os import PathLike
from types import TracebackType
from typing import Any, Protocol, Self

from routilux.debug import recordings
from routilux.debug.recordings import End, Limits, Take


class RecordingControl(Protocol):
    """What an engine lets somebody do who records. All of it raises BreakpointError with the reason where it
    cannot.
    """

    def start(
        self, job: Any, place: str | Mapping[str, Any], condition: str | None, limits: Limits
    ) -> str: ...
    def take(self, recording_id: str, offset: int = 0) -> Take: ...
    def wait(self, recording_id: str, timeout: float | None) -> None: ...
    def end(self, recording_id: str) -> None: ...
    def stop(self, recording_id: str) -> Take: ...


class Recording:
    """Messages that are being recorded. There is no file until `wait` or `stop` has returned, then a whole
    one; leaving it as a context manager stops it.
    """

    def __init__(self, control: RecordingControl, recording_id: str, path: str | PathLike[str]) -> None:
        self.path = path
        self._control = control
        self._id = recording_id
        self._taken: Take | None = None

    def __repr__(self) -> str:
        return f"<Recording {self._id}: {self.count} messages, {self.reason or 'under way'}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._taken is None:
            self.stop()

    @property
    def count(self) -> int:
        """The messages that it has."""
        return len(self._now().messages)

    @property
    def skipped(self) -> int:
        """Messages that came by meanwhile and are not in it: they found no room, or were too large.
        It knows all of them once it is over.
        """
        return self._now().skipped

    @property
    def reason(self) -> str:
        """Empty while it goes on; then `count`, `bytes` or `time`, whichever bound was reached first, `ended`
        with its job, or `stopped`.
        """
        return self._now().reason

    def wait(self, timeout: float | None = None) -> Self:
        """Until it is over, then write the file. Raises DeadlineExceeded, and goes on, if it is not by then;
        RecordingError if the file cannot be written.
        """
        if self._taken is None:
            self._control.wait(self._id, timeout)
        return self.stop()

    def stop(self) -> Self:
        """End it, and write the file. Raises RecordingError; then it can be called again."""
        if self._taken is None:
            self._taken = self._control.stop(self._id)
        taken = self._taken
        recordings.write(self.path, taken.messages, End(len(taken.messages), taken.skipped, taken.reason))
        return self

    def _now(self) -> Take:
        return self._control.take(self._id) if self._taken is None else self._taken
