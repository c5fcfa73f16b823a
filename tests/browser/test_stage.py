"""Zoom, pan, brightness, keys and suggestions of the labelling widget, in a real JupyterLab."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from tests.browser.bench import (
    EMBEDDED,
    labels_given,
    opening,
    screenshots,
    show_widget,
    type_keys,
    wait_saved,
)
from tests.browser.conftest import OUT
from tests.browser.page import LabPage

Open = Callable[..., LabPage]

# Two images whose colours say where in them one is: red the column, green the row.
MAPS = """
import numpy as np, tempfile
import workbench as wb
from pathlib import Path
from PIL import Image
folder = Path(tempfile.mkdtemp())
rows, columns = np.mgrid[:256, :256].astype(np.uint8)
for blue in (0, 255):
    pixels = np.dstack([columns, rows, np.full_like(rows, blue)])
    Image.fromarray(pixels).save(folder / f"map-{blue}.png")
bench = wb.open("maps", images=folder, classes=["a", "b"])
bench.queue.add_by_hand(bench.dataset.values("id"))
"""


def zoom_of(page: LabPage) -> int | None:
    """Device pixels a hundred image pixels are shown with; None for a fitted image."""
    found = re.search(r"(\d+) %", page.page.locator(".wb-file").inner_text())
    return int(found[1]) if found else None


def place_under(page: LabPage, x: float, y: float) -> tuple[int, int]:
    """Column and row of the image at a place given as shares of the stage."""
    column, row = page.page.evaluate(
        """([x, y]) => {
            const canvas = document.querySelector('.wb-canvas');
            const {width, height} = canvas;
            return [...canvas.getContext('2d').getImageData(x * width, y * height, 1, 1).data];
        }""",
        [x, y],
    )[:2]
    return column, row


def wait_zoom(page: LabPage, pattern: str) -> None:
    """Wait until the line below the image matches."""
    page.page.wait_for_function(
        "pattern => RegExp(pattern).test(document.querySelector('.wb-file').textContent)",
        arg=pattern,
    )


def test_the_hand_zooms_and_pans_and_finds_back(lab_page: Open, home: Path) -> None:
    page = lab_page([MAPS, "widget = bench.label(instant=False)\nwidget"])
    show_widget(page)
    stage = page.page.locator(".wb-stage").bounding_box()
    assert stage is not None
    x, y = stage["x"] + 0.6 * stage["width"], stage["y"] + 0.4 * stage["height"]
    assert zoom_of(page) is None, "an image comes fitted"
    middle = place_under(page, 0.5, 0.5)
    assert max(abs(value - 128) for value in middle) <= 2

    page.page.mouse.click(x, y)
    page.page.mouse.wheel(0, -500)
    wait_zoom(page, "[3-9][0-9][0-9] %")  # now it is larger than the stage
    under = place_under(page, 0.6, 0.4)
    page.page.mouse.wheel(0, -500)
    wait_zoom(page, "[7-9][0-9][0-9] %")
    after = place_under(page, 0.6, 0.4)
    assert max(abs(a - b) for a, b in zip(under, after, strict=True)) <= 2, (
        "it stays under the hand"
    )
    zoomed = zoom_of(page)
    assert zoomed is not None
    page.page.mouse.down()
    page.page.mouse.move(x - 150, y - 90, steps=5)
    page.page.mouse.up()
    wait_zoom(page, f"{zoomed} %")
    column, row = place_under(page, 0.6, 0.4)
    dragged = (150 * 100 / zoomed, 90 * 100 / zoomed)  # the screen's pixels are the device's
    assert abs(column - after[0] - dragged[0]) <= 2
    assert abs(row - after[1] - dragged[1]) <= 2
    page.screenshot(OUT / "stage-zoomed.png")
    type_keys(page, "f")
    wait_zoom(page, "[0-9]$")
    assert place_under(page, 0.5, 0.5) == middle
    type_keys(page, "a")
    wait_zoom(page, " 100 %")

    type_keys(page, "bbc")
    assert "brightness(1.32" in page.page.locator(".wb-canvas").evaluate("e => e.style.filter")
    type_keys(page, "x")
    assert page.page.locator(".wb-canvas").evaluate("e => e.style.filter") == ""
    type_keys(page, "1")
    wait_saved(page)
    assert zoom_of(page) is None, "the next image comes fitted"
    assert page.execute("bench.labels.history()['after'].dropna().tolist()[-1]") == "'a'"


def test_keys_are_shown_and_changed(lab_page: Open, home: Path) -> None:
    page = lab_page([*opening("keys")[:1], "widget = bench.label(keys={'skip': 'd'})\nwidget"])
    show_widget(page)
    type_keys(page, "?")
    sheet = page.page.locator(".wb-sheet[aria-label=Keys]")
    sheet.wait_for()
    screenshots(page, "keys")
    skip = sheet.locator(".wb-key-row", has_text="Skip").locator("button")
    assert skip.inner_text() == "d", "given by the cell"
    skip.click()
    type_keys(page, "5")
    assert "Digits are for the classes" in sheet.inner_text()
    type_keys(page, "z")  # undo's: they change places
    assert skip.inner_text() == "z"
    undo = sheet.locator(".wb-key-row", has_text="Undo").locator("button")
    assert undo.inner_text() == "d"
    type_keys(page, "?")
    sheet.wait_for(state="hidden")
    type_keys(page, "1zd")  # a label, a skip, the skip undone
    wait_saved(page)
    status = page.execute(
        "s = bench.status(); int(s['pool labels'] + s['test labels']), s['skipped']"
    )
    assert status == "(1, 0)"

    page.reload()  # the browser remembers
    page.run_cell(1)
    page.page.locator(".wb-tool[aria-label=Undo] kbd").get_by_text("d", exact=True).wait_for()
    page.page.evaluate("localStorage.removeItem('workbench.keys.classification')")


def test_a_class_is_found_by_its_name(lab_page: Open, home: Path) -> None:
    classes = [f"species {number:03}" for number in range(120)]
    cells = [
        f"import workbench as wb\nbench = wb.open('many', images=wb.digits(), classes={classes})",
        "widget = bench.label()\nwidget",
    ]
    page = lab_page(cells)
    show_widget(page)
    type_keys(page, "/")
    page.page.keyboard.type("107")
    assert page.page.locator(".wb-class:visible").count() == 1
    page.page.keyboard.press("Enter")
    wait_saved(page)
    type_keys(page, "2")
    wait_saved(page)
    assert labels_given(page) == ["species 107", "species 001"]


def test_the_model_suggests_and_one_key_accepts(lab_page: Open, home: Path) -> None:
    # Images of the pool come first, for test images get no suggestion; a label of each class is there.
    first, second = opening("suggests")
    fill = (
        "pool = bench.dataset.match({'split': 'pool'})\n"
        "ids, paths = pool.values(['id', 'filepath'])\n"
        "for i, path in list(zip(ids, paths))[::25]: bench.labels.commit(i, path.split('/')[-2])\n"
        "n = bench.queue.add_by_hand(ids[1::100])"
    )
    page = lab_page([f"{first}\n{fill}", second])
    show_widget(page)
    type_keys(page, "1")
    suggested = page.page.locator(".wb-suggested")
    suggested.wait_for(timeout=EMBEDDED)
    page.page.locator(".wb-accuracy").wait_for()
    screenshots(page, "suggested")
    label = suggested.locator(".wb-name").inner_text()
    page.page.keyboard.press("Space")
    wait_saved(page)
    event = json.loads(
        page.execute(
            "import json; h = bench.labels.history().iloc[-1]; "
            "print(json.dumps([h['after'], h['source'], h['suggestion'], h['model']]))"
        )
    )
    assert event[:3] == [label, "accepted", label]
    assert re.search(r"@\d\d$", event[3]), "which model, with how many labels"

    type_keys(page, "i")  # off: nothing is suggested, and nothing is recorded as suggested
    suggested.wait_for(state="detached")
    type_keys(page, "3")
    wait_saved(page)
    last = page.execute(
        "h = bench.labels.history().iloc[-1]; (h['after'], h['source'], bool(h.isna()['suggestion']))"
    )
    assert last == "('3', 'human', True)"
