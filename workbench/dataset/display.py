"""What a page shows of images: proxies, thumbnails and regions, made once and then kept."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workbench.dataset.display_cache import DisplayCache, Key
from workbench.dataset.proxies import Proxy, encode, fit, make_proxy, scale, taking_turns
from workbench.decoding import Picture, decode, opened

KEPT_BYTES = 512 * 2**20  # of the one decoded image that is kept for further regions of it
_BYTES_A_PIXEL = {"L": 1, "RGB": 4, "RGBA": 4}
_THUMBNAIL_QUALITY = 80
_THUMBNAIL_BYTES = 20_000  # larger files are worth a smaller one, even where they need no scaling


class Display:
    """Images as a page shows them. Safe to use from any thread.

    Args:
        home: the data home; the cache is its folder `display`.
        limit: bytes of the cache; by default `WORKBENCH_DISPLAY_BYTES`, else 2 GB; 0 for none.

    Raises:
        WorkbenchError: `WORKBENCH_DISPLAY_BYTES` is no number of bytes.
    """

    def __init__(self, home: Path, limit: int | None = None) -> None:
        self._cache = DisplayCache(home / "display", limit)
        self._lock = threading.Lock()
        self._last: _Decoded | None = None

    def proxy(self, path: str | Path, side: int) -> Proxy:
        """An image, no larger than a display needs.

        Args:
            path: the file.
            side: pixels that its longer side has at most; smaller images are not enlarged.

        Raises:
            ImageError: it cannot be read; the message names it.
        """
        return self._cached(Path(path), "proxy", side, lambda: make_proxy(path, side))

    def thumbnail(self, path: str | Path, side: int) -> Proxy:
        """An image for a grid: as `proxy`, in fewer bytes.

        Args:
            path: the file.
            side: pixels that its longer side has at most, 64 to 160 for a usual grid.

        Raises:
            ImageError: it cannot be read; the message names it.
        """

        def make() -> Proxy:
            return make_proxy(path, side, quality=_THUMBNAIL_QUALITY, small_bytes=_THUMBNAIL_BYTES)

        return self._cached(Path(path), "thumbnail", side, make)

    def region(self, path: str | Path, box: tuple[int, int, int, int], side: int) -> Proxy:
        """A part of an image from its full resolution, to zoom into.

        The image decoded last stays in memory, up to `KEPT_BYTES`, so that its next region costs
        no decoding.

        Args:
            path: the file.
            box: left, top, right and bottom in pixels of the upright original; what lies outside
                of it is cut off.
            side: pixels that the part's longer side has at most; it is not enlarged.

        Returns:
            The part; its `width` and `height` are the whole original's.

        Raises:
            ImageError: the file cannot be read; the message names it.
            ValueError: the box holds no pixel of the image.
        """
        picture = self._decoded(Path(path))
        left, top = max(0, box[0]), max(0, box[1])
        right, bottom = min(picture.width, box[2]), min(picture.height, box[3])
        if left >= right or top >= bottom:
            raise ValueError(
                f"wanted a box (left, top, right, bottom) with pixels of {path}, which has "
                f"{picture.width} x {picture.height}, got {tuple(box)}"
            )
        size = fit((right - left, bottom - top), side)
        return encode(picture, scale(picture.image, size, (left, top, right, bottom)))

    def close(self) -> None:
        """Let what waits be written to the cache, and close it."""
        self._cache.close()

    def _cached(self, path: Path, kind: str, side: int, make: Callable[[], Proxy]) -> Proxy:
        try:
            key = Key.of(path, kind, side)
        except OSError:
            return make()  # which says what is wrong
        if (found := self._cache.get(key)) is not None:
            return found
        made = make()
        if not made.as_is:  # that would be a copy of what is quick to read anyway
            self._cache.put(key, made)
        return made

    def _decoded(self, path: Path) -> Picture:
        with self._lock:  # two regions of one image decode it once
            try:
                key = Key.of(path, "region", 0)
            except OSError:
                key = None
            if self._last is not None:
                if self._last.key == key:
                    return self._last.picture
                self._last = None  # before the next one takes its memory
            with opened(path) as image, taking_turns(image.size):
                picture = decode(image)
            pixels = picture.width * picture.height
            if key is not None and pixels * _BYTES_A_PIXEL[picture.image.mode] <= KEPT_BYTES:
                self._last = _Decoded(key, picture)
            return picture


@dataclass(frozen=True, slots=True)
class _Decoded:
    key: Key
    picture: Picture
