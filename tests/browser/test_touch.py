"""Fingers and a pen on the stage, on the classes and in the grid: real touches of the browser."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import CDPSession

from tests.browser.conftest import OUT
from tests.browser.lab import Lab
from tests.browser.plain import Plain, state
from tests.browser.test_grid import SELECTED
from tests.browser.test_text import GRID

Spot = tuple[float, float]


@pytest.fixture
def plain(lab: Lab, tmp_path: Path) -> Iterator[Plain]:
    """A page for fingers, of an image whose colours say where in it one is: red column, green row."""
    rows, columns = np.mgrid[:256, :256].astype(np.uint8)
    path = tmp_path / "map.png"
    Image.fromarray(np.dstack([columns, rows, np.zeros_like(rows)])).save(path)
    told = (path, {"width": 256, "height": 256})
    with Plain(lab, [told], has_touch=True, viewport={"width": 1000, "height": 540}) as page:
        page.hear(state(range(8)))
        page.page.wait_for_function(
            "() => document.querySelector('.wb-file').textContent.includes('×')"
        )
        page.page.evaluate("document.body.style.height = '3000px'")  # there is a page to scroll
        yield page


@pytest.fixture
def fingers(plain: Plain) -> CDPSession:
    """What touches are given to the browser by."""
    return plain.page.context.new_cdp_session(plain.page)


def touch(fingers: CDPSession, kind: str, *spots: Spot) -> None:
    """Put fingers down, move them, or (no spots) lift them."""
    points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(spots)]
    fingers.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})


def slide(fingers: CDPSession, *ways: tuple[Spot, Spot], steps: int = 8) -> None:
    """Put a finger at the start of each way, move all of them along theirs, and lift them."""
    touch(fingers, "Start", *(start for start, _ in ways))
    for step in range(1, steps + 1):
        share = step / steps
        spots = [(a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])) for a, b in ways]
        touch(fingers, "Move", *spots)
    touch(fingers, "End")


def middle_of(plain: Plain, selector: str, number: int = 0) -> Spot:
    """Where an element is, the first of them or a later one."""
    find = """([selector, number]) => {
        const {x, y, width, height} = document.querySelectorAll(selector)[number].getBoundingClientRect();
        return [x + width / 2, y + height / 2];
    }"""
    x, y = plain.page.evaluate(find, [selector, number])
    return x, y


def under(plain: Plain, spot: Spot) -> list[int]:
    """Column and row of the image under a place of the window."""
    found: list[int] = plain.page.evaluate(
        """async ([x, y]) => {
            await new Promise(requestAnimationFrame);
            await new Promise(requestAnimationFrame);
            const canvas = document.querySelector('.wb-canvas');
            const {left, top} = canvas.getBoundingClientRect();
            const pixel = canvas.getContext('2d').getImageData(x - left, y - top, 1, 1);
            return [...pixel.data.slice(0, 2)];
        }""",
        spot,
    )
    return found


def wait_zoom(plain: Plain, pattern: str) -> None:
    """Wait until the line below says that the image is so many per cent of its size."""
    plain.page.wait_for_function(
        "pattern => RegExp(` ${pattern} %`).test(document.querySelector('.wb-file').textContent)",
        arg=pattern,
    )


def zoom_in(plain: Plain) -> None:
    """Zoom so that the image is larger than the stage: then nothing keeps it in the middle."""
    plain.page.keyboard.press("a")
    for _ in range(8):
        plain.page.keyboard.press("+")
    wait_zoom(plain, "596")


def assert_near(found: list[int], wanted: list[int], tolerance: int = 4) -> None:
    assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= tolerance, (found, wanted)


def test_two_fingers_zoom_to_where_they_are_and_one_pans(plain: Plain, fingers: CDPSession) -> None:
    zoom_in(plain)
    x, y = middle_of(plain, ".wb-stage")
    x, y = x + 40, y - 30
    before = under(plain, (x, y))
    slide(fingers, ((x - 30, y), (x - 120, y)), ((x + 30, y), (x + 120, y)))
    wait_zoom(plain, "2[0-9][0-9][0-9]")  # four times as far apart
    assert_near(under(plain, (x, y)), before)
    scale = (
        int(plain.page.locator(".wb-file").inner_text().split(" · ")[2].removesuffix(" %")) / 100
    )
    slide(fingers, ((x, y), (x - 100, y + 60)))
    assert_near(
        under(plain, (x, y)), [round(before[0] + 100 / scale), round(before[1] - 60 / scale)]
    )
    assert plain.page.evaluate("scrollY") == 0, "the page stays where it is"
    assert plain.page.evaluate("visualViewport.scale") == 1, "it is the image that is zoomed"
    plain.page.screenshot(path=OUT / "touch-zoomed.png")

    slide(fingers, ((x - 120, y), (x - 40, y)), ((x + 120, y), (x + 40, y)))  # and out again
    wait_zoom(plain, "[4-9][0-9][0-9]")
    plain.page.touchscreen.tap(*middle_of(plain, ".wb-tool[aria-label='Fit the image']"))
    slide(fingers, ((x, y + 100), (x, y - 100)))
    plain.page.wait_for_function("() => scrollY > 50")  # over a whole image a finger scrolls


def test_a_tap_labels_and_a_double_tap_zooms(plain: Plain, fingers: CDPSession) -> None:
    plain.page.touchscreen.tap(*middle_of(plain, ".wb-class", 1))
    assert [op["label"] for op in plain.ops()] == ["dog"]
    plain.page.touchscreen.tap(*middle_of(plain, ".wb-tool[aria-label=Undo]"))
    assert [op["kind"] for op in plain.ops()] == ["label", "undo"]


def test_in_the_grid_a_tap_selects_and_a_drag_scrolls(plain: Plain, fingers: CDPSession) -> None:
    plain.page.touchscreen.tap(*middle_of(plain, ".wb-tool[aria-label='Many images at once']"))
    plain.page.evaluate(GRID, [["one", "two", "three"], 60])
    plain.page.locator(".wb-cell img[src]").first.wait_for()
    plain.page.keyboard.press("Escape")
    plain.page.touchscreen.tap(*middle_of(plain, ".wb-cell", 2))
    plain.page.touchscreen.tap(*middle_of(plain, ".wb-cell", 4))
    assert plain.page.evaluate(SELECTED) == 2
    plain.page.evaluate(
        """() => {
            const scroller = document.querySelector('.wb-grid-scroller');
            window.rest = new Promise(found => scroller.addEventListener('scrollend', found));
        }"""
    )
    x, y = middle_of(plain, ".wb-cell", 13)
    slide(fingers, ((x, y + 100), (x, y - 100)))
    plain.page.evaluate("rest.then(() => true)")
    assert plain.page.evaluate("document.querySelector('.wb-grid-scroller').scrollTop") > 50
    # What was scrolled far away is not held in the page: a quick slide goes on by itself.
    plain.page.evaluate("document.querySelector('.wb-grid-scroller').scrollTop = 0")
    plain.page.wait_for_function(f"() => ({SELECTED})() === 2")  # scrolling selects nothing
    plain.page.screenshot(path=OUT / "touch-grid.png")
    plain.page.touchscreen.tap(*middle_of(plain, ".wb-class"))
    assert len(plain.ops()[-1]["samples"]) == 2


def pen(fingers: CDPSession, kind: str, spot: Spot, buttons: int = 1) -> None:
    """Move a pen, put it down or lift it."""
    event = {"type": f"mouse{kind}", "x": spot[0], "y": spot[1], "pointerType": "pen"}
    pressed = {"button": "left", "buttons": buttons, "clickCount": 1, "force": 0.5}
    fingers.send("Input.dispatchMouseEvent", event | pressed)


def test_a_pen_pans_labels_and_selects_by_dragging(plain: Plain, fingers: CDPSession) -> None:
    plain.page.evaluate(
        """() => {
            window.kinds = new Set();
            const note = event => kinds.add(event.pointerType);
            document.addEventListener('pointerdown', note, true);
        }"""
    )
    pen(fingers, "Pressed", middle_of(plain, ".wb-class"))
    pen(fingers, "Released", middle_of(plain, ".wb-class"), 0)
    assert plain.ops()[-1]["label"] == "cat"

    zoom_in(plain)
    x, y = middle_of(plain, ".wb-stage")
    before = under(plain, (x, y))
    scale = 1.25**8
    pen(fingers, "Pressed", (x, y))
    pen(fingers, "Moved", (x - 90, y - 60))
    pen(fingers, "Released", (x - 90, y - 60), 0)
    assert_near(
        under(plain, (x, y)), [round(before[0] + 90 / scale), round(before[1] + 60 / scale)]
    )

    plain.page.keyboard.press("g")
    plain.page.evaluate(GRID, [["one"], 40])
    plain.page.locator(".wb-cell img[src]").first.wait_for()
    plain.page.keyboard.press("Escape")
    start, end = middle_of(plain, ".wb-cell", 0), middle_of(plain, ".wb-cell", 3)
    pen(fingers, "Pressed", start)
    pen(fingers, "Moved", end)
    pen(fingers, "Released", end, 0)
    assert plain.page.evaluate(SELECTED) == 4
    assert plain.page.evaluate("[...kinds]") == ["pen"]
