"""Any image file as an upright 8-bit picture: the one place where pixels come out of files.

What a person is shown and what a model is given both start here, so that they are the same
picture: turned the same way, converted the same way, and, where the file is deeper than a screen,
stretched the same way.
"""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageChops, UnidentifiedImageError

from workbench.errors import ImageError

MAX_PIXELS = 178_000_000  # decoded, about 700 MB; just below what Pillow itself calls a bomb
PERCENTILES = (0.1, 99.9)  # of a deep image: what comes out as black and as white
_SAMPLE = 1_000_000  # pixels that the percentiles are taken of
_BAND = 1_000_000  # deep pixels that are converted at a time
_LARGEST_PROFILE = 16_384  # bytes; those of cameras and screens have 500 to 4,000

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # by EXIF orientation; from 5 on, width and height change places

# Pillow warns of half the pixels that are allowed here, on whichever thread opens the file, and
# only the whole process's filters can be changed. What is too large is still refused.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded image file.

    Attributes:
        image: the pixels, mode L, RGB or RGBA; RGBA only where the file has transparency.
        width: pixels of the original, upright; `image` may have been decoded smaller.
        height: likewise.
        stretched: whether the range of brightness is the picture's own, and not its type's.
        profile: ICC profile that the colours are to be read by; None for sRGB, or unknown.
    """

    image: Image.Image
    width: int
    height: int
    stretched: bool
    profile: bytes | None


@contextmanager
def opened(path: str | Path) -> Iterator[Image.Image]:
    """An image file whose header has been read, for `decode`; closed afterwards.

    Args:
        path: the file.

    Raises:
        ImageError: the file is missing, empty, no image, or has more than `MAX_PIXELS`; or what was
            done with it inside the context found it damaged. The message names it.
    """
    try:
        if not Path(path).stat().st_size:
            raise ImageError(f"{path} is empty (0 bytes): replace the file, or remove it")
        with Image.open(path) as image:
            require_size(image)
            yield image
    except ImageError:
        raise
    except FileNotFoundError as error:
        raise ImageError(f"{path} is not there (any more): restore it, or remove it") from error
    except UnidentifiedImageError as error:
        raise ImageError(
            f"{path} is not an image of a kind that can be read: replace the file, or remove it"
        ) from error
    except (TooManyPixelsError, Image.DecompressionBombError) as error:
        text = str(error) if isinstance(error, TooManyPixelsError) else too_many()
        raise ImageError(f"{path} cannot be shown: {text}") from error
    except MemoryError as error:
        raise ImageError(f"{path} does not fit into memory: scale it down") from error
    except Exception as error:  # decoders raise whatever they stumble over, struct.error included
        raise ImageError(
            f"{path} cannot be read as an image ({error}): replace the file, or remove it"
        ) from error


class TooManyPixelsError(ValueError):
    """An image has more than `MAX_PIXELS`."""


def require_size(image: Image.Image) -> None:
    """Refuse an image that would take too much memory, before any of it is decoded.

    Raises:
        TooManyPixelsError: it has more than `MAX_PIXELS`.
    """
    if image.width * image.height > MAX_PIXELS:
        raise TooManyPixelsError(too_many(f"{image.width} x {image.height} pixels are "))


def too_many(subject: str = "") -> str:
    """What to say of an image that is too large."""
    return (
        f"{subject}more than {MAX_PIXELS // 10**6} megapixels: scale it down or cut it into tiles"
    )


def decode(image: Image.Image, at_least: tuple[int, int] | None = None) -> Picture:
    """Decode an opened file to an upright 8-bit picture.

    EXIF orientation is applied, a damaged one is passed over. Palettes, CMYK and the like are
    converted, transparency is kept. Gray images of more than 8 bits, integer or floating point,
    are stretched between two robust percentiles (`PERCENTILES`), for files seldom say which range
    they use: 12-bit data in a 16-bit file would be nearly black. An image of a single value is
    scaled by the range of its type. (Of 16-bit colour, Pillow gives the upper byte.) Of an
    animation, the first frame.

    Args:
        image: what `opened` gives.
        at_least: (width, height) in pixels, as stored, that is enough. A big JPEG is then decoded
            at a half, a quarter or an eighth of its size, which is much faster, where that leaves
            both sides at least so long. By default the full size.

    Returns:
        The picture, its pixels loaded.
    """
    full = image.size
    if at_least is not None:
        image.draft(None, at_least)
    drafted = image.size != full
    image.load()
    orientation, profile = orientation_of(image), _profile(image)
    flat, stretched = _to_8_bit(image)
    upright = flat.transpose(_TURNS[orientation]) if orientation in _TURNS else flat
    upright.info = {}  # what it says was true of the file, and encoders would write it again
    width, height = upright.size
    if drafted:
        width, height = full[::-1] if orientation >= 5 else full
    return Picture(upright, width, height, stretched, profile)


def orientation_of(image: Image.Image) -> int:
    """EXIF orientation of a loaded image, 1 to 8; 1 where its EXIF is damaged or absent."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001 - whatever bytes are there
        return 1
    return orientation if orientation in _TURNS else 1


