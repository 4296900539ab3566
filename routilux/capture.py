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


class _Thread(threading.local):
    """What one thread has begun to print, and the text that it has logged last."""

    def __init__(self) -> None:
        self.lines = {"STDOUT": "", "STDERR": ""}
        self.shown = ""


class _Ears:
    """What is put in the place of the process's streams and records, while anybody captures."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.takes: dict[int | None, list[Take]] = {}
        """By thread, or None for every thread, whoever takes its lines; the last one does."""
        self._at = _Thread()
        self._streams = _Tee(self, "STDOUT"), _Tee(self, "STDERR")
        self._factory: Callable[..., logging.LogRecord] = logging.LogRecord
        self._level = logging.NOTSET

    def listen(self) -> None:
        out, err = self._streams
        out.stream, err.stream, self._factory = sys.stdout, sys.stderr, logging.getLogRecordFactory()
        sys.stdout, sys.stderr = out, err  # all that a program asks of them is passed on
        logging.setLogRecordFactory(self.record)
        routines = logging.getLogger(ROUTINES)
        self._level = routines.level
        if routines.level == logging.NOTSET:
            routines.setLevel(logging.INFO)

    def leave(self) -> None:
        """Put back what was there, where nobody has put another thing meanwhile."""
        out, err = self._streams
        sys.stdout = out.stream if sys.stdout is out else sys.stdout
        sys.stderr = err.stream if sys.stderr is err else sys.stderr
        if logging.getLogRecordFactory() == self.record:
            logging.setLogRecordFactory(self._factory)
        logging.getLogger(ROUTINES).setLevel(self._level)

    def take(self, level: str, text: str) -> None:
        takes = self.takes.get(threading.get_ident()) or self.takes.get(None)
        if takes:
            takes[-1](level, text[:LONGEST])

    def record(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        """Make a record, and take it."""
        record = self._factory(*args, **kwargs)
        try:
            text = record.getMessage()
            if record.exc_info:
                text += "\n" + logging.Formatter().formatException(record.exc_info)
        except Exception:  # arguments that do not fit: logging itself will say so  # noqa: BLE001
            text = str(record.msg)
        self._at.shown = text
        self.take(record.levelname, text)
        return record

    def printed(self, level: str, text: str) -> None:
        """Take the lines that have come to their end. Those by which a handler shows a record were taken
        already.
        """
        at = self._at
        *lines, rest = (at.lines[level] + text).split("\n")
        if len(rest) > LONGEST:
            lines, rest = [*lines, rest], ""
        at.lines[level] = rest
        for line in lines:
            if level == "STDERR" and at.shown and (at.shown.partition("\n")[0] in line or line in at.shown):
                continue
            at.shown = ""
            self.take(level, line)

    def end_lines(self) -> None:
        for level, line in self._at.lines.items():
            if line:
                self.printed(level, "\n")


class _Tee:
    """In place of `sys.stdout` or `sys.stderr`: writes through, and hands on what was written."""

    def __init__(self, ears: _Ears, level: str) -> None:
        self.stream: Any = None
        self._ears = ears
        self._level = level

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        written: int = self.stream.write(text)
        self._ears.printed(self._level, text)
        return written

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)


_EARS = _Ears()


class Capture:
    """While it is entered, `take` is given every line of this thread, or of every thread. It must not raise,
    print or log.
    """

    def __init__(self, take: Take, *, every_thread: bool = False) -> None:
        self._take = take
        self._thread = None if every_thread else threading.get_ident()

    def __enter__(self) -> Self:
        with _EARS.lock:
            if not _EARS.takes:
                _EARS.listen()
            _EARS.takes.setdefault(self._thread, []).append(self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _EARS.end_lines()
        with _EARS.lock:
            takes = _EARS.takes[self._thread]
            takes.remove(self._take)
            if not takes:
                del _EARS.takes[self._thread]
            if not _EARS.takes:
                _EARS.leave()
