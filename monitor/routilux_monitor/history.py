"""Here is the history: runtimes, flows and jobs in a SQLite file, which outlives them and the monitor."""

import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from routilux import clock, incarnation
from routilux.backlog import Backlog
from routilux.database import Database
from routilux.errors import RoutiluxError, StoreError
from routilux.jobstore import surplus
from routilux_monitor import historyrows as rows
from routilux_monitor import historyschema as schema
from routilux_monitor.historyrows import ROW
from routilux_monitor.historyschema import UNDER_WAY
from routilux_monitor.model import FlowRecord, Instance, JobRecord, RuntimeRecord
from routilux_monitor.store import at_rest

MAX_AGE = 14 * 86400.0
MAX_BYTES = 512 << 20
MOST_LOADED = 100
"""Runtimes and instances that a monitor knows again when it starts."""

Write = Callable[[sqlite3.Connection], object]


@dataclass(frozen=True)
class Filter:
    """Which jobs; empty is any."""

    flow_id: str = ""
    worker_id: str = ""
    status: str = ""
    runtime_id: str = ""

    @property
    def condition(self) -> tuple[str, tuple[str, ...]]:
        names = ("flow_id", "worker_id", "status", "runtime_id")
        given = {name: value for name in names if (value := getattr(self, name))}
        return " AND ".join(f"{name} = ?" for name in given) or "TRUE", tuple(given.values())

    def admits(self, record: JobRecord) -> bool:
        return (
            self.flow_id in ("", record.flow_id)
            and self.worker_id in ("", record.worker_id)
            and self.status in ("", record.status)
            and self.runtime_id in ("", record.runtime_id)
        )


