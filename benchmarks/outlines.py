"""Whether the outlines that edges speak against are the wrong ones: `python -m benchmarks.outlines`.

Known errors are put into two datasets, a seed at a time, and looked for, without any model: the 24
coins that come with scikit-image, and the sheets with handwritten digits that come with this project.
Of a quarter of the outlines, each is either moved by 3 to 8 pixels in any direction, or widened, or
tightened, by 2 to 6 pixels all around. Everything after that is the product's.

To know of the data: the coins are no perfect ellipses, but their outlines here are those that fit into
the boxes that were drawn around them by eye. The digits are 8 x 8 pixels, enlarged: their edges are
about 8 pixels wide, their strokes hardly more, so little is left of some of the tightened ones.
Outlines are widened by the same function that mends them.

Reported are, as they fall out: the average precision of the order, over all outlines, beside that of a
random one, which is the share of the errors; of those that count as likely errors, how many are errors,
and how many of the errors they are; how often the kind and, within 2 pixels, the distance are told
rightly of these; how many likely errors there are before any is planted, and of the digits' outlines
laid at random over brick, grass and gravel, where they follow no edge; the overlap with the outline
that was there before, of the planted ones that are found and of what is suggested; and what an outline
costs.

A seed deals the errors. Intervals are Student's over the seeds, all of which plant in the same images.
"""

import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import average_precision_score

from benchmarks._report import Report, mean_interval, parse_quick
from workbench.dataset.coins import IMAGE, LABELS, write_coins
from workbench.dataset.digits import digit_sheet_outlines
from workbench.dataset.outlines import Outline, extent, filled, scaled
from workbench.evaluation.intervals import Estimate
from workbench.quality.contours import contour_of
from workbench.quality.outlines import (
    OutlineSuspect,
    OutlineSuspectKind,
    doubt_outline,
    mended,
    usual_offset,
)

