"""What the probes have in common: one linear map on frozen features."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from workbench.models.folds import Folds

Array = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LinearProbe(ABC):
    """A fitted, calibrated linear classifier.

    Attributes:
        classes: (k,) indices, into the full class list, of the classes that some label has.
        coefficients: (d + 1, k) weights on unit features, the last row the bias.
        out_of_fold: (n, k) calibrated probabilities of the training rows, each from a probe that
            did not see that row; NaN where no fold could give one, as of a class with one label.
        head_weights: what each of the heads weighs.
        logistic: (d + 1, k) the logistic head alone, for a warm start.
        folds: those of the out-of-fold probabilities, likewise.
    """

    classes: Ints
    coefficients: Array
    out_of_fold: Array
    head_weights: NDArray[np.float64]
    logistic: Array
    folds: Folds

    @classmethod
    def only_to_predict(cls, classes: Ints, coefficients: Array) -> Self:
        """A probe from what it takes to predict, without what it was fitted on."""
        return cls(
            classes=classes,
            coefficients=coefficients,
            out_of_fold=np.empty((0, len(classes)), dtype=np.float32),
            head_weights=np.empty(0),
            logistic=np.empty_like(coefficients),
            folds=Folds({}, {}),
        )

    @abstractmethod
    def predict_proba(self, features: Array, num_classes: int) -> Array:
        """Calibrated probabilities over the full class list: (n, d) unit features to (n, K)."""

    @abstractmethod
    def direction(self, target: int) -> Array:
        """Gradient in feature space of what speaks for a class: (d,).

        Raises:
            ValueError: no label had the class when the probe was fitted.
        """

    def logits(self, features: Array) -> Array:
        """Calibrated logits: (n, d) unit features to (n, k)."""
        out: Array = features @ self.coefficients[:-1] + self.coefficients[-1]
        return out

    def spread(self, probabilities: Array, num_classes: int) -> Array:
        """Place columns for the seen classes into the full class list: (n, k) to (n, K)."""
        full = np.zeros((len(probabilities), num_classes), dtype=np.float32)
        full[:, self.classes] = probabilities
        return full

    def column(self, target: int) -> int:
        """Where a class is among the fitted ones.

        Raises:
            ValueError: no label had the class when the probe was fitted.
        """
        where = np.flatnonzero(self.classes == target)
        if len(where) == 0:
            raise ValueError(
                f"class {target} is not among the fitted classes {self.classes.tolist()}"
            )
        return int(where[0])
