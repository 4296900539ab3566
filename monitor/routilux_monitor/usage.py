"""Here is usage: what the system says of processes, read by psutil."""

import re
from collections.abc import Collection
from pathlib import Path

import psutil

from routilux import clock
from routilux_monitor.model import ProcessUsage

_PRIVATE = re.compile(r"^RssAnon:\s+(\d+) kB", re.MULTILINE)


class UsageReader:
    """Reads the same processes again and again: percentages of CPU are those since the reading before. For
    one thread at a time, and not the event loop's: 300 processes take tens of milliseconds.
    """

    def __init__(self) -> None:
        self._known: dict[int, psutil.Process] = {}

    def read(self, pids: Collection[int]) -> dict[int, ProcessUsage]:
        """By pid; processes that have ended are left out."""
        for pid in self._known.keys() - set(pids):
            del self._known[pid]
        found: dict[int, ProcessUsage] = {}
        for pid in pids:
            try:
                found[pid] = self._read(pid)
            except psutil.Error:
                self._known.pop(pid, None)
        return found

    def _read(self, pid: int) -> ProcessUsage:
        process = self._known.get(pid)
        if process is None or not process.is_running():  # the pid may be another's by now
            process = self._known[pid] = psutil.Process(pid)
        with process.oneshot():
            memory = process.memory_info()
            return ProcessUsage(
                cpu=process.cpu_percent(),
                rss=memory.rss,
                private=_private(pid, memory.rss - getattr(memory, "shared", 0)),
                shared=getattr(memory, "shared", 0),
                threads=process.num_threads(),
                read_at=clock.wall(),
            )


def _private(pid: int, otherwise: int) -> int:
    """Memory that is this process's alone: shared memory that it has read does not count."""
    try:
        found = _PRIVATE.search(Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return otherwise
    return otherwise if found is None else int(found[1]) * 1024
