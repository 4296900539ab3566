"""Here is what the monitor's interface needs of whoever knows the runtimes: their records, and a way to ask."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from routilux.commands import Answer, JobInfo, Request
from routilux_monitor.model import FlowRecord, Instance, JobRecord, RuntimeRecord, TraceEvent

Stop = Callable[[], None]


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
        """A job of long ago."""

    async def find_jobs(
        self, *, flow_id: str = "", worker_id: str = "", status: str = ""
    ) -> Sequence[JobRecord]:
        """Under way or of long ago, the newest first."""

    def learn(self, runtime_id: str, info: JobInfo) -> JobRecord:
        """A runtime has said so of a job: now its record says it too."""

    async def ask(self, runtime_id: str, request: Request) -> Answer:
        """What the runtime answers. Raises as `Line.ask` does."""

    def subscribe_job(self, job_id: str, listener: Callable[[TraceEvent], None]) -> Stop:
        """Call `listener` with each event of the job, until the returned function is called."""
