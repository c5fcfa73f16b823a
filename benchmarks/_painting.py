"""How painting masks feels to the hand, in a real JupyterLab under headless Chromium."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks._report import Report, spread
from benchmarks.labelling import FPS, MOVES, PROBES
from tests.browser.boxes import PLACE
from tests.browser.lab import Lab
from tests.browser.page import LabPage

LARGE, SMALL = (4000, 3000), (1152, 864)  # pixels of the images
BRUSH_GOAL = 25.0  # ms
COMMIT_GOAL = 100.0  # ms
FPS_GOAL = 30.0
POLYGONS, VERTICES = 200, 100
FRAME = 16  # ms between moves of the hand
ARROWS = ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown")
AT_ONCE = 100  # strokes until the hand waits for the kernel

PHOTO = """
import tempfile
from pathlib import Path
import numpy as np
from PIL import Image
from skimage import data
import workbench as wb
from workbench.dataset.boxes import Box, box_id

def photo(size):
    folder = Path(tempfile.mkdtemp())
    Image.fromarray(data.coffee()).resize(size).save(folder / "photo.jpg", quality=90)
    return folder
"""
OPEN = """
bench = wb.open({name!r}, images=photo({size}), task={task!r}, classes=["a", "b", "c"])
pool = bench.dataset.values("id")
{fill}
queued = bench.queue.add_by_hand(pool)
widget = bench.label(instant=False)
widget
"""
# Polygons of rough circles, each in a place of its own.
POLYGON = """
turns = np.linspace(0, 2 * np.pi, {vertices}, endpoint=False)
rng = np.random.default_rng(0)
drawn = []
for number in range({polygons}):
    middle, reach = rng.uniform(.05, .95, 2), rng.uniform(.01, .045, ({vertices}, 1))
    ring = middle + reach * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    left, top = ring.min(axis=0).tolist()
    width, height = np.ptp(ring, axis=0).tolist()
    outline = (tuple(map(tuple, ring.tolist())),)
    box = Box(box_id(), "abc"[number % 3], left, top, width, height, outline=outline)
    drawn.append((None, box))
