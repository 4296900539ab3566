"""Here is what Ctrl-C, SIGTERM and a hang-up mean: the first asks for the end, the second takes it.

The handler never raises, but at a prompt: an exception that comes out of nowhere would leave half-closed
things behind, and a traceback. While a command attends to its flow, signals are only counted; a byte in a
pipe wakes whoever waits. At any other moment there is nothing to put in order: the first ends the process.
"""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from routilux.clock import Deadline

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TOO_LATE = 3
"""The exit code when what was in flight had not come to its end in the time given."""
LAST_RESORT = 2.0
"""Seconds after the second signal from which on a further one ends the process, whatever state it is in."""


class Interrupts:
    """The signals that this process got; one per process, installed in its main thread."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.is_late = False
        """Whether what was in flight had not come to its end in the time given."""
        self._counts_only = False
        self._patience = Deadline(None)
        self._readable, self._writable = os.pipe()
        os.set_blocking(self._readable, False)
        os.set_blocking(self._writable, False)

    def install(self) -> None:
        """Take the signals over, those excepted that our parent wants ignored (`nohup`, a shell's `&`)."""
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._handle)

    @property
    def exit_code(self) -> int | None:
        """What a shell would say of a process that the first signal has killed; None when there was none."""
        if self.is_late:
            return TOO_LATE
        return 128 + self.seen[0] if self.seen else None

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Within this, signals are counted, and somebody looks at them."""
        self._counts_only = True
        try:
            yield
        finally:
            self._counts_only = False

    @contextmanager
    def raised(self) -> Iterator[None]:
        """Within this, Ctrl-C raises KeyboardInterrupt, and the other signals SystemExit: for a prompt, which
        has a terminal to put in order.
        """
        before = {number: signal.getsignal(number) for number in SIGNALS}

        def leave(number: int, _frame: FrameType | None) -> None:
            raise SystemExit(128 + number)

        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else leave)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def wait(self, seconds: float) -> None:
        """Sleep until the next signal or `wake`, or for so many seconds."""
        select.select([self._readable], [], [], seconds)
        with suppress(BlockingIOError):
            os.read(self._readable, 4096)

    def wake(self) -> None:
        """End a `wait`; from any thread."""
        with suppress(BlockingIOError):
            os.write(self._writable, b"!")

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self.seen.append(number)
        if len(self.seen) == 2:
            self._patience = Deadline.after(LAST_RESORT)
        if not self._counts_only or self._patience.passed:
            os._exit(128 + self.seen[0])
        self.wake()
