"""Here is the monitor's page in a browser, on the graph of a busy flow of 300 routines.

The browser draws in software, as on a machine without a graphics card.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from bench.contestants.madeflow import TOKEN, followed
from bench.contestants.work import ROOT, Found, Measure
from bench.contestants.work import WrongResult as WrongSight

CHROMIUM = "/usr/bin/chromium"
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
VIEW: ViewportSize = {"width": 1280, "height": 800}
TO_APPEAR = 60_000.0
WATCH = """
() => {
  const began = performance.now();
  const seen = window.seen = { began, last: began, frames: 0, longest: 0, widest: 0, updates: 0 };
  const frame = (now) => {
    seen.frames += 1;
    seen.widest = Math.max(seen.widest, now - seen.last);
    seen.last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) seen.longest = Math.max(seen.longest, task.duration);
  }).observe({ type: "longtask" });
  const moves = { attributes: true, characterData: true, subtree: true, childList: true };
  const nodes = document.querySelector(".react-flow__nodes");
  new MutationObserver(() => (seen.updates += 1)).observe(nodes, moves);
}
"""
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
SEEN = "() => ({ ...window.seen, took: performance.now() - window.seen.began })"


@contextmanager
def graph(*, is_near: bool = False, is_dragged: bool = False) -> Iterator[Measure]:
    """Frames a second, with all of it in view or as near as it can just be read; `is_dragged` is somebody who
    moves the view all the time.
    """
    if not (Path(ROOT) / "monitor/routilux_monitor/static/index.html").is_file():
        raise WrongSight("the page is not built: pip install -e . builds it")
    with followed(has_history=False) as port, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        try:
            look = partial(_looked_at, is_near=is_near, is_dragged=is_dragged)
            yield lambda seconds: look(browser.new_page(viewport=VIEW), port, seconds)
        finally:
            browser.close()


def _looked_at(page: Page, port: int, seconds: int, *, is_near: bool, is_dragged: bool) -> Found:
    page.goto(f"http://127.0.0.1:{port}/#token={TOKEN}")
    page.locator(".line.is-open").wait_for(timeout=TO_APPEAR)
    page.goto(f"http://127.0.0.1:{port}/#/flows/wide")
    page.locator(".routine.is-running").first.wait_for(timeout=TO_APPEAR)
    while is_near and page.locator(".routine.is-far").count():
        page.locator(".react-flow__controls-zoomin").click()
        page.evaluate(TWO_FRAMES)
    routines = page.locator(".react-flow__node").count()
    page.evaluate(WATCH)
    if is_dragged:
        _drag(page, seconds)
    else:
        page.wait_for_function("(ms) => performance.now() - window.seen.began > ms", arg=seconds * 1000.0)
    seen = page.evaluate(SEEN)
    page.close()
    if not seen["updates"]:
        raise WrongSight("the figures on the graph did not move")
    return {
        "value": round(1000 * seen["frames"] / seen["took"], 1),
        "longest_task_ms": round(seen["longest"]),
        "longest_frame_ms": round(seen["widest"]),
        "routines_in_view": routines,
    }


def _drag(page: Page, seconds: int) -> None:
    """To and fro over the empty ground at the graph's edge."""
    box = page.locator(".react-flow__pane").bounding_box()
    if box is None:
        raise WrongSight("there is no graph to drag")
    x, y = box["x"] + box["width"] / 2, box["y"] + 6
    page.mouse.move(x, y)
    page.mouse.down()
    while page.evaluate("(ms) => performance.now() - window.seen.began < ms", seconds * 1000.0):
        for shift in (60, 0, -60, 0):
            page.mouse.move(x + shift, y + abs(shift) / 2, steps=4)
    page.mouse.up()
