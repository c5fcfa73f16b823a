"""What a query strategy takes and gives."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Ints = NDArray[np.int64]
Features = NDArray[np.float32] | NDArray[np.float16]

_ROWS = 65_536  # of features that are looked at at a time


@dataclass(frozen=True)
class Query:
    """Everything a query strategy may look at; no labels of the images to choose from.

    Attributes:
        candidates: (n, d) unit features of the images that may be picked; float16, too, and those of a
            million may stay in their file (`numpy.memmap`): strategies take what they need by `points`.
        probabilities: (n, k) calibrated class probabilities of the candidates, or None while there
            is no model.
        labelled: (m, d) unit features of the images that are labelled or already queued.
        count: how many to pick.
        rng: source of randomness.
        exclusive: whether an image has exactly one class, so that its probabilities sum to 1; else
            it may have any number, and each is the probability of a class by itself.
        worth: (n,) of at least 0, how much each candidate is wanted, in place of the doubt that the
            probabilities tell of; None for that doubt.

    Raises:
        ValueError: the shapes contradict each other, or a value is not finite.
    """

    candidates: Features
    probabilities: Array | None
    labelled: Features
    count: int
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    exclusive: bool = True
    worth: Array | None = None

    def __post_init__(self) -> None:
        if self.candidates.ndim != 2:
            raise ValueError(f"candidates must be (n, d), but got {self.candidates.shape}")
        n, d = self.candidates.shape
        if self.labelled.shape[1:] != (d,):
            raise ValueError(f"labelled must be (m, {d}), but got {self.labelled.shape}")
        if self.probabilities is not None and (
            self.probabilities.ndim != 2 or len(self.probabilities) != n
        ):
            raise ValueError(f"probabilities must be ({n}, k), but got {self.probabilities.shape}")
        if self.worth is not None and (self.worth.shape != (n,) or (self.worth < 0).any()):
            raise ValueError(
                f"worth must be ({n},) and at least 0, but got {self.worth.shape}, from "
                f"{self.worth.min(initial=0)} on"
            )
        if self.count < 1:
            raise ValueError(f"count must be at least 1, but got {self.count}")
        for name in ("candidates", "labelled", "probabilities", "worth"):
            values = getattr(self, name)
            if values is not None and not _is_finite(values):
                raise ValueError(f"{name} hold NaN or infinity: embed those images again")

    def points(self, rows: Ints | None = None) -> Array:
        """Features of the candidates, or of some of them, in float32."""
        taken = self.candidates if rows is None else self.candidates[rows]
        return np.asarray(taken, dtype=np.float32)

    def anchors(self) -> Array:
        """Features of the labelled images, in float32."""
        return np.asarray(self.labelled, dtype=np.float32)


def _is_finite(values: Features) -> bool:
    """Whether all values are, a few rows at a time."""
    return all(
        bool(np.isfinite(values[start : start + _ROWS]).all())
        for start in range(0, len(values), _ROWS)
    )


@dataclass(frozen=True)
class Picked:
    """What a strategy chose.

    Attributes:
        indices: (c,) rows of `candidates`, the most wanted first; c is `count`, or n if smaller.
        scores: (c,) the strategy's score of each; NaN where there is none.
    """

    indices: Ints
    scores: Array


Strategy = Callable[[Query], Picked]
