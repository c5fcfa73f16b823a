"""Masks in a real JupyterLab: brush, eraser, lasso, fill; by keys alone; undone, reloaded, by two."""

import json
from pathlib import Path

from tests.browser.bench import (
    screenshots,
    show_widget,
    type_keys,
    wait_bar,
    wait_saved,
)
from tests.browser.boxes import CLASSES, COINS, drag, place
from tests.browser.page import LabPage
from tests.browser.test_boxes import Open, statuses


def opening(name: str, fill: str = "") -> list[str]:
    """Cells that open photographs of coins for masks and show the widget in the second."""
    coins = COINS.replace('task="detection"', 'task="segmentation"')
    queued = "queued = bench.queue.add_by_hand(pool)"
    return [
        f"NAME, CLASSES = {name!r}, {CLASSES}\n{coins}\n{fill}\n{queued}",
        "widget = bench.label()\nwidget",
    ]


def painted(page: LabPage, image: int = 0) -> dict[str, int]:
    """Pixels of each class in the mask of an image, as the kernel has it on disk."""
    found = page.execute(
        "import json, numpy as np\n"
        f"mask, names = bench.labels.masks.read(pool[{image}])\n"
        "print(json.dumps({names[n]: int((mask == n).sum()) for n in names if (mask == n).any()}))"
    )
    pixels: dict[str, int] = json.loads(found)
    return pixels


def wait_mask(page: LabPage) -> None:
    """Wait until the mask of the image on screen is there to be painted on."""
    page.page.wait_for_function(
        "document.querySelector('.wb-stage').style.cursor && "
        "document.querySelector('.wb-stage').style.cursor !== 'progress'"
    )


def line(page: LabPage, *places: tuple[float, float]) -> None:
    """Drag along places of the image."""
    mouse = page.page.mouse
    mouse.move(*place(page.page, *places[0]))
    mouse.down()
    for each in places[1:]:
        mouse.move(*place(page.page, *each), steps=5)
    mouse.up()


def test_masks_are_painted_rubbed_out_enclosed_filled_and_undone(
    lab_page: Open, home: Path
) -> None:
    page = lab_page(opening("masks-painted"))
    show_widget(page)
    wait_mask(page)
    screenshots(page, "mask-empty")
    drag(page.page, (100, 100), (200, 100))  # 18 pixels wide
    wait_saved(page)
    brushed = painted(page)
    assert brushed == {"silver": brushed["silver"]}
    assert abs(brushed["silver"] - (100 * 18 + 3.14159 * 81)) < 60
    assert statuses(page)[0] == "queued", "not done by being painted on"

    type_keys(page, "2l")
    line(page, (220, 200), (300, 200), (300, 280), (220, 280), (220, 202))
    wait_saved(page)
    enclosed = painted(page)["bronze"]
    assert abs(enclosed - 80 * 80) < 250
    type_keys(page, "r")
    drag(page.page, (230, 240), (290, 240))
    wait_saved(page)
    rubbed = painted(page)["bronze"]
    assert abs(enclosed - rubbed - (60 * 18 + 254)) < 60
    type_keys(page, "3i")  # the hole is filled with another class
    page.page.mouse.click(*place(page.page, 260, 240))
    wait_saved(page)
    assert painted(page)["worn"] == enclosed - rubbed
    screenshots(page, "mask-painted")
    type_keys(page, "o")
    screenshots(page, "mask-faint")
    type_keys(page, "oo")

    type_keys(page, " ")
    wait_bar(page, "1 of")
    wait_saved(page)
    assert statuses(page)[:2] == ["labelled", "queued"]
    everything = painted(page)
    type_keys(page, "zzzzz")
    wait_saved(page)
    assert (painted(page), statuses(page)[0]) == ({}, "queued")
    for _ in range(5):
        page.page.keyboard.press("Shift+Z")
    wait_saved(page)
    assert (painted(page), statuses(page)[0]) == (everything, "labelled")


def test_a_mask_by_keys_alone(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("masks-keys"))
    show_widget(page)
    wait_mask(page)
    keyboard = page.page.keyboard
    type_keys(page, "]w")  # the brush in the middle, 27 pixels wide
    screenshots(page, "mask-keys")
    for _ in range(4):
        keyboard.press("Shift+ArrowRight")
    wait_saved(page)
    right = painted(page)["silver"]
    assert abs(right - (4 * 13.5 * 27 + 573)) < 60
    keyboard.press("ArrowUp")
    assert painted(page)["silver"] == right, "moved without painting"
    for _ in range(3):
        keyboard.press("ArrowUp")
    type_keys(page, "2w")
    wait_saved(page)
    assert abs(painted(page)["bronze"] - 573) < 20
    keyboard.press("Escape")
    keyboard.press("Space")
    wait_bar(page, "1 of")
    wait_saved(page)
    assert statuses(page)[0] == "labelled"


