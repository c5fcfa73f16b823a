"""Many images at once, in a real JupyterLab: the grid, its keys and its pointer."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.browser.bench import EMBEDDED, opening, screenshots, show_widget, type_keys, wait_saved
from tests.browser.conftest import OUT
from tests.browser.page import LabPage

Open = Callable[..., LabPage]

SELECTED = "() => document.querySelectorAll('.wb-cell[aria-selected=true]').length"
SEEN = "() => [...document.querySelectorAll('.wb-cell img')].some(image => image.naturalWidth)"


def history(page: LabPage) -> list[list[Any]]:
    """After, group and whether it was applied, of every event."""
    code = "print(bench.labels.history()[['after', 'group', 'applied']].to_json(orient='values'))"
    found: list[list[Any]] = json.loads(page.execute(code))
    return found


def open_grid(page: LabPage) -> None:
    """Show the grid and wait for its pictures; the first time, all images are embedded."""
    type_keys(page, "g")
    page.page.wait_for_function(SEEN, timeout=EMBEDDED)


def test_a_group_is_labelled_by_one_key_and_taken_back_by_one(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("grid"))
    show_widget(page)
    open_grid(page)
    first = page.page.evaluate(SELECTED)
    assert first > 1, "the first group is taken"
    page.page.locator(".wb-cell[aria-selected=true]").first.click()  # an odd one
    assert page.page.evaluate(SELECTED) == first - 1
    screenshots(page, "grid")
    type_keys(page, "3")
    wait_saved(page)
    events = history(page)
    assert [event[0] for event in events] == ["3"] * (first - 1)
    assert len({event[1] for event in events}) == 1, "one step"
    badges = page.page.locator(".wb-badge:not(:empty)")
    assert set(badges.all_inner_texts()) == {"3"}
    assert page.page.evaluate(SELECTED) == 0, "the odd one is next, by itself"
    type_keys(page, "7")
    wait_saved(page)
    assert [event[0] for event in history(page)].count("7") == 1
    assert page.page.evaluate(SELECTED) > 0, "then the next group is taken"
    screenshots(page, "grid-labelled")
    type_keys(page, "zz")
    wait_saved(page)
    assert badges.count() == 0
    assert page.execute("bench.labels.counts()") == "{}"
    page.page.keyboard.press("Shift+Z")
    wait_saved(page)
    assert page.execute("bench.labels.counts()") == f"{{'3': {first - 1}}}"


def test_the_pointer_selects_by_drag_shift_and_lasso(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("grid-pointer"))
    show_widget(page)
    open_grid(page)
    type_keys(page, "")
    page.page.keyboard.press("Escape")
    assert page.page.evaluate(SELECTED) == 0
    cells = page.page.locator(".wb-cell")

    def at(number: int, share: float = 0.5) -> tuple[float, float]:
        box = cells.nth(number).bounding_box()
        assert box is not None
        return box["x"] + share * box["width"], box["y"] + share * box["height"]

    page.page.mouse.move(*at(0))
    page.page.mouse.down()
    page.page.mouse.move(*at(3), steps=4)
    page.page.mouse.up()
    assert page.page.evaluate(SELECTED) == 4
    cells.nth(1).click()
    assert page.page.evaluate(SELECTED) == 3
    cells.nth(4).click()
    cells.nth(6).click(modifiers=["Shift"])
    assert page.page.evaluate(SELECTED) == 6
    page.page.keyboard.press("Escape")
    page.page.keyboard.down("Alt")
    page.page.mouse.move(*at(0, 0.1))
    page.page.mouse.down()
    for corner in (at(1, 0.9), at(0, 0.9)):
        page.page.mouse.move(*corner, steps=5)
    page.screenshot(OUT / "grid-lasso.png")
    page.page.mouse.up()
    page.page.keyboard.up("Alt")
    assert 1 <= page.page.evaluate(SELECTED) <= 2, "what it surrounds"

    cells.nth(2).dblclick()  # everything like this
    page.page.locator(".wb-way[aria-pressed=true]", has_text="like one image").wait_for()
    type_keys(page, "g")
    page.page.locator(".wb-grid").wait_for(state="hidden")
    type_keys(page, "5")
    wait_saved(page)
    assert history(page)[-1][:2] == ["5", None], "one by one again"


def test_the_grid_by_prediction_says_what_it_lacks(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("grid-prediction"))
    show_widget(page)
    open_grid(page)
    page.page.locator(".wb-way", has_text="what the model says").click()
    page.page.get_by_text("labels of at least 2 classes").wait_for()
    type_keys(page, "3")
    type_keys(page, "4")
    wait_saved(page)
    page.page.locator(".wb-way", has_text="what the model says").click()
    page.page.locator(".wb-way[aria-pressed=true]", has_text="what the model says").wait_for()
    before = len(history(page))
    page.page.keyboard.press("Enter")  # what the group is called
    wait_saved(page)
    assert len(history(page)) > before


def test_classes_and_notes_are_changed_by_hand(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("edits"))
    show_widget(page)
    type_keys(page, "12")
    type_keys(page, "t")
    page.page.keyboard.type("torn at the edge <b>bold</b>")
    page.page.keyboard.press("Enter")
    wait_saved(page)
    assert page.page.locator(".wb-note").inner_text() == "torn at the edge <b>bold</b>"
    page.execute("bench.classes.describe('7', 'a bar and a slope', bench.dataset.values('id')[:3])")
    type_keys(page, "e")
    names = page.page.locator(".wb-class-row input")
    screenshots(page, "classes")
    names.nth(1).fill("one")
    names.nth(1).press("Enter")
    page.page.locator(".wb-name", has_text="one").wait_for()
    names.nth(2).fill("one")
    names.nth(2).press("Enter")
    page.page.get_by_text("merges 2 into it").wait_for()
    names.nth(2).press("Enter")
    page.page.wait_for_function("() => document.querySelectorAll('.wb-class').length === 9")
    wait_saved(page)
    assert page.execute("bench.labels.counts()") == "{'one': 2}"
    page.page.keyboard.press("Escape")
    type_keys(page, "zz")
    wait_saved(page)
    assert page.execute("bench.labels.counts()") == "{'1': 1, '2': 1}"
    page.page.locator(".wb-class[aria-keyshortcuts='7']").hover()
    page.page.get_by_text("a bar and a slope").wait_for()
    page.page.wait_for_function(
        "() => [...document.querySelectorAll('.wb-guide img')].filter(i => i.naturalWidth).length === 3"
    )
    screenshots(page, "guideline")
