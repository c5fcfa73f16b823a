"""A linear classifier on pooled features: fitted on frozen ones, then trained along."""

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.models.objectives import Objective, Targets

_STRENGTHS = (0.01, 0.1, 1.0, 10.0)  # C of the logistic regressions that compete

Floats = NDArray[np.float32]


class LinearHead(nn.Module):
    """Logits of centred features, brought to unit size by one common factor.

    One factor, not one a dimension: it keeps the backbone's own idea of which directions matter,
    which with few labels is worth several points of accuracy.
    """

    def __init__(self, mean: Tensor, scale: float, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.mean: Tensor
        self.register_buffer("mean", mean)
        self.scale = scale
        self.linear = nn.Linear(weight.shape[1], weight.shape[0])
        with torch.no_grad():
            self.linear.weight.copy_(weight)
            self.linear.bias.copy_(bias)

    @classmethod
    def empty(cls, dim: int, num_classes: int, scale: float) -> "LinearHead":
        """A head of a size, to be filled from a state dict."""
        zeros = torch.zeros(dim)
        return cls(zeros, scale, torch.zeros(num_classes, dim), torch.zeros(num_classes))

    def forward(self, features: Tensor) -> Tensor:
        """Map features (n, dim) to logits (n, classes)."""
        return cast(Tensor, self.linear((features.float() - self.mean) / self.scale))

    def folded(self) -> tuple[Tensor, Tensor]:
        """Return weight (classes, dim) and bias (classes,) for features as they come."""
        weight = self.linear.weight.detach() / self.scale
        return weight, self.linear.bias.detach() - weight @ self.mean


def fit_head(
    objective: Objective,
    features: Floats,
    targets: Targets,
    held_features: Floats,
    held_targets: Targets,
    num_classes: int,
) -> LinearHead:
    """Fit logistic regressions of several strengths; keep what is best on held-out labels.

    Args:
        objective: the task's.
        features: (n, dim) to fit on.
        targets: (n,) class indices, or (n, num_classes) yes or no.
        held_features: (m, dim) to choose by.
        held_targets: as `targets`, of m.
        num_classes: rows of the head; classes without a label get one too.

    Returns:
        The head with the smallest held-out log loss.
    """
    mean = features.mean(axis=0)
    centred = features - mean
    scale = max(float(np.sqrt((centred**2).mean())), 1e-6)
    heads = []
    for strength in _STRENGTHS:
        fitted = objective.linear(centred / scale, targets, num_classes, strength)
        weight, bias = torch.from_numpy(fitted[:-1].T.copy()), torch.from_numpy(fitted[-1].copy())
        heads.append(LinearHead(torch.from_numpy(mean), scale, weight, bias))
    return min(heads, key=lambda head: score(objective, head, held_features, held_targets)[1])


def score(
    objective: Objective, head: LinearHead, features: Floats, targets: Targets
) -> tuple[float, float]:
    """Measure a head on features (n, dim) and their targets: the task's figure, log loss in nats."""
    with torch.inference_mode():
        device = head.linear.weight.device
        logits = head(torch.from_numpy(features).to(device)).cpu()
        return objective.score(logits, torch.from_numpy(targets))
