"""Learning rates over layers and over the run."""

import math

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from workbench.models.recipe import Recipe

_GROUPS = 10  # groups of layers with a common rate


def rate_groups(model: nn.Module, head: nn.Module, recipe: Recipe) -> list[dict[str, object]]:
    """Group parameters by learning rate and weight decay.

    Networks register their parameters from input to output, so the place in that order stands for
    depth: the rate rises geometrically from the first layer's to the head's. Vectors (biases,
    normalisation) are not decayed.
    """
    groups: dict[tuple[int, bool], list[nn.Parameter]] = {}
    parameters = list(model.parameters())
    for place, parameter in enumerate(parameters):
        layer = place * _GROUPS // len(parameters)
        groups.setdefault((layer, parameter.ndim > 1), []).append(parameter)
    for parameter in head.parameters():
        groups.setdefault((_GROUPS, parameter.ndim > 1), []).append(parameter)
    return [
        {
            "params": members,
            "scale": recipe.first_layer ** (1 - layer / _GROUPS),
            "lr": 0.0,
            "weight_decay": recipe.weight_decay if decayed else 0.0,
        }
        for (layer, decayed), members in groups.items()
    ]


def set_rate(optimiser: torch.optim.Optimizer, done: float, recipe: Recipe) -> None:
    """Set learning rates: a short rise, then half a cosine down to zero, as `done` goes 0 to 1."""
    rise = recipe.warm_up
    if done < rise:
        factor = (done + 1e-2) / (rise + 1e-2)
    else:
        factor = (1 + math.cos(math.pi * min(1.0, (done - rise) / max(1 - rise, 1e-9)))) / 2
    for group in optimiser.param_groups:
        group["lr"] = recipe.rate * group["scale"] * factor


def train_mode(net: nn.Module, *, freeze_statistics: bool) -> None:
    """Switch to training; with `freeze_statistics`, batch normalisation keeps its statistics.

    A small batch's own mean and variance are noise; those of pretraining are not. An untrained
    network has none worth keeping.
    """
    net.train()
    if freeze_statistics:
        for module in net.modules():
            if isinstance(module, _BatchNorm):
                module.eval()
