"""Precision against recall, a curve a class, and the average precision with its interval."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.evaluation.cases import Cases, Mask
from workbench.evaluation.intervals import Estimate, wilson

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PrecisionRecall:
    """What each class would find, and how much of that would be right, at every threshold.

    In classification each class is set against all others.

    Attributes:
        cases: what was predicted.
        average_precision: a row a class: `average_precision`, its interval `low` and `high`, and
            `support`, the number of images that have the class; NaN where none has.
    """

    cases: Cases
    average_precision: pd.DataFrame

    def curve(self, name: str) -> pd.DataFrame:
        """The curve of a class, a row a threshold, the highest first.

        Returns:
            `threshold`, and `precision` and `recall` of predicting the class from there on; empty
            for a class that no image has. The area under its steps is the average precision.

        Raises:
            ValueError: there is no such class.
        """
        if name not in self.cases.classes:
            raise ValueError(f"unknown class {name!r}: it has to be one of {self.cases.classes}")
        column = list(self.cases.classes).index(name)
        there = self.cases.presence[:, column]
        scores = self.cases.probabilities[:, column]
        if not there.any():
            return pd.DataFrame({"threshold": [], "precision": [], "recall": []})
        order = np.argsort(-scores, kind="stable")
        ranked = scores[order]
        last = np.append(ranked[1:] != ranked[:-1], True)  # equal scores come in together
        hits = np.cumsum(there[order])[last]
        return pd.DataFrame(
            {
                "threshold": ranked[last],
                "precision": hits / (np.flatnonzero(last) + 1),
                "recall": hits / there.sum(),
            }
        )


def precision_recall(cases: Cases) -> PrecisionRecall:
    """Curves and average precisions of each class."""
    average = average_precisions(cases.presence, cases.probabilities)(np.ones(len(cases)))
    support = cases.presence.sum(axis=0)
    found = [
        average_precision_interval(float(value), int(count))
        for value, count in zip(average, support, strict=True)
    ]
    table = {
        "average_precision": average,
        "low": [each.low for each in found],
        "high": [each.high for each in found],
        "support": support,
    }
    return PrecisionRecall(cases, pd.DataFrame(table, pd.Index(cases.classes, name="class")))


def average_precision_interval(value: float, support: int) -> Estimate:
    """The interval of an average precision, as if it were a share of the images with the class.

    NaN without any. With few of them, or a value near 1, the bootstrap's is too short: it holds the
    value in 86 % of draws where it should be 95 %, for ten images and a value of .9.

    Args:
        value: the average precision; NaN without support.
        support: images that have the class.

    Source:
        The binomial interval of Boyd, Eng and Page 2013, "Area under the precision-recall curve:
        point estimates and confidence intervals", with Wilson's in the place of the Wald interval.
    """
    if support == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    return wilson(min(value, 1.0) * support, support)


def average_precisions(truth: Mask, scores: NDArray[np.floating]) -> Callable[[Floats], Floats]:
    """Average precision of each class, to be asked for often with other weights of the images.

    Args:
        truth: (n, K) which classes each image has.
        scores: (n, K) the higher, the likelier.

    Returns:
        What takes (n,) weights and gives (K,) average precisions, scikit-learn's; NaN for a class
        that no image of positive weight has.
    """
    n = len(truth)
    order = np.argsort(-scores, axis=0, kind="stable")
    hit = np.take_along_axis(truth, order, axis=0).astype(np.float64)
    ranked = np.take_along_axis(scores, order, axis=0)
    # Equal scores come in at one threshold: all of them count where the last of them does.
    ends = np.ones(truth.shape, dtype=np.bool_)
    ends[:-1] = ranked[1:] != ranked[:-1]
    places = np.where(ends, np.arange(n)[:, None], n)
    last = np.minimum.accumulate(places[::-1], axis=0)[::-1]

    def average(weights: Floats) -> Floats:
        taken = weights[order]
        hits = taken * hit
        with np.errstate(invalid="ignore", divide="ignore"):
            precision = np.cumsum(hits, axis=0) / np.cumsum(taken, axis=0)
            at_end = np.take_along_axis(precision, last, axis=0)
            # What weighs nothing may stand before anything that weighs: no precision there.
            gained = np.where(hits > 0, hits * at_end, 0).sum(axis=0)
            out: Floats = gained / hits.sum(axis=0)
        return out

    return average
