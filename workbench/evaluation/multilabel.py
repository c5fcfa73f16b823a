"""How good a model is where an image has any number of classes, with intervals."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.evaluation.cases import Cases, Ints, Mask
from workbench.evaluation.curves import Floats, average_precisions, precision_recall
from workbench.evaluation.intervals import CONFIDENCE, Estimate, bootstrap, wilson
from workbench.evaluation.measured import Measured

RESAMPLES = 1_000
CELLS = 50_000  # images times classes from which on a fifth of the resamples have to do
FIGURES = ("precision", "recall", "f1", "average_precision")


@dataclass(frozen=True, kw_only=True, eq=False)
class MultiLabelEvaluation(Measured):
    """What `bench.evaluate()` returns for task="multilabel".

    A class is predicted from a probability of .5 on. Intervals but those of `exact_match` and of the
    classes' average precision (`curves.average_precision_interval`) are percentile bootstraps over
    images.

    Attributes:
        micro_f1: F1 over all cells (an image and a class) together: the headline. NaN where no
            class is there and none is predicted.
        macro_f1: mean of the classes' F1, over those that have one.
        mean_average_precision: mean of the classes' average precision, likewise.
        exact_match: share of images whose classes are all right, with Wilson's interval.
        per_class: a row a class: precision, recall, F1 and average precision with their intervals,
            and support, the number of images that have it. NaN where undefined: precision of a
            class that is never predicted, recall and average precision of one that no image has, F1
            of one that is neither.
    """

    measure = "micro F1"

    micro_f1: Estimate
    macro_f1: Estimate
    mean_average_precision: Estimate
    exact_match: Estimate

    @property
    def headline(self) -> Estimate:
        """The micro-averaged F1."""
        return self.micro_f1

    def _repr_html_(self) -> str:
        rest = (
            f"macro F1 {self.macro_f1}, mean average precision {self.mean_average_precision}, "
            f"all classes of an image right {self.exact_match}"
        )
        return f"<p>{rest}</p>{super()._repr_html_()}"


def evaluate_multilabel(
    cases: Cases,
    *,
    provisional: bool,
    test_labels: int,
    pool_labels: int,
    seed: int = 0,
) -> MultiLabelEvaluation:
    """Compare predictions with the truth.

    Args:
        cases: what is predicted, and what is true, of images that have any number of classes.
        provisional: whether the predictions are out-of-fold ones on the pool.
        test_labels: labelled test images, for the record.
        pool_labels: labelled pool images, for the record.
        seed: of the bootstrap.

    Returns:
        The evaluation.

    Raises:
        ValueError: an image has one class alone.
    """
    n, k = len(cases), len(cases.classes)
    if cases.exclusive:
        raise ValueError(f"truth must be (n, {k}), a column a class, but got {cases.truth.shape}")
    truth, predicted = cases.presence, cases.predicted.astype(np.bool_, copy=False)
    precision_of = average_precisions(truth, cases.probabilities)

    def figures(weights: Floats) -> Floats:
        return _figures(truth, predicted, precision_of(weights), weights)

    def statistic(rows: Ints) -> Floats:
        return figures(np.bincount(rows, minlength=n).astype(np.float64))

    values = figures(np.ones(n))
    resamples = RESAMPLES if n * k < CELLS else RESAMPLES // 5
    low, high = bootstrap(statistic, n, resamples=resamples, seed=seed)
    columns: dict[str, NDArray[np.generic]] = {}
    for place, name in enumerate(FIGURES):
        own = slice(place * k, (place + 1) * k)
        columns[name] = values[own]
        columns[f"{name}_low"] = low[own]
        columns[f"{name}_high"] = high[own]
    average = precision_recall(cases).average_precision
    columns |= {f"average_precision_{end}": average[end].to_numpy() for end in ("low", "high")}
    columns["support"] = average["support"].to_numpy()
    macro, mean = (_estimate(values[i], low[i], high[i], n) for i in (-2, -1))
    return MultiLabelEvaluation(
        cases=cases,
        micro_f1=micro_f1(truth, predicted, seed),
        macro_f1=macro,
        mean_average_precision=mean,
        exact_match=wilson(int((~cases.wrong).sum()), n),
        per_class=pd.DataFrame(columns, index=pd.Index(cases.classes, name="class")),
        provisional=provisional,
        test_labels=test_labels,
        pool_labels=pool_labels,
    )


def micro_f1(truth: Mask, predicted: Mask, seed: int = 0) -> Estimate:
    """F1 over all cells together, with an interval over images: in no time, for a live curve.

    Images with the same numbers of hits and errors are one as good as another to the bootstrap, so
    that only how many of each kind are drawn is drawn: it takes O(n K), and the resamples next to
    nothing. Where all resamples agree (nothing is wrong, or there is one image) they say nothing of
    what the next image may bring: then Wilson's interval of hits / (hits + errors) is taken, as if
    that were a share of the images.

    Args:
        truth: (n, K) which classes each image has, n of at least 1.
        predicted: (n, K) which it is said to have.
        seed: of the bootstrap.

    Returns:
        F1; NaN from 0 to 1 where no class is there and none is predicted.

    Raises:
        ValueError: the shapes do not match, or there is no row.
    """
    _check(truth, predicted)
    n = len(truth)
    hits, errors = (truth & predicted).sum(axis=1), (truth ^ predicted).sum(axis=1)
    kinds, counts = np.unique(np.stack([hits, errors], axis=1), axis=0, return_counts=True)
    all_hits, all_errors = counts @ kinds
    if all_hits + all_errors == 0:
        return Estimate(float("nan"), 0.0, 1.0, n)
    value = float(2 * all_hits / (2 * all_hits + all_errors))
    drawn = np.random.default_rng(seed).multinomial(n, counts / n, size=RESAMPLES) @ kinds
    drawn = drawn[drawn.any(axis=1)]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(2 * drawn[:, 0] / (2 * drawn[:, 0] + drawn[:, 1]), [tail, 1 - tail])
    if low == high:
        share = wilson(round(n * all_hits / (all_hits + all_errors)), n)
        low, high = (2 * end / (1 + end) for end in (share.low, share.high))
    return Estimate(value, min(value, float(low)), max(value, float(high)), n)


def _figures(truth: Mask, predicted: Mask, average_precision: Floats, weights: Floats) -> Floats:
    """Per class precision, recall, F1, average precision; mean F1, mean average precision."""
    hits = weights @ (truth & predicted)
    said, there = weights @ predicted, weights @ truth
    with np.errstate(invalid="ignore", divide="ignore"):
        f1 = 2 * hits / (said + there)
        per_class = [hits / said, hits / there, f1, average_precision]
    return np.concatenate([*per_class, [_mean(f1), _mean(average_precision)]])


def _estimate(value: float, low: float, high: float, count: int) -> Estimate:
    if not np.isfinite(value):
        return Estimate(float("nan"), 0.0, 1.0, count)
    return Estimate(float(value), float(low), float(high), count)


def _mean(values: Floats) -> float:
    """Mean of what is defined; NaN where nothing is."""
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if len(defined) else float("nan")


def _check(truth: Mask, other: NDArray[np.generic]) -> None:
    if truth.ndim != 2 or other.shape != truth.shape or len(truth) == 0:
        raise ValueError(
            f"truth and predictions must be (n >= 1, K) alike, but got {truth.shape}, {other.shape}"
        )
