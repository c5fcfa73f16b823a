"""Boxes in a real JupyterLab: drawn, changed, undone, suggested; by hand and by keys alone."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.browser.bench import (
    screenshots,
    show_widget,
    type_keys,
    type_while_the_kernel_dies,
    wait_bar,
    wait_for_image,
    wait_saved,
)
from tests.browser.boxes import boxes_of, drag, opening, place
from tests.browser.conftest import OUT
from tests.browser.page import LabPage

Open = Callable[..., LabPage]

SUGGEST = """
for number, sample_id in enumerate(pool):
    sample = bench.dataset[sample_id]
    sample["prediction"] = fo.Detections(detections=[
        fo.Detection(label=label, bounding_box=[x / 384, y / 303, 46 / 384, 46 / 303], confidence=sure)
        for label, x, y, sure in [
            ("silver", 30, 30, 0.9), ("bronze", 90, 28, 0.8), ("worn", 150, 25, 0.6), ("worn", 206, 34, 0.3),
        ]
    ])
    sample.save()
"""


def rows(page: LabPage) -> list[str]:
    """The boxes in the panel's list."""
    return page.page.locator(".wb-box-row .wb-name").all_inner_texts()


def events(page: LabPage) -> list[dict[str, Any]]:
    """The history, oldest first."""
    code = "print(bench.labels.history()[['source', 'changes', 'status_after']].to_json(orient='records'))"
    found: list[dict[str, Any]] = json.loads(page.execute(code))
    return found


def statuses(page: LabPage) -> list[str]:
    """What is said of the images of the pool."""
    found: list[str] = json.loads(
        page.execute(
            "import json; bench.dataset.reload()\n"
            "print(json.dumps([bench.dataset[each].label_status for each in pool]))"
        )
    )
    return found


def test_boxes_are_drawn_changed_and_undone_across_images(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("boxes-drawn"))
    show_widget(page)
    hand = page.page
    drag(hand, (100, 100), (160, 150))
    type_keys(page, "2")  # the class of what is selected, and of what comes next
    wait_saved(page)
    assert boxes_of(page)[0] == [["bronze", 100, 100, 60, 50, 0]]
    assert statuses(page)[0] == "queued", "not done by being drawn on"
    drag(hand, (130, 125), (150, 115))  # moved by its middle
    drag(hand, (180, 140), (200, 160))  # by its corner
    drag(hand, (120, 130), (110, 130))  # by its left edge
    wait_saved(page)
    assert boxes_of(page)[0] == [["bronze", 110, 90, 90, 70, 0]]
    drag(hand, (300, 200), (383, 301))  # to the corner of the image, which attracts
    wait_saved(page)
    assert boxes_of(page)[0][1] == ["bronze", 300, 200, 84, 103, 0]

    x, y = place(hand, 342, 200)
    hand.mouse.move(x, y - 22)  # the turning handle
    hand.mouse.down()
    hand.mouse.move(*place(hand, 384, 251.5), steps=5)
    hand.mouse.move(*place(hand, 384, 209.5), steps=5)
    hand.mouse.up()
    wait_saved(page)
    assert boxes_of(page)[0][1] == ["bronze", 300, 200, 84, 103, 45]
    screenshots(page, "boxes-drawn")
    hand.keyboard.press(" ")
    wait_bar(page, "1 of")
    wait_saved(page)
    assert statuses(page)[:2] == ["labelled", "queued"]
    drag(hand, (30, 30), (80, 80))
    hand.keyboard.press("r")  # and those of the image before
    wait_saved(page)
    assert len(boxes_of(page)[1]) == 3

    before = boxes_of(page)[0]
    type_keys(page, "zzz")  # back to the image before
    wait_saved(page)
    assert (len(boxes_of(page)[1]), statuses(page)[0]) == (0, "queued")
    assert len(rows(page)) == 2
    type_keys(page, "zz")  # the turn, and the box
    wait_saved(page)
    assert boxes_of(page)[0] == before[:1]
    for _ in range(3):
        hand.keyboard.press("Shift+Z")
    wait_saved(page)
    assert (boxes_of(page)[0], statuses(page)[0]) == (before, "labelled")


def test_a_reload_and_a_busy_kernel_lose_no_box(lab_page: Open, home: Path) -> None:
    page = lab_page([*opening("boxes-reload"), "import time\ntime.sleep(300)"])
    show_widget(page)
    page.run_cell(2, wait=False)
    drag(page.page, (100, 100), (160, 150))
    wait_saved(page)
    assert page.is_running(2), "acknowledged while the cell ran"
    page.interrupt()
    page.page.wait_for_function("() => cellRuns[2].ended")
    page.reload()
    page.run_cell(1)
    wait_for_image(page)
    assert rows(page) == ["silver"]
    drag(page.page, (200, 100), (260, 150))
    page.page.keyboard.press("ArrowRight")
    page.reload()  # at once
    page.run_cell(1)
    wait_for_image(page)
    wait_saved(page)
    assert [box[1] for box in boxes_of(page)[0]] == [100, 201]
    type_keys(page, "zzz")  # of this page none, of those before it all
    wait_saved(page)
    assert (rows(page), boxes_of(page)[0]) == ([], [])


