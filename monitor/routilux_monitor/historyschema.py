"""Here is the schema of the history: its tables and the statements about them."""

import sqlite3
from typing import Final

MARK: Final = 0x52584C48
UNDER_WAY: Final = "('', 'pending', 'running', 'paused')"

_ENDED_AT: Final = "coalesce(finished_at, created_at)"

RUNTIME: Final = (
    "INSERT INTO runtimes (runtime_id, pid, process, seen_at, is_gone, gone_at, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (runtime_id) DO UPDATE"
    " SET seen_at = excluded.seen_at, is_gone = excluded.is_gone, gone_at = excluded.gone_at"
)
FLOW: Final = "INSERT OR REPLACE INTO flows (flow_id, runtime_id, seen_at, body) VALUES (?, ?, ?, ?)"
FORGET_FLOW: Final = "DELETE FROM flows WHERE flow_id = ?"
INSTANCE: Final = (
    "INSERT OR REPLACE INTO instances (worker_id, runtime_id, flow_id, started_at, stopped_at, body)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
JOB: Final = (
    "INSERT INTO jobs (worker_id, job_id, runtime_id, flow_id, status, created_at, started_at, finished_at,"
    " nbytes, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (worker_id, job_id) DO UPDATE SET status = excluded.status,"
    " created_at = excluded.created_at, started_at = excluded.started_at, finished_at = excluded.finished_at,"
    " nbytes = excluded.nbytes, body = excluded.body RETURNING number"
)
JOBS: Final = (
    "SELECT number, job_id, flow_id, worker_id, runtime_id, status, created_at, started_at, finished_at, body"
    " FROM jobs"
)
RUNTIMES: Final = "SELECT body, gone_at FROM runtimes WHERE is_gone ORDER BY seen_at DESC LIMIT ?"
INSTANCES: Final = (
    "SELECT worker_id, runtime_id, flow_id, started_at, stopped_at, body FROM instances"
    " WHERE stopped_at IS NOT NULL ORDER BY started_at DESC LIMIT ?"
)
ENDED: Final = (
    f"SELECT number, nbytes, {_ENDED_AT} AS ended_at FROM jobs"  # noqa: S608 - our own words
    f" WHERE status NOT IN {UNDER_WAY} ORDER BY {_ENDED_AT}, number"
)
OLD: Final = (
    "DELETE FROM instances WHERE stopped_at < ?",
    "DELETE FROM runtimes WHERE is_gone AND seen_at < ?",
    "DELETE FROM flows WHERE seen_at < ? AND flow_id NOT IN (SELECT DISTINCT flow_id FROM jobs)",
)


def _create(db: sqlite3.Connection) -> None:
    for statement in _TABLES:
        db.execute(statement)


def _tell_ends_of_runtimes(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE runtimes ADD COLUMN gone_at REAL")
    db.execute("CREATE INDEX jobs_of_runtime ON jobs (runtime_id, created_at, number)")


# What is large stands last in its row: what stands behind it is slow to read. `total` is the size of all
# jobs, which would be slow to sum up at every commit.
_TABLES: Final = (
    """CREATE TABLE runtimes (
        runtime_id TEXT PRIMARY KEY, pid INTEGER NOT NULL, process TEXT, seen_at REAL NOT NULL,
        is_gone INTEGER NOT NULL, body TEXT NOT NULL
    )""",
    """CREATE TABLE flows (
        flow_id TEXT PRIMARY KEY, runtime_id TEXT NOT NULL, seen_at REAL NOT NULL, body TEXT NOT NULL
    )""",
    """CREATE TABLE instances (
        worker_id TEXT PRIMARY KEY, runtime_id TEXT NOT NULL, flow_id TEXT NOT NULL, started_at REAL NOT NULL,
        stopped_at REAL, body TEXT NOT NULL
    )""",
    """CREATE TABLE jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT, worker_id TEXT NOT NULL, job_id TEXT NOT NULL,
        runtime_id TEXT NOT NULL, flow_id TEXT NOT NULL, status TEXT NOT NULL, created_at REAL NOT NULL,
        started_at REAL, finished_at REAL, nbytes INTEGER NOT NULL, body TEXT NOT NULL,
        UNIQUE (worker_id, job_id)
    )""",
    "CREATE INDEX jobs_by_age ON jobs (created_at, number)",
    "CREATE INDEX jobs_of_flow ON jobs (flow_id, created_at, number)",
    "CREATE INDEX jobs_of_flow_and_status ON jobs (flow_id, status, created_at, number)",
    "CREATE INDEX jobs_of_instance ON jobs (worker_id, created_at, number)",
    "CREATE INDEX jobs_of_instance_and_status ON jobs (worker_id, status, created_at, number)",
    "CREATE INDEX jobs_of_status ON jobs (status, created_at, number)",
    "CREATE INDEX jobs_of_id ON jobs (job_id, created_at)",
    f"CREATE INDEX jobs_ended ON jobs ({_ENDED_AT}, number, nbytes) WHERE status NOT IN {UNDER_WAY}",
    f"CREATE INDEX jobs_under_way ON jobs (runtime_id) WHERE status IN {UNDER_WAY}",
    "CREATE TABLE details (job INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE total (nbytes INTEGER NOT NULL)",
    "INSERT INTO total VALUES (0)",
    """CREATE TRIGGER job_begun AFTER INSERT ON jobs
    BEGIN UPDATE total SET nbytes = nbytes + new.nbytes; END""",
    """CREATE TRIGGER job_changed AFTER UPDATE OF nbytes ON jobs
    BEGIN UPDATE total SET nbytes = nbytes + new.nbytes - old.nbytes; END""",
    """CREATE TRIGGER job_forgotten AFTER DELETE ON jobs
    BEGIN UPDATE total SET nbytes = nbytes - old.nbytes; END""",
)

STEPS: Final = (_create, _tell_ends_of_runtimes)
