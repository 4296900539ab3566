"""A browser finds its way on the graph: what has passed, where a message came from, groups, keys, arrays."""

import os
import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from browser.flows import crew, photos, relay
from browser.spectator import PATIENCE, Spectator
from browser.test_debugging import break_here, choose_connection, middle
from monitor.fakeruntime import FakeRuntime
from monitor.madefeed import Player, wide
from routilux import recorded

expect.set_options(timeout=PATIENCE)


def connection(page: Page, name: str) -> Locator:
    return page.locator(f"[data-connection='{name}']")


def rest_on(page: Page, name: str) -> None:
    """The pointer on a connection, where its label is drawn over it."""
    x, y = middle(page, name)
    page.mouse.move(x, y)


def routine(page: Page, name: str) -> Locator:
    return page.locator(f".react-flow__node[data-id='{name}']")


# ---- values and ways ---------------------------------------------------------------------------------------


def test_the_last_values_of_a_connection_are_beside_the_pointer(spectator: Spectator) -> None:
    spectator.desk.submit(5).wait(20)
    page = spectator.go("flows/numbers")
    rest_on(page, "count.output->square.number")
    expect(page.get_by_label("last values")).to_contain_text("the first of 5")
    spectator.picture("values")
    page.mouse.move(5, 5)
    expect(page.get_by_label("last values")).to_have_count(0)


def test_where_nothing_has_passed_the_page_says_how_to_get_values(spectator: Spectator) -> None:
    spectator.desk.runtime.start(photos())
    page = spectator.go("flows/photos")
    rest_on(page, "take.output->brightness.photo")
    expect(page.get_by_label("last values")).to_contain_text("submit a job while the monitor runs")


