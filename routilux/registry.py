"""Here is the FlowRegistry: the flows a process knows by name."""

from __future__ import annotations

from functools import cache
from threading import Lock

from routilux.configuration import nearest
from routilux.errors import FlowError
from routilux.flow import Flow


class FlowRegistry:
    """Flows by name; may be used from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._flows: dict[str, Flow] = {}

    @staticmethod
    def get_instance() -> FlowRegistry:
        """The registry of this process."""
        return _instance()

    def register_by_name(self, name: str, flow: Flow, *, replace: bool = False) -> None:
        """Make `flow` known as `name`; FlowError if another flow has that name, unless `replace`."""
        if not isinstance(flow, Flow):
            raise FlowError(f"register_by_name({name!r}, ...) takes a Flow, not a {type(flow).__name__}")
        with self._lock:
            if not replace and self._flows.get(name, flow) is not flow:
                raise FlowError(
                    f"another flow is registered as {name!r}: choose another name or pass replace=True"
                )
            self._flows[name] = flow

    def get_by_name(self, name: str) -> Flow:
        """The flow registered as `name`; FlowError, with the nearest name, if there is none."""
        with self._lock:
            flow = self._flows.get(name)
            known = tuple(self._flows)
        if flow is None:
            raise FlowError(f"no flow is registered as {name!r}: {nearest(name, known)}")
        return flow

    def list_all(self) -> dict[str, Flow]:
        """All flows by name, in the order of their registration; the dict is the caller's."""
        with self._lock:
            return dict(self._flows)


@cache
def _instance() -> FlowRegistry:
    return FlowRegistry()