def test_what_is_suggested_is_accepted_region_by_region(lab_page: Open, home: Path) -> None:
    suggest = """
import numpy as np
from workbench.dataset.home import masks_folder
from workbench.dataset.masks import write_mask
from workbench.dataset.predictions import write_predicted_masks
numbers = bench.labels.masks.numbers()
guess = np.zeros((303, 384), dtype=np.uint8)
guess[100:140, 100:160] = numbers["silver"]
guess[200:240, 250:300] = numbers["bronze"]
path = str(write_mask(masks_folder(bench._connection.home, bench.labels.dataset_id), guess))
told = path, [numbers["silver"], numbers["bronze"]], ["silver", "bronze"]
write_predicted_masks(bench._connection, bench.dataset, {pool[0]: told}, "a model")
"""
    page = lab_page(opening("masks-suggested", suggest))
    show_widget(page)
    wait_mask(page)
    page.page.get_by_text("Suggested by a model").wait_for()
    screenshots(page, "mask-suggested")
    page.page.mouse.move(*place(page.page, 130, 120))
    type_keys(page, "v")
    wait_saved(page)
    assert painted(page) == {"silver": 40 * 60}
    drag(page.page, (250, 220), (300, 220))  # by hand: what is suggested does not go over it
    wait_saved(page)
    mine = painted(page)["silver"] - 40 * 60
    page.page.keyboard.press("Shift+V")
    wait_saved(page)
    assert painted(page)["silver"] == 40 * 60 + mine
    assert 0 < painted(page)["bronze"] < 40 * 50
    sources = page.execute("print(bench.labels.history()['source'].tolist())")
    assert sources.strip() == "['accepted', 'human', 'accepted']"


def test_a_reload_loses_nothing_and_a_missing_file_is_told(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("masks-reload"))
    show_widget(page)
    wait_mask(page)
    drag(page.page, (100, 100), (200, 100))
    wait_saved(page)
    before = painted(page)
    page.execute("bench.classes.rename('silver', 'argent')")  # elsewhere: the page hears of it
    page.page.get_by_text("argent").first.wait_for()
    drag(page.page, (100, 150), (200, 150))
    wait_saved(page)
    assert painted(page)["argent"] > before["silver"]
    page.execute(
        "from pathlib import Path\n"
        "path = Path(bench.dataset[pool[0]].ground_truth.mask_path); path.unlink()\n"
        "bench.labels.masks  # which reads anew\n"
        "widget.close(); bench = wb.open(NAME)"
    )
    page.run_cell(1)
    page.page.get_by_text("bring the file back").wait_for()
    screenshots(page, "mask-missing")


def test_in_review_a_suggestion_takes_the_place_of_what_is_doubted(
    lab_page: Open, home: Path
) -> None:
    """Striped is where both differ; a region is replaced, or goes where nothing is suggested."""
    doubted = """
import numpy as np
from workbench.dataset.home import masks_folder
from workbench.dataset.masks import write_mask
from workbench.quality.masks import MaskSuspect, MaskSuspectKind, MaskSuspects
from workbench.regionreview import RegionDoubts
from workbench.review import Review
from workbench.widgets.labelling import LabelWidget
label = np.zeros((303, 384), dtype=np.uint16)
label[50:150, 50:150], label[200:250, 200:300] = 1, 2
bench.labels.commit(pool[0], label)
said = np.zeros((303, 384), dtype=np.uint8)
said[50:150, 50:150] = bench.labels.masks.numbers()["worn"]
path = write_mask(masks_folder(bench._connection.home, bench.labels.dataset_id), said)
(item,) = bench.queue.look_up(pool[:1]).values()
suspect = MaskSuspect(
    MaskSuspectKind.WRONG_CLASS, 0, 1, 3, (50, 50, 150, 150), 10_000, 0.9, True, "worn, it seems"
)
suspects = MaskSuspects((suspect,))
doubts = RegionDoubts([item], suspects, CLASSES, [path.stem], ["a-run"])
review = Review(doubts, bench.queue)
"""
    first, _ = opening("masks-doubted", doubted)
    page = lab_page([first, "widget = LabelWidget(bench._work.desks.at(review))\nwidget"])
    show_widget(page)
    wait_mask(page)
    page.page.locator(".wb-reason", has_text="worn, it seems").wait_for()
    page.page.get_by_text("Suggested by a-run").wait_for()
    screenshots(page, "mask-doubted")
    page.page.mouse.move(*place(page.page, 100, 100))
    type_keys(page, "v")
    wait_saved(page)
    assert painted(page) == {"worn": 100 * 100, "bronze": 50 * 100}
    page.page.mouse.move(*place(page.page, 250, 220))
    type_keys(page, "v")
    wait_saved(page)
    assert painted(page) == {"worn": 100 * 100}
    page.page.mouse.move(*place(page.page, 20, 20))
    type_keys(page, "v")
    page.page.get_by_text("point at a striped region").wait_for()
    type_keys(page, " ")
    wait_saved(page)
    assert page.execute("print(bench.labels.history()['source'].tolist()[-1])") == "reviewed"
