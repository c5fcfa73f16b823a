"""Named points in a real JupyterLab: by clicks, absent, occluded, moved; by keys alone; undone."""

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
from tests.browser.boxes import COINS, drag, place
from tests.browser.page import LabPage
from tests.browser.test_boxes import Open, rows, statuses
from tests.browser.test_outlines import click

SKELETON = {
    "labels": ["left eye", "right eye", "nose", "mouth"],
    "edges": [["left eye", "nose"], ["right eye", "nose"], ["nose", "mouth"]],
}
LEFT, RIGHT, NOSE, MOUTH = (226, 101), (184, 101), (205, 126), (205, 146)  # of the astronaut
SEEN, HIDDEN = "visible", "occluded"


def opening(name: str) -> list[str]:
    """Cells that open photographs of a face for keypoints and show the widget in the second."""
    faces = COINS.replace("data.coins()", "data.astronaut()[:303, 20:404]")
    faces = faces.replace('task="detection"', f'task="keypoints", skeleton={SKELETON}')
    return [
        f"NAME, CLASSES = {name!r}, ['face', 'badge']\n{faces}\n"
        "queued = bench.queue.add_by_hand(pool)",
        "widget = bench.label()\nwidget",
    ]


def points(page: LabPage, image: int = 0) -> list[Any]:
    """The points of each object of an image, as the kernel has them on disk, in whole pixels."""
    found = page.execute(
        "import json; print(json.dumps([box.points for box in read_boxes(bench.dataset, pool)"
        f"[{image}]]))"
    )
    return [
        [at and [round(384 * at[0]), round(303 * at[1]), at[2]] for at in each]
        for each in json.loads(found)
    ]


def wait_points(page: LabPage, wanted: list[Any]) -> None:
    """Wait until the first image has these: what keys move is kept a moment after the last one."""
    for _ in range(60):
        if points(page) == wanted:
            return
        page.page.wait_for_timeout(100)
    assert points(page) == wanted


def seen(at: tuple[int, int], how: str = SEEN) -> list[Any]:
    """A point as the kernel has it."""
    return [*at, how]


def asked(page: LabPage) -> str:
    """What the panel says of the next point."""
    return page.page.locator(".wb-point-next").text_content() or ""


def test_points_are_clicked_hidden_left_out_moved_and_undone(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("keypoints-clicked"))
    show_widget(page)
    hand = page.page
    assert asked(page) == "Next: left eye"
    click(page, LEFT, RIGHT)
    hand.mouse.move(*place(hand, *NOSE))
    assert asked(page) == "Next: nose"
    screenshots(page, "keypoints-begun")
    click(page, NOSE)
    hand.keyboard.down("Shift")
    click(page, MOUTH)  # the last one: occluded
    hand.keyboard.up("Shift")
    wait_saved(page)
    face = [seen(LEFT), seen(RIGHT), seen(NOSE), seen(MOUTH, HIDDEN)]
    assert points(page) == [face]
    assert rows(page) == ["face"]
    assert statuses(page)[0] == "queued", "not done by being drawn on"

    drag(hand, NOSE, (215, 134))  # a point
    hand.keyboard.press("y")  # which is not to be seen
    wait_saved(page)
    face[2] = [215, 134, HIDDEN]
    assert points(page) == [face]
    hand.keyboard.press("j")  # nor there
    wait_saved(page)
    face[2] = None
    assert points(page) == [face]
    assert asked(page) == "Next: nose"
    screenshots(page, "keypoints-selected")
    click(page, NOSE)  # it is
    wait_saved(page)
    face[2] = seen(NOSE)
    assert points(page) == [face]
    hand.keyboard.press("Escape")  # nothing is chosen

    click(page, (60, 60))
    hand.keyboard.press("2")  # class of what is made
    hand.keyboard.press("j")
    click(page, (70, 90))
    hand.keyboard.press("Backspace")  # the last point is taken back
    click(page, (90, 60))
    hand.keyboard.press("Enter")  # the other one is not there
    wait_saved(page)
    badge = [[60, 60, SEEN], None, [90, 60, SEEN], None]
    assert points(page) == [face, badge]
    assert sorted(rows(page)) == ["badge", "face"]
    screenshots(page, "keypoints-drawn")
    drag(hand, (200, 109), (210, 119))  # no line, so a point of a new object, which is dropped
    assert len(points(page)) == 2
    hand.keyboard.press("Escape")
    drag(hand, ((LEFT[0] + NOSE[0]) // 2, (LEFT[1] + NOSE[1]) // 2), (225, 123))  # all, by a line
    wait_saved(page)
    moved = points(page)[0]
    assert [at[0] for at in moved] != [at[0] for at in face]
    assert [at[2] for at in moved] == [at[2] for at in face]
    hand.keyboard.press(" ")
    wait_bar(page, "1 of")
    wait_saved(page)
    assert statuses(page)[:2] == ["labelled", "queued"]
    type_keys(page, "zz")
    wait_saved(page)
    assert (points(page), statuses(page)[0]) == ([face, badge], "queued")
    page.reload()
    page.run_cell(1)
    wait_for_image(page)
    assert sorted(rows(page)) == ["badge", "face"]


def test_an_object_by_keys_alone(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("keypoints-keys"))
    show_widget(page)
    keyboard = page.page.keyboard
    keyboard.press("w")  # a place in the middle
    keyboard.press("w")  # the first point is there
    keyboard.press("Shift+ArrowRight")
    keyboard.press("w")
    keyboard.press("y")  # the next one is occluded
    keyboard.press("Shift+ArrowDown")
    screenshots(page, "keypoints-keys")
    keyboard.press("w")
    keyboard.press("j")  # and the last one not there
    wait_saved(page)
    ((one, two, three, four),) = points(page)
    assert four is None
    assert (one[1], three[2]) == (two[1], HIDDEN)
    assert two[0] > one[0]
    assert (three[0], three[1] > two[1]) == (two[0], True)
    keyboard.press("Tab")
    keyboard.press("Tab")  # the second point
    for _ in range(2):
        keyboard.press("Shift+ArrowUp")
    two = [two[0], two[1] - 20, SEEN]
    wait_points(page, [[one, two, three, None]])
    keyboard.press("Delete")  # the point, not the object
    wait_points(page, [[one, None, three, None]])
    keyboard.press("Escape")  # none is chosen
    keyboard.press("Shift+ArrowLeft")  # all of it
    shifted = [at and [at[0] - 10, *at[1:]] for at in (one, None, three, None)]
    wait_points(page, [shifted])
    keyboard.press("Delete")
    wait_points(page, [])
    for _ in range(4):
        keyboard.press("j")
    page.page.get_by_text("needs a point that is there").wait_for()
    keyboard.press("Escape")
    keyboard.press(" ")
    wait_bar(page, "1 of")
    wait_saved(page)
    assert points(page) == []
    assert statuses(page)[0] == "labelled"
