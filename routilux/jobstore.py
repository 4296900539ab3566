"""Here is the job store: what became of jobs, in a file that can be asked after their runtime has ended."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from typing import Any, Final

import msgspec

from routilux import clock, incarnation
from routilux.backlog import Backlog
from routilux.database import Database
from routilux.errors import RoutiluxError
from routilux.jobrecord import JobRecord, StoredError
from routilux.jobs import JobState, Output, Source, open_batch
from routilux.lifecycle import ExecutionStatus

MAX_AGE = 7 * 86400.0
MAX_BYTES = 1 << 30
MARK = 0x52584C32
LOST: Final = "lost"
STATUSES: Final = (*ExecutionStatus, LOST)
ROW = 128
"""Bytes that a job, an output or an error costs beside its text and payload, more or less."""

_UNDER_WAY = "('pending', 'running', 'paused')"
_ENDED_AT = "coalesce(finished_at, began_at)"
_COLUMNS = (
    "number, job_id, flow, status, began_at, started_at, finished_at, pid, nbytes, unrecorded, counters,"
    " error_type, error, error_routine, error_cause, error_traceback"
)


@dataclass(frozen=True, slots=True)
class _Change:
    """A job at the moment of a change; `job` serves as its name."""

    job: JobState
    status: ExecutionStatus
    at: float
    started_at: float | None
    finished_at: float | None
    error: StoredError | None
    errors: tuple[StoredError, ...]
    counters: bytes

    @property
    def nbytes(self) -> int:
        found = (*self.errors, *((self.error,) if self.error is not None else ()))
        return len(self.counters) + sum(ROW + sum(map(len, error.texts)) for error in found)


@dataclass(frozen=True, slots=True)
class _Batch:
    job: JobState
    source: Source
    data: bytes

    @property
    def nbytes(self) -> int:
        return ROW + len(self.data)


class JobStore:
    """Jobs, their outputs and their errors, in one SQLite file that several runtimes may share.

    A thread of its own writes them: what a job has put out, and its end, are in the file a moment later. When
    the disk cannot keep up, 64 MiB wait in memory, then whoever has more to tell waits. `jobs`, `outputs` and
    `errors` first wait until all of this process is written. A write that fails is logged; from then on
    nothing is recorded, new jobs are refused, and `close` raises StoreError.

    Whole jobs are forgotten, the one that ended first before the others, when they ended more than `max_age`
    seconds ago or the store holds more than `max_bytes`, whenever something is recorded; to open a store and
    ask it forgets nothing. The file itself keeps the size it once had. Jobs under way are not forgotten.
    Together they may fill half of the store with outputs; what comes then is only counted, as `unrecorded` of
    its job.

    A job whose runtime was killed is "running" until a later JobStore opens the file and finds that its
    process is gone; then it is "lost". (A process is the same if its id and the moment of its start are.) So
    is a job that ended in the last moment before the kill. May be used from several threads, and its file
    from several processes of one machine. Raises StoreError if the file cannot be used.
    """

    def __init__(
        self, path: str | PathLike[str], *, max_age: float = MAX_AGE, max_bytes: int = MAX_BYTES
    ) -> None:
        self.max_age = max_age
        self.max_bytes = max_bytes
        self._own = incarnation.own()
        self._numbers: dict[JobState, int] = {}
        self._under_way = 0  # bytes of jobs that have not ended
        self._db = Database(path, MARK, (_create,), durable=False)
        self._backlog: Backlog[_Change | _Batch] = Backlog(self._write)
        with self._db.transaction() as db:
            _find_lost(db)

    # ---- told by jobs -------------------------------------------------------------------------------------

    def changed(self, job: JobState) -> None:
        """See jobs.Recorder."""
        has_ended = job.ended
        change = _Change(
            job,
            job.status,
            job.started_at or clock.wall(),
            job.started_at,
            job.finished_at,
            None if job.error is None else StoredError.of(job.error),
            tuple(map(StoredError.of, job.errors)) if has_ended else (),
            msgspec.json.encode(job.counters) if has_ended else b"{}",
        )
        self._backlog.add(change, ROW + change.nbytes)

    def put(self, job: JobState, source: Source, data: bytes) -> None:
        """See jobs.Recorder."""
        batch = _Batch(job, source, data)
        self._backlog.add(batch, batch.nbytes)

    def check(self) -> None:
        """Raise why nothing can be recorded any more, if that is so."""
        if self._backlog.failure is not None:
            raise self._backlog.failure

    def flush(self) -> None:
        """Wait until all that this process has recorded is in the file. Raises StoreError if it cannot be."""
        self._backlog.flush()
        self.check()

    def stop(self) -> None:
        """As `flush`, and record nothing more; the store can still be asked. Idempotent."""
        self._backlog.close()
        self.check()

    def close(self) -> None:
        """As `stop`, and let go of the file. Idempotent."""
        self._backlog.close()
        self._db.close()
        self.check()

    # ---- asked by whoever wants to know -------------------------------------------------------------------

    def jobs(
        self,
        *,
        job_id: str | None = None,
        status: ExecutionStatus | str | None = None,
        flow: str | None = None,
        since: float | None = None,
        until: float | None = None,
        limit: int = 100,
    ) -> list[JobRecord]:
        """The newest first, at most `limit` of them: those of that id, status and flow which began from
        `since` on and before `until`, in Unix seconds.
        """
        if status is not None and status not in STATUSES:
            raise RoutiluxError(f"status={status!r}: there are {', '.join(STATUSES)}")
        wanted = {
            "job_id = ?": job_id,
            "status = ?": None if status is None else str(status),
            "flow = ?": flow,
            "began_at >= ?": since,
            "began_at < ?": until,
        }
        given = {condition: value for condition, value in wanted.items() if value is not None}
        return self._found(" AND ".join(given) or "TRUE", (*given.values(), limit))

    def job(self, job: int | str) -> JobRecord:
        """The job of that number, or the newest of that id; RoutiluxError if there is none."""
        found = self._found("number = ?" if isinstance(job, int) else "job_id = ?", (job, 1))
        if not found:
            raise RoutiluxError(f"there is no job {job!r} in {self._db.name!r}")
        return found[0]

    def _found(self, condition: str, values: Iterable[object]) -> list[JobRecord]:
        self._backlog.flush()
        query = f"SELECT {_COLUMNS} FROM jobs WHERE {condition} ORDER BY number DESC LIMIT ?"  # noqa: S608
        return [_record(row) for row in self._db.rows(query, tuple(values))]

    def outputs(self, job: JobRecord | int | str) -> Iterator[Output]:
        """What the job has put out, as `JobState.outputs` would have handed it out; decoded one by one, which
        may unpickle.
        """
        record = job if isinstance(job, JobRecord) else self.job(job)
        opened = open_batch(record.job_id)
        for source, data in self.batches(record):
            yield from opened(source, data)

    def batches(self, record: JobRecord) -> Iterator[tuple[Source, bytes]]:
        """The outputs of a job, encoded, as they came."""
        self._backlog.flush()
        last = 0
        while rows := self._db.rows(
            "SELECT position, routine, event, place, is_large, payload FROM outputs"
            " WHERE job = ? AND position > ? ORDER BY position LIMIT 1",
            (record.number, last),
        ):
            ((last, routine, event, place, is_large, payload),) = rows
            yield Source(routine, event, place, bool(is_large)), payload

    def errors(self, job: JobRecord | int | str) -> list[StoredError]:
        """What `on_error` and dead letters have let pass, known once the job has ended."""
        record = job if isinstance(job, JobRecord) else self.job(job)
        rows = self._db.rows(
            "SELECT type, error, routine, cause, traceback FROM errors WHERE job = ? ORDER BY position",
            (record.number,),
        )
        return [StoredError(*row) for row in rows]

    # ---- the thread that writes ---------------------------------------------------------------------------

    def _write(self, items: list[_Change | _Batch]) -> None:
        with self._db.transaction() as db:
            (self._under_way,) = db.execute(
                f"SELECT coalesce(sum(nbytes), 0) FROM jobs WHERE status IN {_UNDER_WAY}"  # noqa: S608
            ).fetchone()
            for item in items:
                match item:
                    case _Change():
                        self._write_change(db, item)
                    case _Batch():
                        self._write_batch(db, item)
            self._prune(db)

    def _write_change(self, db: sqlite3.Connection, change: _Change) -> None:
        job = change.job
        if (number := self._numbers.get(job)) is None:
            number = self._numbers[job] = self._begin(db, change)
        counters, nbytes = change.counters.decode(), change.nbytes
        db.execute(
            "UPDATE jobs SET status = ?, started_at = ?, finished_at = ?, counters = ?, nbytes = nbytes + ?"
            " WHERE number = ?",
            (str(change.status), change.started_at, change.finished_at, counters, nbytes, number),
        )
        self._under_way += nbytes
        if change.status.ended:
            self._write_end(db, change, number)
            del self._numbers[job]

    def _begin(self, db: sqlite3.Connection, change: _Change) -> int:
        cursor = db.execute(
            "INSERT INTO jobs (job_id, flow, status, began_at, pid, process, nbytes, unrecorded, counters)"
            " VALUES (?, ?, 'pending', ?, ?, ?, ?, 0, '{}')",
            (change.job.job_id, change.job.flow_name, change.at, *self._own, ROW),
        )
        self._under_way += ROW
        return cursor.lastrowid or 0

    def _write_end(self, db: sqlite3.Connection, change: _Change, number: int) -> None:
        if change.error is not None:
            db.execute(
                "UPDATE jobs SET error_type = ?, error = ?, error_routine = ?, error_cause = ?,"
                " error_traceback = ? WHERE number = ?",
                (*change.error.texts, number),
            )
        db.executemany(
            "INSERT INTO errors (job, type, error, routine, cause, traceback) VALUES (?, ?, ?, ?, ?, ?)",
            [(number, *error.texts) for error in change.errors],
        )
        for (nbytes,) in db.execute("SELECT nbytes FROM jobs WHERE number = ?", (number,)):
            self._under_way -= nbytes

    def _write_batch(self, db: sqlite3.Connection, batch: _Batch) -> None:
        number = self._numbers.get(batch.job)
        if number is None:  # it has ended: what comes now is nobody's
            return
        if self._under_way + batch.nbytes <= self.max_bytes // 2:
            # What is kept is the beginning: nothing behind a gap. (No row: another process took the job for
            # lost, and has forgotten it.)
            grown = db.execute(
                "UPDATE jobs SET nbytes = nbytes + ? WHERE number = ? AND unrecorded = 0",
                (batch.nbytes, number),
            )
            if grown.rowcount:
                self._under_way += batch.nbytes
                db.execute(
                    "INSERT INTO outputs (job, routine, event, place, is_large, payload)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (number, *batch.source, batch.data),
                )
                return
        db.execute("UPDATE jobs SET unrecorded = unrecorded + ? WHERE number = ?", (len(batch.data), number))

    def _prune(self, db: sqlite3.Connection) -> None:
        (total,) = db.execute("SELECT nbytes FROM total").fetchone()
        ended = db.execute(
            f"SELECT number, nbytes, {_ENDED_AT} AS ended_at FROM jobs"  # noqa: S608 - our own words
            f" WHERE status NOT IN {_UNDER_WAY} ORDER BY {_ENDED_AT}, number"
        )
        before = clock.wall() - self.max_age
        numbers = list(surplus(ended, total, before=before, max_bytes=self.max_bytes))
        for table, column in (("outputs", "job"), ("errors", "job"), ("jobs", "number")):
            db.executemany(
                f"DELETE FROM {table} WHERE {column} = ?",  # noqa: S608
                [(number,) for number in numbers],
            )


def surplus(
    ended: Iterable[tuple[int, int, float]], total: int, *, before: float, max_bytes: int
) -> Iterator[int]:
    """The numbers of the jobs to forget. `ended` are number, size and end of each that has ended, the oldest
    first; `total` is the size of all jobs.
    """
    for number, nbytes, at in ended:
        if at >= before and total <= max_bytes:
            return
        total -= nbytes
        yield number


def _record(row: tuple[Any, ...]) -> JobRecord:
    *fields, counters, kind, error, routine, cause, traceback = row
    values: tuple[Any, ...] = (
        *fields,
        msgspec.json.decode(counters),
        None if kind is None else StoredError(kind, error, routine, cause, traceback),
    )
    return JobRecord(*values)


def _find_lost(db: sqlite3.Connection) -> None:
    """Jobs whose process is gone have ended without telling."""
    rows = db.execute(f"SELECT DISTINCT pid, process FROM jobs WHERE status IN {_UNDER_WAY}").fetchall()  # noqa: S608
    gone = [(pid, process) for pid, process in rows if process and incarnation.started(pid) != process]
    db.executemany(
        f"UPDATE jobs SET status = '{LOST}' WHERE pid = ? AND process = ? AND status IN {_UNDER_WAY}",  # noqa: S608
        gone,
    )


def _create(db: sqlite3.Connection) -> None:
    for statement in _SCHEMA:
        db.execute(statement)


# What is large stands last in its row: what stands behind it is slow to read. `total` is the size of all
# jobs, which would be slow to sum up at every commit.
_SCHEMA: Final = (
    """CREATE TABLE jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL, flow TEXT NOT NULL,
        status TEXT NOT NULL, began_at REAL NOT NULL, started_at REAL, finished_at REAL,
        pid INTEGER NOT NULL, process TEXT, nbytes INTEGER NOT NULL, unrecorded INTEGER NOT NULL,
        counters TEXT NOT NULL, error_type TEXT, error_routine TEXT, error_cause TEXT, error TEXT,
        error_traceback TEXT
    )""",
    "CREATE INDEX jobs_of_id ON jobs (job_id)",
    f"CREATE INDEX jobs_ended ON jobs ({_ENDED_AT}, number) WHERE status NOT IN {_UNDER_WAY}",
    f"CREATE INDEX jobs_under_way ON jobs (pid, process) WHERE status IN {_UNDER_WAY}",
    """CREATE TABLE outputs (
        position INTEGER PRIMARY KEY, job INTEGER NOT NULL, routine TEXT NOT NULL, event TEXT NOT NULL,
        place TEXT NOT NULL, is_large INTEGER NOT NULL, payload BLOB NOT NULL
    )""",
    "CREATE INDEX outputs_of_job ON outputs (job, position)",
    """CREATE TABLE errors (
        position INTEGER PRIMARY KEY, job INTEGER NOT NULL, type TEXT NOT NULL, error TEXT NOT NULL,
        routine TEXT NOT NULL, cause TEXT NOT NULL, traceback TEXT NOT NULL
    )""",
    "CREATE INDEX errors_of_job ON errors (job, position)",
    "CREATE TABLE total (nbytes INTEGER NOT NULL)",
    "INSERT INTO total VALUES (0)",
    """CREATE TRIGGER job_begun AFTER INSERT ON jobs
    BEGIN UPDATE total SET nbytes = nbytes + new.nbytes; END""",
    """CREATE TRIGGER job_changed AFTER UPDATE OF nbytes ON jobs
    BEGIN UPDATE total SET nbytes = nbytes + new.nbytes - old.nbytes; END""",
    """CREATE TRIGGER job_forgotten AFTER DELETE ON jobs
    BEGIN UPDATE total SET nbytes = nbytes - old.nbytes; END""",
)
