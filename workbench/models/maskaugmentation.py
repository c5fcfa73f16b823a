"""Augmentation of images with masks, a batch at a time."""

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from workbench.models.boxaugmentation import moved_images
from workbench.models.segmenter import IGNORED

_CHOSEN = 0.5  # probability that a region is pasted


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


def paste_regions(
    pixels: Tensor, masks: Tensor, generator: torch.Generator, share: float
) -> tuple[Tensor, Tensor]:
    """Put some labelled regions of each image where they are into the next one of the batch.

    Ghiasi et al., "Simple Copy-Paste is a Strong Data Augmentation Method for Instance Segmentation"
    (CVPR 2021): few labelled objects stand before many backgrounds.

    Args:
        pixels: (n, 3, side, side).
        masks: (n, side, side) int64 class indices, 0 for the background, or `IGNORED`, where nothing
            is put.
        generator: draws every number, on the CPU.
        share: of the images that get regions; of those of the other image, each one is chosen or not.

    Returns:
        The same with the regions in them.
    """
    images, truth = pixels.clone(), masks.clone()
    for row in (torch.rand(len(masks), generator=generator) < share).nonzero()[:, 0].tolist():
        other = masks[row - 1]
        labelled = (other > 0).cpu().numpy().astype(np.uint8)
        count, regions = cv2.connectedComponents(labelled)
        chosen = torch.rand(count, generator=generator) < _CHOSEN
        chosen[0] = False
        put = chosen[torch.from_numpy(regions).long()].to(masks.device) & (masks[row] != IGNORED)
        images[row] = torch.where(put, pixels[row - 1], images[row])
        truth[row] = torch.where(put, other, truth[row])
    return images, truth
