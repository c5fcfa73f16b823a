"""How good a classifier is, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.evaluation.cases import Cases, Ints
from workbench.evaluation.intervals import Estimate, bootstrap, wilson
from workbench.evaluation.measured import Measured


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation(Measured):
    """What `bench.evaluate()` returns.

    Attributes:
        accuracy: share of right predictions, with Wilson's interval: the headline.
        per_class: a row a class: precision, recall, F1 with bootstrap intervals, and support.
        confusion: counts, rows the true class and columns the predicted one.
    """

    measure = "accuracy"

    accuracy: Estimate
    confusion: pd.DataFrame

    @property
    def headline(self) -> Estimate:
        """The accuracy."""
        return self.accuracy


def evaluate_classification(
    cases: Cases,
    *,
    provisional: bool,
    test_labels: int,
    pool_labels: int,
    seed: int = 0,
) -> Evaluation:
    """Compare predictions with the truth.

    Args:
        cases: what is predicted, and what is true, of images that have one class each.
        provisional: whether the predictions are out-of-fold ones on the pool.
        test_labels: labelled test images, for the record.
        pool_labels: labelled pool images, for the record.
        seed: of the bootstrap.

    Returns:
        The evaluation.

    Raises:
        ValueError: an image may have several classes.
    """
    if not cases.exclusive:
        raise ValueError(f"truth must be (n,) class indices, but got {cases.truth.shape}")
    truth = cases.truth.astype(np.int64, copy=False)
    predicted = cases.predicted.astype(np.int64, copy=False)
    classes = cases.classes
    confusion = confusion_counts(truth, predicted, len(classes))
    return Evaluation(
        cases=cases,
        accuracy=wilson(int((~cases.wrong).sum()), len(cases)),
        per_class=_per_class(truth, predicted, classes, seed),
        confusion=pd.DataFrame(
            confusion,
            index=pd.Index(classes, name="truth"),
            columns=pd.Index(classes, name="predicted"),
        ),
        provisional=provisional,
        test_labels=test_labels,
        pool_labels=pool_labels,
    )


def confusion_counts(truth: Ints, predicted: Ints, num_classes: int) -> Ints:
    """Counts (k, k): rows the true class, columns the predicted one."""
    flat = np.bincount(truth * num_classes + predicted, minlength=num_classes**2)
    counts: Ints = flat.reshape(num_classes, num_classes).astype(np.int64)
    return counts


def _scores(confusion: NDArray[np.generic]) -> NDArray[np.float64]:
    """Precision, recall and F1 of each class: (k, k) counts to (3, k), NaN where undefined."""
    counts = confusion.astype(np.float64)
    hits = np.diag(counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = hits / counts.sum(axis=0)
        recall = hits / counts.sum(axis=1)
        f1 = 2 * hits / (counts.sum(axis=0) + counts.sum(axis=1))
    return np.stack([precision, recall, f1])


def _per_class(truth: Ints, predicted: Ints, classes: Sequence[str], seed: int) -> pd.DataFrame:
    k = len(classes)

    def statistic(rows: Ints) -> NDArray[np.float64]:
        return _scores(confusion_counts(truth[rows], predicted[rows], k)).ravel()

    values = _scores(confusion_counts(truth, predicted, k))
    resamples = 1_000 if k <= 200 else 200
    low, high = (
        x.reshape(3, k) for x in bootstrap(statistic, len(truth), resamples=resamples, seed=seed)
    )
    columns: dict[str, NDArray[np.generic]] = {}
    for row, name in enumerate(("precision", "recall", "f1")):
        columns[name] = values[row]
        columns[f"{name}_low"] = low[row]
        columns[f"{name}_high"] = high[row]
    columns["support"] = np.bincount(truth, minlength=k)
    return pd.DataFrame(columns, index=pd.Index(classes, name="class"))
