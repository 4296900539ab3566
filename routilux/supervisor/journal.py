"""Here is the journal of a durable flow: what its supervisor has taken in, and what became of its jobs.

The arena's file holds the messages under way. What has left it (outputs, reports) is written here before the
lane is passed, so that a supervisor that is killed in between finds it again and does not take it in twice.
"""

import json
import pickle
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from typing import Any, Final

from routilux.database import Database
from routilux.errors import RoutiluxError
from routilux.ipc import crash
from routilux.ipc.lanes import Frame
from routilux.jobs import JobState
from routilux.supervisor.desk import Letter

MARK = 0x52584C4A
REMEMBERED = 1000
"""Ended jobs whose outputs are kept for whoever resumes; of older ones nothing is left."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A job of the journal. `status` is empty while it runs; times are Unix seconds."""

    number: int
    job_id: str
    began_at: float
    deadline_at: float | None
    base: list[list[int]]
    metadata: dict[str, Any]
    is_paused: bool
    status: str
    finished_at: float | None
    error: RoutiluxError | None
    counters: dict[str, dict[str, int]]


class Journal:
    """Whoever uses it holds the supervisor's lock. Nothing is written before `flush`."""

    def __init__(self, path: str | PathLike[str]) -> None:
        self._db = Database(path, MARK, (_create,), durable=False)
        self._statements: list[tuple[str, tuple[object, ...]]] = []
        self._seen: dict[int, int] = dict(self._db.rows("SELECT lane, position FROM seen"))

    def note(self, statement: str, *values: object) -> None:
        self._statements.append((statement, values))

    def flush(self) -> None:
        """Write what was noted, all or nothing. Raises StoreError."""
        if not self._statements:
            return
        if crash.PLAN:
            crash.here("journal.before")
        with self._db.transaction() as db:
            for statement, values in self._statements:
                db.execute(statement, values)
        self._statements.clear()
        if crash.PLAN:
            crash.here("journal.after")

    def close(self) -> None:
        self._db.close()

    # ---- what happens -------------------------------------------------------------------------------------

    def began(self, number: int, job: JobState, deadline_at: float | None, base: list[list[int]]) -> None:
        self.note("DELETE FROM letters WHERE job = ?", number)  # of one that had its number long ago
        self.note(
            "INSERT OR REPLACE INTO jobs (number, job_id, began_at, deadline_at, base, metadata, counters)"
            " VALUES (?, ?, ?, ?, ?, ?, '{}')",
            *(number, job.job_id, job.started_at or job.created_at, deadline_at),
            *(json.dumps(base), json.dumps(job.metadata)),
        )

    def paused(self, number: int, *, is_paused: bool) -> None:
        self.note("UPDATE jobs SET is_paused = ? WHERE number = ? AND status = ''", is_paused, number)

    def ended(
        self,
        number: int,
        status: str,
        at: float | None,
        error: RoutiluxError | None,
        counters: dict[str, dict[str, int]],
    ) -> None:
        self.note(
            "UPDATE jobs SET status = ?, finished_at = ?, error = ?, counters = ?"
            " WHERE number = ? AND status = ''",
            *(status, at, None if error is None else pickle.dumps(error), json.dumps(counters), number),
        )
        self.note("DELETE FROM data WHERE job = ?", number)
        for table, column in (("letters", "job"), ("jobs", "number")):
            self.note(
                f"DELETE FROM {table} WHERE {column} IN (SELECT number FROM jobs WHERE status != ''"  # noqa: S608
                f" ORDER BY finished_at DESC LIMIT -1 OFFSET {REMEMBERED})"
            )

    def takes(self, letter: Letter) -> bool:
        """Note a frame that has come in; False if an earlier supervisor has taken it in already."""
        position = letter.frame.position
        if position <= self._seen.get(letter.lane, -1):
            return False
        self._seen[letter.lane] = position
        frame = letter.frame
        self.note("INSERT OR REPLACE INTO seen VALUES (?, ?)", letter.lane, position)
        self.note(
            "INSERT INTO letters (job, process, lane, row, port, messages, flags, tag, span, position, data)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(frame.job, letter.process, letter.lane, letter.row, frame.port, frame.messages),
            *(frame.flags, frame.tag, frame.span, position, letter.data),
        )
        return True

    def shared(self, job: int, key: str, value: bytes | None) -> None:
        """A key of the job's shared data was set, or deleted."""
        if value is None:
            self.note("DELETE FROM data WHERE job = ? AND key = ?", job, key)
        else:
            self.note("INSERT OR REPLACE INTO data VALUES (?, ?, ?)", job, key, value)

    def charged(self, process: int, key: int, attempts: int, sent: int) -> None:
        self.note("INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?)", process, str(key), attempts, sent)

    # ---- what an earlier supervisor has left --------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """The jobs, in the order of their beginning."""
        rows = self._db.rows(
            "SELECT number, job_id, began_at, deadline_at, base, metadata, is_paused, status, finished_at,"
            " error, counters FROM jobs ORDER BY began_at, number"
        )
        return [_entry(*row) for row in rows]

    def letters(self, job: int) -> Iterator[Letter]:
        """All that has come in for a job, in its order."""
        last = 0
        while rows := self._db.rows(
            "SELECT id, process, lane, row, port, messages, flags, tag, span, position, data FROM letters"
            " WHERE job = ? AND id > ? ORDER BY id LIMIT 100",
            (job, last),
        ):
            for last, process, lane, row, port, messages, flags, tag, span, position, data in rows:  # noqa: B007
                frame = Frame(job, port, messages, b"", flags, tag, position=position, span=span)
                yield Letter(process, lane, frame, data, row)

    def data(self, job: int) -> dict[str, bytes]:
        """The shared data of a job."""
        return dict(self._db.rows("SELECT key, value FROM data WHERE job = ?", (job,)))

    def attempts(self) -> dict[tuple[int, int], tuple[int, int]]:
        """What was charged to which input of which process."""
        rows = self._db.rows("SELECT process, key, attempts, sent FROM attempts")
        return {(process, int(key)): (attempts, sent) for process, key, attempts, sent in rows}


