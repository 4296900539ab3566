"""Here is the SQLite file of a store: older schemas are brought up to date, and errors name the file."""

import contextlib
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from os import PathLike, fspath
from typing import Any

from routilux.errors import StoreError

BUSY_SECONDS = 30.0
"""How long a transaction waits for that of another process."""

Step = Callable[[sqlite3.Connection], None]


class Database:
    """One file, or memory when `path` is None. May be used from several threads, one transaction at a time.

    `steps` bring the schema from each version to the next; the version is SQLite's `user_version`, and
    `mark`, its `application_id`, tells one kind of store from another. A commit outlives the death of this
    process; with `durable` also a power failure, at the price of a wait for the disk. Raises StoreError if
    the file is no such store, or one of a later version.
    """

    def __init__(
        self, path: str | PathLike[str] | None, mark: int, steps: Sequence[Step], *, durable: bool
    ) -> None:
        self.name = ":memory:" if path is None else fspath(path)
        self._lock = threading.RLock()
        with self._explained():
            self._db = sqlite3.connect(
                self.name, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        self._finalizer = weakref.finalize(self, self._db.close)
        if path is not None:
            self.rows("PRAGMA journal_mode=WAL")
            self.rows(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        with self.transaction() as db:
            self._bring_up_to_date(db, mark, steps)

    def _bring_up_to_date(self, db: sqlite3.Connection, mark: int, steps: Sequence[Step]) -> None:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        (found,) = db.execute("PRAGMA application_id").fetchone()
        if found not in (0, mark):
            raise StoreError(f"{self.name!r} is a file of another kind: name another one")
        if version > len(steps):
            raise StoreError(
                f"{self.name!r} was written by a later version of Routilux "
                f"(its schema is number {version}, this one knows {len(steps)}): use that version"
            )
        for step in steps[version:]:
            step(db)
        if version < len(steps):
            db.execute(f"PRAGMA application_id = {mark}")
            db.execute(f"PRAGMA user_version = {len(steps)}")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of what is done within, or nothing. Raises StoreError for what SQLite raises."""
        with self._lock, self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # some errors have ended it already
                    self._db.execute("ROLLBACK")
                raise

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of one query."""
        with self._lock, self._explained():
            return self._db.execute(query, values).fetchall()

    def close(self) -> None:
        """Let go of the file. Idempotent."""
        with self._lock:
            self._finalizer()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OverflowError) as error:  # the latter: a value beyond 2 GiB
            raise StoreError(f"the store {self.name!r} cannot be used: {error}") from error
