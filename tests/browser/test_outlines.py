"""Outlines in a real JupyterLab: by clicks, freehand, points moved, holes; by keys alone; undone."""

import json
from pathlib import Path
from typing import Any

from tests.browser.bench import (
    screenshots,
    show_widget,
    type_keys,
    wait_bar,
    wait_for_image,
    wait_saved,
)
from tests.browser.boxes import CLASSES, COINS, drag, place
from tests.browser.page import LabPage
from tests.browser.test_boxes import Open, rows, statuses


def opening(name: str, fill: str = "") -> list[str]:
    """Cells that open photographs of coins for outlines and show the widget in the second."""
    coins = COINS.replace('task="detection"', 'task="instances"')
    queued = "queued = bench.queue.add_by_hand(pool)"
    return [
        f"NAME, CLASSES = {name!r}, {CLASSES}\n{coins}\n{fill}\n{queued}",
        "widget = bench.label()\nwidget",
    ]


def click(page: LabPage, *places: tuple[float, float]) -> None:
    """Click on places of the image."""
    for x, y in places:
        page.page.mouse.click(*place(page.page, x, y))


def outlines(page: LabPage, image: int = 0) -> list[list[list[list[int]]]]:
    """The rings of each object of an image, as the kernel has them on disk, in whole pixels."""
    found = page.execute(
        "import json; print(json.dumps([box.outline for box in read_boxes(bench.dataset, pool)"
        f"[{image}]]))"
    )
    objects: list[Any] = json.loads(found)
    return [
        [[[round(384 * x), round(303 * y)] for x, y in ring] for ring in each] for each in objects
    ]


def wait_outlines(page: LabPage, wanted: list[Any]) -> None:
    """Wait until the first image has these: what keys move is kept a moment after the last one."""
    for _ in range(60):
        if outlines(page) == wanted:
            return
        page.page.wait_for_timeout(100)
    assert outlines(page) == wanted


def test_outlines_are_clicked_drawn_freehand_shaped_and_undone(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("outlines-drawn"))
    show_widget(page)
    hand = page.page
    click(page, (100, 100), (160, 100), (160, 150), (100, 150))
    hand.mouse.move(*place(hand, 80, 130))
    screenshots(page, "outline-begun")
    click(page, (100, 100))  # the first point closes it
    type_keys(page, "2")
    wait_saved(page)
    square = [[100, 100], [160, 100], [160, 150], [100, 150]]
    assert outlines(page) == [[square]]
    assert rows(page) == ["bronze"]
    assert statuses(page)[0] == "queued", "not done by being drawn on"

    drag(hand, (160, 150), (180, 170))  # a point
    drag(hand, (130, 100), (130, 80))  # a side: a new point
    wait_saved(page)
    assert outlines(page) == [[[[100, 100], [130, 80], [160, 100], [180, 170], [100, 150]]]]
    hand.keyboard.down("Alt")
    click(page, (130, 80))  # takes it out
    hand.keyboard.up("Alt")
    drag(hand, (125, 125), (135, 115))  # all of it
    wait_saved(page)
    moved = [[110, 90], [170, 90], [190, 160], [110, 140]]
    assert outlines(page) == [[moved]]

    hand.keyboard.press("j")  # a hole
    click(page, (125, 105), (150, 105), (150, 130))
    hand.keyboard.press("Enter")
    wait_saved(page)
    assert outlines(page) == [[moved, [[150, 130], [150, 105], [125, 105]]]]
    screenshots(page, "outline-hole")

    hand.mouse.move(*place(hand, 250, 200))  # freehand, closed where the drag ends
    hand.mouse.down()
    for x, y in [(270, 180), (290, 190), (300, 220), (280, 240), (255, 230)]:
        hand.mouse.move(*place(hand, x, y), steps=6)
    hand.mouse.up()
    wait_saved(page)
    assert len(outlines(page)) == 2
    assert len(outlines(page)[1][0]) > 10
    screenshots(page, "outlines-drawn")
    hand.keyboard.press(" ")
    wait_bar(page, "1 of")
    wait_saved(page)
    assert statuses(page)[:2] == ["labelled", "queued"]
    before = outlines(page)
    type_keys(page, "r")  # the last image's again
    wait_saved(page)
    assert outlines(page, 1) == before
    type_keys(page, "zzzz")
    wait_saved(page)
    assert outlines(page) == [[moved]]
    for _ in range(3):
        hand.keyboard.press("Shift+Z")
    wait_saved(page)
    assert (outlines(page), statuses(page)[0]) == (before, "labelled")


