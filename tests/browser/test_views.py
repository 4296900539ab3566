"""A browser looks at jobs, the task stream, the history and all the rest while a real flow runs."""

import re
import signal

import pytest
from playwright.sync_api import Browser, expect

from browser.desk import VIEW_TOKEN, Desk
from browser.spectator import PATIENCE, Spectator

expect.set_options(timeout=PATIENCE)

MANY = 10_000_000
"""More than is counted before a test is over."""


# ---- history ----------------------------------------------------------------------------------------------


def test_a_runtime_that_has_ended_is_in_the_history_whatever_monitor_is_asked(spectator: Spectator) -> None:
    desk = spectator.desk
    good, bad = desk.submit(7), desk.submit(-1)
    for job in (good, bad):
        job.wait(20)
    desk.runtime.close()
    desk.wait_until_ended()
    desk.end_monitor(signal.SIGTERM)
    desk.start_monitor()
    page = spectator.go("history")
    expect(page.locator(".line")).to_have_text("live")  # until then the table is read anew
    page.get_by_role("region", name="ended runtimes").get_by_role("link").click()
    expect(page.locator("main h1")).to_have_text(re.compile("^Runtime "))
    jobs = page.get_by_role("region", name="jobs").locator("tbody tr")
    expect(jobs.filter(has_text=good.job_id)).to_contain_text(re.compile(r"completed.*[0-9] (s|ms)"))
    expect(jobs.filter(has_text=bad.job_id)).to_contain_text("cannot count to -1")
    expect(page.locator(".line")).to_have_text("live")
    spectator.picture("history")
    jobs.filter(has_text=bad.job_id).get_by_role("link", name="cannot count").click()
    expect(page.locator(".traceback").first).to_contain_text("raise ValueError")
    spectator.complaints.clear()  # what a browser says while a server is gone


def test_a_history_without_anything_says_what_to_do(spectator: Spectator) -> None:
    page = spectator.go("history")
    expect(page.locator(".empty")).to_contain_text("routilux demo --monitor")


# ---- jobs -------------------------------------------------------------------------------------------------


def test_jobs_are_filtered_by_what_stands_in_the_address(spectator: Spectator) -> None:
    bad = spectator.desk.submit(-1)
    bad.wait(20)
    page = spectator.go("jobs")
    page.get_by_label("status").select_option("failed")
    expect(page).to_have_url(re.compile("status=failed"))
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("cannot count to -1")
    runtime = page.get_by_label("runtime").locator("option").nth(1).inner_text()
    page.get_by_label("runtime").select_option(runtime)
    expect(page).to_have_url(re.compile(f"runtime={runtime}"))
    page.reload()
    expect(page.get_by_label("status")).to_have_value("failed")
    expect(page.locator("tbody tr")).to_have_count(1)
    spectator.go("jobs?runtime=another")
    expect(page.locator(".empty")).to_contain_text("No job is like that")


def test_many_jobs_are_turned_page_by_page_and_each_page_has_an_address(spectator: Spectator) -> None:
    for _ in range(60):
        spectator.desk.submit(1).wait(20)
    page = spectator.go("jobs")
    pages = page.get_by_role("navigation", name="pages")
    expect(pages).to_contain_text(re.compile("1–50 of [6-9][0-9]"))
    pages.get_by_role("button", name="older").click()
    expect(page).to_have_url(re.compile("offset=50"))
    expect(pages).to_contain_text(re.compile("51–[6-9]"))
    expect(pages.get_by_role("button", name="older")).to_be_disabled()


def test_what_the_monitor_refuses_is_said_at_its_field(spectator: Spectator) -> None:
    page = spectator.go("submit?flow=numbers&slot=count.to&data=3")
    page.get_by_label("time limit").fill("99999999999")
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.get_by_label("time limit")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("alert")).to_have_count(1)
    spectator.complaints.clear()  # a browser tells of every 422


