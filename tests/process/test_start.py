"""A worker starts with what it needs, and nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOADED = "import routilux.worker.entry, sys; print(*sys.modules)"


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """What a worker has loaded before the user's code."""
    run = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, timeout=60, check=True
    )
    return set(run.stdout.split())


def test_a_worker_loads_nothing_of_the_supervisor(loaded: set[str]) -> None:
    ours = {"runtime", "supervisor", "engines", "jobs", "jobstore", "frontdesk", "cli"}
    assert not loaded & {f"routilux.{name}" for name in ours}


def test_a_worker_loads_nothing_that_would_cost_it_milliseconds(loaded: set[str]) -> None:
    dear = {
        "pathlib",
        "tempfile",
        "subprocess",
        "asyncio",
        "socket",
        "sqlite3",
        "cloudpickle",
        "psutil",
        "numpy",
    }
    assert not loaded & dear
