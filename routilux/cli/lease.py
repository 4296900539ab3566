"""Here is the lease of a debugger in the terminal: while it is open, nothing goes on by itself."""

import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from routilux.cli.wire import Wire
from routilux.commands import Done
from routilux.debugcommands import Renew
from routilux.errors import RoutiluxError

SECONDS = 5.0


class Lease:
    """Renewed by a thread from `with` on; its end ends the thread."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="routilux-lease", daemon=True)

    def _run(self) -> None:
        while not self._over.is_set():
            with suppress(RoutiluxError):  # whoever is at the prompt will hear it
                self._wire.ask(Renew(self._wire.job_id), Done)
            self._over.wait(SECONDS)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
