"""Here is what the monitor's interface needs of whoever knows the runtimes: their records, and a way to ask.
`Knowledge` is it; tests fill their own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from routilux.commands import Answer, JobInfo, Request
from routilux_monitor.lineage import Lineage
from routilux_monitor.model import FlowRecord, Instance, JobRecord, RuntimeRecord, TraceEvent

Stop = Callable[[], None]


class JobPage(Protocol):
    """Some of the jobs that were asked for, and how many there are."""

    @property
    def jobs(self) -> Sequence[JobRecord]: ...

    @property
    def total(self) -> int: ...


class Known(Protocol):
    """Read and asked in the event loop's thread only; whoever reads a record changes nothing in it."""

    @property
    def runtimes(self) -> Mapping[str, RuntimeRecord]: ...

    @property
    def flows(self) -> Mapping[str, FlowRecord]: ...

    @property
    def instances(self) -> Mapping[str, Instance]: ...

    @property
    def jobs(self) -> Mapping[str, JobRecord]:
        """Those under way, and the newest of those that have ended."""

    async def past_job(self, job_id: str) -> JobRecord | None:
        """A job of long ago, in full."""

    async def find_jobs(
        self,
        *,
        flow_id: str = "",
        worker_id: str = "",
        status: str = "",
        runtime_id: str = "",
        limit: int = 100,
        offset: int = 0,
    ) -> JobPage:
        """Under way or of long ago, the newest first; those of long ago without trace, errors and logs."""

    async def count_jobs(self, *, flow_id: str = "", worker_id: str = "") -> Mapping[str, int]:
        """How many there are, by status."""

    async def lineage(self, job_id: str, message_id: str) -> Lineage | None:
        """Where a message of a traced job came from; None if its trace does not have it."""

    async def refresh(self) -> None:
        """Ask all runtimes now: something is missing that somebody knows of."""

    def learn(self, runtime_id: str, info: JobInfo) -> JobRecord:
        """A runtime has said so of a job: now its record says it too."""

    async def forget_flow(self, flow_id: str) -> None:
        """Its runtime has forgotten it: so is its record, if none of a job needs it."""

    async def ask(self, runtime_id: str, request: Request) -> Answer:
        """What the runtime answers. Raises as `Line.ask` does."""

    def listen(self, listener: Callable[[TraceEvent], None]) -> Stop:
        """Call `listener` for each event that any job has, until the returned function is called."""
