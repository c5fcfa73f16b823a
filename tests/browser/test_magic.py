"""The magic tools in a real JupyterLab, on photographs of coins: by pointer and by keys."""

import json
import time
from pathlib import Path

from tests.browser.bench import screenshots, show_widget, type_keys, wait_saved
from tests.browser.boxes import CLASSES, COINS, drag, place
from tests.browser.page import PATIENCE, LabPage
from tests.browser.test_boxes import Open
from tests.browser.test_masks import opening, painted, wait_mask

# The middle of a coin of the photograph in pixels, and half of how wide it is.
COIN, RADIUS = (103, 196), 21
LIGHT = """
@bench.magic.tool
def light(image, points):
    column, row = points[-1].astype(int)
    near = np.zeros(image.shape[:2], dtype=bool)
    near[max(0, row - 25):row + 25, max(0, column - 25):column + 25] = True
    return near & (image[..., 0] > 100)
"""


def overlap(page: LabPage, mask: str) -> float:
    """Intersection over union of a mask in the kernel with a disc where the coin is."""
    found = page.execute(
        "import numpy as np\n"
        f"mask = {mask}\n"
        "rows, columns = np.mgrid[:303, :384] + 0.5\n"
        f"disc = (columns - {COIN[0]}) ** 2 + (rows - {COIN[1]}) ** 2 < {RADIUS} ** 2\n"
        "print((mask & disc).sum() / (mask | disc).sum())"
    )
    return float(found)


def wait_events(page: LabPage, count: int) -> None:
    """Wait until so many events are in the kernel's history: an answer comes when it comes."""
    until = time.monotonic() + PATIENCE / 1_000
    while (there := int(page.execute("print(len(bench.labels.history()))"))) < count:
        assert time.monotonic() < until, f"{there} events, not {count}"
        page.page.wait_for_timeout(100)
    wait_saved(page)
    assert there == count


def in_mask(page: LabPage, name: str = "silver") -> float:
    return overlap(page, f"bench.labels.masks.indices(pool[0]) == {CLASSES.index(name) + 1}")


def in_outline(page: LabPage) -> float:
    """The same of the last object of the image."""
    return overlap(
        page,
        "__import__('workbench.dataset.outlines', fromlist=['fill']).fill("
        "read_boxes(bench.dataset, pool)[0][-1].outline, (384, 303))",
    )


def click_around(page: LabPage) -> None:
    for across, down in ((0, -1), (1, 0), (0, 1), (-1, 0)):
        spot = COIN[0] + RADIUS * across, COIN[1] + RADIUS * down
        page.page.mouse.move(*place(page.page, *spot), steps=3)
        page.page.mouse.click(*place(page.page, *spot))


def corners(around: int = 5) -> tuple[tuple[int, int], tuple[int, int]]:
    reach = RADIUS + around
    return (COIN[0] - reach, COIN[1] - reach), (COIN[0] + reach, COIN[1] + reach)


def test_masks_by_magic(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("magic-masks", f"import numpy as np\n{LIGHT}"))
    show_widget(page)
    wait_mask(page)
    type_keys(page, "k")
    page.page.mouse.click(*place(page.page, *COIN))
    wait_events(page, 1)
    assert in_mask(page) > 0.8
    screenshots(page, "magic-region")
    page.page.mouse.move(*place(page.page, *COIN))
    page.page.keyboard.down("Alt")
    page.page.mouse.click(*place(page.page, *COIN))  # the same region goes
    page.page.keyboard.up("Alt")
    wait_events(page, 2)
    assert painted(page) == {}
    type_keys(page, "2g")
    drag(page.page, *corners())
    wait_events(page, 3)
    assert in_mask(page, "bronze") > 0.8
    type_keys(page, "z3h")
    click_around(page)
    screenshots(page, "magic-edges")
    page.page.keyboard.press("Enter")
    wait_events(page, 5)
    assert in_mask(page, "worn") > 0.8
    type_keys(page, "z1")
    page.page.keyboard.press("Shift+G")
    (left, top), (right, bottom) = corners(-8)
    drag(page.page, (left, top), (right, bottom))
    wait_events(page, 7)
    assert in_mask(page) > 0.3
    screenshots(page, "magic-patches")
    type_keys(page, "z")
    page.page.keyboard.press("Shift+H")  # the tool of one's own
    page.page.mouse.click(*place(page.page, *COIN))
    wait_events(page, 9)
    assert in_mask(page) > 0.6
    before = painted(page)["silver"]
    page.page.keyboard.press("Shift+S")  # smoothed
    wait_events(page, 10)
    assert painted(page)["silver"] != before
    page.page.keyboard.press("Shift+K")
    page.page.mouse.click(*place(page.page, *COIN))
    page.page.get_by_text("Segment Anything needs its weights").wait_for()
    screenshots(page, "magic-weights")