def test_a_job_is_submitted_again_with_the_payload_it_had(spectator: Spectator) -> None:
    page = spectator.go("submit?flow=numbers&slot=count.to&data=10")
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page).to_have_url(re.compile(r"#/jobs/"))
    first = page.url
    page.get_by_role("link", name="Submit again").click()
    expect(page.get_by_label("payload, in JSON")).to_have_value("10")
    page.get_by_label("payload, in JSON").fill("11")
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page).to_have_url(re.compile(r"#/jobs/"))
    assert page.url != first
    page.get_by_role("link", name="results").click()
    expect(page.locator(".result", has_text="total.total")).to_contain_text('"sum": 506')


def test_a_job_starts_paused_if_wished(spectator: Spectator) -> None:
    page = spectator.go("submit?flow=numbers&slot=count.to&data=5")
    page.get_by_label("start paused").check()
    page.get_by_role("button", name="Submit", exact=True).click()
    status = page.locator("main header .status")
    expect(status).to_have_text("paused")
    page.get_by_role("button", name="Resume").click()
    expect(status).to_have_text("completed")


# ---- a job's page -----------------------------------------------------------------------------------------


def test_charts_grow_while_a_job_runs_and_stay_after_it(spectator: Spectator) -> None:
    job = spectator.desk.submit(MANY)
    page = spectator.go(f"jobs/{job.job_id}/metrics")
    chart = page.get_by_role("img", name=re.compile(r"activations a second: .*square [1-9]"))
    expect(chart).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("messages that wait: "))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("duration, 95 %"))).to_be_visible()
    spectator.picture("job")
    job.cancel()
    expect(page.locator("main header .status")).to_have_text("cancelled")
    expect(page.get_by_role("img", name=re.compile("activations a second")).first).to_be_visible()
    expect(page.get_by_role("region", name="durations")).to_contain_text("square")


def test_a_job_that_has_just_ended_shows_all_its_activations(spectator: Spectator) -> None:
    page = spectator.page
    shown = page.get_by_role("region", name="what is shown, by routine").locator("tr")
    sums = page.get_by_role("region", name="events").locator("tr", has_text="event emitted")
    for _ in range(5):  # its processes may tell of it before the page asks, or after
        job = spectator.desk.submit_traced(3)
        spectator.go(f"jobs/{job.job_id}/trace")
        expect(page.locator("main h1")).to_have_text(job.job_id)
        for name in ("square", "parity"):
            expect(shown.filter(has_text=name).locator("td").nth(1)).to_have_text("3")
        expect(sums.filter(has_text="'sum': 14")).to_have_count(1)
    spectator.go(f"jobs/{spectator.desk.submit_traced(3).job_id}/metrics")
    expect(page.get_by_role("img", name=re.compile("activations a second: .*square"))).to_be_visible()


def test_what_a_job_prints_is_seen_by_routine_and_level(spectator: Spectator) -> None:
    job = spectator.desk.submit(4)
    page = spectator.go(f"jobs/{job.job_id}/logs")
    lines = page.get_by_label("log lines")
    expect(lines).to_contain_text("the sum is 30")
    page.get_by_label("routine").select_option("square")
    expect(page).to_have_url(re.compile("routine=square"))
    expect(page.locator(".empty")).to_contain_text("No line is like that")
    page.get_by_label("routine").select_option("total")
    page.get_by_label("level").select_option("STDOUT")
    expect(lines).to_contain_text("the sum is 30")


def test_a_failed_job_shows_where_and_why(spectator: Spectator) -> None:
    job = spectator.desk.submit(-2)
    page = spectator.go(f"jobs/{job.job_id}")
    expect(page.get_by_role("alert")).to_contain_text("'count' of job")
    expect(page.get_by_role("alert")).to_contain_text("raised ValueError: cannot count to -2")
    page.get_by_role("link", name="traceback").click()
    expect(page.locator(".traceback").first).to_contain_text("raise ValueError")


