"""Here is what every test shares: settings of hypothesis, a folder for temporary files, the watch over what a
test leaves behind.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import strays
from routilux import registry

# How long an example takes depends on what else the machine does: pytest-timeout is the only clock.
settings.register_profile("routilux", deadline=None, print_blob=True)
# The gate tries the same examples each time, so that it judges the change; everybody else looks for new ones.
settings.register_profile("gate", settings.get_profile("routilux"), derandomize=True)
settings.load_profile("gate" if os.environ.get("CI") else "routilux")

# A background job of a shell ignores Ctrl-C, and so would all that it starts: tests send it on purpose.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Of several processes that share the tests (`pytest -n 2`) each has folders of its own, and so sees no
    runtime and no history of another.
    """
    if not hasattr(config, "workerinput"):
        return
    folder = tempfile.mkdtemp(prefix="rt-")
    config.add_cleanup(lambda: shutil.rmtree(folder))
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    os.environ["XDG_STATE_HOME"] = f"{folder}/state"


@pytest.fixture(autouse=True)
def _a_registry_of_its_own() -> Iterator[None]:
    """What a test registers is unknown to the next one."""
    yield
    registry._instance.cache_clear()


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory for temporary files, short and empty: no other runtime is seen."""
    tmp_path_factory.getbasetemp()  # where `tmp_path` lies is decided once, and outlives this folder
    with tempfile.TemporaryDirectory() as path:
        monkeypatch.setattr(tempfile, "tempdir", path)
        monkeypatch.setenv("TMPDIR", path)
        yield Path(path)


@pytest.fixture
def no_strays() -> Iterator[None]:
    """Fails the test that leaves a process, a file in shared memory, a runtime's folder or socket behind."""
    with strays.watch():
        yield
