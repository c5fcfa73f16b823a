"""What differs by task when a backbone is trained: the loss, the figure, the labels set aside."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from workbench.models.heldout import hold_out, require_enough
from workbench.models.logistic import fit_logistic, fit_one_vs_rest
from workbench.models.multiprobe import rarest

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Targets = NDArray[Any]

_IMBALANCED = 2.0  # ratio of the largest to the smallest class from which rare ones are repeated
_THRESHOLD = 0.0  # of a logit: a probability of one half


class Objective(Protocol):
    """One kind of labels.

    Attributes:
        task: its name.
        measure: name of the figure that `score` gives.
    """

    task: str
    measure: str

    def checked(self, targets: Any, count: int, num_classes: int) -> Targets:
        """Targets as an array for `count` images.

        Raises:
            ValueError: they have another shape, or name other classes.
        """

    def hold_out(self, targets: Targets, share: float, seed: int) -> tuple[Ints, Ints]:
        """Indices to train on and to judge by.

        Raises:
            NotEnoughLabelsError: there are too few labels.
        """

    def odds(self, targets: Targets, balance: float) -> NDArray[np.float64] | None:
        """How often each label is to be drawn, summing to 1; None for each once."""

    def linear(self, features: Floats, targets: Targets, num_classes: int, C: float) -> Floats:
        """Logistic regression: (dim + 1, num_classes) coefficients, the last row the bias."""

    def loss(self, logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        """Mean loss in nats of (n, num_classes) logits."""

    def score(self, logits: Tensor, targets: Tensor) -> tuple[float, float]:
        """The figure, and the log loss in nats, of (n, num_classes) logits."""


class OneClass:
    """Classification: targets are (n,) class indices."""

    task = "classification"
    measure = "accuracy"

    def checked(self, targets: Any, count: int, num_classes: int) -> Targets:
        """As (n,) int64."""
        truth = np.asarray(targets, dtype=np.int64)
        if truth.shape != (count,):
            raise ValueError(f"targets must have shape ({count},), as paths, not {truth.shape}")
        if len(truth) and not (truth.min() >= 0 and truth.max() < num_classes):
            raise ValueError(
                f"targets must lie between 0 and {num_classes - 1}, but reach from {truth.min()} "
                f"to {truth.max()}"
            )
        return truth

    def hold_out(self, targets: Targets, share: float, seed: int) -> tuple[Ints, Ints]:
        """Stratified by class."""
        require_enough(targets)
        return hold_out(targets, share, seed)

    def odds(self, targets: Targets, balance: float) -> NDArray[np.float64] | None:
        """By class size, where classes are uneven.

        A power below 1: even classes would repeat a rare one's few images too often.
        """
        sizes = np.bincount(targets)
        present = sizes[sizes > 0]
        if not balance or present.max() <= _IMBALANCED * present.min():
            return None
        odds = sizes[targets].astype(np.float64) ** -balance
        out: NDArray[np.float64] = odds / odds.sum()
        return out

    def linear(self, features: Floats, targets: Targets, num_classes: int, C: float) -> Floats:
        """Multinomial."""
        return fit_logistic(features, targets, num_classes, C)

    def loss(self, logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        """Cross-entropy."""
        return functional.cross_entropy(logits, targets, label_smoothing=smoothing)

    def score(self, logits: Tensor, targets: Tensor) -> tuple[float, float]:
        """Accuracy and cross-entropy."""
        right = (logits.argmax(dim=1) == targets).double().mean().item()
        return right, functional.cross_entropy(logits, targets).item()


class ManyClasses:
    """Multi-label: targets are (n, num_classes) yes or no."""

    task = "multilabel"
    measure = "micro F1"

    def checked(self, targets: Any, count: int, num_classes: int) -> Targets:
        """As (n, num_classes) bool."""
        truth = np.asarray(targets)
        if truth.shape != (count, num_classes) or truth.dtype != np.bool_:
            raise ValueError(
                f"targets must be ({count}, {num_classes}) booleans, an image a row and a class a "
                f"column, not {truth.shape} of {truth.dtype}"
            )
        return truth

    def hold_out(self, targets: Targets, share: float, seed: int) -> tuple[Ints, Ints]:
        """Stratified by what each image has, or lacks, that the fewest share."""
        strata = np.unique(rarest(targets), return_inverse=True)[1].astype(np.int64)
        require_enough(strata)
        return hold_out(strata, share, seed)

    def odds(self, targets: Targets, balance: float) -> NDArray[np.float64] | None:
        """By the rarest class of each image; images without any as those of the largest class."""
        if not balance:
            return None
        sizes = np.maximum(targets.sum(axis=0), 1).astype(np.float64)
        own = np.where(targets, sizes, np.inf).min(axis=1)
        odds = np.minimum(own, sizes.max()) ** -balance
        out: NDArray[np.float64] = odds / odds.sum()
        return out

    def linear(self, features: Floats, targets: Targets, num_classes: int, C: float) -> Floats:
        """One against the rest; a class that all or none have gets its share as a constant."""
        count = targets.sum(axis=0)
        both = (count > 0) & (count < len(targets))
        shares = (count + 0.5) / (len(targets) + 1)
        out = np.zeros((features.shape[1] + 1, num_classes), dtype=np.float32)
        out[-1] = np.log(shares / (1 - shares))
        if both.any():
            out[:, both] = fit_one_vs_rest(features, targets[:, both], C)
        return out

    def loss(self, logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        """Binary cross-entropy, averaged over images and classes."""
        wanted = targets.float() * (1 - smoothing) + smoothing / 2
        return functional.binary_cross_entropy_with_logits(logits, wanted)

    def score(self, logits: Tensor, targets: Tensor) -> tuple[float, float]:
        """Micro-averaged F1 at one half, and binary cross-entropy; F1 is 1 where all is empty."""
        said = logits > _THRESHOLD
        hits = (said & targets).sum().item()
        told = (said.sum() + targets.sum()).item()
        loss = functional.binary_cross_entropy_with_logits(logits, targets.float()).item()
        return (2 * hits / told if told else 1.0), loss


def objective_of(exclusive: bool) -> Objective:
    """The objective of a task; `exclusive` says whether an image has one class only."""
    return OneClass() if exclusive else ManyClasses()
