"""Here is how a test runs a script of a user's: an interpreter of its own, with our tests to import from."""

import os
import subprocess
import sys
from pathlib import Path


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}


def begin_script(folder: Path, text: str, *arguments: str) -> subprocess.Popen[str]:
    """The running script, its output in pipes."""
    script = folder / "script.py"
    script.write_text(text, encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, str(script), *arguments],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_script(folder: Path, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What the script left when it had ended."""
    with begin_script(folder, text, *arguments) as process:
        try:
            out, err = process.communicate(timeout=50)
        finally:
            process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)
