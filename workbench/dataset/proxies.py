"""Display proxies: any image file as a few bytes that every browser shows."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from workbench.decoding import Picture, decode, opened, orientation_of

SMALL_BYTES = 300_000  # up to here, a file that browsers show as it is goes through unchanged
QUALITY = 90  # of JPEG and WebP
LOSSLESS_SIDE = 512  # pixels; what is no larger is shown enlarged, and JPEG's blocks with it
FEW_COLOURS = 64
HUGE_PIXELS = 25_000_000  # decoded, 100 MB; larger ones are decoded one at a time

_AS_IS = {"PNG", "JPEG", "WEBP", "GIF"}
_PLAIN_MODES = {"1", "L", "LA", "P", "RGB", "RGBA"}
_SAMPLED_SIDE = 256  # pixels; colours are counted in a picture of this size
_huge = threading.Lock()


@dataclass(frozen=True, slots=True)
class Proxy:
    """An image, or a part of one, encoded for a browser.

    Attributes:
        data: the bytes.
        mime_type: `image/png`, `image/jpeg`, `image/webp` or `image/gif`.
        width: pixels of the whole original, upright.
        height: likewise.
        stretched: whether its brightness was stretched, for the file has more than 8 bits.
        alpha: whether it has transparent parts. What is behind them is the page's affair; models
            see white there.
        as_is: whether these are the file's own bytes.
    """

    data: bytes
    mime_type: str
    width: int
    height: int
    stretched: bool = False
    alpha: bool = False
    as_is: bool = False

    def info(self) -> dict[str, Any]:
        """What a page is told of it: `width`, `height`, `stretched`, `alpha`."""
        return {
            "width": self.width,
            "height": self.height,
            "stretched": self.stretched,
            "alpha": self.alpha,
        }


def make_proxy(
    path: str | Path, side: int, *, quality: int = QUALITY, small_bytes: int = SMALL_BYTES
) -> Proxy:
    """Make an image fit for a screen; see `workbench.decoding.decode` for what becomes of colours.

    Photographs become JPEG, or WebP where they have transparency; what has few colours, or is
    small anyway, PNG. An image is never enlarged.

    Args:
        path: the file.
        side: pixels that its longer side has at most; its shorter one has at least 1.
        quality: of JPEG and WebP, 1 to 95.
        small_bytes: a file no larger than this that every browser shows, and that has no more
            than `side` pixels, goes through as it is.

    Raises:
        ImageError: it cannot be read; the message names it.
    """
    with opened(path) as image:
        target = fit(image.size, side)
        if target == image.size and (proxy := _as_is(Path(path), image, small_bytes)):
            return proxy
        with taking_turns(image.size):
            picture = decode(image, target)
            size = fit((picture.width, picture.height), side)
            return encode(picture, scale(picture.image, size), quality)


def fit(size: tuple[int, int], side: int) -> tuple[int, int]:
    """(width, height) scaled down until neither is longer than `side`, and neither below 1."""
    factor = min(1.0, side / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def scale(
    image: Image.Image, size: tuple[int, int], box: tuple[int, int, int, int] | None = None
) -> Image.Image:
    """An image, or a box of it, scaled down to a size."""
    if size == image.size and box is None:
        return image
    return image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=2.0)


@contextmanager
def taking_turns(size: tuple[int, int]) -> Iterator[None]:
    """Let several threads decode at once, but only one of them a huge image."""
    if size[0] * size[1] > HUGE_PIXELS:
        with _huge:
            yield
    else:
        yield


def encode(picture: Picture, image: Image.Image, quality: int = QUALITY) -> Proxy:
    """Encode what is to be seen of a picture.

    Args:
        picture: the decoded original.
        image: what is made of it, mode L, RGB or RGBA.
        quality: of JPEG and WebP.
    """
    alpha = image.mode == "RGBA" and image.getchannel("A").getextrema() != (255, 255)
    if image.mode == "RGBA" and not alpha:
        image = image.convert("RGB")
    stream = io.BytesIO()
    small = max(picture.width, picture.height) <= LOSSLESS_SIDE
    if small or _has_few_colours(picture.image):
        kind = "PNG"
        image.save(stream, kind, compress_level=1, icc_profile=picture.profile)
    elif alpha:
        kind = "WEBP"
        image.save(stream, kind, quality=quality, method=0, icc_profile=picture.profile)
    else:
        kind = "JPEG"
        image.save(stream, kind, quality=quality, icc_profile=picture.profile)
    return Proxy(
        stream.getvalue(),
        Image.MIME[kind],
        picture.width,
        picture.height,
        stretched=picture.stretched,
        alpha=alpha,
    )


def _as_is(path: Path, image: Image.Image, small_bytes: int) -> Proxy | None:
    """The file itself, where a browser shows it as it is and it is small."""
    if (
        image.format not in _AS_IS
        or image.mode not in _PLAIN_MODES
        or path.stat().st_size > small_bytes
        or getattr(image, "is_animated", False)
    ):
        return None
    image.load()  # a truncated file must not reach the page as half a picture
    if orientation_of(image) != 1:
        return None
    return Proxy(
        path.read_bytes(),
        Image.MIME[image.format],
        image.width,
        image.height,
        alpha=image.has_transparency_data,
        as_is=True,
    )


def _has_few_colours(image: Image.Image) -> bool:
    """Whether it is a drawing, a mask or the like, judged by some of its pixels."""
    sampled = image.resize(fit(image.size, _SAMPLED_SIDE), Image.Resampling.NEAREST)
    return sampled.getcolors(FEW_COLOURS) is not None
