"""What processes use is read from the system."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from routilux_monitor.usage import UsageReader


@contextmanager
def process(code: str) -> Iterator[subprocess.Popen[str]]:
    """Python that runs `code`, says so, and waits."""
    started = subprocess.Popen(
        [sys.executable, "-c", f"{code}\nprint('ready', flush=True)\ninput()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def test_shared_memory_that_a_process_has_touched_is_not_private_to_it() -> None:
    size = 64 << 20
    with process(f"import mmap; m = mmap.mmap(-1, {size}); m[:] = bytes({size})") as shared:
        usage = UsageReader().read([shared.pid])[shared.pid]
    assert usage.rss > size > usage.private > 0
    assert usage.shared >= size


def test_a_busy_process_shows_its_share_of_a_core() -> None:
    reader = UsageReader()
    first = reader.read([os.getpid()])[os.getpid()]
    busy = sum(range(3_000_000))
    second = reader.read([os.getpid()])[os.getpid()]
    assert busy
    assert (first.cpu, second.cpu > 10) == (0.0, True)


def test_a_process_that_has_ended_is_left_out() -> None:
    reader = UsageReader()
    with process("pass") as other:
        assert reader.read([other.pid, os.getpid()]).keys() == {other.pid, os.getpid()}
    assert reader.read([other.pid, os.getpid()]).keys() == {os.getpid()}
