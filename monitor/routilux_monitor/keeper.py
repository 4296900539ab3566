"""Here is a keeper: whoever keeps records beyond the store's memory, as the history does."""

from typing import Protocol

from routilux_monitor.model import FlowRecord, Instance, JobRecord, RuntimeRecord


class Keeper(Protocol):
    """None of these waits. A record is as it stands: it may change afterwards."""

    def keep_runtime(self, record: RuntimeRecord) -> None: ...

    def keep_flow(self, record: FlowRecord) -> None: ...

    def forget_flow(self, flow_id: str) -> None: ...

    def keep_instance(self, record: Instance) -> None: ...

    def keep_job(self, record: JobRecord, *, in_full: bool) -> None:
        """`in_full`: with its trace, errors and logs; no more is to come."""