def test_a_message_of_a_job_that_is_held_can_be_let_go_on_its_page(spectator: Spectator) -> None:
    point = {"type": "routine", "routine_id": "square", "condition": 'data["n"] == 2', "one_shot": True}
    spectator.desk.post("/flows/numbers/breakpoints", point)
    job = spectator.desk.submit(5)
    page = spectator.go(f"jobs/{job.job_id}")
    held = page.get_by_label("held message")
    expect(held).to_contain_text("Held at square")
    held.get_by_role("button", name="Resume").click()
    expect(page.locator("main header .status")).to_have_text("completed")
    expect(held).to_have_count(0)


# ---- the task stream --------------------------------------------------------------------------------------


def test_every_process_is_on_the_task_stream_and_can_be_looked_at_closely(spectator: Spectator) -> None:
    job = spectator.desk.submit(MANY)
    page = spectator.go("stream")
    expect(
        page.get_by_label(re.compile("5 processes over time, [1-9][0-9]* activations shown"))
    ).to_be_visible()
    stream = page.get_by_label(re.compile("5 processes over time"))  # a part of it may have none
    legend = page.get_by_role("region", name="what is shown, by routine")
    for name in ("square", "parity", "total"):
        expect(legend).to_contain_text(name)
    spectator.picture("stream")
    job.cancel()
    page.get_by_role("button", name="All").click()
    shown = page.locator(".task-stream [role=status]").first
    before = shown.inner_text()
    stream.focus()
    page.keyboard.press("+")
    expect(shown).not_to_have_text(before)
    box = stream.bounding_box()
    assert box is not None
    stream.hover(position={"x": box["width"] / 2, "y": 30})  # wherever the page stands by now
    closer = shown.inner_text()
    page.mouse.wheel(0, -200)
    expect(shown).not_to_have_text(closer)
    page.keyboard.press("0")
    expect(page.get_by_role("button", name="All")).to_have_attribute("aria-pressed", "true")


def test_the_task_stream_of_one_job_has_a_link_and_shows_nothing_else(spectator: Spectator) -> None:
    one, other = (spectator.desk.submit(to).wait(20) for to in (3, 30))
    page = spectator.go(f"stream?flow=numbers&job={one.job_id}")
    expect(page.get_by_role("combobox", name="job", exact=True)).to_have_value(one.job_id)
    square = page.get_by_role("region", name="what is shown, by routine").locator("tr", has_text="square")
    expect(square.locator("td").nth(1)).to_have_text("3")
    page.get_by_role("combobox", name="job", exact=True).select_option(other.job_id)
    expect(page).to_have_url(re.compile(f"job={other.job_id}"))
    expect(square.locator("td").nth(1)).to_have_text("30")


# ---- a token that only looks ------------------------------------------------------------------------------


@pytest.fixture
def onlooker(browser: Browser, desk: Desk) -> Spectator:
    return Spectator(browser, desk, VIEW_TOKEN)


def test_with_the_view_token_nothing_can_be_pressed_that_would_be_refused(onlooker: Spectator) -> None:
    job = onlooker.desk.submit(MANY)
    with onlooker:
        page = onlooker.go(f"jobs/{job.job_id}")
        expect(page.locator(".badge")).to_have_text("view only")
        for name in ("Pause", "Cancel"):
            expect(page.get_by_role("button", name=name)).to_be_disabled()
        page = onlooker.go("submit?flow=numbers")
        expect(page.get_by_role("button", name="Submit", exact=True)).to_be_disabled()
        expect(page.locator("fieldset")).to_contain_text("Your token only looks")
        page = onlooker.go("flows/numbers")
        expect(page.get_by_role("button", name="Submit a job")).to_be_disabled()
    job.cancel()
    onlooker.has_seen_no_complaint()


def test_a_token_that_the_monitor_does_not_know_is_asked_for_again(spectator: Spectator) -> None:
    page = spectator.page
    page.goto("about:blank")
    page.goto(f"{spectator.desk.origin}/#token=wrong")
    expect(page.get_by_role("alert")).to_contain_text("does not know the token")
    page.get_by_label("token").fill("a-token-for-the-tests-of-the-page")
    page.get_by_role("button", name="Enter").click()
    expect(page.locator(".line")).to_have_text("live")
    spectator.complaints.clear()  # a browser tells of every 403