SPOILT = 0.25  # of the outlines
MOVED = (3.0, 8.0)  # pixels
GROWN = (2.0, 6.0)  # pixels
CORNERS = 64  # of a coin's outline
PROBED = 64  # objects that tell what is usual
RIGHTLY = 2.0  # pixels
FALLS = "as it falls out"

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Object:
    """One outline.

    Attributes:
        image: (height, width) that it lies in.
        outline: in pixels.
    """

    image: Pixels
    outline: Outline

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the image."""
        return self.image.shape[1], self.image.shape[0]


@dataclass(frozen=True)
class Error:
    """What is planted.

    Attributes:
        kind: as it is to be told.
        pixels: how far the outline is off.
    """

    kind: OutlineSuspectKind
    pixels: float


@dataclass(frozen=True)
class Trial:
    """What one seed gave.

    Attributes:
        precision: average precision of the order.
        planted: how many errors there are.
        likely: how many outlines count as likely errors.
        right: how many of these are.
        kinds: of how many of these the kind is told rightly.
        distances: of how many of these the kind, and the distance within `RIGHTLY`.
        before: mean overlap of these with the outline as it was.
        after: the same of what is suggested.
    """

    precision: float
    planted: int
    likely: int
    right: int
    kinds: int
    distances: int
    before: float
    after: float


def load_coins(home: Path) -> list[Object]:
    """The coins, as ellipses in the boxes that were drawn by hand."""
    folder = write_coins(home)
    image = np.asarray(Image.open(folder / IMAGE).convert("L"))
    turn = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    found = []
    for label in json.loads((folder / LABELS).read_text())["annotations"]:
        x, y, width, height = label["bbox"]
        points = np.array([x, y]) + np.array([width, height]) * (1 + circle) / 2
        found.append(Object(image, (tuple((float(x), float(y)) for x, y in points),)))
    return found


def load_digits(home: Path, every: int) -> list[Object]:
    """The digits on their sheets, of one sheet in so many."""
    found = []
    for path, boxes in [*digit_sheet_outlines(home).items()][::every]:
        image = np.asarray(Image.open(path).convert("L"))
        size = image.shape[1], image.shape[0]
        found += [Object(image, scaled(box.outline, size)) for box in boxes]
    return found


def spoil(
    objects: Sequence[Object], rng: np.random.Generator
) -> tuple[list[Object], list[Error | None]]:
    """Put errors into a share of the outlines; None is said of the rest."""
    chosen = rng.permutation(len(objects))[: round(SPOILT * len(objects))]
    out = list(objects)
    planted: list[Error | None] = [None] * len(objects)
    for row in chosen.tolist():
        kind = list(OutlineSuspectKind)[rng.integers(len(OutlineSuspectKind))]
        pixels = float(rng.uniform(*(MOVED if kind is OutlineSuspectKind.SHIFTED else GROWN)))
        one = objects[row]
        turn = rng.uniform(0, 2 * np.pi)
        move = pixels * np.cos(turn), pixels * np.sin(turn)
        grow = pixels if kind is OutlineSuspectKind.LOOSE else -pixels
        if outline := mended(one.outline, _as_if(kind, move, grow), one.size):
            out[row], planted[row] = Object(one.image, outline), Error(kind, pixels)
    return out, planted


def _as_if(kind: OutlineSuspectKind, move: tuple[float, float], grow: float) -> OutlineSuspect:
    """A suspect whose mending is the error that is wanted."""
    return OutlineSuspect(kind, 1.0, 0.0, True, move, grow, "planted")


def load_textures(outlines: Sequence[Outline], rng: np.random.Generator) -> list[Object]:
    """Outlines, each at a random place of a texture."""
    from skimage import data

    textures = [data.brick(), data.grass(), data.gravel()]
    found = []
    for place, outline in enumerate(outlines):
        image = textures[place % len(textures)]
        x, y, width, height = extent(outline)
        limit = np.array(image.shape[::-1]) - (width, height)
        right, down = (rng.uniform(0, 1, 2) * limit - (x, y)).tolist()
        moved = _as_if(OutlineSuspectKind.SHIFTED, (right, down), 0.0)
        found.append(Object(image, mended(outline, moved, (1, 1))))
    return found


def search(objects: Sequence[Object]) -> list[OutlineSuspect | None]:
    """What the product doubts."""
    contours = [contour_of(one.image, one.outline) for one in objects]
    known = [each for each in contours if each is not None]
    usual = usual_offset(known[:: max(1, len(known) // PROBED)])
    return [None if each is None else doubt_outline(each, usual) for each in contours]


def attempt(objects: Sequence[Object], seed: int) -> Trial:
    """Plant errors and look for them."""
    spoilt, errors = spoil(objects, np.random.default_rng(seed))
    found = search(spoilt)
    scores = [0.0 if each is None else each.score for each in found]
    right = [
        (row, suspect, error)
        for row, (suspect, error) in enumerate(zip(found, errors, strict=True))
        if suspect is not None and suspect.likely and error is not None
    ]
    kinds = [(suspect, error) for _, suspect, error in right if suspect.kind is error.kind]
    overlaps = [
        [
            filled(objects[row].outline).overlap(filled(outline))
            for outline in (
                spoilt[row].outline,
                mended(spoilt[row].outline, suspect, spoilt[row].size),
            )
            if outline
        ]
        for row, suspect, _ in right
    ]
    before, after = np.mean([each for each in overlaps if len(each) == 2] or [[np.nan] * 2], axis=0)
    return Trial(
        precision=float(average_precision_score([each is not None for each in errors], scores)),
        planted=sum(each is not None for each in errors),
        likely=_likely(found),
        right=len(right),
        kinds=len(kinds),
        distances=sum(abs(_far(each) - error.pixels) <= RIGHTLY for each, error in kinds),
        before=float(before),
        after=float(after),
    )


def _likely(found: Sequence[OutlineSuspect | None]) -> int:
    return sum(each is not None and each.likely for each in found)


def _far(suspect: OutlineSuspect) -> float:
    return float(np.hypot(*suspect.move)) + abs(suspect.grow)


def cost(objects: Sequence[Object]) -> float:
    """Milliseconds of this processor that an outline takes, on the average."""
    started = time.process_time()
    search(objects)
    return 1000 * (time.process_time() - started) / len(objects)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    quick = parse_quick("outlines", __doc__, argv)
    seeds = 2 if quick else 10
    with Report("outlines", quick) as report, tempfile.TemporaryDirectory() as folder:
        for name, objects in (
            ("coins", load_coins(Path(folder))),
            ("digits", load_digits(Path(folder), 12 if quick else 1)),
        ):
            trials = [attempt(objects, seed) for seed in range(seeds)]
            _judge(report, name, objects, trials)
        outlines = [one.outline for one in objects]
        laid = load_textures(outlines, np.random.default_rng(0))
        likely = _likely(search(laid))
        report.figure("textures_false_alarms", f"{likely} of {len(laid)} outlines", FALLS, True)


def _judge(report: Report, name: str, objects: Sequence[Object], trials: Sequence[Trial]) -> None:
    planted, likely, right, kinds, distances = (
        sum(each)
        for each in zip(
            *((t.planted, t.likely, t.right, t.kinds, t.distances) for t in trials), strict=True
        )
    )
    clean = _likely(search(objects))
    before, after = (np.nanmean([getattr(t, each) for t in trials]) for each in ("before", "after"))
    report.say(
        f"\n{name}: {len(objects)} outlines, {planted} errors in {len(trials)} seeds; of those "
        f"found, the kind is told rightly of {kinds}, and the distance within {RIGHTLY:.0f} pixels "
        f"of {distances}"
    )
    found = mean_interval([each.precision for each in trials])
    chance = planted / len(objects) / len(trials)
    for figure, measured in (
        ("average_precision", f"{_said(found)}, at random {chance:.2f}"),
        ("precision", f"{right} of {likely} likely ones"),
        ("recall", f"{right} of {planted} errors"),
        ("false_alarms", f"{clean} of {len(objects)} outlines without an error"),
        ("overlap_mended", f"{after:.3f}, from {before:.3f}"),
        ("milliseconds_an_outline", f"{cost(objects):.1f}"),
    ):
        report.figure(f"{name}_{figure}", measured, FALLS, True)


def _said(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


if __name__ == "__main__":
    main()
