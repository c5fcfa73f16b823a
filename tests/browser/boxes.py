"""What the tests of boxes share: cells to run, a hand that drags, and what the kernel has."""

import json
from typing import Any

from playwright.sync_api import Page

from tests.browser.page import LabPage

CLASSES = ["silver", "bronze", "worn"]
SIZE = (384, 303)  # pixels of every image

COINS = """
import tempfile
from pathlib import Path
from PIL import Image
from skimage import data
import fiftyone as fo
import workbench as wb
from workbench.dataset.detections import read_boxes
folder = Path(tempfile.mkdtemp())
coins = Image.fromarray(data.coins())
for number in range(8):
    coins.rotate(number / 2).save(folder / f"{number}.png")
bench = wb.open(NAME, images=folder, task="detection", classes=CLASSES)
pool = bench.dataset.match({"split": "pool"}).values("id")
"""

# Where in the window a place of the image is, which is shown whole.
PLACE = """([width, height, x, y]) => {
    const {left, top, width: w, height: h} = document.querySelector('.wb-canvas').getBoundingClientRect();
    const scale = Math.min(0.94 * w / width, 0.94 * h / height);
    return [left + (w - scale * width) / 2 + scale * x, top + (h - scale * height) / 2 + scale * y];
}"""


def opening(name: str, fill: str = "") -> list[str]:
    """Cells that open photographs of coins for boxes and show the widget in the second."""
    queued = "queued = bench.queue.add_by_hand(pool)"
    opened = f"NAME, CLASSES = {name!r}, {CLASSES}\n{COINS}"
    return [f"{opened}\n{fill}\n{queued}", "widget = bench.label()\nwidget"]


def place(page: Page, x: float, y: float) -> tuple[float, float]:
    """A place of the image, in its pixels, as the window has it; the image must be shown whole."""
    left, top = page.evaluate(PLACE, [*SIZE, x, y])
    return left, top


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag from one place of the image to another."""
    page.mouse.move(*place(page, *start))
    page.mouse.down()
    page.mouse.move(*place(page, *end), steps=4)
    page.mouse.up()


def in_pixels(box: dict[str, Any] | None) -> list[Any] | None:
    """Class, left, top, width, height and angle of a plain box, in whole pixels and degrees."""
    if box is None:
        return None
    sizes = [
        box[name] * size for name, size in zip(("x", "y", "width", "height"), SIZE * 2, strict=True)
    ]
    return [box["label"], *map(round, sizes), round(box.get("angle", 0))]


def boxes_of(page: LabPage) -> list[list[Any]]:
    """The boxes of each image of the pool, as the kernel has them on disk, in pixels."""
    code = (
        "import json; print(json.dumps([[box.to_plain() for box in boxes]"
        " for boxes in read_boxes(bench.dataset, pool)]))"
    )
    return [[in_pixels(box) for box in boxes] for boxes in json.loads(page.execute(code))]