def test_the_way_of_a_held_message_leads_back_to_the_submission(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    choose_connection(page, "square.output->total.item")
    break_here(page, 'data["n"] == 9')
    job = spectator.desk.submit(3)
    way = page.get_by_label("way of the message")
    expect(way).to_contain_text("submitted → count.to")
    expect(connection(page, "count.output->square.number")).to_have_class(re.compile("is-on-way"))
    expect(connection(page, "count.output->parity.number")).not_to_have_class(re.compile("is-on-way"))
    spectator.picture("way")
    way.get_by_role("button", name="count.output → square.number").click()
    expect(page.locator(".side h2").last).to_have_text("count.output → square.number")
    page.keyboard.press("F8")
    job.wait(20)
    expect(page.locator(".is-on-way")).to_have_count(0)


def test_an_event_of_a_trace_leads_to_the_way_of_its_message_on_the_graph(spectator: Spectator) -> None:
    job = spectator.desk.submit_traced(3)
    page = spectator.go(f"jobs/{job.job_id}/trace")
    page.get_by_role("link", name="square.output → total.item").first.click()
    way = page.get_by_label("way of the message")
    expect(way).to_contain_text("square.output → total.item")
    expect(way).to_contain_text("submitted → count.to")
    expect(connection(page, "count.output->square.number")).to_have_class(re.compile("is-on-way"))


def test_a_message_of_a_trace_is_saved_as_a_recording(spectator: Spectator, tmp_path: Path) -> None:
    job = spectator.desk.submit_traced(3)
    page = spectator.go(f"jobs/{job.job_id}/trace")
    row = page.locator("tr", has_text="slot called").filter(has_text="total").first
    with page.expect_download() as download:
        row.get_by_role("button", name="Save").click()
    download.value.save_as(tmp_path / "one.rlx")
    (message,) = recorded(tmp_path / "one.rlx")
    assert (message.record.job_id, message.routine, message.slot) == (job.job_id, "total", "item")
    assert repr(message.payload) == row.locator(".payload").inner_text()


# ---- arrays ------------------------------------------------------------------------------------------------


def test_held_arrays_have_a_picture_and_what_is_in_the_message_opens(spectator: Spectator) -> None:
    runtime, flow = spectator.desk.runtime, photos()
    runtime.start(flow)
    page = spectator.go("flows/photos")
    choose_connection(page, "take.output->brightness.photo")
    page.get_by_role("button", name="Break here").click()
    expect(page.locator(".point")).to_be_visible()
    job = runtime.exec(flow, seed=3)
    held = page.get_by_label("held message")
    expect(held.locator("canvas.plane")).to_be_visible()
    expect(held.locator("svg.spark")).to_be_visible()
    expect(held).to_contain_text("uint8 (48, 64) min 0 max 255")
    for name in ("about", "tags"):  # what is in them is asked for now
        held.locator("summary", has=page.locator("b", has_text=f"'{name}'")).click()
    expect(held.locator(".vars.leaf", has_text="'sea'")).to_be_visible()
    spectator.picture("arrays")
    page.keyboard.press("F5")
    job.wait(20)


# ---- the view ----------------------------------------------------------------------------------------------


def whole_in_sight(page: Page, *names: str) -> bool:
    """Whether these routines lie wholly in the ground of the graph."""
    ground = page.locator(".ground").bounding_box()
    boxes = [routine(page, name).bounding_box() for name in names]
    assert ground is not None
    return all(
        box is not None
        and ground["x"] <= box["x"] <= box["x"] + box["width"] <= ground["x"] + ground["width"]
        and ground["y"] <= box["y"] <= box["y"] + box["height"] <= ground["y"] + ground["height"]
        for box in boxes
    )


def resize(page: Page, width: int) -> None:
    """The window, until the graph has the size that this gives it."""
    before = page.locator(".ground").bounding_box()
    page.set_viewport_size({"width": width, "height": 800})
    page.wait_for_function(
        "before => document.querySelector('.ground').getBoundingClientRect().width !== before",
        arg=before and before["width"],
    )


def test_the_whole_graph_stays_in_sight_when_the_window_changes_its_size(spectator: Spectator) -> None:
    page, names = spectator.go("flows/numbers"), ("count", "square", "parity", "total")
    view = page.locator(".react-flow__viewport")
    expect(routine(page, "total")).to_be_visible()
    assert whole_in_sight(page, *names)
    for width in (940, 1600, 1000):
        before = view.get_attribute("style")
        resize(page, width)
        expect(view).not_to_have_attribute("style", before or "")
        assert whole_in_sight(page, *names)


def test_the_whole_graph_is_in_sight_on_a_phone(spectator: Spectator) -> None:
    spectator.desk.runtime.start(relay())
    spectator.page.set_viewport_size({"width": 390, "height": 844})
    page = spectator.go("flows/relay")
    expect(routine(page, "sixth")).to_be_visible()
    assert whole_in_sight(page, "count", "second", "third", "fourth", "fifth", "sixth")


def test_a_view_that_somebody_has_moved_stays_until_the_whole_is_asked_for(spectator: Spectator) -> None:
    page, names = spectator.go("flows/numbers"), ("count", "square", "parity", "total")
    view = page.locator(".react-flow__viewport")
    expect(routine(page, "total")).to_be_visible()
    whole = view.get_attribute("style")
    page.get_by_role("button", name="Zoom In").click()
    expect(view).not_to_have_attribute("style", whole or "")
    moved = view.get_attribute("style")
    resize(page, 1000)
    spectator.settled()
    assert view.get_attribute("style") == moved
    page.get_by_role("button", name="Fit View").click()
    expect(view).not_to_have_attribute("style", moved or "")
    before = view.get_attribute("style")
    resize(page, 940)
    expect(view).not_to_have_attribute("style", before or "")
    assert whole_in_sight(page, *names)


def test_the_view_goes_to_the_held_place(spectator: Spectator) -> None:
    runtime, flow, last = spectator.desk.runtime, relay(), "fifth.output->sixth.number"
    runtime.start(flow)
    spectator.page.set_viewport_size({"width": 390, "height": 844})
    page = spectator.go("flows/relay")
    expect(page.locator(".react-flow__node").first).to_be_visible()
    expect(connection(page, last)).not_to_be_in_viewport()
    at = {"source_routine_id": "fifth", "source_event_name": "output"}
    job = runtime.exec(
        flow, to=1, breakpoints=[at | {"target_routine_id": "sixth", "target_slot_name": "number"}]
    )
    expect(connection(page, last)).to_be_in_viewport()
    expect(connection(page, last)).to_have_class(re.compile("has-held"))
    spectator.picture("held-narrow")
    page.get_by_label("held message").get_by_role("button", name="Resume").click()
    job.wait(20)


def test_one_goes_from_one_held_message_to_the_next(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    routine(page, "count").locator("[data-port='to']").click()
    page.get_by_role("button", name="Break here").click()  # the supervisor holds each submission
    expect(page.locator(".point")).to_be_visible()
    jobs = [spectator.desk.submit(to) for to in (1, 2)]
    held = page.get_by_label("held message")
    expect(held).to_contain_text("1 of 2")
    held.get_by_role("button", name="Next").click()
    expect(held).to_contain_text("2 of 2")
    first = held.locator("p a").inner_text()
    held.get_by_role("button", name="Previous").click()
    expect(held.locator("p a")).not_to_have_text(first)
    held.get_by_role("button", name="Resume").click()
    expect(held).not_to_contain_text("of 2")
    held.get_by_role("button", name="Resume").click()
    for job in jobs:
        job.wait(20)


# ---- groups ------------------------------------------------------------------------------------------------


def test_a_closed_group_shows_the_breakpoint_in_it_and_opens_by_a_click(spectator: Spectator) -> None:
    spectator.desk.runtime.start(crew())
    page = spectator.go("flows/crew")
    routine(page, "hand-2").locator("[data-port='number']").click()
    page.get_by_role("button", name="Break here").click()
    expect(page.locator(".point")).to_be_visible()
    page.get_by_role("button", name="Close group hand").click()
    group = page.locator(".group")
    expect(group).to_contain_text("3 routines")
    expect(group).to_contain_text("1 breakpoint")
    expect(page.locator(".react-flow__node")).to_have_count(2)
    group.click()
    expect(page.locator(".react-flow__node")).to_have_count(4)


def test_more_than_three_hundred_routines_are_closed_to_groups(spectator: Spectator) -> None:
    with FakeRuntime("made-up", pid=os.getpid()) as runtime:
        Player(runtime, wide(330))
        page = spectator.go("flows/wide")
        expect(page.locator(".group")).to_have_count(33)
        page.get_by_label(re.compile("group stage-07, 10 routines")).click()
        expect(routine(page, "stage-07-0")).to_be_in_viewport()
        expect(routine(page, "group:stage-07")).to_have_count(0)


# ---- keys --------------------------------------------------------------------------------------------------


def test_the_graph_is_walked_by_keys_and_f9_sets_a_breakpoint(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    routine(page, "count").focus()
    for key in ("ArrowRight", "ArrowRight", "F9"):  # over the event to its first connection
        page.keyboard.press(key)
    expect(connection(page, "count.output->square.number")).to_have_class(re.compile("has-break"))
    page.keyboard.press("Enter")
    expect(page.locator(".side h2")).to_have_text("count.output → square.number")
    page.keyboard.press("F9")
    expect(page.locator(".wire-label.has-break")).to_have_count(0)
    for key in (
        "ArrowDown",
        "ArrowRight",
        "ArrowRight",
        "Enter",
    ):  # the next connection, its slot, its routine
        page.keyboard.press(key)
    expect(page.locator(".side h2")).to_have_text("parity")


def test_a_wrong_condition_is_underlined_where_it_is_wrong(spectator: Spectator) -> None:
    page = spectator.go("flows/numbers")
    routine(page, "square").locator("strong").click()
    page.get_by_label("condition").fill('data["n"] > open(3)')
    expect(page.locator(".where mark")).to_have_text("open(3)")
    expect(page.locator(".break .wrong")).to_contain_text("Column 13")
    page.get_by_label("condition").fill('data["n"] > 3')
    expect(page.locator(".break .fine")).to_be_visible()
    expect(page.get_by_role("button", name="Break here")).to_be_enabled()
