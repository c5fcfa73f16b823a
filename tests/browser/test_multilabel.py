"""Labels of any number of classes in a real JupyterLab: ticked by hand, committed by one key."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.browser.bench import (
    CLASSES,
    few_digits,
    labels_given,
    screenshots,
    show_widget,
    type_keys,
    type_while_the_kernel_dies,
    wait_bar,
    wait_for_image,
    wait_saved,
)
from tests.browser.conftest import OUT
from tests.browser.page import LabPage

Open = Callable[..., LabPage]

TICKED = (
    "[...document.querySelectorAll('.wb-class[aria-checked=true] .wb-name')].map(e => e.innerText)"
)


def opening(name: str, fill: str = "") -> list[str]:
    """Cells that open a few digits for several classes an image and show the widget."""
    opened = f'bench = wb.open({name!r}, images=folder, task="multilabel", classes={CLASSES})'
    return [f"{few_digits('0123456789', 12)}{opened}\n{fill}", "widget = bench.label(25)\nwidget"]


def ticked(page: LabPage) -> list[str]:
    """The classes that are ticked on the page."""
    found: list[str] = page.page.evaluate(TICKED)
    return found


def last_events(page: LabPage, count: int) -> list[dict[str, Any]]:
    """The latest events of the history, the newest last."""
    columns = ["before", "after", "source", "suggestion", "group", "applied"]
    code = f"print(bench.labels.history()[{columns}].tail({count}).to_json(orient='records'))"
    found: list[dict[str, Any]] = json.loads(page.execute(code))
    return found


def skip_to_suggested(page: LabPage) -> list[str]:
    """Leave images out until classes are suggested for one; those classes."""
    suggested = page.page.locator(".wb-suggested .wb-name")
    while not suggested.count():
        assert page.page.locator(".wb-file").inner_text(), "there is an image left"
        type_keys(page, "s")
    return suggested.all_inner_texts()


def test_classes_are_ticked_and_one_key_commits_them(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("ticks"))
    show_widget(page)
    screenshots(page, "multilabel-empty")
    type_keys(page, "375")
    type_keys(page, "5")  # and no more
    assert ticked(page) == ["3", "7"]
    done = page.page.locator(".wb-done-accept")
    assert "2 classes" in done.inner_text()
    screenshots(page, "multilabel-ticked")
    wait_saved(page)
    assert labels_given(page) == [], "nothing is committed before it is done"
    type_keys(page, " ")
    assert ticked(page) == [], "the next image begins anew"
    assert "none of these" in done.inner_text()
    page.page.keyboard.press("Enter")
    page.page.locator(".wb-class[aria-keyshortcuts='4']").click()
    done.click()
    type_keys(page, "/")
    page.page.keyboard.type("9")
    page.page.keyboard.press("Enter")
    assert ticked(page) == ["9"]
    type_keys(page, " ")
    wait_saved(page)
    assert labels_given(page) == [["3", "7"], [], ["4"], ["9"]]
    counts = page.page.locator(".wb-count").all_inner_texts()
    assert [int(count) for count in counts] == [0, 0, 0, 1, 1, 0, 0, 1, 0, 1]

    type_keys(page, "zzzz")
    assert ticked(page) == ["3", "7"], "what was committed"
    wait_saved(page)
    assert page.execute("bench.labels.counts()") == "{}"
    page.page.keyboard.press("Shift+Z")
    wait_saved(page)
    wait_bar(page, "1 of")
    assert page.execute("bench.labels.counts()") == "{'3': 1, '7': 1}"
    type_keys(page, "z")
    type_keys(page, "78 ")  # corrected
    wait_saved(page)
    assert last_events(page, 1)[0]["after"] == ["3", "8"]


def test_a_reload_forgets_ticks_and_keeps_labels(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("reloads"))
    show_widget(page)
    type_keys(page, "12 5")
    wait_saved(page)
    assert ticked(page) == ["5"]
    page.reload()
    page.run_cell(1)
    wait_for_image(page)
    wait_bar(page, "0 of")
    assert ticked(page) == []
    assert labels_given(page) == [["1", "2"]]
    type_keys(page, "z")  # from before this page
    wait_saved(page)
    assert page.execute("bench.labels.counts()") == "{}"


def test_what_a_killed_kernel_did_not_acknowledge_comes_back(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("killed-ticks"), fresh=True)
    show_widget(page)
    type_keys(page, "12 ")
    wait_saved(page)
    type_while_the_kernel_dies(page, "04  ", kept=2, picture=OUT / "multilabel-offline.png")
    assert labels_given(page) == [["1", "2"], ["0", "4"], []]


def test_a_suggestion_is_taken_as_it_is_or_corrected(lab_page: Open, home: Path) -> None:
    # Images of the pool come first, for test images get no suggestion; labels of each class are there.
    fill = (
        "pool = bench.dataset.match({'split': 'pool'})\n"
        "pairs = list(zip(*pool.values(['id', 'filepath'])))\n"
        "for i, path in pairs[::2]: bench.labels.commit(i, [Path(path).name[0]])\n"
        "n = bench.queue.add_by_hand([i for i, _ in pairs[1::2]])"
    )
    page = lab_page(opening("suggests-several", fill))
    show_widget(page)
    type_keys(page, "1 ")
    page.page.locator(".wb-accuracy").wait_for()  # the model has spoken, the first time slowly
    assert bool(ticked(page)) == bool(page.page.locator(".wb-suggested").count()), "not by itself"
    suggested = skip_to_suggested(page)
    assert ticked(page) == suggested
    screenshots(page, "multilabel-suggested")
    type_keys(page, " ")
    wait_saved(page)
    event = last_events(page, 1)[0]
    assert (event["after"], event["source"]) == (suggested, "accepted")
    assert event["suggestion"] == suggested

    suggested = skip_to_suggested(page)
    other = next(name for name in CLASSES if name not in suggested)
    type_keys(page, f"{other} ")
    wait_saved(page)
    event = last_events(page, 1)[0]
    assert (event["after"], event["source"]) == (sorted([*suggested, other]), "human")
    assert event["suggestion"] == suggested


def test_many_images_get_exactly_the_ticked_classes(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("grid-several"))
    show_widget(page)
    type_keys(page, "5")  # of the image on screen, not of the grid
    type_keys(page, "g")
    page.page.wait_for_function(
        "() => [...document.querySelectorAll('.wb-cell img')].some(image => image.naturalWidth)"
    )
    assert ticked(page) == []
    cells = page.page.locator(".wb-cell")
    page.page.keyboard.press("Escape")
    for number in range(3):
        cells.nth(number).click()
    type_keys(page, "37")
    screenshots(page, "multilabel-grid")
    type_keys(page, " ")
    assert ticked(page) == [], "they are for those three"
    wait_saved(page)
    events = last_events(page, 99)
    assert [event["after"] for event in events] == [["3", "7"]] * 3
    assert len({event["group"] for event in events}) == 1, "one step"
    badges = page.page.locator(".wb-badge:not(:empty)")
    assert badges.all_inner_texts() == ["3 + 7"] * 3
    page.page.keyboard.press("Escape")
    cells.nth(3).click()
    page.page.locator(".wb-done-accept").click()
    wait_saved(page)
    assert last_events(page, 1)[0]["after"] == []
    assert "none of these" in badges.all_inner_texts()
    screenshots(page, "multilabel-grid-labelled")
    type_keys(page, "zz")
    wait_saved(page)
    assert page.execute("bench.labels.counts()") == "{}"
    assert badges.count() == 0


def test_doubtful_labels_are_settled_by_one_key(lab_page: Open, home: Path) -> None:
    fill = (
        "pool = bench.dataset.match({'split': 'pool'})\n"
        "truth = {i: Path(path).name[0] for i, path in zip(*pool.values(['id', 'filepath']))}\n"
        "bench.labels.import_labels({i: [digit] for i, digit in truth.items()})\n"
        "for i in list(truth)[:3]: bench.labels.commit(i, [str(9 - int(truth[i]))])"
    )
    cells = opening("review-several", fill)
    page = lab_page([cells[0], "widget = bench.label(review='suspects', count=4)\nwidget"])
    show_widget(page)
    wait_bar(page, "0 of 4")
    screenshots(page, "multilabel-review")
    suggested = ticked(page)
    page.page.locator(".wb-done-keep").wait_for()
    type_keys(page, " ")
    type_keys(page, "k")
    wait_saved(page)
    taken, kept = last_events(page, 2)
    assert (taken["after"], taken["source"]) == (suggested, "reviewed")
    assert taken["suggestion"] == suggested
    assert (kept["after"], kept["source"]) == (kept["before"], "reviewed")
    type_keys(page, "z")
    wait_bar(page, "1 of 4")
    type_keys(page, "s")  # put off, which the kernel has no part in
    wait_saved(page)
    assert last_events(page, 1)[0]["source"] == "undo"