def test_an_outline_by_keys_alone(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("outlines-keys"))
    show_widget(page)
    keyboard = page.page.keyboard
    keyboard.press("w")  # a square in the middle
    wait_saved(page)
    ((ring,),) = outlines(page)
    (left, top), (right, bottom) = ring[0], ring[2]
    assert ring == [[left, top], [right, top], [right, bottom], [left, bottom]]
    keyboard.press("q")
    keyboard.press("q")  # its second point
    for _ in range(2):
        keyboard.press("Shift+ArrowUp")
    wait_outlines(page, [[[[left, top], [right, top - 20], *ring[2:]]]])
    keyboard.press("y")  # one more after it
    keyboard.press("Shift+ArrowRight")
    top_middle = round((top - 20 + bottom) / 2)
    more = [[left, top], [right, top - 20], [right + 10, top_middle], *ring[2:]]
    wait_outlines(page, [[more]])
    screenshots(page, "outline-keys")
    keyboard.press("Delete")  # the point, not the object
    wait_outlines(page, [[[[left, top], [right, top - 20], *ring[2:]]]])
    keyboard.press("Escape")  # no point is chosen
    keyboard.press("Shift+ArrowLeft")  # all of it
    shifted = [[x - 10, y] for x, y in [[left, top], [right, top - 20], *ring[2:]]]
    wait_outlines(page, [[shifted]])
    keyboard.press("Delete")
    wait_outlines(page, [])


def test_what_is_no_outline_yet_is_said_and_can_be_gone_on_with(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("outlines-short"))
    show_widget(page)
    click(page, (100, 100), (160, 100))
    page.page.keyboard.press("Enter")
    page.page.get_by_text("needs three points").wait_for()
    page.page.keyboard.press("Backspace")  # the last point
    click(page, (150, 100), (150, 150))
    page.page.keyboard.press("Enter")
    wait_saved(page)
    assert outlines(page) == [[[[100, 100], [150, 100], [150, 150]]]]
    click(page, (200, 200), (260, 260), (260, 200), (200, 260), (200, 200))  # a bow
    page.page.get_by_text("crosses itself").wait_for()
    wait_saved(page)
    assert len(outlines(page)) == 2, "kept all the same"
    click(page, (300, 100))
    page.page.keyboard.press("Escape")  # none was begun
    page.page.keyboard.press(" ")
    wait_bar(page, "1 of")
    wait_saved(page)
    assert len(outlines(page)) == 2


def test_outlines_of_a_model_are_suggested_and_taken(lab_page: Open, home: Path) -> None:
    fill = (
        "for sample_id in pool:\n"
        "    sample = bench.dataset[sample_id]\n"
        "    sample['prediction'] = fo.Polylines(polylines=[fo.Polyline(\n"
        "        label=label, closed=True, filled=True,\n"
        "        points=[[[x, .2], [x + .15, .2], [x + .1, .45]]], confidence=sure)\n"
        "        for label, x, sure in [('silver', .1, .9), ('bronze', .4, .8), ('worn', .7, .3)]])\n"
        "    sample.save()\n"
    )
    page = lab_page(opening("outlines-suggested", fill))
    show_widget(page)
    screenshots(page, "outlines-suggested")
    page.page.keyboard.press("v")  # the first one is selected
    page.page.keyboard.press("v")  # and taken
    wait_saved(page)
    assert rows(page) == ["silver"]
    page.page.keyboard.press("Shift+V")
    wait_saved(page)
    assert sorted(rows(page)) == ["bronze", "silver"]
    assert outlines(page)[0] == [[[38, 61], [96, 61], [77, 136]]]
    page.reload()
    page.run_cell(1)
    wait_for_image(page)
    assert sorted(rows(page)) == ["bronze", "silver"]
