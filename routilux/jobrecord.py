"""Here is a job as the job store knows it, and its errors."""

from dataclasses import dataclass

from routilux.errors import JobFailed


@dataclass(frozen=True)
class StoredError:
    """An error of a job: its class, its line, and, of one in a routine, where, what and the traceback."""

    type: str
    message: str
    routine: str = ""
    cause: str = ""
    traceback: str = ""

    @classmethod
    def of(cls, error: BaseException) -> "StoredError":
        """What can be kept of an error."""
        line = str(error.args[0]) if error.args else str(error)
        if isinstance(error, JobFailed):
            return cls(type(error).__name__, line, error.routine, error.cause_type, error.traceback)
        return cls(type(error).__name__, line)

    @property
    def texts(self) -> tuple[str, ...]:
        """Its fields, without what a file cannot hold."""
        fields = (self.type, self.message, self.routine, self.cause, self.traceback)
        return tuple(field.encode(errors="backslashreplace").decode() for field in fields)


@dataclass(frozen=True)
class JobRecord:
    """A job as the store knows it; `number` is the store's own, as runtimes may give a job id again.

    `status` is one of ExecutionStatus, or "lost": its runtime, process `pid`, was gone before the job had
    ended. Times are in Unix seconds. `error` is why it failed or was cancelled. `nbytes` is what it takes up;
    `unrecorded` counts bytes of outputs that were not kept, since those under way had filled their part of
    the store.
    """

    number: int
    job_id: str
    flow: str
    status: str
    began_at: float
    started_at: float | None
    finished_at: float | None
    pid: int
    nbytes: int
    unrecorded: int
    counters: dict[str, dict[str, int]]
    error: StoredError | None
