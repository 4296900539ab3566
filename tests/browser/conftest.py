"""Here is what the tests of the page share: a browser, a monitor that can be killed, a flow to look at."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

import strays
from browser.desk import Desk
from browser.flows import numbers
from browser.spectator import Spectator
from routilux import Runtime

# Without a sandbox, as the gate is root in a container; without whatever a browser asks its maker.
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CHROMIUM = "/usr/bin/chromium"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for a file of tests: it starts processes when it likes, so the watch ends with the file."""
    with strays.watch(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A runtime with the flow `numbers`, and a monitor in a process of its own that sees no other runtime."""
    tmp_path_factory.getbasetemp()  # where `tmp_path` lies is decided once, and outlives this folder
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        monkeypatch.setattr(tempfile, "tempdir", folder)
        monkeypatch.setenv("TMPDIR", folder)
        runtime = stack.enter_context(Runtime())
        desk = stack.enter_context(Desk(runtime, numbers(), Path(folder)))
        desk.wait_for_flow()
        yield desk


@pytest.fixture
def spectator(browser: Browser, desk: Desk) -> Iterator[Spectator]:
    """Somebody who looks at the page; fails if the page complains or asks another host."""
    with Spectator(browser, desk) as spectator:
        yield spectator
    spectator.has_seen_no_complaint()
