"""A browser looks at the monitor's page while a real flow runs under a real monitor."""

import re
import signal

from playwright.sync_api import Page, expect

from browser.spectator import PATIENCE, Spectator

expect.set_options(timeout=PATIENCE)

MANY = 10_000_000
"""More than is counted before a test is over."""


def submit(page: Page, payload: str, slot: str = "count.to") -> None:
    page.get_by_role("button", name="Submit a job").click()
    page.get_by_label("slot", exact=True).select_option(slot)
    page.get_by_label("payload, in JSON").fill(payload)
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page).to_have_url(re.compile(r"#/jobs/"))


def status(page: Page, of: str) -> None:
    expect(page.locator("main header .status")).to_have_text(of)


def test_the_figures_on_the_graph_move_while_a_job_runs(spectator: Spectator) -> None:
    job = spectator.desk.submit(MANY)
    page = spectator.go("flows/numbers")
    for name in ("count", "square", "total", "parity"):
        expect(page.get_by_label(re.compile(f"routine {name}, (running|idle)"))).to_be_visible()
    figure = page.get_by_label(re.compile("routine square, ")).locator("small")
    expect(figure).to_have_text(re.compile(r"[1-9].* activations"))
    expect(figure).not_to_have_text(figure.inner_text())
    expect(page.locator(".wire-label").first).to_have_text(re.compile("/s"))
    assert page.locator(".react-flow__edge").count() == 3
    spectator.picture("flow")
    job.cancel()


def test_a_job_is_submitted_by_the_form_and_its_result_is_seen(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    submit(page, "10")
    status(page, "completed")
    page.get_by_role("link", name="results").click()
    expect(page.locator(".result", has_text="total.total")).to_contain_text('"sum": 385')
    page.get_by_role("link", name="trace").click()
    expect(page.get_by_label(re.compile("processes over time, [1-9]"))).to_be_visible()


def test_what_is_wrong_with_a_payload_is_said_beside_it(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    page.get_by_role("button", name="Submit a job").click()
    field = page.get_by_label("payload, in JSON")
    field.fill("{n: 1}")
    expect(page.get_by_role("alert")).to_contain_text("The payload is no JSON")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill('{"n": 1}')
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_job_is_paused_resumed_and_cancelled(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    submit(page, str(MANY))
    status(page, "running")
    page.get_by_role("button", name="Pause").click()
    status(page, "paused")
    page.get_by_role("button", name="Resume").click()
    status(page, "running")
    page.get_by_role("button", name="Cancel").click()
    status(page, "cancelled")


def test_the_page_comes_back_when_its_monitor_was_killed_and_started_again(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    line = page.locator(".top .line")
    expect(line).to_have_text("live")
    figure = page.get_by_label(re.compile("routine square, ")).locator("small")
    expect(figure).to_have_text(re.compile("[1-9]"))
    before = figure.inner_text()
    spectator.desk.end_monitor(signal.SIGKILL)
    expect(line).to_have_text(re.compile("connection lost"))
    spectator.desk.start_monitor()
    expect(line).to_have_text("live")
    spectator.desk.submit(5).wait(20)
    expect(figure).not_to_have_text(before)
    refused = [c for c in spectator.complaints if "net::ERR_" in c or "WebSocket" in c]
    assert refused == spectator.complaints  # what a browser says of a server that is gone, and nothing else
    spectator.complaints.clear()
