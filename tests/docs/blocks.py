"""Here is how the fenced blocks of a Markdown page are found and run."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
BLOCK = re.compile(r"^```(?P<language>\w+)(?P<words>[^\n]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
DEADLINE = 60.0
# The scripts of the environment under test come first: a block says `routilux`, not where it lies.
ENVIRONMENT = os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    words: frozenset[str]
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Every fenced block of a page; the words after its language are its marks."""
    source = page.read_text(encoding="utf-8")
    return [
        Block(
            page=str(page.relative_to(ROOT)),
            line=source.count("\n", 0, found.start()) + 1,
            language=found["language"],
            words=frozenset(found["words"].split()),
            text=found["text"],
        )
        for found in BLOCK.finditer(source)
    ]


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command in a folder of its own, without standard input."""
    return subprocess.run(
        command,
        cwd=folder,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


def assert_clean(ended: subprocess.CompletedProcess[str]) -> None:
    """Exit code 0 and nothing on standard error: a warning of a worker ends up there."""
    said = f"{ended.args} exited with {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
    assert ended.returncode == 0, said
    assert ended.stderr == "", said
