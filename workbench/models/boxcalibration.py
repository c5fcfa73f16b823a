"""From a detector's scores to the probability that a box is right.

Platt, "Probabilistic Outputs for Support Vector Machines" (1999): a logistic curve through the
scores' logits, its targets drawn in a little, fitted on images that were not trained on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from workbench.models.boxscores import right_boxes
from workbench.models.detector import Detections

Floats = NDArray[np.float64]
_LEAST = 10  # boxes, right and wrong ones together, below which nothing can be fitted
_EDGE = 1e-6


@dataclass(frozen=True)
class BoxCalibration:
    """A rising curve from score to probability: expit(slope * logit(score) + offset).

    Attributes:
        slope: above 0, so that the order of boxes stays.
        offset: in logits.
    """

    slope: float = 1.0
    offset: float = 0.0

    def apply(self, scores: Floats) -> Floats:
        """Scores (m,) to probabilities (m,)."""
        out: Floats = expit(self.slope * _logits(scores) + self.offset)
        return out


def fit_calibration(found: Sequence[Detections], truth: Sequence[Detections]) -> BoxCalibration:
    """Fit the curve on the boxes found in n images that have been labelled.

    With fewer than ten boxes, or none that is right or none that is wrong, scores stay as they are.
    """
    right = np.concatenate([right_boxes(*pair) for pair in zip(found, truth, strict=True)])
    logits = _logits(np.concatenate([each.scores for each in found]))
    hits = int(right.sum())
    if len(right) < _LEAST or hits in (0, len(right)):
        return BoxCalibration()
    wanted = np.where(right, (hits + 1) / (hits + 2), 1 / (len(right) - hits + 2))

    def loss(curve: Floats) -> tuple[float, Floats]:
        raised = np.exp(curve[0]) * logits + curve[1]
        off = expit(raised) - wanted
        value = np.logaddexp(0, raised) - wanted * raised
        return float(value.mean()), np.array(
            [(off * np.exp(curve[0]) * logits).mean(), off.mean()], dtype=np.float64
        )

    bounds = [(np.log(0.05), np.log(20.0)), (-20.0, 20.0)]
    slope, offset = minimize(loss, np.zeros(2), jac=True, bounds=bounds, method="L-BFGS-B").x
    return BoxCalibration(float(np.exp(slope)), float(offset))


def _logits(scores: Floats) -> Floats:
    out: Floats = logit(np.clip(scores, _EDGE, 1 - _EDGE))
    return out
