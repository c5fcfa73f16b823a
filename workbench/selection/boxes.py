"""How much an image teaches a detector for the time that it takes to label.

The worth of an image is

    sum over its k most telling boxes of (1 + d_c) t, divided by its seconds,

with d_c how difficult the class c of a box is, 1 - AP50, and t what a label would tell: by the calibrated
confidence p of the box its doubt, 1 - |2 p - 1|, once the classes are found well (a mean d of at most
`YOUNG`), and p before: while the detector misses most objects, its doubt is of places where nothing is,
and any object teaches it. The seconds are `per_image + per_box * (sum of all p)`, for the sum of
calibrated confidences is the number of boxes to be expected. Only the k most doubtful boxes count, or
images full of hardly
believed boxes would come first; while classes are hardly found, all do. An image in which nothing
is found is worth nothing by itself: that it is labelled all the same is left to the random tenth of a
batch, and to diversity where nothing is in doubt.

Diversity is what `batch.pick_batch` brings, with the worth as a `Query`'s.

Source:
    Difficulty of classes, and uncertainty before diversity: Yang, Huang and Crowley 2024, "Plug and
    Play Active Learning for Object Detection" (arXiv 2211.11612). Worth by annotation time: Settles,
    Craven and Friedland 2008, "Active Learning with Real Annotation Costs".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from workbench.dataset.boxes import BoxTable
from workbench.selection.types import Array, Ints

Floats = NDArray[np.float64]

TOP = 5  # boxes of an image whose doubt counts
YOUNG = 0.5  # mean difficulty beyond which classes are hardly found yet
UNSURE = 0.5  # doubt from which on a reason speaks of a box: a confidence of .25 to .75
PER_IMAGE, PER_BOX = 3.0, 7.0  # seconds, before any was measured
LEAST = 10  # labelled images from which on seconds are measured
PAUSE = 5.0  # times the median, from which on nobody was at work


@dataclass(frozen=True, slots=True)
class Worth:
    """What labelling each image would bring.

    Attributes:
        worth: (n,) doubt by second, 0 or more, for `Query.worth`.
        seconds: (n,) that labelling it is predicted to take.
        expected: (n,) boxes that are to be expected.
        reasons: (n,) what speaks for it, in words.
    """

    worth: Array
    seconds: Floats
    expected: Floats
    reasons: tuple[str, ...]


def box_worth(
    said: BoxTable,
    num_images: int,
    classes: Sequence[str],
    difficulty: Floats | None = None,
    *,
    per_image: float = PER_IMAGE,
    per_box: float = PER_BOX,
) -> Worth:
    """The worth of images by the boxes that are predicted in them.

    Args:
        said: predicted boxes, the hardly believed ones too.
        num_images: n.
        classes: (K,) names.
        difficulty: (K,) 0 to 1, one less the average precision of each class; NaN, and by default
            every class, counts as 1.
        per_image: seconds that an image takes without a box, above 0.
        per_box: seconds that each box takes on top, 0 or more.

    Raises:
        ValueError: the shapes do not match, or no time is left to divide by.
    """
    if per_image <= 0 or per_box < 0:
        raise ValueError(f"an image must take time, but got {per_image} s and {per_box} s a box")
    difficulty = np.ones(len(classes)) if difficulty is None else difficulty
    if difficulty.shape != (len(classes),):
        raise ValueError(f"difficulty must be ({len(classes)},), but got {difficulty.shape}")
    weight = 1 + np.clip(np.nan_to_num(difficulty, nan=1.0), 0, 1)
    doubt = 1 - np.abs(2 * said.scores - 1)
    # The mean over classes: of a few images, the figure of one class alone says next to nothing.
    young = bool(weight.mean() > 1 + YOUNG)
    weighted = (said.scores if young else doubt) * weight[said.classes]
    order = np.lexsort((-weighted, said.images))
    images = said.images[order]
    rank = np.arange(len(images)) - np.searchsorted(images, images, side="left")
    top = order if young else order[rank < TOP]
    total = np.bincount(said.images[top], weights=weighted[top], minlength=num_images)
    expected = np.bincount(said.images, weights=said.scores, minlength=num_images).astype(
        np.float64
    )
    seconds: Floats = per_image + per_box * expected
    starts = np.searchsorted(images, np.arange(num_images + 1))
    reasons = tuple(
        _reason(said, doubt, order[start:stop], classes, float(time), young=young)
        for start, stop, time in zip(starts[:-1], starts[1:], seconds, strict=True)
    )
    return Worth((total / seconds).astype(np.float32), seconds, expected, reasons)


def annotation_seconds(seconds: Floats, boxes: Ints) -> tuple[float, float]:
    """What an image and what a box takes, by the time that labelled images took.

    Least squares with neither below 0 (Lawson and Hanson 1974), of what is no pause: at most `PAUSE`
    times the median.

    Args:
        seconds: (m,) that each labelled image took; NaN where that is not known.
        boxes: (m,) that it has.

    Returns:
        Seconds an image, at least a tenth of the median's, and seconds a box; `PER_IMAGE` and
        `PER_BOX` where fewer than `LEAST` are known.
    """
    known = np.isfinite(seconds) & (seconds > 0)
    if known.sum() >= LEAST:
        median = float(np.median(seconds[known]))
        known &= seconds <= PAUSE * median
    if known.sum() < LEAST:
        return PER_IMAGE, PER_BOX
    columns = np.stack([np.ones(int(known.sum())), boxes[known]], axis=1)
    (per_image, per_box), _ = nnls(columns, seconds[known])
    return max(float(per_image), median / 10), float(per_box)


def _reason(
    said: BoxTable,
    doubt: Floats,
    rows: Ints,
    classes: Sequence[str],
    seconds: float,
    *,
    young: bool,
) -> str:
    """Of an image whose boxes are `rows`, the most telling first."""
    time = f"about {seconds:.0f} s to label"
    if len(rows) == 0:
        return f"nothing is found in it; {time}"
    if young:
        count = max(1, round(float(said.scores[rows].sum())))
        first = classes[said.classes[rows[0]]]
        many = f"a box of '{first}'" if count == 1 else f"{count} boxes, such as of '{first}'"
        return f"likely {many}, of which the model has seen too few; {time}"
    unsure = rows[doubt[rows] >= UNSURE]
    if len(unsure) == 0:
        sure = int((said.scores[rows] >= 1 / 2).sum())
        return f"{sure} {'box' if sure == 1 else 'boxes'} found, none in doubt; {time}"
    first = f"'{classes[said.classes[unsure[0]]]}' ({100 * said.scores[unsure[0]]:.0f} %)"
    many = f"a box of {first}" if len(unsure) == 1 else f"{len(unsure)} boxes, such as {first}"
    return f"unsure of {many}; {time}"
