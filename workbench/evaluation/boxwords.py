"""Where a box lies in its image, in words."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EDGE = 0.01  # share of an image's side within which a box is at its edge


class Places:
    """Says where boxes lie.

    Args:
        sizes: width and height of each image, in pixels.
    """

    def __init__(self, sizes: Sequence[tuple[int, int]]) -> None:
        self._sizes = np.asarray(sizes, dtype=np.float64).reshape(len(sizes), 2)

    def shares(self, corners: Floats, images: Ints) -> Floats:
        """Share of its image that each box takes: (m, 4) corners in pixels to (m,)."""
        sides = corners[:, 2:] - corners[:, :2]
        out: Floats = (sides / self._sizes[images]).prod(axis=1)
        return out

    def words(self, corners: Floats, image: int) -> str:
        """Such as "at the left edge", "at the top right" or "in the middle".

        Args:
            corners: (4,) left, top, right, bottom in pixels.
            image: row of its image.
        """
        width, height = self._sizes[image]
        left, top, right, bottom = corners / (width, height, width, height)
        touched = {
            "left": left <= EDGE,
            "right": right >= 1 - EDGE,
            "top": top <= EDGE,
            "bottom": bottom >= 1 - EDGE,
        }
        edges = [name for name, there in touched.items() if there]
        if len(edges) == 1:
            return f"at the {edges[0]} edge"
        across = _third((left + right) / 2, "left", "right")
        along = _third((top + bottom) / 2, "top", "bottom")
        where = " ".join(filter(None, [along, across]))
        return f"at the {where}" if where else "in the middle"


def percent(share: float) -> str:
    """Such as "34 %"."""
    return f"{100 * share:.0f} %"


def _third(middle: float, low: str, high: str) -> str:
    return low if middle < 1 / 3 else high if middle > 2 / 3 else ""
