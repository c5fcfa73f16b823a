"""How good a detector is, with intervals."""

import html
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from workbench.evaluation.averageprecision import Floats, Ints, Ranking
from workbench.evaluation.boxcases import OVERLAPS, BoxCases
from workbench.evaluation.boxcomparison import DetectionComparison, compare_boxes
from workbench.evaluation.boxcurves import BoxCurves
from workbench.evaluation.boxerrors import BoxErrors, find_box_errors
from workbench.evaluation.cases import THRESHOLD
from workbench.evaluation.intervals import Estimate, bootstrap, wilson
from workbench.evaluation.measured import TEST_LABELS_NEEDED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RESAMPLES = 1_000
MANY = 100_000  # boxes from which on a fifth of the resamples have to do
FIGURES = ("ap", "ap50", "ap75", "precision", "recall", "f1")
AT_75 = int(np.argmin(np.abs(OVERLAPS - 0.75)))


@dataclass(frozen=True, kw_only=True, eq=False)
class DetectionEvaluation:
    """What `bench.evaluate()` returns for task="detection".

    Average precision is COCO's, to the last digits of pycocotools (area all, 100 boxes of a class in
    an image at most). Precision, recall and F1 are at an overlap of .5, of boxes with a calibrated
    confidence of `threshold` or more. Intervals are percentile bootstraps over images, corrected for
    bias: COCO's average precision comes out too high by a point or two for some dozens of images,
    and by as much again in their resamples. They hold the truth in about 90 % of draws of 40 or of
    100 images (uncorrected, 83 % and 87 %). Where all resamples agree they say nothing of what the
    next image may bring, and Wilson's is taken, as if the figure were a share of the images.

    Attributes:
        measure: name of the headline figure.
        cases: the images that it is measured on, the true and the predicted boxes.
        mean_average_precision: mean over classes and over overlaps of .5, .55, ..., .95: the
            headline. NaN where no image has a box.
        map50: the same at an overlap of .5 alone.
        map75: at .75.
        per_class: a row a class: `ap`, `ap50`, `ap75`, `precision`, `recall`, `f1`, each with
            `_low` and `_high`, `support` (true boxes) and `images` that have one. NaN where
            undefined: precision of a class that is never predicted, recall and average precision of
            one without a box.
        threshold: confidence from which on a box counts as predicted.
        provisional: True where too few test images are labelled, so that the figures come from
            predictions on the pool.
        test_labels: labelled test images.
        pool_labels: labelled pool images.
    """

    measure: ClassVar[str] = "mAP"

    cases: BoxCases = field(repr=False)
    mean_average_precision: Estimate
    map50: Estimate
    map75: Estimate
    per_class: pd.DataFrame
    threshold: float
    provisional: bool
    test_labels: int
    pool_labels: int

    @property
    def headline(self) -> Estimate:
        """COCO's mean average precision."""
        return self.mean_average_precision

    @property
    def figures(self) -> pd.DataFrame:
        """The figures over all classes: `mAP`, `mAP50` and `mAP75` with `value`, `low`, `high`."""
        rows = {"mAP": self.mean_average_precision, "mAP50": self.map50, "mAP75": self.map75}
        return pd.DataFrame(
            {name: {"value": x.value, "low": x.low, "high": x.high} for name, x in rows.items()}
        ).T.rename_axis("figure")

    @cached_property
    def precision_recall(self) -> BoxCurves:
        """Precision against recall of each class, at any of COCO's overlaps."""
        return BoxCurves(self.cases, self.per_class)

    @cached_property
    def errors(self) -> BoxErrors:
        """What goes wrong, by kind, and how much mending each kind would bring."""
        return find_box_errors(self.cases, self.threshold)

    def to_pandas(self) -> pd.DataFrame:
        """A row an image, by sample id: `boxes`, `found`, `missed`, `false_alarms`, `right`."""
        found, missed, false = self.cases.counts(self.threshold)
        return pd.DataFrame(
            {
                "boxes": found + missed,
                "found": found,
                "missed": missed,
                "false_alarms": false,
                "right": (missed == 0) & (false == 0),
            },
            index=pd.Index(self.cases.ids, name="sample_id"),
        )

    def compare(self, before: "DetectionEvaluation") -> DetectionComparison:
        """Image by image, what this evaluation gets right or wrong that an earlier one did not.

        Args:
            before: the other evaluation, of the same dataset. Images that only one of them has
                are left out, and counted.

        Raises:
            ValueError: they have no image in common, or are of different classes.
        """
        return compare_boxes(before.cases, self.cases, self.threshold)

    def plot(self) -> "Figure":
        """Average precision by class, what goes wrong, and precision against recall."""
        from workbench.evaluation.plots import detection_figure

        figure: Figure = detection_figure(self)
        return figure

    def __str__(self) -> str:
        images, boxes = f"{len(self.cases):,} images", f"{len(self.cases.truth):,} boxes"
        if self.provisional:
            basis = (
                f"provisional: on {images} of the pool with {boxes}, until {TEST_LABELS_NEEDED} "
                f"test images are labelled ({self.test_labels} so far)"
            )
        else:
            basis = f"blind test, {images} with {boxes}; trained on {self.pool_labels:,} images"
        return f"{self.measure} {self.headline}, mAP50 {self.map50}, {basis}"

    def _repr_html_(self) -> str:
        table = self.per_class.to_html(float_format="{:.3f}".format)
        mended = self.errors.summary.to_html(float_format="{:.3f}".format)
        return f"<p>{html.escape(str(self))}</p>{table}<p>What goes wrong</p>{mended}"


