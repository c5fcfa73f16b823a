"""Confident learning, by cleanlab: the one module that knows it.

The model's probabilities themselves say how noisy the labels are: an image counts as confidently of
a class when the probability of that class reaches the mean that the class's own images get. An
image confidently of another class than its label is a likely error.

cleanlab is loaded when first called; only its functions are used, not its Datalab.

Source:
    Northcutt, Jiang, Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels"
    (arXiv 1911.00068).
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


def self_confidence(targets: Ints, probabilities: Array) -> Array:
    """Probability of each label that there is: the lower, the likelier an error.

    Args:
        targets: (n,) class indices.
        probabilities: (n, K) class probabilities, each row from a model that did not see its label.

    Returns:
        (n,) 0 to 1.

    Raises:
        ValueError: the shapes do not match, or a value is no probability.
    """
    _check(targets, probabilities)
    if len(targets) == 0:
        return np.empty(0, dtype=np.float32)
    from cleanlab.rank import get_label_quality_scores

    scores: Array = get_label_quality_scores(targets, probabilities, method="self_confidence")
    return scores


def likely_errors(targets: Ints, probabilities: Array) -> Mask:
    """Which labels are likely wrong: those that confident learning counts off the diagonal.

    Args:
        targets: (n,) class indices.
        probabilities: (n, K) class probabilities, each row from a model that did not see its label.

    Returns:
        (n,) the likely errors; their number estimates how many errors there are. None where fewer
        than two classes have a label, for nothing contradicts a label then.

    Raises:
        ValueError: the shapes do not match, or a value is no probability.
    """
    _check(targets, probabilities)
    classes, local = np.unique(targets, return_inverse=True)
    if len(classes) < 2:
        return np.zeros(len(targets), dtype=np.bool_)
    from cleanlab.filter import find_label_issues

    # Classes without a label cannot be suggested, and make cleanlab's counts undefined.
    seen = probabilities[:, classes]
    found: Mask = find_label_issues(local, seen, filter_by="confident_learning", n_jobs=1)
    return found


def likely_wrong_cells(targets: Mask, probabilities: Array) -> Mask:
    """Which cells (an image and a class) are likely wrong, where classes do not exclude each other.

    Each class is judged by itself, as in cleanlab's own multi-label filter, as having it or not.

    Args:
        targets: (n, K) which classes each image has.
        probabilities: (n, K) of each class by itself, from a model that did not see the row's label.

    Returns:
        (n, K) the likely errors; none in a class that all images have, or none has.

    Raises:
        ValueError: the shapes do not match, or a value is no probability.
    """
    if targets.shape != probabilities.shape:
        raise ValueError(
            f"targets and probabilities must be (n, K) alike, but got {targets.shape} and "
            f"{probabilities.shape}"
        )
    found = np.zeros(targets.shape, dtype=np.bool_)
    for column in range(targets.shape[1]):
        there = probabilities[:, column]
        both = np.stack([1 - there, there], axis=1)
        found[:, column] = likely_errors(targets[:, column].astype(np.int64), both)
    return found


def _check(targets: Ints, probabilities: Array) -> None:
    if probabilities.ndim != 2 or targets.shape != (len(probabilities),):
        raise ValueError(
            "probabilities must be (n, K) with one target a row, but got "
            f"{probabilities.shape} and {targets.shape}"
        )
    bad = ~((probabilities >= -1e-6) & (probabilities <= 1 + 1e-5)).all(axis=1)
    if bad.any():
        raise ValueError(
            f"{np.count_nonzero(bad)} of {len(probabilities)} rows hold NaN or something that is no "
            "probability: leave out the rows that no fold could predict"
        )
