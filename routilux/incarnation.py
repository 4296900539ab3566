"""Here is what tells a process from a later one of the same id: when the kernel started it."""

import os
from pathlib import Path

_STATE, _STARTED = 0, 19
"""Fields of /proc/PID/stat, counted from behind the name; see proc(5), where they are 3 and 22."""
_GONE = ("Z", "X")


def started(pid: int) -> str | None:
    """When the process was started, as a text to compare with another: the id of the boot and the clock ticks
    since. None when there is no such process, or it has ended and is only waited for.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # the name before may hold spaces and brackets
    return None if fields[_STATE] in _GONE else f"{boot}/{fields[_STARTED]}"


def own() -> tuple[int, str | None]:
    """The id of this process, and when it was started; the latter is None where there is no /proc."""
    return os.getpid(), started(os.getpid())
