"""One way to read an image file: whatever the format, out comes an upright 8-bit RGB picture."""

import math
from pathlib import Path

from PIL import Image

from workbench.decoding import TooManyPixelsError, decode, opened, require_size
from workbench.errors import ImageError

# A JPEG is decoded at no less than this times the size that is needed. Vectors then lie up to .11 of
# their spread from those of the full size, at 2 as at 1.5; at 1 it is .25 (`efficientnet_lite0`).
_DRAFT_MARGIN = 1.5


def read_image(path: str | Path, *, shortest: int | None = None) -> Image.Image:
    """Read an image file as upright 8-bit RGB: the picture that a person is shown.

    EXIF orientation is applied; transparency is laid on white; grayscale, palette and CMYK are
    converted; gray 16-bit and floating-point images are stretched image by image, see
    `workbench.decoding.decode`. Of an animation, the first frame.

    Args:
        path: the file.
        shortest: the side length in pixels that the caller will scale the image's shorter side to.
            A big JPEG is then decoded at a half, a quarter or an eighth of its size, which is much
            faster, and stays at least half as large again as needed, so that the caller's own filter
            still decides what the small picture looks like. By default the full size.

    Returns:
        The image, mode RGB, its pixels loaded and the file closed.

    Raises:
        ImageError: the file is missing, not an image, damaged or absurdly large; the message names
            it.
    """
    side = None if shortest is None else math.ceil(shortest * _DRAFT_MARGIN)
    with opened(path) as stored:
        return _on_white(decode(stored, None if side is None else (side, side)).image)


def read_picture(image: Image.Image) -> Image.Image:
    """The same of an image that is in memory, which stays as it is: RGB, upright, 8 bits.

    Raises:
        ImageError: it has no or too many pixels, or its file, not read so far, is damaged.
    """
    about = dict(image.info)
    try:
        if not image.width * image.height:
            raise ImageError(f"the image has {image.width} x {image.height} pixels: leave it out")
        require_size(image)
        return _on_white(decode(image).image).copy()
    except TooManyPixelsError as error:
        raise ImageError(f"the image cannot be used: {error}") from error
    except ImageError:
        raise
    except Exception as error:  # decoders raise whatever they stumble over
        raise ImageError(f"broken image ({error})") from error
    finally:
        image.info = about  # `decode` empties it where the image needs no converting


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGBA":
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image if image.mode == "RGB" else image.convert("RGB")