def upright_size(path: str | Path) -> tuple[int, int]:
    """Width and height, in pixels, of an image file as it is shown upright; by its header alone.

    Raises:
        ImageError: the file cannot be read.
    """
    with opened(path) as image:
        width, height = image.size
        return (height, width) if orientation_of(image) >= 5 else (width, height)


def _profile(image: Image.Image) -> bytes | None:
    profile: bytes = image.info.get("icc_profile") or b""
    fits = image.mode in {"RGB", "RGBA"} and 0 < len(profile) <= _LARGEST_PROFILE
    return profile if fits else None


def _to_8_bit(image: Image.Image) -> tuple[Image.Image, bool]:
    """An image as mode L, RGB or RGBA, and whether it was stretched; copied only where needed."""
    if image.mode == "F" or image.mode.startswith("I"):
        return _from_deep(image)
    if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        # Pillow takes every CMYK JPEG for one of Adobe's, who store 255 for no ink.
        image = ImageChops.invert(image)
    opaque = "L" if image.mode in {"1", "L"} else "RGB"
    mode = "RGBA" if image.has_transparency_data else opaque
    return (image if image.mode == mode else image.convert(mode)), False


def _from_deep(image: Image.Image) -> tuple[Image.Image, bool]:
    step = math.ceil(math.sqrt(image.width * image.height / _SAMPLE))
    bands = [band[::step, ::step].ravel() for _, band in _bands(image, step)]
    sample = np.concatenate(bands)
    sample = sample[np.isfinite(sample)]
    low, high = _range(sample) if len(sample) else (0.0, 0.0)
    stretched = low < high
    if not stretched:
        low, high = 0.0, _full_scale(image.mode, high)
    flat = Image.new("L", image.size)
    for top, band in _bands(image, 1):
        scaled = np.clip((band - low) * (255.0 / (high - low)) + 0.5, 0, 255)
        flat.paste(Image.fromarray(np.nan_to_num(scaled).astype(np.uint8)), (0, top))
    return flat, stretched


def _range(sample: NDArray[np.float64]) -> tuple[float, float]:
    """What becomes black and white; the same number twice for an image of a single value."""
    low, high = np.percentile(sample, PERCENTILES)
    if low == high:  # all but a few pixels are the same: these few are what there is to see
        low, high = sample.min(), sample.max()
    return float(low), float(high)


def _full_scale(mode: str, value: float) -> float:
    """White of a type. 32-bit integers and floats don't say: the smallest usual one that fits."""
    if mode.startswith("I;16"):
        return 65_535.0
    return next((top for top in (1.0, 255.0, 65_535.0) if value <= top), value)


def _bands(image: Image.Image, multiple: int) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Rows of an image from the top, some at a time and a multiple of `multiple`."""
    rows = math.ceil(max(1, _BAND // image.width) / multiple) * multiple
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(top + rows, image.height)))
        yield top, np.asarray(band, dtype=np.float64)
