"""Somebody is in a hurry, or the monitor is slow: nothing is done twice, or to what is no longer shown."""

import re

from playwright.sync_api import Page, Request, Route, expect

from browser.desk import Desk
from browser.flows import chatty
from browser.spectator import PATIENCE, Spectator
from browser.test_debugging import break_here, choose_connection
from routilux.clock import Deadline

expect.set_options(timeout=PATIENCE)

# Both before the page can draw anything, and before any answer: as on a machine that is very slow.
PRESS_TWICE = """key => {
    for (const _ of [1, 2]) window.dispatchEvent(new KeyboardEvent("keydown", { key }));
}"""
CLICK_TWICE = "button => { for (const _ of [1, 2]) button.click(); }"
CHOOSE_BOTH = """chosen => {
    for (const [label, value] of Object.entries(chosen)) {
        const select = [...document.querySelectorAll(".choice")]
            .find(each => each.textContent.startsWith(label)).querySelector("select");
        select.value = value;
        select.dispatchEvent(new Event("change", { bubbles: true }));
    }
}"""
IS_TAKEN = """key => {
    const event = new KeyboardEvent("keydown", { ...key, cancelable: true });
    return !window.dispatchEvent(event);
}"""

LETTER = {
    "routine_id": "square",
    "slot_name": "number",
    "job_id": "a-job",
    "preview": "{'n': 1}",
    "reason": "crash",
    "attempts": 3,
    "created_at": 1_800_000_000,
}


def said(page: Page, method: str) -> list[str]:
    """What the page says from now on to the monitor by requests of that method."""
    found: list[str] = []

    def note(request: Request) -> None:
        if request.method == method:
            found.append(request.url.partition("/api/v1/")[2])

    page.on("request", note)
    return found


def test_a_form_that_is_sent_twice_submits_one_job(spectator: Spectator) -> None:
    page = spectator.go("submit?flow=numbers&slot=count.to&data=3")
    posted = said(page, "POST")
    page.get_by_role("button", name="Submit", exact=True).evaluate(CLICK_TWICE)
    expect(page.locator("main header .status")).to_have_text("completed")
    assert posted == ["jobs"]


def test_whoever_has_closed_the_form_stays_where_he_is(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    page.get_by_role("button", name="Submit a job").click()
    page.get_by_label("payload, in JSON").fill("3")
    stopped: list[Route] = []

    def stop(route: Route) -> None:
        stopped.append(route)

    page.route("**/api/v1/jobs", stop)
    with page.expect_request("**/api/v1/jobs"):
        page.get_by_role("button", name="Submit", exact=True).click()
    page.get_by_role("button", name="Close").click()
    with page.expect_response("**/api/v1/jobs") as answer:
        stopped[0].continue_()
    job = answer.value.json()["job_id"]
    expect(page.get_by_role("region", name="jobs")).to_contain_text(job)
    expect(page).to_have_url(re.compile("#/flows/numbers$"))


def test_a_double_click_sets_one_breakpoint(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    choose_connection(page, "count.output->square.number")
    posted = said(page, "POST")
    page.get_by_role("button", name="Break here").dblclick()
    expect(page.locator(".point")).to_have_count(1)
    assert posted == ["flows/numbers/breakpoints"]


def test_a_double_click_discards_one_letter(spectator: Spectator) -> None:
    page, left = spectator.page, ["1", "2"]

    def answer(route: Route) -> None:
        if route.request.method == "DELETE":
            left.remove(route.request.url.rpartition("/")[2])
            route.fulfill(status=204)
        else:
            route.fulfill(json={"dead_letters": [LETTER | {"id": name} for name in left], "total": len(left)})

    page.route(re.compile("/api/v1/dead-letters"), answer)
    deleted = said(page, "DELETE")
    spectator.go("dead-letters")
    page.get_by_role("button", name="Discard").first.dblclick()
    expect(page.get_by_role("button", name="Discard")).to_have_count(1)
    assert deleted == ["dead-letters/1"]


def test_f9_twice_sets_a_breakpoint_and_takes_it_away(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    choose_connection(page, "count.output->square.number")
    expect(page.get_by_role("button", name="Break here")).to_be_visible()
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.evaluate(PRESS_TWICE, "F9")
    expect(page.locator(".point")).to_have_count(0)
    assert spectator.desk.ask("/flows/numbers/breakpoints")["breakpoints"] == []


def test_a_key_of_the_browser_is_the_browsers(spectator: Spectator) -> None:
    """Ctrl+F5 loads the page anew, whatever is held."""
    page = spectator.go("flows/numbers")
    choose_connection(page, "count.output->square.number")
    break_here(page, 'data["n"] == 2')
    job = spectator.desk.submit(2)
    expect(page.get_by_label("held message").locator(".tree")).to_contain_text("n: 2")
    assert not page.evaluate(IS_TAKEN, {"key": "F5", "ctrlKey": True})
    assert page.evaluate(IS_TAKEN, {"key": "F5"})
    expect(page.get_by_label("held message")).to_have_count(0)
    job.wait(20)


def test_what_is_typed_outlives_an_absence_of_the_monitor(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    choose_connection(page, "count.output->square.number")
    break_here(page, 'data["n"] == 3')
    job = spectator.desk.submit(3)
    held = page.get_by_label("held message")
    held.get_by_role("button", name="Edit").click()
    held.get_by_label("held message, in JSON").fill('{"n": 10}')
    page.route("**/debug/session", lambda route: route.abort())
    for _ in range(2):  # the second is asked for after what the first has told was drawn
        with page.expect_event("requestfailed"):
            pass
    page.unroute("**/debug/session")
    held.get_by_role("button", name="Go on with this").click()
    assert {"sum": 1 + 4 + 100} in job.results(20)
    spectator.complaints.clear()  # a browser tells of every request that fails


def test_two_choices_at_once_are_both_in_the_address(spectator: Spectator) -> None:
    page = spectator.go("jobs")
    expect(page.get_by_label("flow").locator("option")).to_have_text(["any", "numbers"])
    page.evaluate(CHOOSE_BOTH, {"flow": "numbers", "status": "failed"})
    expect(page).to_have_url(re.compile("flow=numbers&status=failed"))


def wait_until_settled(desk: Desk, job_id: str) -> None:
    """Until the monitor knows that nothing more is to come of a job that has ended."""
    deadline = Deadline.after(20)
    while not deadline.passed:
        if desk.ask(f"/jobs/{job_id}/state")["is_settled"]:
            return
    raise AssertionError(f"the monitor still waits for news of {job_id}")


def job_of_many_lines(desk: Desk) -> str:
    """One with 1,200 lines that the monitor has heard from the first to the last."""
    flow, deadline = chatty(), Deadline.after(30)
    desk.runtime.start(flow)
    while not deadline.passed:
        job_id = desk.runtime.exec(flow, lines=1200).wait(20).job_id
        wait_until_settled(desk, job_id)
        if desk.ask(f"/jobs/{job_id}/logs?limit=1")["total"] == 1200:
            return job_id
    raise AssertionError("the monitor does not hear all lines of a job")


def test_of_many_lines_the_newest_are_shown(spectator: Spectator) -> None:
    page = spectator.go(f"jobs/{job_of_many_lines(spectator.desk)}/logs")
    lines = page.get_by_label("log lines")
    expect(lines).to_contain_text("line 1199")
    expect(lines.locator("li")).to_have_count(500)
    expect(page.locator("main")).to_contain_text("700 older lines are not shown")
