"""Here are the files of the page: read once, found by their exact path, so that no path leads anywhere
else. `static` is the page as its build leaves it; `plain` needs no build: the style of the reference, and
what a monitor says whose page was not built.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

KINDS = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/markdown",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True)
class PageFile:
    content: bytes
    kind: str


def page_files() -> dict[str, PageFile]:
    """By the path that a browser asks for; `/` is index.html."""
    package = files("routilux_monitor")
    found: dict[str, PageFile] = {}
    for folder in (package / "plain", package / "static"):
        if folder.is_dir():
            found |= {f"/{name}": file for name, file in _walk(folder, "")}
    found["/"] = found.pop("/index.html")
    return found


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, PageFile]]:
    for entry in folder.iterdir():
        name = prefix + entry.name
        if entry.is_dir():
            yield from _walk(entry, name + "/")
        elif (kind := KINDS.get(PurePosixPath(name).suffix)) is not None:
            yield name, PageFile(entry.read_bytes(), kind)
