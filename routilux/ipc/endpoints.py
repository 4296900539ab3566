"""Here are the endpoints of a runtime's sockets: where each lies in its directory."""

from __future__ import annotations

import os

PREFIX = "routilux-"
"""What the name of a runtime's directory begins with."""


def endpoint(directory: str | os.PathLike[str], name: str) -> str:
    return f"ipc://{os.fspath(directory)}/{name}"
