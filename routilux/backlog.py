"""Here is the backlog: what is to be written to disk by a thread of its own, while others go on."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from routilux.clock import Deadline
from routilux.errors import DeadlineExceeded, InternalError, RoutiluxError

T = TypeVar("T")

MOST_BYTES = 64 << 20
"""Bytes that may wait; who adds more waits for the disk."""
PATIENCE = 60.0
"""Seconds that a disk may take for what waits before it counts as failed."""

log = logging.getLogger("routilux.backlog")


class Backlog(Generic[T]):
    """A queue that one thread empties by `write`, all that waits at a time; the thread starts with the first
    item.

    When `write` raises, or nothing has moved for `patience` seconds, the backlog has failed:
    this is logged, `failure` says why, and nothing is taken any more.
    """

    def __init__(
        self,
        write: Callable[[list[T]], None],
        *,
        most_bytes: int = MOST_BYTES,
        patience: float = PATIENCE,
    ) -> None:
        self.failure: RoutiluxError | None = None
        self._write = write
        self._most = most_bytes
        self._patience = patience
        self._moved = threading.Condition()
        self._items: deque[tuple[T, int]] = deque()
        self._nbytes = 0  # of the items, and of those that are being written
        self._written = 0
        self._added = 0
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def add(self, item: T, nbytes: int) -> None:
        """Let `item` be written. Waits only while more bytes wait than may."""
        with self._moved:
            if not self._moved.wait_for(lambda: self._has_room(nbytes), self._patience):
                self._fail(DeadlineExceeded(f"the disk has written nothing for {self._patience:g} seconds"))
            if self.failure is not None or self._is_closed:
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="routilux-backlog", daemon=True)
                self._thread.start()
            self._items.append((item, nbytes))
            self._nbytes += nbytes
            self._added += 1
            self._moved.notify_all()

    def offer(self, item: T, nbytes: int) -> bool:
        """As `add`, but never waits: False, and `item` is not written, if there is no room for it now."""
        with self._moved:
            has_room = self._has_room(nbytes) and self.failure is None and not self._is_closed
            if has_room:
                self.add(item, nbytes)
            return has_room

    def _has_room(self, nbytes: int) -> bool:
        return (
            not self._nbytes
            or self._nbytes + nbytes <= self._most
            or self.failure is not None
            or self._is_closed
        )

    def flush(self) -> None:
        """Wait until all that was added before is written, or the backlog has failed."""
        with self._moved:
            upto = self._added
            if not self._moved.wait_for(lambda: self._written >= upto or self.failure, self._patience):
                self._fail(DeadlineExceeded(f"the disk has written nothing for {self._patience:g} seconds"))

    def close(self) -> None:
        """Write what waits, and end the thread. Idempotent; nothing is taken afterwards."""
        self.flush()
        with self._moved:
            self._is_closed = True
            self._moved.notify_all()
        if self._thread is not None:
            self._thread.join(Deadline.after(self._patience).left())

    def _run(self) -> None:
        while found := self._next():
            try:
                self._write([item for item, _ in found])
            except Exception as error:  # whatever it was, nobody may wait for this thread  # noqa: BLE001
                with self._moved:
                    self._fail(error if isinstance(error, RoutiluxError) else InternalError(repr(error)))
                return
            with self._moved:
                self._written += len(found)
                self._nbytes -= sum(nbytes for _, nbytes in found)
                self._moved.notify_all()

    def _next(self) -> list[tuple[T, int]]:
        """All that waits, once there is something; nothing in the end."""
        with self._moved:
            self._moved.wait_for(lambda: bool(self._items) or self._is_closed or self.failure is not None)
            found = list(self._items)
            self._items.clear()
            return found

    def _fail(self, error: RoutiluxError) -> None:
        if self.failure is None:
            self.failure = error
            self._items.clear()
            log.error("%s; what happens from now on is not kept", error)
        self._moved.notify_all()
