"""Label noise put in on purpose, to see whether it is found."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Matrix = NDArray[np.floating] | NDArray[np.integer]


def flip_labels(
    targets: Ints,
    rate: float,
    classes: Sequence[str],
    rng: np.random.Generator,
    confusion: Matrix | None = None,
) -> Ints:
    """Give some images another label than they have.

    Without a confusion matrix every image is as likely to be drawn as any other, and every other
    class as likely to be its new label (symmetric noise). With one, an image is drawn with odds
    proportional to how often its class is confused, and gets the class that it is confused with:
    the noise of a person who cannot tell some classes apart.

    Args:
        targets: (n,) class indices.
        rate: share of the labels to change, 0 to 1.
        classes: the full class list, of K names.
        rng: source of randomness.
        confusion: (K, K) counts or shares, a row a true class, a column what it was called; rows
            need not sum to 1, and the diagonal says how often a class was called right.

    Returns:
        (n,) new class indices, which differ from `targets` in exactly `round(rate * n)` places.

    Raises:
        ValueError: the rate is not within 0 to 1, a target is not in the class list, the matrix
            has another shape or a negative entry, or fewer images can be confused than are wanted.

    Source:
        Both kinds of noise, and their names: Natarajan et al. 2013, "Learning with Noisy Labels".
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"the rate must be within 0 and 1, but got {rate}")
    size = len(classes)
    if len(targets) and not 0 <= targets.min() <= targets.max() < size:
        raise ValueError(
            f"targets must be indices into the {size} classes, but range from {targets.min()} to "
            f"{targets.max()}"
        )
    confused = _off_diagonal(np.ones((size, size)) if confusion is None else confusion, size)
    odds = confused.sum(axis=1)[targets]
    count = round(rate * len(targets))
    if count > (odds > 0).sum():
        raise ValueError(
            f"{count} labels were to be flipped, but only {(odds > 0).sum()} images are of a class "
            "that is ever confused with another: lower the rate, or give more classes"
        )
    noisy = targets.copy()
    if count:
        for row in rng.choice(len(targets), count, replace=False, p=odds / odds.sum()):
            to = confused[targets[row]]
            noisy[row] = rng.choice(size, p=to / to.sum())
    return noisy


def _off_diagonal(confusion: Matrix, size: int) -> NDArray[np.float64]:
    """Shares of each class that are called by another's name: (K, K), zeros on the diagonal."""
    matrix = np.array(confusion, dtype=np.float64)
    if matrix.shape != (size, size) or not np.isfinite(matrix).all() or (matrix < 0).any():
        raise ValueError(
            f"the confusion matrix must be ({size}, {size}) without negative entries, but got "
            f"{matrix.shape} from {matrix.min(initial=0):g} to {matrix.max(initial=0):g}"
        )
    matrix /= np.maximum(matrix.sum(axis=1, keepdims=True), 1e-12)
    np.fill_diagonal(matrix, 0)
    return matrix
