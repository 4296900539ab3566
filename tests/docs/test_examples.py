"""Every example runs, small, and says nothing on standard error."""

from pathlib import Path

import pytest

from docs.blocks import ROOT, assert_clean, run

EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.py"))

# What to run for each example, in a folder of its own; {example} is the file. A new one needs a line here.
COMMANDS: dict[str, list[str]] = {
    "frames.py": ["routilux", "run", "{example}:flow", "-p", "count=4"],
    "stations.py": ["routilux", "run", "{example}:flow"],
    "source_metrics.py": ["routilux", "run", "{example}:flow", "-p", "directory={example.parent}"],
}


def test_each_example_has_a_command_and_each_command_an_example() -> None:
    assert sorted(COMMANDS) == EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs(example: str, tmp_path: Path) -> None:
    path = ROOT / "examples" / example
    assert_clean(run([word.format(example=path) for word in COMMANDS[example]], tmp_path))
