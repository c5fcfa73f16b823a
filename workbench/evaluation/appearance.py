"""What can be said of an image by its pixels alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIDE = 256  # pixels of the longer side at which sharpness is measured


@dataclass(frozen=True, slots=True)
class Appearance:
    """How an image looks.

    Attributes:
        brightness: mean grey value, 0 (black) to 1 (white).
        contrast: standard deviation of the grey values, 0 to .5.
        sharpness: variance of the Laplacian of the grey values, of 0 to 1, times 1,000; a blurred
            image has little.
        megapixels: width times height of the original, in millions.
        aspect: width by height of the original, upright.
    """

    brightness: float
    contrast: float
    sharpness: float
    megapixels: float
    aspect: float


def appearance(grey: NDArray[np.uint8], width: int, height: int) -> Appearance:
    """Look at an image.

    Args:
        grey: (h, w) the image scaled down so that its longer side has at most `SIDE` pixels, for
            sharpness depends on the size that it is measured at; h and w of at least 1.
        width: pixels of the original.
        height: likewise.

    Source:
        Variance of the Laplacian: Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield
        microscopy: a comparative study".
    """
    values = grey.astype(np.float64) / 255
    around = np.pad(values, 1, mode="edge")
    sides = around[:-2, 1:-1] + around[2:, 1:-1] + around[1:-1, :-2] + around[1:-1, 2:]
    laplacian = sides - 4 * values
    return Appearance(
        brightness=float(values.mean()),
        contrast=float(values.std()),
        sharpness=1000 * float(laplacian.var()),
        megapixels=width * height / 1e6,
        aspect=width / height,
    )