def test_what_a_killed_kernel_did_not_hear_of_comes_back(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("boxes-killed"), fresh=True)
    show_widget(page)
    drag(page.page, (100, 100), (160, 150))
    wait_saved(page)
    picture = OUT / "boxes-offline.png"
    type_while_the_kernel_dies(page, "2w ", kept=3, picture=picture)
    found = boxes_of(page)[0]
    assert found[0] == ["bronze", 100, 100, 60, 50, 0]
    assert len(found) == 2
    assert statuses(page)[0] == "labelled"


def test_suggestions_are_accepted_corrected_and_waved_away(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("boxes-suggested", SUGGEST))
    show_widget(page)
    hand = page.page
    ghosts = hand.locator(".wb-ghosts .wb-name").first
    ghosts.wait_for()
    assert ghosts.inner_text() == "3 boxes"
    screenshots(page, "boxes-suggested")
    for _ in range(5):
        hand.keyboard.press("[")
    assert ghosts.inner_text() == "4 boxes"
    drag(hand, (225, 50), (230, 60))  # corrected by being moved
    hand.mouse.click(*place(hand, 52, 52))
    hand.keyboard.press("v")  # this one, and the next is selected
    hand.keyboard.press("Delete")  # not that one
    assert ghosts.inner_text() == "1 box"
    hand.locator(".wb-ghost-row").first.click()  # the rest
    wait_saved(page)
    assert sorted(boxes_of(page)[0]) == [
        ["silver", 30, 30, 46, 46, 0],
        ["worn", 150, 25, 46, 46, 0],
        ["worn", 211, 44, 46, 46, 0],
    ]
    assert [event["source"] for event in events(page)] == ["human", "accepted", "accepted"]
    type_keys(page, "z")
    assert ghosts.inner_text() == "1 box", "suggested again"
    hand.keyboard.press("Enter")
    wait_saved(page)
    hand.keyboard.press("Enter")  # nothing on it: none of what is suggested
    wait_saved(page)
    assert boxes_of(page)[1] == []
    assert statuses(page)[:3] == ["labelled", "labelled", "queued"], "a negative is labelled"
    assert page.execute("sorted(bench.labels.counts().items())") == "[('silver', 1), ('worn', 1)]"
    counts = hand.locator(".wb-class .wb-count").all_inner_texts()
    assert counts == ["1", "0", "1"]


def test_the_keyboard_alone_draws_shapes_and_names_boxes(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("boxes-keys"))
    show_widget(page)
    keys = page.page.keyboard
    type_keys(page, "3w")
    wait_saved(page)
    [[_, left, top, width, height, _]] = boxes_of(page)[0]
    for key in ["ArrowRight", "Shift+ArrowUp", "Control+ArrowRight", "Control+ArrowDown", ".", "."]:
        keys.press(key)
    type_keys(page, "p")
    keys.type("side")
    keys.press("Tab")
    keys.type("head")
    keys.press("Enter")
    wait_saved(page)
    [found] = boxes_of(page)[0]
    assert found[0] == "worn"
    assert abs(found[1] - left - 1) <= 1
    assert abs(found[2] - top + 10) <= 1
    assert (found[3:5], found[5]) == ([width + 1, height + 1], 2)
    attributes = "dict(read_boxes(bench.dataset, pool)[0][0].attributes)"
    assert page.execute(attributes) == "{'side': 'head'}"
    shapes = [event["changes"] for event in events(page)]
    assert len(shapes) == 3, "presses in a row are one step"

    for key in ["Control+d", "Control+c", "Tab", "Delete"]:
        keys.press(key)
    keys.press("Control+v")
    keys.press("Escape")  # nothing selected; the widget keeps the keys
    type_keys(page, " ")
    wait_bar(page, "1 of")
    wait_saved(page)
    pace = re.search(r"([\d.]+) s an image", page.page.locator(".wb-bar").inner_text())
    spent = float(page.execute("float(bench.labels.seconds()[pool[0]])"))
    assert pace and abs(float(pace[1]) - spent) < 0.1, "the time of all its boxes"
    keys.press("Control+v")
    wait_saved(page)
    assert len(boxes_of(page)[0]) == 2
    assert boxes_of(page)[1][0][0] == "worn"
    type_keys(page, "?")
    screenshots(page, "boxes-keys")
    keys.press("?")
    keys.press("Escape")
    keys.press("Escape")
    focused = "() => document.activeElement.closest('.wb-label') !== null"
    assert not page.page.evaluate(focused)
