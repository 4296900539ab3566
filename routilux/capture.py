"""Here is the capture of what user code logs and prints: all of it goes on to where it went, and a copy of
each line is taken.

Loggers are listened to where records are made, so that neither their handlers nor `logging.basicConfig()` are
disturbed. Of printing, what goes through `sys.stdout` and `sys.stderr` is seen, not what C code or a child
process writes.
"""

import logging
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

LONGEST = 8192
"""Characters of a line that are kept."""
ROUTINES = "routilux.routine"
"""The logger whose children are `self.log` of each routine; INFO is let through unless the user says
otherwise.
"""

Take = Callable[[str, str], None]
"""Is given the level, or STDOUT or STDERR, and the text."""


class Capture:
    """While it is entered, `take` is given every line. It must not raise, print or log."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._shown = ""
        self._streams = Tee(self, "STDOUT"), Tee(self, "STDERR")
        self._before: tuple[Any, ...] = ()

    def __enter__(self) -> Self:
        routines = logging.getLogger(ROUTINES)
        self._before = logging.getLogRecordFactory(), sys.stdout, sys.stderr, routines.level
        out, err = self._streams
        out.stream, err.stream = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = out, err  # all that a program asks of it is passed on
        logging.setLogRecordFactory(self._record)
        if routines.level == logging.NOTSET:
            routines.setLevel(logging.INFO)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        factory, sys.stdout, sys.stderr, level = self._before
        logging.setLogRecordFactory(factory)
        logging.getLogger(ROUTINES).setLevel(level)
        self.flush()

    def flush(self) -> None:
        """What was printed without an end of its line is taken as it is."""
        for stream in self._streams:
            stream.end_line()

    def _record(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record: logging.LogRecord = self._before[0](*args, **kwargs)
        try:
            text = record.getMessage()
            if record.exc_info:
                text += "\n" + logging.Formatter().formatException(record.exc_info)
        except Exception:  # arguments that do not fit: logging itself will say so  # noqa: BLE001
            text = str(record.msg)
        self._shown = text
        self._take(record.levelname, text[:LONGEST])
        return record

    def printed(self, level: str, line: str) -> None:
        """A line has come to its end. One that a handler shows has been taken already."""
        if level == "STDERR" and self._shown and line and line in self._shown:
            return
        if level == "STDERR" and self._shown and self._shown.partition("\n")[0] in line:
            return
        self._shown = ""
        self._take(level, line[:LONGEST])


class Tee:
    """In place of `sys.stdout` or `sys.stderr`: writes through, and hands on each line."""

    def __init__(self, capture: Capture, level: str) -> None:
        self.stream: Any = None
        self._capture = capture
        self._level = level
        self._line = ""
        self._lock = threading.RLock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        written: int = self.stream.write(text)
        with self._lock:
            *lines, self._line = (self._line + text).split("\n")
            for line in lines:
                self._capture.printed(self._level, line)
            if len(self._line) > LONGEST:
                self.end_line()
        return written

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def end_line(self) -> None:
        with self._lock:
            line, self._line = self._line, ""
            if line:
                self._capture.printed(self._level, line)
