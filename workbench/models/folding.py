"""Batch norms folded into the convolutions before them: the same network with less to compute.

In evaluation mode a batch norm is a scale and an offset a channel, which the convolution before it
can as well take into its own weights. On a processor, where such layers wait for memory rather than
compute, that saves much of the time of a small network.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

_TOLERANCE = 1e-3  # of the outputs' own size; what is folded rightly stays within a hundredth of it


def fold_batch_norms(model: nn.Module, example: Tensor) -> nn.Module:
    """A copy with the batch norms folded in; the model itself where that changes what it says.

    A batch norm is taken to come right after a convolution that was defined right before it. Not
    every network is written so; it is tried on an example.

    Args:
        model: in evaluation mode, float32. It is not changed.
        example: (n, 3, height, width), normalised.

    Returns:
        A model with the same outputs up to rounding.
    """
    folded = copy.deepcopy(model)
    if not sum(_fold_children(module) for module in [*folded.modules()]):
        return model
    with torch.inference_mode():
        wanted, got = model(example), folded(example)
    same = (wanted - got).abs().max() <= _TOLERANCE * wanted.abs().max()
    return folded if bool(same) else model


def _fold_children(parent: nn.Module) -> int:
    """Fold the batch norms among a module's own children; how many there were."""
    count = 0
    before: nn.Module | None = None
    for name, child in [*parent.named_children()]:
        if isinstance(before, nn.Conv2d) and isinstance(child, nn.BatchNorm2d):
            statistics = child.running_mean, child.running_var
            if before.out_channels == child.num_features and None not in statistics:
                before.weight, before.bias = fuse_conv_bn_weights(
                    before.weight,
                    before.bias,
                    *statistics,
                    child.eps,
                    child.weight,
                    child.bias,
                )
                # timm's batch norms have the activation in them.
                setattr(parent, name, getattr(child, "act", None) or nn.Identity())
                count += 1
        before = child
    return count
