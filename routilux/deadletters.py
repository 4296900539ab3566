"""Here are the dead letters: messages that have killed their process too often, kept for whoever asks."""

import sqlite3
import threading
import weakref
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Any

from routilux import clock
from routilux.ipc.codec import Decoder

_TABLE = """
CREATE TABLE IF NOT EXISTS dead_letters (
    id INTEGER PRIMARY KEY, flow TEXT, job_id TEXT, routine TEXT, slot TEXT, message_id TEXT,
    reason TEXT, at REAL, is_large INTEGER, payload BLOB
)
"""


@dataclass(frozen=True)
class DeadLetter:
    """A message that no process survived. `at` is in Unix seconds; `payload` may be unpickled, so look at it
    only where a crash is welcome.
    """

    id: int
    flow: str
    job_id: str
    routine: str
    slot: str
    message_id: str
    reason: str
    at: float
    is_large: int
    encoded: bytes

    @property
    def payload(self) -> Any:
        """The message, decoded now."""
        decoder = Decoder()
        return (
            decoder.decode_large(memoryview(self.encoded)) if self.is_large else decoder.decode(self.encoded)
        )


class DeadLetters:
    """The store, in a file that outlives the runtime, or in memory. May be used from several threads."""

    def __init__(self, path: str | PathLike[str] | None) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(":memory:" if path is None else fspath(path), check_same_thread=False)
        weakref.finalize(self, self._db.close)
        if path is not None:
            self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(_TABLE)
        self._db.commit()

    def add(self, flow: str, job_id: str, letter: tuple[str, str, str, bool, bytes], reason: str) -> None:
        """Keep one message: routine, slot, message id, whether it is large, and its bytes."""
        routine, slot, message_id, is_large, payload = letter
        values = (flow, job_id, routine, slot, message_id, reason, clock.wall(), is_large, payload)
        with self._lock, self._db:
            self._db.execute(
                "INSERT INTO dead_letters"
                " (flow, job_id, routine, slot, message_id, reason, at, is_large, payload)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )

    def all(self) -> list[DeadLetter]:
        """The oldest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT id, flow, job_id, routine, slot, message_id, reason, at, is_large, payload"
                " FROM dead_letters ORDER BY id"
            ).fetchall()
        return [DeadLetter(*row) for row in rows]

    def discard(self, letter_id: int) -> bool:
        """Forget one; False when there is none of that id."""
        with self._lock, self._db:
            return self._db.execute("DELETE FROM dead_letters WHERE id = ?", (letter_id,)).rowcount > 0
