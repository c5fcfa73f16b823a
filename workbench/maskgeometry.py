"""Connected regions of masks, and how far pixels are from an edge. No FiftyOne in here."""

from dataclasses import dataclass
from math import hypot
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """The connected regions of a mask, numbered from 1.

    Attributes:
        numbers: (height, width) region of each pixel, 0 for none.
        codes: (r,) what the mask holds in each.
        windows: (r, 4) left, top, right and bottom in pixels; the last two are the first outside.
        pixels: (r,) how many each has.
    """

    numbers: NDArray[np.int32]
    codes: Ints
    windows: Ints
    pixels: Ints

    def __len__(self) -> int:
        return len(self.codes)


def find_regions(mask: NDArray[Any]) -> Regions:
    """Regions of one value, pixels that touch at a corner included, of all values but 0.

    Each value is looked for in the rectangle that holds it: linear in the pixels of these, which are
    at most those of the image for each value.

    Args:
        mask: (height, width) of whole numbers of at least 0; room is taken for the largest of them.
    """
    numbers = np.zeros(mask.shape, dtype=np.int32)
    codes, tables = [np.zeros(0, dtype=np.int64)], [np.zeros((0, 5), dtype=np.int64)]
    count = 0
    for index, place in enumerate(ndimage.find_objects(mask.astype(np.int32, copy=False))):
        if place is None:
            continue
        own = (mask[place] == index + 1).astype(np.uint8)
        found, parts, table, _ = cv2.connectedComponentsWithStats(own, connectivity=8)
        here = parts > 0
        numbers[place][here] = parts[here] + count
        count += found - 1
        rows = table[1:].astype(np.int64)
        rows[:, :2] += (place[1].start, place[0].start)
        rows[:, 2:4] += rows[:, :2]
        codes.append(np.full(found - 1, index + 1))
        tables.append(rows)
    every = np.concatenate(tables)
    return Regions(numbers, np.concatenate(codes), every[:, :4], every[:, 4])


def edge_distance(mask: NDArray[Any]) -> NDArray[np.float32]:
    """How far each pixel is from the nearest one that has a neighbour of another value.

    Args:
        mask: (height, width) of any values.

    Returns:
        (height, width) pixels, 0 at an edge itself; infinity throughout where there is none. The
        image's own border is no edge.

    Source:
        Felzenszwalb and Huttenlocher 2012, "Distance Transforms of Sampled Functions": exact, and
        linear in the pixels.
    """
    away = np.ones(mask.shape, dtype=np.uint8)
    across, along = mask[:, 1:] != mask[:, :-1], mask[1:] != mask[:-1]
    for one, other in (
        (away[:, 1:], across),
        (away[:, :-1], across),
        (away[1:], along),
        (away[:-1], along),
    ):
        one[other] = 0
    if away.all():
        return np.full(mask.shape, np.inf, dtype=np.float32)
    found: NDArray[np.float32] = cv2.distanceTransform(away, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return found


def share_of_diagonal(share: float, shape: tuple[int, ...]) -> float:
    """A share of an image's diagonal in pixels, at least 1; `shape` is (height, width)."""
    return max(1.0, share * hypot(*shape))