def evaluate_detection(
    cases: BoxCases,
    *,
    provisional: bool,
    test_labels: int,
    pool_labels: int,
    threshold: float = THRESHOLD,
    seed: int = 0,
) -> DetectionEvaluation:
    """Compare predicted boxes with the true ones.

    Args:
        cases: what is predicted, and what is true.
        provisional: whether the images are of the pool.
        test_labels: labelled test images, for the record.
        pool_labels: labelled pool images, for the record.
        threshold: confidence from which on a box counts for precision, recall and F1.
        seed: of the bootstrap.
    """
    n, k = len(cases), len(cases.classes)
    ranking = cases.ranking
    values = _figures(ranking, np.ones(n), threshold)

    def statistic(rows: Ints) -> Floats:
        return _figures(ranking, np.bincount(rows, minlength=n).astype(np.float64), threshold)

    many = len(cases.said) + len(cases.truth) >= MANY
    resamples = RESAMPLES // 5 if many else RESAMPLES
    low, high = bootstrap(statistic, n, resamples=resamples, seed=seed, about=values)
    every = [estimate(*ends, n) for ends in zip(values, low, high, strict=True)]
    columns: dict[str, list[float]] = {}
    for place, name in enumerate(FIGURES):
        own = every[place * k : (place + 1) * k]
        defined = [np.isfinite(x.value) for x in own]
        columns[name] = [x.value for x in own]
        columns[f"{name}_low"] = [x.low if d else np.nan for x, d in zip(own, defined, strict=True)]
        columns[f"{name}_high"] = [
            x.high if d else np.nan for x, d in zip(own, defined, strict=True)
        ]
    truth = cases.truth
    in_images = np.unique(truth.images * k + truth.classes) % k
    counts = {
        "support": np.bincount(truth.classes, minlength=k),
        "images": np.bincount(in_images, minlength=k),
    }
    return DetectionEvaluation(
        cases=cases,
        mean_average_precision=every[-3],
        map50=every[-2],
        map75=every[-1],
        per_class=pd.DataFrame(columns | counts, index=pd.Index(cases.classes, name="class")),
        threshold=threshold,
        provisional=provisional,
        test_labels=test_labels,
        pool_labels=pool_labels,
    )


def mean_average_precision(ranking: Ranking, weights: Floats | None = None) -> Floats:
    """COCO's mAP, mAP50 and mAP75: (3,), NaN where no class has a box.

    Args:
        ranking: at `OVERLAPS`.
        weights: (n,) how often each image counts; by default once.
    """
    return _means(ranking.average_precision(weights))


def _figures(ranking: Ranking, weights: Floats, threshold: float) -> Floats:
    """`FIGURES` of each class, one after the other, then mAP, mAP50 and mAP75."""
    k = ranking.num_classes
    average = ranking.average_precision(weights)
    of_box = weights[ranking.images] * (ranking.scores >= threshold)
    said = np.bincount(ranking.classes, weights=of_box, minlength=k)
    hits = np.bincount(ranking.classes, weights=of_box * ranking.hits[0], minlength=k)
    there = np.bincount(ranking.true_classes, weights=weights[ranking.true_images], minlength=k)
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = [hits / said, hits / there, 2 * hits / (said + there)]
    per_class = [average.mean(axis=0), average[0], average[AT_75], *rates]
    return np.concatenate([*per_class, _means(average)])


def _means(average: Floats) -> Floats:
    """Over the classes that have a box: (t, K) to mAP, mAP50, mAP75."""
    defined = average[:, np.isfinite(average[0])]
    if not defined.size:
        return np.full(3, np.nan)
    return np.array([defined.mean(), defined[0].mean(), defined[AT_75].mean()])


def estimate(value: float, low: float, high: float, count: int) -> Estimate:
    """A figure with its bootstrap interval; Wilson's where all resamples agree."""
    if not np.isfinite(value):
        return Estimate(float("nan"), 0.0, 1.0, count)
    if not np.isfinite(low) or low == high:
        share = wilson(min(value, 1.0) * count, count)
        low, high = share.low, share.high
    return Estimate(
        float(value), min(float(value), float(low)), max(float(value), float(high)), count
    )
