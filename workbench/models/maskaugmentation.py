"""Mild augmentation of images with masks, a batch at a time."""

import torch
from torch import Tensor
from torch.nn import functional

from workbench.models.boxaugmentation import moved_images
from workbench.models.segmenter import IGNORED


def augment_masks(
    pixels: Tensor,
    masks: Tensor,
    generator: torch.Generator,
    strength: float = 1.0,
    mirror: bool = False,
) -> tuple[Tensor, Tensor]:
    """Scale, shift and tint each image a little, its mask with it.

    Args:
        pixels: (n, 3, side, side), values 0 to 255.
        masks: (n, side, side) int64 class indices, `IGNORED` where nothing is to be said.
        generator: draws every number, on the CPU; its state decides the outcome.
        strength: factor of all changes; 0 leaves images and masks as they are.
        mirror: whether half of the images are mirrored left to right.

    Returns:
        float32 pixels of the same shape, grey where nothing was, and the masks, `IGNORED` there.
    """
    images, _, grid = moved_images(pixels, generator, strength, mirror)
    if grid is None:
        return images, masks
    told = (masks - IGNORED)[:, None].float()  # beyond the edge there is 0
    moved = functional.grid_sample(told, grid, mode="nearest", align_corners=False)
    return images, moved[:, 0].round().long() + IGNORED
