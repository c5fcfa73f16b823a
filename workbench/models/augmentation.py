"""Mild augmentation, a batch at a time and on whatever device the batch is."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

_TURN = math.radians(8)  # rotation to either side
_SHEAR = 0.08
_ZOOM = 0.12  # relative change of scale to either side
_SHIFT = 0.12  # of half the image's side
_COLOUR = 0.2  # relative change of brightness, contrast and saturation to either side
_LUMA = (0.299, 0.587, 0.114)


def augment(pixels: Tensor, generator: torch.Generator, strength: float = 1.0) -> Tensor:
    """Move, tilt and tint each image a little; never mirror it.

    No flips: they turn digits, text, road signs and left hands into something else.

    Args:
        pixels: (n, 3, height, width), values 0 to 255.
        generator: draws every number, on the CPU; its state decides the outcome.
        strength: factor of all changes; 0 leaves the images as they are.

    Returns:
        float32 of the same shape and range. What comes in over the edges repeats them.
    """
    images = pixels.float()
    if not strength:
        return images
    count = len(images)

    def draw(spread: float) -> Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * spread * strength

    turn, shear, zoom = draw(_TURN), draw(_SHEAR), 1 + draw(_ZOOM)
    affine = torch.stack(
        [
            torch.stack([zoom * turn.cos(), shear - zoom * turn.sin(), draw(_SHIFT)], dim=1),
            torch.stack([zoom * turn.sin(), zoom * turn.cos(), draw(_SHIFT)], dim=1),
        ],
        dim=1,
    ).to(images.device)
    grid = _base(images) @ affine.mT
    grid = grid.view(count, *images.shape[2:], 2)
    images = functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
    return tint(images, draw)


def tint(images: Tensor, draw: Callable[[float], Tensor]) -> Tensor:
    """Change brightness, contrast and saturation of each image a little.

    Args:
        images: (n, 3, height, width) float32, values 0 to 255.
        draw: gives n numbers between minus its argument and plus it.

    Returns:
        Of the same shape and range.
    """
    colour, level = _tint(images, draw)
    moved = torch.baddbmm(level, colour, images.flatten(2)).clamp_(0, 255)
    return moved.view(images.shape)


def _base(images: Tensor) -> Tensor:
    """(height * width, 3): where the middle of each pixel lies, from -1 to 1, and a one."""
    height, width = images.shape[2:]
    x, y = (
        (torch.arange(size, device=images.device) * 2 + 1) / size - 1 for size in (width, height)
    )
    places = torch.ones(height, width, 3, device=images.device)
    places[..., 0], places[..., 1] = x, y[:, None]
    return places.flatten(0, 1)


def _tint(images: Tensor, draw: Callable[[float], Tensor]) -> tuple[Tensor, Tensor]:
    """Saturation, contrast and brightness in one: (n, 3, 3) to multiply by, (n, 3, 1) to add.

    Saturation goes from the pixel's grey, contrast from the image's mean grey, brightness from
    black.
    """
    brightness, contrast, saturation = (
        (1 + draw(_COLOUR)).view(-1, 1, 1).to(images.device) for _ in range(3)
    )
    luma = torch.tensor(_LUMA, device=images.device)
    grey = luma.expand(3, 3)
    own = saturation * torch.eye(3, device=images.device) + (1 - saturation) * grey
    mean = (images.mean(dim=(2, 3)) @ luma).view(-1, 1, 1)
    return brightness * contrast * own, (brightness * (1 - contrast) * mean).expand(-1, 3, 1)
