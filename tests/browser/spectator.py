"""Here is somebody who looks at the page, and notes what it complains of and whom it asks."""

import os
import re
from pathlib import Path
from types import TracebackType
from typing import Self

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, ViewportSize, WebSocket

from browser.desk import TOKEN, Desk

DESK: ViewportSize = {"width": 1280, "height": 800}
PATIENCE = 20_000
"""Milliseconds that a sight may take to come on a busy machine."""


LOOKS = re.compile(r"/debug/(session|variables|call-stack)\b")
PASSED = re.compile(r"\b(404|408|409)\b")


class Spectator:
    def __init__(self, browser: Browser, desk: Desk, token: str = TOKEN) -> None:
        self.desk, self._token = desk, token
        self.complaints: list[str] = []
        self.asked: set[str] = set()
        self._browser = browser

    def __enter__(self) -> Self:
        self._context = self._browser.new_context(viewport=DESK)
        self._context.set_default_timeout(PATIENCE)
        self.page = self._context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"raised {error}"))
        self.page.on("request", self._note)
        self.page.on("websocket", self._note)
        self.page.goto(f"{self.desk.origin}/#token={self._token}")
        self.page.locator(".line.is-open").wait_for()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._context.close()

    def go(self, place: str) -> Page:
        self.page.goto(f"{self.desk.origin}/#/{place}")
        return self.page

    def picture(self, name: str) -> None:
        """For the documentation, if a folder is named for it; and how it looks elsewhere, to be looked at."""
        if folder := os.environ.get("ROUTILUX_PICTURES"):
            self.page.screenshot(path=Path(folder) / f"{name}.png")
            for kind, width, height in (("wide", 1920, 1080), ("phone", 390, 844)):
                self.page.set_viewport_size({"width": width, "height": height})
                self.settled()
                self.page.screenshot(path=Path(folder) / f"{name}-{kind}.png")
            self.page.set_viewport_size(DESK)
            self.page.emulate_media(color_scheme="dark")
            self.settled()
            self.page.screenshot(path=Path(folder) / f"{name}-dark.png")
            self.page.emulate_media(color_scheme="light")

    def settled(self) -> None:
        """What follows the size of the window has been drawn."""
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
        )

    def fits(self, width: int) -> bool:
        """Whether the page has no need to scroll sideways at that width."""
        self.page.set_viewport_size({"width": width, "height": 844})
        self.settled()
        needed: int = self.page.evaluate("document.documentElement.scrollWidth")
        return needed <= width

    def has_seen_no_complaint(self) -> None:
        """The page's policy for its content is among what a browser complains of."""
        assert self.complaints == [], self.complaints
        assert self.asked == {f"127.0.0.1:{self.desk.port}"}

    def _hear(self, message: ConsoleMessage) -> None:
        if LOOKS.search(message.location["url"]) and PASSED.search(message.text):
            return  # what was held has gone on meanwhile, or its process is slow: the page asks on
        if message.location["url"].endswith("/lineage") and "404" in message.text:
            return  # who made the message is still at work, so that the trace does not have it yet
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _note(self, sent: Request | WebSocket) -> None:
        scheme, _, rest = sent.url.partition("://")
        if scheme in {"http", "https", "ws", "wss"}:
            self.asked.add(rest.partition("/")[0])
