"""Here is where an editor's debugger attaches to a held process, and what the editor needs to be told."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from routilux.errors import FlowError, RoutiluxError

HOST = "127.0.0.1"
MISSING = "debugpy is not installed: pip install 'routilux[attach]'"


@dataclass(frozen=True)
class Attachment:
    """One client is taken there, of the same user, as long as the message is held."""

    host: str
    port: int
    launch: dict[str, Any]
    """A configuration for VS Code's `.vscode/launch.json`."""


def attachment(hold_id: str, routine: str, port: int) -> Attachment:
    """To a process on this machine that was started in this process's folder."""
    folder = str(Path.cwd())
    launch = {
        "name": f"routilux: {routine}, {hold_id}",
        "type": "debugpy",
        "request": "attach",
        "connect": {"host": HOST, "port": port},
        "pathMappings": [{"localRoot": folder, "remoteRoot": folder}],
        "justMyCode": True,
    }
    return Attachment(HOST, port, launch)


def check_attachable(engine: str) -> None:
    """Raise RoutiluxError if no debugger could attach to what a runtime with that engine holds."""
    if engine != "local":
        raise FlowError(f"allow_attach=True: engine={engine!r} holds nothing that a debugger could attach to")
    if find_spec("debugpy") is None:
        raise RoutiluxError(f"allow_attach=True: {MISSING}")
