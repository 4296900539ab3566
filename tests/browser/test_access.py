"""Everybody can use every view of the page: whoever does not see it, in the dark, and on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from browser.spectator import PATIENCE, Spectator

expect.set_options(timeout=PATIENCE)

PLACES = [
    "flows",
    "flows/numbers",
    "jobs",
    "jobs?status=failed",
    "jobs/JOB",
    "jobs/JOB/metrics",
    "jobs/JOB/trace",
    "jobs/JOB/results",
    "jobs/JOB/logs",
    "jobs/BAD/errors",
    "submit?flow=numbers",
    "stream",
    "processes",
    "dead-letters",
    "history",
    "history/RUNTIME",
]


@pytest.fixture
def places(spectator: Spectator) -> list[str]:
    """All views, with something in them."""
    desk = spectator.desk
    good, bad = desk.submit(20), desk.submit(-1)
    for job in (good, bad):
        job.wait(20)
    (runtime,) = desk.ask("/runtimes")["runtimes"]
    names = {"JOB": good.job_id, "BAD": bad.job_id, "RUNTIME": runtime["runtime_id"]}
    return ["/".join(names.get(part, part) for part in place.split("/")) for place in PLACES]


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_no_view_breaks_a_rule_for_accessibility(
    spectator: Spectator, places: list[str], colours: str
) -> None:
    """None that axe calls serious or critical."""
    spectator.page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
    found = []
    for place in places:
        page = spectator.go(place)
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator("main [aria-busy=true]")).to_have_count(0)
        violations = Axe().run(page).response["violations"]
        found += [
            (place, v["id"], v["nodes"][0]["html"])
            for v in violations
            if v["impact"] in {"serious", "critical"}
        ]
    assert found == []


def test_the_sheet_of_keys_breaks_no_rule_either(spectator: Spectator) -> None:
    page = spectator.page
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_no_view_scrolls_sideways_on_a_phone(spectator: Spectator, places: list[str]) -> None:
    too_wide = []
    for place in places:
        page = spectator.go(place)
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator("main [aria-busy=true]")).to_have_count(0)
        if not spectator.fits(390):
            too_wide.append(place)
    assert too_wide == []


def test_all_places_can_be_reached_on_a_phone(spectator: Spectator) -> None:
    page = spectator.page
    page.set_viewport_size({"width": 390, "height": 844})
    for place in ("Flows", "Jobs", "Task stream", "Processes", "Dead letters", "History"):
        link = page.get_by_role("navigation", name="places").get_by_role("link", name=place)
        box = link.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        link.click()
        expect(link).to_have_attribute("aria-current", "page")
