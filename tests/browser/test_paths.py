"""Somebody goes the whole way, from the link to the result of an edited message, by keyboard and by mouse."""

import json

from playwright.sync_api import Locator, Page, expect

from browser.spectator import PATIENCE, Spectator
from browser.test_debugging import choose_connection

expect.set_options(timeout=PATIENCE)

FURTHEST = 150
"""Presses of Tab, from anywhere to anywhere."""
EDITED = {"sum": 1 + 4 + 100 + 16 + 25}


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until it has the focus; a view is drawn anew meanwhile, now and then."""
    expect(wanted).to_be_visible()
    for _ in range(FURTHEST):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {wanted}")


def press(page: Page, wanted: Locator) -> None:
    tab_to(page, wanted)
    page.keyboard.press("Enter")


def test_the_whole_way_by_keyboard_only(spectator: Spectator) -> None:
    page = spectator.page
    press(page, page.get_by_role("link", name="Flows"))
    press(page, page.get_by_role("cell").get_by_role("link", name="numbers"))
    tab_to(page, page.locator(".react-flow__node[data-id='count']"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    side = page.get_by_label("what is chosen")
    expect(side.locator("h2").first).to_have_text("count.output → square.number")
    tab_to(page, side.get_by_label("condition"))
    page.keyboard.type('data["n"] == 3')
    press(page, side.get_by_role("button", name="Break here"))
    expect(side.locator(".point")).to_contain_text('data["n"] == 3')
    press(page, page.get_by_role("button", name="Submit a job"))
    tab_to(page, page.get_by_label("payload, in JSON"))
    page.keyboard.type("5")
    press(page, page.get_by_role("button", name="Submit", exact=True))
    held = page.get_by_label("held message")
    expect(held).to_contain_text("Held at count.output → square.number")
    press(page, held.get_by_role("button", name="Edit"))
    tab_to(page, held.get_by_label("held message, in JSON"))
    page.keyboard.press("Control+a")
    page.keyboard.type('{"n": 10}')
    press(page, held.get_by_role("button", name="Go on with this"))
    expect(page.locator("main header .status")).to_have_text("completed")
    press(page, page.get_by_role("link", name="results"))
    expect(page.locator(".result", has_text="total.total")).to_contain_text(f'"sum": {EDITED["sum"]}')


def test_the_whole_way_by_mouse_only(spectator: Spectator) -> None:
    """All but the digits of payload and condition, which have no mouse: they are pasted."""
    page = spectator.page
    page.get_by_role("link", name="Flows").click()
    page.get_by_role("cell").get_by_role("link", name="numbers").click()
    choose_connection(page, "count.output->square.number")
    side = page.get_by_label("what is chosen")
    side.get_by_label("condition").fill('data["n"] == 3')
    side.get_by_role("button", name="Break here").click()
    expect(side.locator(".point")).to_contain_text('data["n"] == 3')
    page.get_by_role("button", name="Submit a job").click()
    page.get_by_label("payload, in JSON").fill("5")
    page.get_by_role("button", name="Submit", exact=True).click()
    held = page.get_by_label("held message")
    expect(held).to_contain_text("Held at count.output → square.number")
    held.get_by_role("button", name="Edit").click()
    held.get_by_label("held message, in JSON").fill(json.dumps({"n": 10}))
    held.get_by_role("button", name="Go on with this").click()
    expect(page.locator("main header .status")).to_have_text("completed")
    page.get_by_role("link", name="results").click()
    expect(page.locator(".result", has_text="total.total")).to_contain_text(f'"sum": {EDITED["sum"]}')


def test_keys_are_listed_by_a_question_mark_unless_somebody_types_one(spectator: Spectator) -> None:
    page = spectator.go("submit?flow=numbers")
    tab_to(page, page.get_by_label("payload, in JSON"))
    page.keyboard.type("?")
    sheet = page.get_by_role("dialog")
    expect(sheet).to_have_count(0)
    page.locator("main").focus()
    page.keyboard.press("?")
    for key in ("F5", "F8", "F10", "F11", "F9"):
        expect(sheet).to_contain_text(key)
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    page.get_by_role("button", name="keyboard shortcuts").click()
    expect(sheet).to_be_visible()
    sheet.get_by_role("button", name="Close").click()
    expect(sheet).to_have_count(0)
