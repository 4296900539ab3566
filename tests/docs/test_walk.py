"""The walk in docs/debugging.md: its commands, run as they stand, say what it says they do."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.blocks import DEADLINE, ENVIRONMENT, ROOT, blocks
from routilux.clock import Deadline
from routilux.commands import Describe, Description
from routilux.debugcommands import AskSession, SessionInfo
from routilux.errors import PeerLost
from routilux.frontdesk.visit import ask, runtimes

PAGE = ROOT / "docs" / "debugging.md"
PROMPT = "(debug) "
ID = re.compile(r"(?<=message )\d\S+(?= is at work)|(?<=caused by )\d\S+(?=,)|job-\w+-\d+")
"""A message's depends on what has been committed with what, a job's on its runtime."""
ENDS = ("job 'ID' is over, and its runtime has ended", "job 'ID' has ended")
"""Whether the runtime is still there to be asked depends on who is faster."""


class Block:
    """One block of the walk: its command, what is typed at the debugger's prompt, what comes out."""

    def __init__(self, step: str) -> None:
        (block,) = (each for each in blocks(PAGE) if each.words == {"walk", step})
        lines = block.text.splitlines()
        self.command = lines.pop(0).removeprefix("$ ") if lines[0].startswith("$ ") else ""
        self.typed = [line.removeprefix(PROMPT) for line in lines if line.startswith(PROMPT)]
        self.said = [line for line in lines if not line.startswith(PROMPT)]


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """With the examples in it, and runtimes of its own."""
    with tempfile.TemporaryDirectory() as path:
        monkeypatch.setattr(tempfile, "tempdir", path)
        shutil.copytree(ROOT / "examples", Path(path) / "examples")
        yield Path(path)


def start(command: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["bash", "-c", f"exec {command}"],
        cwd=folder,
        env=ENVIRONMENT | {"TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def said(program: subprocess.Popen[str], typed: list[str]) -> list[str]:
    """All that it says, given those lines."""
    try:
        out, _ = program.communicate("".join(f"{line}\n" for line in typed), timeout=DEADLINE)
    finally:
        program.kill()
    assert program.returncode == 0, out
    return out.splitlines()


def results(lines: list[str]) -> list[str]:
    """Without the counts, which a terminal does not get."""
    return [line for line in lines if line.startswith("maxima.")]


def wait_until_held() -> None:
    deadline = Deadline.after(DEADLINE)
    while not deadline.passed:
        for directory in runtimes():
            try:
                described = ask(directory, Describe())
                assert isinstance(described, Description)
                job_ids = [job.job_id for job in described.jobs]
                told = ask(directory, AskSession(job_ids[0], renews=False)) if job_ids else None
            except PeerLost:
                continue
            if isinstance(told, SessionInfo) and told.holds:
                return
    pytest.fail("nothing was held in time")


def test_the_example_has_its_mistake(folder: Path) -> None:
    block = Block("first")
    assert results(said(start(block.command, folder), [])) == block.said


def test_the_mistake_is_found_and_the_message_edited(folder: Path) -> None:
    held, debug, rest = Block("held"), Block("debug"), Block("rest")
    program = start(held.command, folder)
    try:
        wait_until_held()
        lines = said(start(debug.command, folder), debug.typed)
    finally:
        out = said(program, [])
    assert [line for line in out if line in held.said] == held.said
    assert results(out) == rest.said
    seen = [ID.sub("ID", line.replace(str(folder), "…")) for line in lines]
    shown = [ID.sub("ID", line) for line in debug.said]
    assert seen[:-1] == shown[:-1]
    assert {seen[-1], shown[-1]} <= set(ENDS)


def test_the_example_is_right_once_it_is_mended(folder: Path) -> None:
    before, after = (line[1:] for line in Block("fix").said)
    example = folder / "examples" / "stations.py"
    source = example.read_text(encoding="utf-8")
    assert source.count(before) == 1
    example.write_text(source.replace(before, after), encoding="utf-8")
    assert results(said(start(Block("first").command, folder), [])) == Block("rest").said