def _entry(
    number: int, job_id: str, began_at: float, deadline_at: float | None, base: str, *rest: Any
) -> Entry:
    metadata, is_paused, status, finished_at, error, counters = rest
    return Entry(
        number,
        job_id,
        began_at,
        deadline_at,
        json.loads(base),
        json.loads(metadata),
        bool(is_paused),
        status,
        finished_at,
        None if error is None else pickle.loads(error),  # noqa: S301 - written by us, in a directory of mode 0700
        json.loads(counters),
    )


_SCHEMA: Final = (
    """CREATE TABLE jobs (
        number INTEGER PRIMARY KEY, job_id TEXT NOT NULL, began_at REAL NOT NULL, deadline_at REAL,
        base TEXT NOT NULL, metadata TEXT NOT NULL, is_paused INTEGER NOT NULL DEFAULT 0,
        status TEXT NOT NULL DEFAULT '', finished_at REAL, error BLOB, counters TEXT NOT NULL
    )""",
    """CREATE TABLE letters (
        id INTEGER PRIMARY KEY, job INTEGER NOT NULL, process INTEGER NOT NULL, lane INTEGER NOT NULL,
        row INTEGER NOT NULL, port INTEGER NOT NULL, messages INTEGER NOT NULL, flags INTEGER NOT NULL,
        tag INTEGER NOT NULL, span INTEGER NOT NULL, position INTEGER NOT NULL, data BLOB NOT NULL
    )""",
    "CREATE INDEX letters_of_job ON letters (job, id)",
    "CREATE TABLE seen (lane INTEGER PRIMARY KEY, position INTEGER NOT NULL)",
    "CREATE TABLE data (job INTEGER, key TEXT, value BLOB NOT NULL, PRIMARY KEY (job, key))",
    """CREATE TABLE attempts (
        process INTEGER, key TEXT, attempts INTEGER NOT NULL, sent INTEGER NOT NULL,
        PRIMARY KEY (process, key)
    )""",
)


def _create(db: sqlite3.Connection) -> None:
    for statement in _SCHEMA:
        db.execute(statement)
