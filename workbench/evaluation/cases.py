"""What was predicted for which image, and what is true: all that a model is judged by."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Array = NDArray[np.floating]

THRESHOLD = 0.5  # in multi-label, a class of this probability, or more, is predicted

ROUNDING = 1e-5  # by which single precision may miss 0 and 1


@dataclass(frozen=True, eq=False)
class Cases:
    """Predictions beside the truth, a row an image.

    Attributes:
        ids: (n,) sample ids, n of at least 1.
        truth: (n,) class indices; in multi-label (n, K) which classes each image has.
        probabilities: (n, K) calibrated probabilities, within 0 and 1.
        classes: (K,) names by index, K of at least 1.

    Raises:
        ValueError: the shapes do not match, there is no row, or an index or a probability is none.
    """

    ids: Sequence[str]
    truth: Ints | Mask
    probabilities: Array
    classes: Sequence[str]

    def __post_init__(self) -> None:
        n, k = len(self.ids), len(self.classes)
        if n == 0 or k == 0 or self.probabilities.shape != (n, k):
            raise ValueError(
                f"probabilities must be (n >= 1, K >= 1), a row an image and a column a class, "
                f"here ({n}, {k}), but got {self.probabilities.shape}"
            )
        if self.truth.shape not in {(n,), (n, k)}:
            raise ValueError(f"truth must be ({n},) or ({n}, {k}), but got {self.truth.shape}")
        if self.exclusive and (self.truth.min() < 0 or self.truth.max() >= k):
            raise ValueError(f"class indices must be within 0 and {k - 1}, the list of classes")
        if not ((self.probabilities >= -ROUNDING) & (self.probabilities <= 1 + ROUNDING)).all():
            raise ValueError(
                "probabilities must be within 0 and 1: leave out the rows that no fold could predict"
            )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def exclusive(self) -> bool:
        """Whether an image has exactly one class."""
        return self.truth.ndim == 1

    @cached_property
    def predicted(self) -> Ints | Mask:
        """What is predicted, in the form of `truth`."""
        if self.exclusive:
            best: Ints = self.probabilities.argmax(axis=1).astype(np.int64)
            return best
        mask: Mask = self.probabilities >= THRESHOLD
        return mask

    @cached_property
    def presence(self) -> Mask:
        """(n, K) which classes each image has, whatever the task."""
        if not self.exclusive:
            return self.truth.astype(np.bool_, copy=False)
        there: Mask = self.truth[:, None] == np.arange(len(self.classes))
        return there

    @cached_property
    def said(self) -> Mask:
        """(n, K) which classes each image is said to have, whatever the task."""
        if not self.exclusive:
            return self.predicted.astype(np.bool_, copy=False)
        there: Mask = self.predicted[:, None] == np.arange(len(self.classes))
        return there

    @cached_property
    def sure_of_mistake(self) -> NDArray[np.float64]:
        """(n,) how sure the model was of what is wrong; 0 where nothing is.

        In multi-label that is the surest of its wrong answers.
        """
        sure = np.where(self.said, self.probabilities, 1 - self.probabilities)
        # Of one class alone, the mistake is what was said; what was missed follows from it.
        extra = self.said & ~self.presence
        mistakes = extra if self.exclusive else self.said != self.presence
        out: NDArray[np.float64] = np.where(mistakes, sure, 0).max(axis=1).astype(np.float64)
        return out

    @cached_property
    def wrong(self) -> Mask:
        """(n,) which images are wrong; in multi-label those with a class too many, or too few."""
        differ = np.asarray(self.truth != self.predicted).reshape(len(self), -1)
        return np.asarray(differ.any(axis=1))

    def named(self, values: Ints | Mask) -> list[tuple[str, ...]]:
        """Rows of `truth` or `predicted` by the names of their classes, in the list's order."""
        if values.ndim == 1:
            return [(self.classes[index],) for index in values.tolist()]
        return [tuple(self.classes[i] for i in np.flatnonzero(row).tolist()) for row in values]
