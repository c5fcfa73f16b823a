"""The 24 coins as small pictures: four rows, each found by a detector that has not seen it.

A picture shows two coins that lie side by side, cut out with some of the ground around them. Of a
third one, an edge may come into the picture; what is not all in it is not asked for.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from workbench.models.detectortraining import LabelledImage

ROWS, COLUMNS = 4, 6
_MARGINS = (6, 16)  # pixels around the coins; tests have the first

Corners = NDArray[np.float64]  # (m, 4) left, top, right, bottom in pixels


@dataclass(frozen=True)
class Pair:
    """Two neighbours.

    Attributes:
        row: theirs, from the top.
        column: of the left one.
        margin: pixels around them.
        picture: what it shows.
        corners: (2, 4) where they are in it.
    """

    row: int
    column: int
    margin: int
    picture: Image.Image
    corners: Corners


def pairs(folder: Path) -> Iterator[Pair]:
    """Cut the photograph that `write_coins` wrote into pairs, in every way.

    Args:
        folder: with `coins.png` and `labels.json`.
    """
    photo = Image.open(folder / "coins.png")
    boxes = json.loads((folder / "labels.json").read_text())["annotations"]
    lies = np.array([each["bbox"] for each in boxes], dtype=np.float64)
    corners = np.hstack([lies[:, :2], lies[:, :2] + lies[:, 2:]])
    by_height = np.argsort(corners[:, 1] + corners[:, 3]).reshape(ROWS, COLUMNS)
    for row, members in enumerate(by_height):
        across = corners[members[np.argsort(corners[members, 0])]]
        for column in range(COLUMNS - 1):
            both = across[column : column + 2]
            for margin in _MARGINS:
                left, top = np.floor(np.maximum(both[:, :2].min(axis=0) - margin, 0))
                right, bottom = np.ceil(np.minimum(both[:, 2:].max(axis=0) + margin, photo.size))
                picture = photo.crop((int(left), int(top), int(right), int(bottom)))
                inside = both - np.array([left, top, left, top])
                yield Pair(row, column, margin, picture.convert("RGB"), inside)


def fold(folder: Path, row: int, source: Path) -> "tuple[list[LabelledImage], list[LabelledImage]]":
    """Pictures to learn from, of all other rows, and those of a row to be found in, three.

    Args:
        folder: for the pictures.
        row: that is left out.
        source: as `pairs` takes it.
    """
    learned, unseen = [], []
    folder.mkdir()
    for pair in pairs(source):
        if pair.row != row:
            learned.append(_written(folder, pair))
        elif pair.column % 2 == 0 and pair.margin == _MARGINS[0]:
            unseen.append(_written(folder, pair))
    return learned, unseen


def _written(folder: Path, pair: Pair) -> "LabelledImage":
    from workbench.models.detectortraining import LabelledImage

    path = folder / f"{pair.row}-{pair.column}-{pair.margin}.png"
    pair.picture.save(path)
    shares = pair.corners / np.tile(pair.picture.size, 2)
    return LabelledImage(path, shares, np.zeros(len(shares), dtype=np.int64), path.name)
