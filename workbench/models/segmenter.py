"""A semantic segmentation network: a feature pyramid's maps, brought together, on a timm backbone.

Kirillov et al., "Panoptic Feature Pyramid Networks" (CVPR 2019), of which this is the branch that says
the class of each pixel; its decoder is segmentation-models-pytorch's. It has group normalisation, so what
is said of an image does not depend on the others of its batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

MASK_STRIDES = (4, 8, 16, 32)
IGNORED = -1  # in the place of a class index: nothing is to be said of the pixel
_DICE = 0.5  # weight of the soft Dice loss beside cross-entropy
_HARDEST = 0.1  # of an image's pixels, that cross-entropy is the mean over


@dataclass(frozen=True)
class Segmented:
    """What a segmenter says of one image.

    Attributes:
        mask: (height, width) class indices of the upright image's pixels, 0 for none of the classes.
        confidence: (rows, columns) calibrated probability of what is said, as finely as the network
            sees the image.
        margin: likewise, the probability of the best less that of the second.
        coarse: (rows, columns) class indices there.
    """

    mask: NDArray[np.uint16]
    confidence: NDArray[np.float16]
    margin: NDArray[np.float16]
    coarse: NDArray[np.uint16]


class MaskHead(nn.Module):
    """All of a segmenter that comes after its backbone.

    Args:
        depths: channels of the backbone's maps of `MASK_STRIDES`.
        num_classes: K, without the background.
        channels: of the pyramid and of what is made of it: a multiple of 32.
    """

    def __init__(self, depths: Sequence[int], num_classes: int, channels: int) -> None:
        super().__init__()
        # Not at the top: it loads what nobody needs who trains no masks.
        from segmentation_models_pytorch.decoders.fpn.decoder import FPNDecoder

        self.decoder = FPNDecoder(
            list(depths), len(depths), channels, channels, dropout=0.0, merge_policy="add"
        )
        self.planes = nn.Conv2d(channels, num_classes + 1, kernel_size=1)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Logits (n, K + 1, side / 4, side / 4), the background's first."""
        planes: Tensor = self.planes(self.decoder(list(maps)))
        return planes


def mask_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy of the hardest pixels, and soft Dice over the classes of each image.

    Wu et al., "Bridging Category-level and Instance-level Semantic Image Segmentation" (2016), for the
    hardest pixels: most of an image is plain background, soon known, which outweighs what is still to be
    learned. Milletari et al., "V-Net" (3DV 2016), for Dice: a class of few pixels weighs as much as any.

    Args:
        logits: (n, K + 1, rows, columns); brought to the truth's size.
        truth: (n, side, side) class indices, or `IGNORED`.

    Returns:
        The mean over images.
    """
    logits = functional.interpolate(logits, truth.shape[1:], mode="bilinear", align_corners=False)
    told = truth != IGNORED
    pixels = functional.cross_entropy(logits, truth, ignore_index=IGNORED, reduction="none")
    counts = (_HARDEST * told.sum(dim=(1, 2))).long().clamp_min(1)
    hardest = pixels.flatten(1).topk(int(counts.max()), dim=1).values
    ranks = torch.arange(hardest.shape[1], device=hardest.device)
    entropy = (hardest * (ranks < counts[:, None])).sum(dim=1) / counts
    shares = logits.softmax(dim=1) * told[:, None]
    there = functional.one_hot(truth.clamp_min(0), logits.shape[1]).permute(0, 3, 1, 2)
    there = there * told[:, None]
    both = (shares * there).sum(dim=(2, 3))
    sums = shares.sum(dim=(2, 3)) + there.sum(dim=(2, 3))
    present = there.sum(dim=(2, 3)) > 0
    dice = ((1 - 2 * both / sums.clamp_min(1e-6)) * present).sum(dim=1)
    mean: Tensor = (entropy + _DICE * dice / present.sum(dim=1).clamp_min(1)).mean()
    return mean


def confusion(truth: Tensor, said: Tensor, planes: int) -> Tensor:
    """(planes, planes) pixels by what is there and what is said; `IGNORED` ones are left out."""
    told = truth != IGNORED
    places = truth[told] * planes + said[told]
    return torch.bincount(places, minlength=planes * planes).reshape(planes, planes)


def mean_iou(counts: Tensor) -> float:
    """Mean over the classes that are there of intersection over union; NaN where none is.

    Args:
        counts: (K + 1, K + 1) of `confusion`; the background counts as no class.
    """
    both = counts.diagonal().double()
    union = counts.sum(dim=0) + counts.sum(dim=1) - both
    there = counts.sum(dim=1) > 0
    there[0] = False
    return float((both[there] / union[there]).mean()) if bool(there.any()) else float("nan")
