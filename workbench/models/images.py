"""One way to read an image file: whatever the format, out comes an upright 8-bit RGB picture."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from workbench.errors import ImageError

_DRAFT_MARGIN = 2  # a JPEG is decoded at no less than twice the size that is needed


def read_image(path: str | Path, *, shortest: int | None = None) -> Image.Image:
    """Read an image file as upright 8-bit RGB.

    EXIF orientation is applied; transparency is laid on white; grayscale, palette and CMYK are
    converted; 16-bit and floating-point images are scaled by the range of their type, never
    stretched image by image, so that brightness stays comparable. Of an animation, the first frame.

    Args:
        path: the file.
        shortest: the side length in pixels that the caller will scale the image's shorter side to.
            A big JPEG is then decoded at a half, a quarter or an eighth of its size, which is much
            faster, and stays at least twice as large as needed, so that the caller's own filter
            still decides what the small picture looks like. By default the full size.

    Returns:
        The image, mode RGB, its pixels loaded and the file closed.

    Raises:
        ImageError: the file is missing, not an image, damaged or absurdly large; the message names
            it.
    """
    try:
        with Image.open(path) as image:
            if shortest is not None:
                side = shortest * _DRAFT_MARGIN
                image.draft(None, (side, side))
            image.load()
            upright = ImageOps.exif_transpose(image)
            return _to_rgb(upright)
    except FileNotFoundError as error:
        raise ImageError(f"{path} is not there (any more): restore it, or remove it") from error
    except Exception as error:  # decoders raise whatever they stumble over, struct.error included
        raise ImageError(
            f"{path} cannot be read as an image ({error}): replace the file, or remove it"
        ) from error


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F" or image.mode.startswith("I"):
        image = _to_8_bit(image)
    if image.has_transparency_data:
        colour = image.convert("RGBA")
        white = Image.new("RGBA", colour.size, "white")
        return Image.alpha_composite(white, colour).convert("RGB")
    return image.convert("RGB")


def _to_8_bit(image: Image.Image) -> Image.Image:
    """Scale a deep grayscale image to 8 bits; PIL's own conversion clips it to white."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    peak = float(values.max(initial=0.0))
    if image.mode.startswith("I;16"):
        full = 65535.0
    else:  # 32-bit integers and floats do not say their range: the smallest usual one that fits
        full = next((top for top in (1.0, 255.0, 65535.0) if peak <= top), peak)
    return Image.fromarray(np.clip(values * (255.0 / full) + 0.5, 0, 255).astype(np.uint8))
