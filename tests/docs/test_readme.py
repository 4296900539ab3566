"""Every Python block of the README and of docs/ runs as it stands.

A shell block runs when `run` follows its language (```bash run); the others install things or serve for ever.
test_replay.py runs those marked `pytest` and `replay`.
"""

import re
import shutil
import sys
from pathlib import Path

import pytest

from docs.blocks import PAGES, ROOT, Block, assert_clean, blocks, run

LINK = re.compile(r"\]\(([^)#\s]+)")
BLOCKS = [block for page in PAGES for block in blocks(page)]
PYTHON = [block for block in BLOCKS if block.language == "python" and "pytest" not in block.words]
SHELL = [block for block in BLOCKS if block.language == "bash" and "run" in block.words]


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_a_python_block_runs(block: Block, tmp_path: Path) -> None:
    script = tmp_path / "block.py"
    script.write_text(block.text, encoding="utf-8")
    assert_clean(run([sys.executable, "-W", "error", script.name], tmp_path))


def test_the_marked_shell_blocks_run(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for block in SHELL:
        assert_clean(run(["bash", "-euo", "pipefail", "-c", block.text], tmp_path))


def test_the_first_command_of_the_readme_runs(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    first = next(block for block in BLOCKS if block.page == "README.md" and block.language == "bash")
    _, command = first.text.rsplit(".venv/bin/", 1)  # what stands before installs what this environment has
    assert_clean(run(["bash", "-euo", "pipefail", "-c", command], tmp_path))


def test_the_readme_has_an_example() -> None:
    assert any(block.page == "README.md" for block in PYTHON)


def test_ci_runs_the_command_that_the_readme_names() -> None:
    named = [block.text.strip() for block in BLOCKS if block.page == "README.md" and "tox" in block.text]
    assert len(named) == 1
    assert named[0] in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_a_link_of_a_page_leads_somewhere() -> None:
    pages = {page: page.read_text(encoding="utf-8") for page in PAGES}
    dead = [f"{page.name}: {link}" for page, text in pages.items() for link in dead_links(page.parent, text)]
    assert dead == []


def dead_links(folder: Path, text: str) -> list[str]:
    """The relative links of a page that name no file."""
    links = LINK.findall(text)
    return [link for link in links if "://" not in link and not (folder / link).exists()]
