"""Mild augmentation, a batch at a time and on whatever device the batch is."""

import math

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
    grid = functional.affine_grid(affine, list(images.shape), align_corners=False)
    images = functional.grid_sample(images, grid, padding_mode="border", align_corners=False)

    brightness, contrast, saturation = (
        (1 + draw(_COLOUR)).view(-1, 1, 1, 1).to(images.device) for _ in range(3)
    )
    gray = (images * torch.tensor(_LUMA, device=images.device).view(1, 3, 1, 1)).sum(1, True)
    images = gray + (images - gray) * saturation
    level = gray.mean(dim=(2, 3), keepdim=True)
    images = level + (images - level) * contrast
    return (images * brightness).clamp(0, 255)
