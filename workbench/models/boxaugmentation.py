"""Mild augmentation of images with boxes, a batch at a time."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from workbench.models.augmentation import tint
from workbench.models.detector import GREY

_SCALE = 0.3  # relative change of scale to either side
_SHIFT = 0.3  # of half the square's side
_LEFT = 0.4  # share of a box's area that has to stay in sight for the box to stay
_LEAST = 1.0  # pixel, that its sides have to have then

Truth = list[dict[str, Any]]


def augment_boxes(
    pixels: Tensor,
    truth: Truth,
    generator: torch.Generator,
    strength: float = 1.0,
    mirror: bool = False,
) -> tuple[Tensor, Truth]:
    """Scale, shift and tint each image a little, its boxes with it; what leaves the square is cut.

    Args:
        pixels: (n, 3, side, side), values 0 to 255.
        truth: n dictionaries of `boxes` (m, 4), corners in pixels, and `labels` (m,); `rings`, the
            outline of each, where there are outlines.
        generator: draws every number, on the CPU; its state decides the outcome.
        strength: factor of all changes; 0 leaves images and boxes as they are.
        mirror: whether half of the images are mirrored left to right.

    Returns:
        float32 pixels of the same shape, grey where nothing was, and the boxes in them. A box of
        which more than three fifths are out of sight is dropped.
    """
    side = pixels.shape[-1]
    images, (zoom, shift), _ = moved_images(pixels, generator, strength, mirror)
    return images, [
        _moved(each, zoom[row].to(images.device), shift[row].to(images.device), side)
        for row, each in enumerate(truth)
    ]


def moved_images(
    pixels: Tensor, generator: torch.Generator, strength: float, mirror: bool
) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor | None]:
    """Scale, shift and tint each image a little; arguments as those of `augment_boxes`.

    Returns:
        The images; by how much they were zoomed and shifted, (n, 2) each, as `affine_grid` counts; and
        from where each of their pixels came, as `grid_sample` takes it, None where none has moved.
    """
    images = pixels.float()
    count = len(images)

    def draw(spread: float) -> Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * spread * strength

    zoom = torch.stack([1 + draw(_SCALE)] * 2, dim=1).clamp_min(0.1)  # input for output
    shift = torch.stack([draw(_SHIFT), draw(_SHIFT)], dim=1)
    if mirror:
        zoom[:, 0] *= torch.where(torch.rand(count, generator=generator) < 0.5, -1.0, 1.0)
    grid = None
    if strength or mirror:
        affine = torch.zeros(count, 2, 3)
        affine[:, 0, 0], affine[:, 1, 1], affine[:, :, 2] = zoom[:, 0], zoom[:, 1], shift
        grid = functional.affine_grid(affine.to(images.device), list(images.shape), False)
        images = functional.grid_sample(images - GREY, grid, align_corners=False) + GREY
    if strength:
        images = tint(images, draw)
    return images, (zoom, shift), grid


def _moved(truth: dict[str, Any], zoom: Tensor, shift: Tensor, side: int) -> dict[str, Any]:
    def where(points: Any, by: Any, from_there: Any) -> Any:
        # As `affine_grid` counts: from -1 to 1.
        return ((points * (2 / side) - 1 - from_there) / by + 1) * (side / 2)

    ends = where(truth["boxes"].reshape(-1, 2, 2), zoom, shift)
    moved = torch.cat([ends.amin(dim=1), ends.amax(dim=1)], dim=1)
    seen = moved.clamp(0, side)
    sides, before = seen[:, 2:] - seen[:, :2], moved[:, 2:] - moved[:, :2]
    enough = (sides.prod(dim=1) >= _LEFT * before.prod(dim=1)) & (sides > _LEAST).all(dim=1)
    kept: dict[str, Any] = {"boxes": seen[enough], "labels": truth["labels"][enough]}
    if "rings" in truth:
        by, there = zoom.double().cpu().numpy(), shift.double().cpu().numpy()
        kept["rings"] = [
            [where(ring, by, there) for ring in truth["rings"][row]]
            for row in enough.nonzero()[:, 0].tolist()
        ]
    return kept
