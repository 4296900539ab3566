"""A browser debugs a real flow on the monitor's page: the graph is the debugger."""

import re

from playwright.sync_api import Page, expect

from browser.spectator import PATIENCE, Spectator

expect.set_options(timeout=PATIENCE)


RESUME_TWICE_WHEN_SHOWN = """text => {
    const seen = new MutationObserver(() => {
        if (!document.querySelector("[aria-label='held message'] .tree")?.textContent.includes(text)) return;
        seen.disconnect();
        for (const _ of [1, 2]) window.dispatchEvent(new KeyboardEvent("keydown", { key: "F8" }));
    });
    seen.observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


def choose_connection(page: Page, name: str) -> None:
    """Click on the edge, where its label is drawn over it."""
    x, y = middle(page, name)
    page.mouse.click(x, y)


def middle(page: Page, connection: str) -> tuple[float, float]:
    """Where its label is drawn, when it no longer moves: its line is below it, and takes the clicks."""
    label = page.locator(f"[data-connection='{connection}']")
    expect(label).to_be_visible()
    label.scroll_into_view_if_needed()  # waits until it stands still
    box = label.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def break_here(page: Page, condition: str) -> None:
    page.get_by_label("condition").fill(condition)
    page.get_by_role("button", name="Break here").click()
    expect(page.locator(".point")).to_contain_text(condition)


def test_a_held_message_is_edited_and_its_result_shows_it(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    choose_connection(page, "count.output->square.number")
    break_here(page, 'data["n"] == 3')
    job = spectator.desk.submit(5)
    held = page.get_by_label("held message")
    expect(held).to_contain_text("Held at count.output → square.number")
    expect(held.locator(".tree")).to_contain_text("n: 3")
    expect(held.locator(".frames")).to_contain_text("yield")
    expect(held.locator(".variables")).to_contain_text("number")
    expect(page.locator(".wire-label.has-held")).to_have_count(1)
    spectator.picture("held")
    held.get_by_role("button", name="Edit").click()
    held.get_by_label("held message, in JSON").fill('{"n": 10}')
    held.get_by_role("button", name="Go on with this").click()
    expect(held).to_have_count(0)
    assert {"sum": 1 + 4 + 100 + 16 + 25} in job.results(20)


def test_keys_step_to_what_happens_next_and_resume(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    page.locator("[data-kind='event'][data-port='output']").first.click()
    break_here(page, 'data["n"] == 2')
    job = spectator.desk.submit(5)
    tree = page.get_by_label("held message").locator(".tree")
    expect(tree).to_contain_text("n: 2")
    page.keyboard.press("Shift+F11")
    expect(tree).to_contain_text("n: 3")
    page.keyboard.press("F8")
    expect(page.get_by_label("held message")).to_have_count(0)
    job.wait(20)


def test_a_key_is_for_the_message_that_is_shown_and_once(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    page.locator("[data-kind='event'][data-port='output']").first.click()
    break_here(page, 'data["n"] == 2')
    job = spectator.desk.submit(5)
    held = page.get_by_label("held message")
    expect(held.locator(".tree")).to_contain_text("n: 2")
    page.evaluate(RESUME_TWICE_WHEN_SHOWN, "n: 3")
    page.keyboard.press("Shift+F11")
    expect(held).to_have_count(0)
    job.wait(20)


def test_f11_steps_to_where_the_message_arrives(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    choose_connection(page, "count.output->square.number")
    break_here(page, 'data["n"] == 2')
    job = spectator.desk.submit(2)
    held = page.get_by_label("held message")
    expect(held).to_contain_text("Held at count.output → square.number")
    page.keyboard.press("F11")
    expect(held).to_contain_text("Held at square")
    expect(held.locator(".tree")).to_contain_text("n: 2")
    page.keyboard.press("F5")
    expect(held).to_have_count(0)
    job.wait(20)


def test_a_dropped_message_is_not_in_the_sum(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    page.get_by_label(re.compile("routine square, ")).locator("[data-port='number']").click()
    break_here(page, 'data["n"] == 4')
    job = spectator.desk.submit(4)
    page.get_by_label("held message").get_by_role("button", name="Drop").click()
    assert {"sum": 1 + 4 + 9} in job.results(20)


def test_a_condition_is_checked_as_it_is_typed(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    page.get_by_label(re.compile("routine square, ")).locator("strong").click()
    page.get_by_label("condition").fill("open('/etc/passwd')")
    expect(page.locator(".break .wrong")).to_be_visible()
    expect(page.get_by_role("button", name="Break here")).to_be_disabled()


def test_a_message_alone_is_held_and_others_pass_it(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    choose_connection(page, "count.output->square.number")
    page.get_by_text("What it does").click()
    page.get_by_label("hold", exact=True).select_option("message")
    page.get_by_label("Once, then it is off").check()
    break_here(page, 'data["n"] == 2')
    expect(page.locator(".point")).to_contain_text("holds just the message, once")
    spectator.picture("breakpoint")
    job = spectator.desk.submit(500)
    held = page.get_by_label("held message")
    expect(held).to_contain_text("Held at count.output → square.number")
    expect(page.get_by_label(re.compile("routine parity, "))).to_contain_text(
        re.compile(r"([5-9][0-9]{2}|[0-9.]+\sk) activations")  # with those of jobs before it
    )
    expect(held.get_by_text("Variables")).to_have_count(0)  # it has no process to look into
    held.get_by_role("button", name="Drop").click()
    assert {"sum": sum(n * n for n in range(1, 501)) - 2 * 2} in job.results(20)
    expect(page.locator(".point")).to_contain_text("once, off")
    page.get_by_role("button", name="Turn on").click()
    expect(page.locator(".point")).not_to_contain_text("off")


def test_at_a_routine_no_message_is_held_alone(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    page.get_by_label(re.compile("routine square, ")).locator("strong").click()
    page.get_by_text("What it does").click()
    expect(page.get_by_label("hold", exact=True).locator("option")).to_have_text(
        ["the process it is in", "the whole job"]
    )


def test_a_log_point_writes_lines_of_the_hits_it_is_asked_for(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    choose_connection(page, "count.output->square.number")
    page.get_by_text("What it does").click()
    page.get_by_label("Of its hits").fill("== 7")
    page.get_by_label("Write a line, hold nothing").check()
    page.get_by_label("Line", exact=True).fill('{data["n"]} has come')
    break_here(page, 'data["n"] % 2 == 0')
    job = spectator.desk.submit(10_000_000)
    lines = page.get_by_label("lines of log points")
    expect(lines.locator("code")).to_have_text(["14 has come"])
    expect(page.get_by_label("held message")).to_have_count(0)
    job.cancel()


def test_lines_of_log_points_are_with_the_logs_of_their_job_also_when_it_is_over(
    spectator: Spectator,
) -> None:
    point = {"type": "routine", "routine_id": "square", "action": "log", "log_message": 'squares {data["n"]}'}
    spectator.desk.post("/flows/numbers/breakpoints", point | {"condition": 'data["n"] < 4'})
    job = spectator.desk.submit(10_000_000)
    page = spectator.go(f"jobs/{job.job_id}/logs")
    lines = page.get_by_label("lines of log points")
    expect(lines.locator("li")).to_have_count(3)
    expect(lines).to_contain_text(re.compile(r"[0-9:.]{12} square\s+squares 3"))
    job.cancel()
    expect(page.locator("main header .status")).to_have_text("cancelled")
    page.reload()
    expect(lines.locator("code")).to_have_count(3)
    page.get_by_label("routine").select_option("total")
    expect(page).to_have_url(re.compile("routine=total"))
    expect(lines).to_have_count(0)


def test_a_variable_that_is_set_is_what_the_function_goes_on_with(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    choose_connection(page, "count.output->square.number")
    break_here(page, 'data["n"] == 2')
    job = spectator.desk.submit(5)
    held = page.get_by_label("held message")
    expect(held).to_contain_text("Held at count.output → square.number")
    held.get_by_role("button", name="set to", exact=True).click()
    value = held.get_by_label("value of to, in JSON")
    value.fill("[3")
    expect(held.locator(".settable .wrong")).to_contain_text("That is no JSON")
    expect(held.get_by_role("button", name="Set", exact=True)).to_be_disabled()
    value.fill("3")
    value.press("Enter")
    expect(value).to_have_count(0)
    expect(held.locator(".settable", has=page.get_by_label("set to", exact=True))).to_contain_text("3")
    held.get_by_role("button", name="Resume").click()
    assert {"sum": 1 + 4 + 9} in job.results(20)
