"""How good a segmenter is, with intervals: the classes of pixels, counted image by image."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import hypot
from typing import TYPE_CHECKING, Any, ClassVar

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.evaluation.detection import estimate
from workbench.evaluation.intervals import CONFIDENCE, Estimate, bootstrap, percentiles
from workbench.evaluation.measured import TEST_LABELS_NEEDED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
RESAMPLES = 1_000
FIGURES = ("iou", "dice", "boundary_iou", "precision", "recall")
RIM = 0.02  # share of the image's diagonal within which a pixel is at a boundary


@dataclass(frozen=True, slots=True, eq=False)
class ImageCounts:
    """The pixels of one image, counted; K + 1 planes, of which the first is no class.

    Attributes:
        sample_id: the image.
        confusion: (K + 1, K + 1) pixels by what is there and what is said.
        rim_both: (K + 1,) pixels at the boundary of a class in both masks.
        rim_either: likewise, in one of them at least.
    """

    sample_id: str
    confusion: Ints
    rim_both: Ints
    rim_either: Ints


def count_image(
    sample_id: str, truth: NDArray[Any], said: NDArray[Any], num_classes: int
) -> ImageCounts:
    """Count the pixels of an image; linear in them, and in the classes that it has.

    Args:
        sample_id: the image.
        truth: (height, width) class indices, 0 for none of the classes.
        said: likewise, what is predicted.
        num_classes: K.

    Raises:
        ValueError: the two are of different sizes, or a class index is above K.
    """
    if truth.shape != said.shape:
        raise ValueError(f"masks of one image are of one size, not {truth.shape} and {said.shape}")
    most = max(int(truth.max(initial=0)), int(said.max(initial=0)))
    if most > num_classes:
        raise ValueError(f"class indices must be 0 to {num_classes}, but got {most}")
    planes = num_classes + 1
    pairs = truth.astype(np.int32) * planes + said
    confusion = np.bincount(pairs.ravel(), minlength=planes * planes).reshape(planes, planes)
    both, either = np.zeros((2, planes), dtype=np.int64)
    width = max(1, round(RIM * hypot(*truth.shape)))
    seen = np.flatnonzero(confusion.sum(axis=0) + confusion.sum(axis=1))
    for index in seen[seen > 0].tolist():
        one, other = (rim(mask == index, width) for mask in (truth, said))
        both[index], either[index] = (one & other).sum(), (one | other).sum()
    return ImageCounts(sample_id, confusion, both, either)


def rim(mask: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """The pixels of a mask that are at most so many pixels from its boundary.

    Cheng et al., "Boundary IoU: Improving Object-Centric Image Segmentation Evaluation" (CVPR 2021),
    of which this is the inner region; beyond the image there is nothing of the mask.
    """
    inside = cv2.erode(
        mask.astype(np.uint8),
        np.ones((3, 3), np.uint8),
        iterations=width,
        borderType=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    return np.asarray(mask & (inside == 0))


@dataclass(frozen=True, eq=False)
class SegmentationComparison:
    """What has changed from one evaluation of masks to another, on the images that both judge.

    Attributes:
        images: a row an image, by sample id: `before` and `after`, the share of its pixels that are
            right.
        difference: of the mean IoU, after less before, with a paired bootstrap over images.
        left_out: images that only one of the two has.
    """

    images: pd.DataFrame
    difference: Estimate
    left_out: int

    def __str__(self) -> str:
        step = self.difference
        values = [100 * end for end in (step.value, step.low, step.high)]
        return (
            f"{values[0]:+.1f} points of mean IoU ({values[1]:+.1f} to {values[2]:+.1f}) on "
            f"{len(self.images):,} images; {self.left_out:,} left out"
        )

    __repr__ = __str__


@dataclass(frozen=True, kw_only=True, eq=False)
class SegmentationEvaluation:
    """What `bench.evaluate()` returns for task="segmentation".

    Pixels are counted over all images, as PASCAL VOC and Cityscapes do. Intervals are bootstraps over
    images, corrected for bias; where all resamples agree, Wilson's is taken, as if the figure were a
    share of the images.

    Attributes:
        measure: name of the headline figure.
        counts: of each image.
        classes: K names.
        mean_iou: mean, over the classes that are there, of intersection over union: the headline.
        per_class: a row a class: `iou`, `dice`, `boundary_iou`, `precision`, `recall`, each with
            `_low` and `_high`; `support` (share of all pixels) and `images` that have it. NaN where
            undefined.
        provisional: True where too few test images are labelled, so that the figures come from
            images of the pool that were not learned from.
        test_labels: labelled test images.
        pool_labels: labelled pool images.
    """

    measure: ClassVar[str] = "mean IoU"

    counts: Sequence[ImageCounts] = field(repr=False)
    classes: tuple[str, ...]
    mean_iou: Estimate
    per_class: pd.DataFrame
    provisional: bool
    test_labels: int
    pool_labels: int

    @property
    def headline(self) -> Estimate:
        """Mean IoU."""
        return self.mean_iou

    @property
    def figures(self) -> pd.DataFrame:
        """The figures over all classes: `mean IoU` with `value`, `low`, `high`."""
        own = self.mean_iou
        row = {"value": own.value, "low": own.low, "high": own.high}
        return pd.DataFrame({self.measure: row}).T.rename_axis("figure")

    @property
    def confusion(self) -> pd.DataFrame:
        """Share of the pixels of each class (rows) that is said to be which (columns)."""
        names = ["none", *self.classes]
        total = np.sum([each.confusion for each in self.counts], axis=0).astype(np.float64)
        with np.errstate(invalid="ignore"):
            shares = total / total.sum(axis=1, keepdims=True)
        return pd.DataFrame(shares, index=pd.Index(names, name="truth"), columns=names)

    def to_pandas(self) -> pd.DataFrame:
        """A row an image, by sample id, the worst first.

        Shares of its pixels: `right`, `missed`, `false_alarms`, `confused`.
        """
        rows = {each.sample_id: _shares(each.confusion) for each in self.counts}
        columns = ["right", "missed", "false_alarms", "confused"]
        table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
        return table.rename_axis("sample_id").sort_values("right", kind="stable")

    def compare(self, before: "SegmentationEvaluation") -> SegmentationComparison:
        """What has changed since an earlier evaluation, on the images that both have.

        Raises:
            ValueError: they have no image in common, or are of different classes.
        """
        if before.classes != self.classes:
            raise ValueError(
                f"the evaluations are of different classes: {list(before.classes)} and "
                f"{list(self.classes)}; evaluate both models with the classes of today"
            )
        known = {each.sample_id: each for each in before.counts}
        pairs = [(known[x.sample_id], x) for x in self.counts if x.sample_id in known]
        if not pairs:
            raise ValueError(
                "the evaluations have no image in common: one is provisional, on the pool, or they "
                "are of different datasets"
            )
        return _compared(pairs, len(known) + len(self.counts) - 2 * len(pairs))

    def plot(self) -> "Figure":
        """IoU and boundary IoU of each class with their intervals, and what is taken for what."""
        from workbench.evaluation.maskplots import segmentation_figure

        figure: Figure = segmentation_figure(self)
        return figure

    def __str__(self) -> str:
        images = f"{len(self.counts):,} images"
        if self.provisional:
            basis = (
                f"provisional: on {images} of the pool, until {TEST_LABELS_NEEDED} test images are "
                f"labelled ({self.test_labels} so far)"
            )
        else:
            basis = f"blind test, {images}; trained on {self.pool_labels:,} images"
        return f"{self.measure} {self.headline}, {basis}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        table = self.per_class.to_html(float_format="{:.3f}".format)
        return f"<p>{html.escape(str(self))}</p>{table}"


def evaluate_segmentation(
    counts: Sequence[ImageCounts],
    classes: Sequence[str],
    *,
    provisional: bool,
    test_labels: int,
    pool_labels: int,
    seed: int = 0,
) -> SegmentationEvaluation:
    """Figures from the counted pixels of some images.

    Args:
        counts: of at least one image.
        classes: K names.
        provisional: whether the images are of the pool.
        test_labels: labelled test images, for the record.
        pool_labels: labelled pool images, for the record.
        seed: of the bootstrap.
    """
    n, k = len(counts), len(classes)
    parts = _parts(counts)
    values = _figures(parts, np.ones(n))

    def statistic(rows: Ints) -> Floats:
        return _figures(parts, np.bincount(rows, minlength=n).astype(np.float64))

    low, high = bootstrap(statistic, n, resamples=RESAMPLES, seed=seed, about=values)
    every = [estimate(*ends, n) for ends in zip(values, low, high, strict=True)]
    columns: dict[str, list[float]] = {}
    for place, name in enumerate(FIGURES):
        own = every[place * k : (place + 1) * k]
        columns[name] = [x.value for x in own]
        columns[f"{name}_low"] = [x.low if np.isfinite(x.value) else np.nan for x in own]
        columns[f"{name}_high"] = [x.high if np.isfinite(x.value) else np.nan for x in own]
    pixels = sum(int(each.confusion.sum()) for each in counts)
    about = {
        "support": parts[1].sum(axis=0) / max(1, pixels),
        "images": (parts[1] > 0).sum(axis=0),
    }
    return SegmentationEvaluation(
        counts=tuple(counts),
        classes=tuple(classes),
        mean_iou=every[-1],
        per_class=pd.DataFrame(columns | about, index=pd.Index(classes, name="class")),
        provisional=provisional,
        test_labels=test_labels,
        pool_labels=pool_labels,
    )


def _parts(counts: Sequence[ImageCounts]) -> tuple[Floats, ...]:
    """(n, K) each: pixels right, there, said, and of the rims in both and in either."""
    every = np.stack([each.confusion for each in counts]).astype(np.float64)
    right = np.diagonal(every, axis1=1, axis2=2)
    rims = [np.stack([getattr(x, name) for x in counts]) for name in ("rim_both", "rim_either")]
    found = (right, every.sum(axis=2), every.sum(axis=1), *rims)
    return tuple(np.asarray(each[:, 1:], dtype=np.float64) for each in found)


def _figures(parts: Sequence[Floats], weights: Floats) -> Floats:
    """`FIGURES` of each class, one after the other, then mean IoU."""
    right, there, said, both, either = (weights @ each for each in parts)
    with np.errstate(invalid="ignore", divide="ignore"):
        iou = right / (there + said - right)
        per_class = [iou, 2 * right / (there + said), both / either, right / said, right / there]
    own = iou[there > 0]
    return np.concatenate([*per_class, [own.mean() if len(own) else np.nan]])


def _shares(confusion: Ints) -> tuple[float, float, float, float]:
    total = max(1, int(confusion.sum()))
    right = int(np.diagonal(confusion).sum())
    missed, false = int(confusion[1:, 0].sum()), int(confusion[0, 1:].sum())
    confused = int(confusion.sum()) - right - missed - false
    return right / total, missed / total, false / total, confused / total


def _compared(
    pairs: Sequence[tuple[ImageCounts, ImageCounts]], left_out: int, seed: int = 0
) -> SegmentationComparison:
    was, now = (_parts([pair[side] for pair in pairs]) for side in (0, 1))
    n = len(pairs)

    def step(weights: Floats) -> float:
        return float(_figures(now, weights)[-1] - _figures(was, weights)[-1])

    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    steps = np.array([[step(weights.astype(np.float64))] for weights in draws])
    value = step(np.ones(n))
    low, high = percentiles(steps, CONFIDENCE, np.array([value]))
    ends = (float(low[0]), float(high[0])) if np.isfinite(value) else (-1.0, 1.0)
    rows = {
        after.sample_id: (_shares(before.confusion)[0], _shares(after.confusion)[0])
        for before, after in pairs
    }
    images = pd.DataFrame.from_dict(rows, orient="index", columns=["before", "after"])
    return SegmentationComparison(
        images.rename_axis("sample_id"),
        Estimate(value, min(value, ends[0]), max(value, ends[1]), n),
        left_out,
    )