commit = bench.labels.draw(pool[0], drawn)
"""
# Presses keys in the page, as quickly as the page takes them.
PRESS = """presses => {
    const root = document.querySelector('.wb-label');
    for (const [key, shiftKey] of presses) {
        root.dispatchEvent(new KeyboardEvent('keydown', {key, shiftKey, bubbles: true, cancelable: true}));
        root.dispatchEvent(new KeyboardEvent('keyup', {key, shiftKey, bubbles: true}));
    }
}"""
SHOWN = """() => {
    const found = document.querySelector('.wb-stage');
    return found && found.style.cursor && found.style.cursor !== 'progress';
}"""
SAVED = "() => document.querySelector('.wb-saved')?.textContent === 'saved'"
MASK = "bench.labels.masks.read(pool[0])[0]"
EVENTS = "len(bench.labels.events)"


def painting(report: Report, home: Path, quick: bool) -> None:
    """The brush, strokes undone and redone, and polygons, in the page."""
    folder = Path(tempfile.mkdtemp(prefix="lab-", dir=home))
    with kernels_at(home), Lab(folder, folder / "lab.log") as lab:
        page = _open(lab, "brush", LARGE, "segmentation")
        _brush(report, page, 20 if quick else 300)
        page.close()
        page = _open(lab, "strokes", SMALL, "segmentation")
        _strokes(report, page, 30 if quick else 10_000)
        page.close()
        fill = POLYGON.format(polygons=POLYGONS, vertices=VERTICES)
        page = _open(lab, "polygons", SMALL, "instances", fill)
        fps, longest = page.page.evaluate(FPS, 1 if quick else 5)
        page.close()
    report.say(
        f"zoom and pan of {POLYGONS} polygons of {VERTICES} vertices: {fps:.0f} frames a second, "
        f"longest {longest:.0f} ms"
    )
    report.figure("fps_200_polygons", f"{fps:.0f}", f">= {FPS_GOAL:g}", fps >= FPS_GOAL)


def commits(report: Report, home: Path, quick: bool) -> None:
    """A mask of 12 MP, committed whole, and a stroke on it."""
    from PIL import Image
    from skimage import data

    import workbench as wb
    from workbench.dataset.masks import Tile

    folder = Path(tempfile.mkdtemp(dir=home))
    Image.fromarray(data.coffee()).resize(LARGE).save(folder / "photo.jpg")
    bench = wb.open("commits", images=folder, task="segmentation", classes=["a", "b"], home=home)
    sample_id = bench.dataset.values("id")[0]
    blobs = _blobs()
    masks = [blobs, np.where(blobs == 1, 2, blobs)[:, ::-1].copy()]

    def whole(number: int) -> None:
        bench.labels.commit(sample_id, masks[number % 2])

    def stroke(number: int) -> None:
        values = np.full((60, 200), number % 2, dtype=np.uint8)
        names = ("", "a")
        window = (slice(0, 60), slice(0, 200))
        is_there = bench.labels.masks.indices(sample_id)[window]
        before = Tile(0, 0, ("", "a", "b"), is_there)
        bench.labels.draw(sample_id, [(before, Tile(0, 0, names, values))])

    for name, act in (("whole", whole), ("a stroke", stroke)):
        act(-1)  # connections are made
        took = _times(act, 3 if quick else 40)
        late = float(np.quantile(took, 0.95))
        report.say(f"commit of a mask of 12 MP, {name}: {spread(took, 'ms', 0)}, p95 {late:.0f} ms")
        if name == "whole":
            reached = late <= COMMIT_GOAL
            report.figure("commit_12mp_p95", f"{late:.0f} ms", f"<= {COMMIT_GOAL:g} ms", reached)


def _times(act: Callable[[int], None], count: int) -> list[float]:
    took = []
    for number in range(count):
        begun = time.perf_counter()
        act(number)
        took.append(1000 * (time.perf_counter() - begun))
    return took


def _blobs() -> np.ndarray:
    """A mask of 12 MP with discs of two classes."""
    side = LARGE[0] // 10
    rows, columns = np.mgrid[:side, :side]
    disc = np.hypot(rows - side / 2, columns - side / 2) < 0.4 * side
    mask = np.tile(disc.astype(np.uint8), (LARGE[1] // side + 1, 10))[: LARGE[1]]
    mask[: LARGE[1] // 3] *= 2
    return mask


@contextmanager
def kernels_at(home: Path) -> Iterator[None]:
    """The data home of the kernels that JupyterLab starts."""
    before = os.environ.get("WORKBENCH_HOME")
    os.environ["WORKBENCH_HOME"] = str(home)
    try:
        yield
    finally:
        del os.environ["WORKBENCH_HOME"]
        if before is not None:
            os.environ["WORKBENCH_HOME"] = before


def _open(lab: Lab, name: str, size: tuple[int, int], task: str, fill: str = "") -> LabPage:
    """A notebook with the widget, ready to be painted on."""
    cells = [PHOTO, OPEN.format(name=name, size=size, task=task, fill=fill)]
    page = lab.open(lab.write(name, cells))
    page.run_cell(0, timeout=400)
    page.run_cell(1, timeout=400)
    page.page.wait_for_function(
        "() => document.querySelector('.wb-file')?.textContent.includes('×')"
    )
    page.page.locator(".wb-label").scroll_into_view_if_needed()
    page.page.locator(".wb-label").focus()
    if task == "segmentation":
        page.page.wait_for_function(SHOWN)
    page.page.evaluate(PROBES)
    return page


def _brush(report: Report, page: LabPage, moves: int) -> None:
    """Milliseconds from each move of the brush to the frame that shows what it has painted."""
    hand = page.page
    hand.evaluate(MOVES)
    width, height = LARGE

    def spot(x: float, y: float) -> tuple[float, float]:
        left, top = hand.evaluate(PLACE, [*LARGE, x, y])
        return left, top

    (left, top), (right, bottom) = spot(0, 0), spot(width, height)
    hand.mouse.move(left + 30, top + 30)
    hand.mouse.down()
    hand.evaluate("() => (seen.moved = [])")
    for number in range(moves):  # up and down, and to the right
        across = 0.9 * number / moves
        down = abs(number % 40 - 20) / 25
        hand.mouse.move(
            left + 30 + across * (right - left - 60), top + 30 + down * (bottom - top - 60)
        )
        hand.wait_for_timeout(FRAME)
    hand.mouse.up()
    hand.wait_for_function("n => seen.moved.length >= n", arg=moves // 2)
    found: Sequence[float] = hand.evaluate("() => seen.moved")
    hand.wait_for_function(SAVED)
    late = float(np.quantile(found, 0.95))
    report.say(f"a brush on 12 MP: pointer to pixel {spread(found, 'ms', 0)}, p95 {late:.0f} ms")
    report.figure("brush_12mp_p95", f"{late:.0f} ms", f"<= {BRUSH_GOAL:g} ms", late <= BRUSH_GOAL)


def _strokes(report: Report, page: LabPage, count: int) -> None:
    """Strokes by keys on a random walk, all of them undone and redone."""
    begun = time.perf_counter()
    page.page.evaluate(PRESS, [["w", False]])  # the brush is in the middle
    rng = np.random.default_rng(0)
    painted = 0
    while painted < count:
        keys: list[list[str | bool]] = []
        for arrow in rng.choice(ARROWS, min(AT_ONCE, count - painted)).tolist():
            keys += [[str(rng.integers(1, 4)), False], [arrow, True]]
        painted = _press(page, keys)  # a stroke that changed nothing is none
    page.execute(f"kept = {MASK}.copy()")
    drawn = time.perf_counter()
    for key, done in (("z", 2), ("Z", 3)):
        while (events := int(page.execute(EVENTS))) < done * painted:
            _press(page, [[key, key == "Z"]] * min(AT_ONCE, done * painted - events))
        if key == "z":
            undone = time.perf_counter()
            left = int(page.execute(f"int(np.count_nonzero({MASK}))"))
    redone = time.perf_counter()
    differ = left + int(page.execute(f"int(np.count_nonzero({MASK} != kept))"))
    report.say(
        f"{painted:,} strokes on 1 MP drawn in {drawn - begun:.0f} s, undone in {undone - drawn:.0f} s "
        f"and redone in {redone - undone:.0f} s"
    )
    report.figure("undone_and_redone", f"{differ} pixels differ", "0 pixels", differ == 0)


def _press(page: LabPage, keys: list[list[str | bool]]) -> int:
    """Press keys, with Shift or not, and wait until the kernel has it all: its events by then."""
    page.page.evaluate(PRESS, keys)
    page.page.wait_for_function(SAVED)
    return int(page.execute(EVENTS))