def default_path() -> Path:
    """In the user's directory for state."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "routilux" / "history.db"


class History:
    """A Keeper, and what it has kept, to be asked from any thread: that waits until all is written, and takes
    some milliseconds. Several monitors may share a file.

    A thread of its own writes. What finds no room in its queue, because the disk cannot keep up, is counted
    as `unkept`; when the disk fails, this is logged, `failure` says why, and nothing is kept any more.
    Whole jobs are forgotten, the one that ended first before the others, when they ended more than `max_age`
    seconds ago or all together take more than `max_bytes`. Raises StoreError if the file cannot be used.
    """

    def __init__(
        self,
        path: str | PathLike[str] | None = None,
        *,
        max_age: float = MAX_AGE,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.path = Path(path) if path is not None else default_path()
        self.max_age = max_age
        self.max_bytes = max_bytes
        self.unkept = 0
        _make_private(self.path)
        self._writing = Database(self.path, schema.MARK, schema.STEPS, durable=False)
        self._reading = Database(self.path, schema.MARK, schema.STEPS, durable=False)
        self._backlog: Backlog[Write] = Backlog(self._write)
        with self._writing.transaction() as db:
            _find_lost(db)

    @property
    def failure(self) -> RoutiluxError | None:
        return self._backlog.failure

    def close(self) -> None:
        """Write what waits, and let go of the file. Idempotent."""
        self._backlog.close()
        self._writing.close()
        self._reading.close()

    # ---- kept ---------------------------------------------------------------------------------------------

    def keep_runtime(self, record: RuntimeRecord) -> None:
        said, now = record.introduction, clock.wall()
        process = incarnation.started(said.pid)
        values = (said.runtime_id, said.pid, process, now, record.is_gone, record.gone_at, rows.text(said))
        self._offer(lambda db: db.execute(schema.RUNTIME, values), ROW)

    def keep_flow(self, record: FlowRecord) -> None:
        info = at_rest(record.info)
        body = rows.text(info)
        values = (info.flow_id, record.runtime_id, clock.wall(), body)
        self._offer(lambda db: db.execute(schema.FLOW, values), ROW + len(body))

    def forget_flow(self, flow_id: str) -> None:
        self._offer(lambda db: db.execute(schema.FORGET_FLOW, (flow_id,)), ROW)

    def keep_instance(self, record: Instance) -> None:
        values = rows.of_instance(record)
        self._offer(lambda db: db.execute(schema.INSTANCE, values), ROW + len(values[-1]))

    def keep_job(self, record: JobRecord, *, in_full: bool) -> None:
        columns, body = rows.of_job(record)
        details = rows.details(record) if in_full else None
        nbytes = ROW + len(body) + (0 if details is None else details.nbytes)
        self._offer(lambda db: rows.write_job(db, columns, body, details), nbytes)

    def _offer(self, write: Write, nbytes: int) -> None:
        if not self._backlog.offer(write, nbytes):
            self.unkept += 1

    # ---- asked --------------------------------------------------------------------------------------------

    def jobs(self, which: Filter, *, limit: int, offset: int = 0) -> list[JobRecord]:
        """The newest first, without trace, errors and logs."""
        condition, values = which.condition
        query = f"{schema.JOBS} WHERE {condition} ORDER BY created_at DESC, number DESC LIMIT ? OFFSET ?"
        return [rows.job(row) for row in self._read(query, *values, limit, offset)]

    def counts(self, which: Filter) -> dict[str, int]:
        """How many jobs there are, by status."""
        condition, values = which.condition
        query = f"SELECT status, count(*) FROM jobs WHERE {condition} GROUP BY status"  # noqa: S608 - our own words
        return dict(self._read(query, *values))

    def job(self, job_id: str) -> JobRecord | None:
        """The newest of that id, in full."""
        query = f"{schema.JOBS} WHERE job_id = ? ORDER BY created_at DESC, number DESC LIMIT 1"
        for row in self._read(query, job_id):
            record = rows.job(row)
            for (data,) in self._read("SELECT data FROM details WHERE job = ?", row[0]):
                rows.fill(record, data)
            return record
        return None

    def runtimes(self) -> list[RuntimeRecord]:
        """Those that have ended, the oldest first."""
        found = self._read(schema.RUNTIMES, MOST_LOADED)
        return [
            RuntimeRecord(rows.introduction(text), is_gone=True, gone_at=at) for text, at in reversed(found)
        ]

    def flows(self) -> list[FlowRecord]:
        found = self._read("SELECT runtime_id, body FROM flows ORDER BY seen_at")
        return [FlowRecord(runtime_id, rows.flow_info(text)) for runtime_id, text in found]

    def instances(self) -> list[Instance]:
        """Those that have ended, the oldest first."""
        return [rows.instance(row) for row in reversed(self._read(schema.INSTANCES, MOST_LOADED))]

    def _read(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        self._backlog.flush()
        return self._reading.rows(query, values)

    # ---- the thread that writes ---------------------------------------------------------------------------

    def _write(self, writes: list[Write]) -> None:
        with self._writing.transaction() as db:
            for write in writes:
                write(db)
            self._prune(db)

    def _prune(self, db: sqlite3.Connection) -> None:
        before = clock.wall() - self.max_age
        (total,) = db.execute("SELECT nbytes FROM total").fetchone()
        ended = db.execute(schema.ENDED)
        numbers = [(n,) for n in surplus(ended, total, before=before, max_bytes=self.max_bytes)]
        db.executemany("DELETE FROM details WHERE job = ?", numbers)
        db.executemany("DELETE FROM jobs WHERE number = ?", numbers)
        for statement in schema.OLD:
            db.execute(statement, (before,))


def _make_private(path: Path) -> None:
    """For the eyes of its user alone; SQLite's other files follow it in that."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise StoreError(f"the history {str(path)!r} cannot be used: {error.strerror}") from error


def _find_lost(db: sqlite3.Connection) -> None:
    """Runtimes whose process is gone have ended without anybody to see it, and their jobs with them."""
    rows = db.execute("SELECT runtime_id, pid, process FROM runtimes WHERE NOT is_gone").fetchall()
    gone = [(name,) for name, pid, process in rows if process is None or incarnation.started(pid) != process]
    db.executemany("UPDATE runtimes SET is_gone = TRUE WHERE runtime_id = ?", gone)
    db.executemany(
        f"UPDATE jobs SET status = 'lost' WHERE runtime_id = ? AND status IN {UNDER_WAY}",  # noqa: S608 - our own words
        gone,
    )
    db.executemany(
        "UPDATE instances SET stopped_at = started_at WHERE runtime_id = ? AND stopped_at IS NULL", gone
    )
