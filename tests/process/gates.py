"""Here is a routine under way that a test holds and lets go on."""

from __future__ import annotations

import os
from pathlib import Path

from process.flows.stages import Gate
from routilux import Flow


class Gates:
    """The two named pipes of a Gate."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder)
        os.mkfifo(folder / "in")
        os.mkfifo(folder / "out")

    def entered(self) -> int:
        """Waits until the routine is in logic; its pid."""
        return int(Path(self.path, "in").read_text(encoding="ascii"))

    def open(self) -> None:
        """Lets the routine go on."""
        Path(self.path, "out").write_text("", encoding="ascii")


def gated(gates: Gates) -> Flow:
    return Flow("gated").pipe(Gate(path=gates.path), "gate")
