"""Here is what tests need of monitors that run beside a runtime: what they answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

import psutil

import strays


def ask(link: str, method: str, path: str, body: object = None) -> Any:
    """What the monitor of that link answers."""
    url, _, token = link.partition("/#token=")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if method == "GET" else json.dumps(body or {}).encode()
    request = Request(f"{url}/api/v1{path}", data, headers, method=method)
    with urlopen(request, timeout=20) as answer:
        return json.loads(answer.read() or b"null")


def get(link: str, path: str) -> Any:
    return ask(link, "GET", path)


def post(link: str, path: str, body: object = None) -> Any:
    return ask(link, "POST", path, body)


def until(holds: Callable[[], object]) -> bool:
    """Whether it holds in the end: nothing tells when the monitor has heard of something."""
    waiting = threading.Event()
    for _ in range(500):
        if holds():
            return True
        waiting.wait(0.02)
    return False


def monitors() -> list[psutil.Process]:
    return [process for process in strays.our_processes() if "--announce-fd" in process.cmdline()]