def test_magic_by_keys_alone(lab_page: Open, home: Path) -> None:
    page = lab_page(opening("magic-keys"))
    show_widget(page)
    wait_mask(page)
    type_keys(page, "gw")
    screenshots(page, "magic-keys")
    type_keys(page, "w")
    for key in ("ArrowRight", "ArrowDown") * 4:
        page.page.keyboard.press(key)
    screenshots(page, "magic-keys-box")
    type_keys(page, "w")
    wait_events(page, 1)
    boxed = painted(page)
    assert boxed["silver"] > 100
    type_keys(page, "zkww")
    wait_events(page, 3)
    assert painted(page) != boxed
    page.page.keyboard.press("Escape")
    type_keys(page, "d")


def test_outlines_by_magic(lab_page: Open, home: Path) -> None:
    opened = COINS.replace('task="detection"', 'task="instances"')
    page = lab_page(
        [
            f"NAME, CLASSES = 'magic-outlines', {CLASSES}\n{opened}\nbench.queue.add_by_hand(pool)",
            "widget = bench.label()\nwidget",
        ]
    )
    show_widget(page)
    type_keys(page, "g")
    drag(page.page, *corners())
    wait_events(page, 1)
    assert in_outline(page) > 0.8
    screenshots(page, "magic-outline")
    type_keys(page, "h")
    page.page.keyboard.down("Alt")  # a bite is taken from it
    for spot in ((103, 196), (135, 196), (135, 228), (103, 228)):
        page.page.mouse.click(*place(page.page, *spot))
    page.page.keyboard.up("Alt")
    page.page.keyboard.press("Enter")
    wait_events(page, 2)
    bitten = in_outline(page)
    assert 0.5 < bitten < 0.85
    assert json.loads(page.execute("print(len(bench.to_pandas('boxes')))")) == 1
    page.page.keyboard.press("Shift+S")
    wait_events(page, 3)
    assert abs(in_outline(page) - bitten) < 0.1
    type_keys(page, "zz")
    wait_events(page, 5)
    assert in_outline(page) > 0.8
    screenshots(page, "magic-outline-cut")


def test_outlines_by_brush(lab_page: Open, home: Path) -> None:
    opened = COINS.replace('task="detection"', 'task="instances"')
    page = lab_page(
        [
            f"NAME, CLASSES = 'magic-brush', {CLASSES}\n{opened}\nbench.queue.add_by_hand(pool)",
            "widget = bench.label()\nwidget",
        ]
    )
    show_widget(page)
    page.page.keyboard.press("Shift+D")
    type_keys(page, "][")
    (left, top), (right, bottom) = corners(-10)
    drag(page.page, (left, top), (right, top))
    wait_events(page, 1)
    one = in_outline(page)
    screenshots(page, "magic-brush")
    for row in (COIN[1], bottom):  # each touches the object, and joins it
        drag(page.page, (left, row), (right, row))
    wait_events(page, 3)
    assert in_outline(page) > max(0.5, one)
    assert json.loads(page.execute("print(len(bench.to_pandas('boxes')))")) == 1
    whole = in_outline(page)
    page.page.keyboard.down("Alt")
    drag(page.page, (left, top), (right, top))
    page.page.keyboard.up("Alt")
    wait_events(page, 4)
    assert in_outline(page) < whole
    drag(page.page, (250, 40), (280, 40))  # beside it: another object
    wait_events(page, 5)
    assert json.loads(page.execute("print(len(bench.to_pandas('boxes')))")) == 2
    page.page.mouse.move(*place(page.page, 200, 150))
    screenshots(page, "magic-brush-ring")
    type_keys(page, "wwwz")  # put down and lifted where it is
    wait_events(page, 7)
    page.page.keyboard.press("w")
    for _ in range(6):
        page.page.keyboard.press("ArrowRight")
    screenshots(page, "magic-brush-keys")
    page.page.keyboard.press("w")
    wait_events(page, 8)
    area = "print(round(1e4 * max(b.width * b.height for b in read_boxes(bench.dataset, pool)[0])))"
    before = int(page.execute(area))
    for key in ("Shift+W", *["ArrowDown"] * 8, "Shift+W"):
        page.page.keyboard.press(key)
    wait_events(page, 9)
    assert int(page.execute(area)) > before
    assert json.loads(page.execute("print(len(bench.to_pandas('boxes')))")) == 3
    page.page.keyboard.press("Shift+X")
    page.page.keyboard.press("Shift+X")
    wait_events(page, 10)
