"""What a segmenter gets wrong, region by region: the places to look at, by kind.

Wiring: masks and predictions come from the dataset, `evaluation.regionerrors` sorts what differs.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from workbench.dataset.outlines import scaled, trace
from workbench.dataset.table import Table
from workbench.dataset.types import Split
from workbench.evaluation.regionerrors import (
    RegionError,
    RegionErrorKind,
    RegionErrors,
    find_wrong_regions,
)
from workbench.evaluation.segmentation import count_image
from workbench.wrongplaces import Lines, WrongKind

COLUMNS = ("path", "split", "kind", "score", "reason", "label", "said", "pixels")
TITLES = {
    RegionErrorKind.MISSED: "Missed",
    RegionErrorKind.FALSE_ALARM: "False alarms",
    RegionErrorKind.CONFUSED: "Confused",
    RegionErrorKind.BOUNDARY: "Edges",
}
AROUND = 0.4  # of a region's longer side that is shown around it
FINEST = 256  # pixels along the longer side of what is shown, for lines around classes

Masks: TypeAlias = tuple[NDArray[np.uint16], NDArray[np.uint16]]
"""(height, width) class indices each: what is labelled, and what is said."""


@dataclass(frozen=True, slots=True)
class WrongRegion:
    """One region that is wrong.

    Attributes:
        sample_id: its image.
        path: that image's file.
        split: pool or test.
        size: width and height of the image in pixels.
        error: what is wrong there.
        label: the class that is labelled; None for none.
        said: the class that is said; None for none.
        around: lines around what is labelled as that class near the region, and around what is said
            to be of the other one; where there is neither, around the region's window.
    """

    sample_id: str
    path: str
    split: Split
    size: tuple[int, int]
    error: RegionError
    label: str | None
    said: str | None
    around: tuple[Lines, Lines]

    @property
    def reason(self) -> str:
        """What is wrong, in words."""
        return self.error.reason

    @property
    def key(self) -> str:
        """Tells it from all others."""
        edges = " ".join(map(str, self.error.window))
        return f"{self.sample_id} {self.error.truth} {self.error.said} {edges}"

    @property
    def names(self) -> tuple[str | None, str | None, float | None]:
        """Both classes; how sure the segmenter is, is said of pixels alone."""
        return self.label, self.said, None

    def row(self) -> tuple[Any, ...]:
        """Of the table, after the sample's id."""
        error = self.error
        told = self.path, self.split.value, error.kind.value, error.score, error.reason
        return (*told, self.label, self.said, error.pixels)

    def lines(self) -> tuple[Lines, Lines]:
        """Around what is labelled, and around what is said."""
        return self.around


def wrong_regions(
    table: Table,
    sample_ids: Sequence[str],
    masks: Callable[[str], Masks],
    kind: str | None,
    count: int,
) -> dict[RegionErrorKind, WrongKind]:
    """The wrong regions of some images by kind, the largest first.

    Args:
        table: the dataset as it is.
        sample_ids: labelled images that the segmenter has not learned from.
        masks: what is labelled and said in one of them.
        kind: of which kind; by default of each.
        count: how many of each, at most.

    Raises:
        MaskError: a mask is missing, damaged, or of another size than its image.
        ValueError: there is no such kind, or `count` is below 1.
    """
    if kind is not None and kind not in list(RegionErrorKind):
        raise ValueError(f"no kind of errors {kind!r}: there are {', '.join(RegionErrorKind)}")
    if count < 1:
        raise ValueError(f"count must be at least 1, but got {count}")
    classes = len(table.classes)
    counts, regions = [], []
    for sample_id in sample_ids:  # one at a time: masks can be large
        truth, said = masks(sample_id)
        counts.append(count_image(sample_id, truth, said, classes))
        regions.append(find_wrong_regions(truth, said, classes))
    errors = RegionErrors(counts, regions, table.classes)
    totals, gains = errors.summary["count"], errors.summary["gain"]
    out = {}
    for each in RegionErrorKind:
        if kind in (None, each):
            places = [
                _wrong(table, sample_ids[error.image], masks, error)
                for error in errors.ranked(each, count)
            ]
            total, gain = int(totals[each.value]), float(gains[each.value])
            out[each] = WrongKind(places, total, gain, "segmenter", "mean IoU")
    return out


def _wrong(
    table: Table, sample_id: str, masks: Callable[[str], Masks], error: RegionError
) -> WrongRegion:
    row = table.row_of[sample_id]
    truth, said = masks(sample_id)
    names = [table.classes[index - 1] if index else None for index in (error.truth, error.said)]
    return WrongRegion(
        sample_id=sample_id,
        path=table.paths[row],
        split=Split.TEST if table.is_test[row] else Split.POOL,
        size=(truth.shape[1], truth.shape[0]),
        error=error,
        label=names[0],
        said=names[1],
        around=_lines(truth, said, error),
    )


def _lines(truth: NDArray[Any], said: NDArray[Any], error: RegionError) -> tuple[Lines, Lines]:
    left, top, right, bottom = error.window
    room = math.ceil(AROUND * max(right - left, bottom - top)) + 2
    rows = slice(max(0, top - room), bottom + room)
    columns = slice(max(0, left - room), right + room)
    parts = (
        _around(truth[rows, columns], error.truth, columns.start, rows.start),
        _around(said[rows, columns], error.said, columns.start, rows.start),
    )
    if any(parts):
        return parts
    return (((left, top), (right, top), (right, bottom), (left, bottom)),), ()


def _around(part: NDArray[Any], index: int, left: int, top: int) -> Lines:
    """Lines around a class in a part of a mask, in pixels of the image; none for no class."""
    if not index:
        return ()
    step = max(1, -(-max(part.shape) // FINEST))
    own = part[::step, ::step] == index
    if not own.any():
        return ()
    height, width = own.shape
    outline = scaled(trace(own, (width, height)), (width * step, height * step))
    return tuple(tuple((x + left, y + top) for x, y in ring) for ring in outline)
