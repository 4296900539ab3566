"""Here is what tests need of monitors that run beside a runtime: what they answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

import psutil

import strays
from routilux.clock import Deadline

TIMEOUT = 30.0


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
    waiting, deadline = threading.Event(), Deadline.after(TIMEOUT)
    while not (held := holds()) and not deadline.passed:
        waiting.wait(0.02)
    return bool(held)


def is_monitor(process: psutil.Process) -> bool:
    return "--announce-fd" in strays.command(process)


def monitors() -> list[psutil.Process]:
    return [process for process in strays.our_processes() if is_monitor(process)]
