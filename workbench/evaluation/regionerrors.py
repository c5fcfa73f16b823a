"""What goes wrong with masks, region by region, by kind, and what mending each kind would bring.

A wrong region is a connected set of pixels (corners included) of one class of which another one is
said. It is, the first of these that holds:

- *boundary*: all of it is nearer to an edge between true classes than a tolerance, and no object that is
  there goes under in it: a thin rim, of which nobody would say more than that the edge is not exact;
- *missed*: a class is there, and none is said;
- *false alarm*: none is there, and a class is said;
- *confused*: a class is there, and another one is said.

An object goes under where none of the pixels of a connected true region is right; however small, it
is missed or confused.

Source:
    The kinds are those of Bolya, Foley, Hays and Hoffman 2020, "TIDE: A General Toolbox for Identifying
    Object Detection Errors" (arXiv 2008.08115), as far as pixels have them; the rim is that of the
    "trimap" of Kohli, Ladicky and Torr 2009, "Robust Higher Order Potentials for Enforcing Label
    Consistency".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.boxgeometry import Places, percent
from workbench.evaluation.segmentation import ImageCounts
from workbench.maskgeometry import Regions, edge_distance, find_regions, share_of_diagonal

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TOLERANCE = 0.005  # share of the image's diagonal within which an edge is near


class RegionErrorKind(StrEnum):
    """What is wrong with a region."""

    MISSED = "missed"
    FALSE_ALARM = "false alarm"
    CONFUSED = "confused"
    BOUNDARY = "boundary"


KINDS = tuple(RegionErrorKind)
"""By their number in `WrongRegions.kind`."""


@dataclass(frozen=True, slots=True, eq=False)
class WrongRegions:
    """The wrong regions of one image, small enough to be kept of many.

    Attributes:
        size: width and height of the image in pixels.
        kind: (r,) place in `KINDS`.
        truth: (r,) class index that is there, 0 for none of the classes.
        said: (r,) class index that is said.
        windows: (r, 4) left, top, right and bottom in pixels; the last two are the first outside.
        pixels: (r,) how many are wrong.
    """

    size: tuple[int, int]
    kind: Ints
    truth: Ints
    said: Ints
    windows: Ints
    pixels: Ints

    def __len__(self) -> int:
        return len(self.kind)


@dataclass(frozen=True, slots=True)
class RegionError:
    """One region that is wrong.

    Attributes:
        kind: what is wrong with it.
        image: row of its image.
        truth: class index that is there, 0 for none of the classes.
        said: class index that is said.
        window: left, top, right and bottom in pixels; the last two are the first outside.
        pixels: how many are wrong.
        score: share of the image; the higher, the sooner it is to be looked at.
        reason: what is wrong, in words, such as "'coin' missed at the left edge (3 % of the image)".
    """

    kind: RegionErrorKind
    image: int
    truth: int
    said: int
    window: tuple[int, int, int, int]
    pixels: int
    score: float
    reason: str


def find_wrong_regions(
    truth: NDArray[Any], said: NDArray[Any], num_classes: int, *, tolerance: float = TOLERANCE
) -> WrongRegions:
    """The wrong regions of one image; linear in the pixels, for each pair of classes in error.

    Args:
        truth: (height, width) class indices, 0 for none of the classes.
        said: likewise, what is predicted.
        num_classes: K.
        tolerance: share of the image's diagonal within which an edge is near, 0 to 1.

    Raises:
        ValueError: the two are of different sizes, a class index is above K, or the tolerance is not
            within 0 and 1.
    """
    if truth.shape != said.shape:
        raise ValueError(f"masks of one image are of one size, not {truth.shape} and {said.shape}")
    if not 0 <= tolerance <= 1:
        raise ValueError(f"tolerance must be within 0 and 1, but got {tolerance}")
    most = max(int(truth.max(initial=0)), int(said.max(initial=0)))
    if most > num_classes:
        raise ValueError(f"class indices must be 0 to {num_classes}, but got {most}")
    wrong = truth != said
    planes = num_classes + 1
    pairs = np.zeros(truth.shape, dtype=np.int32)
    pairs[wrong] = truth[wrong].astype(np.int32) * planes + said[wrong]
    found = find_regions(pairs)
    there, claimed = np.divmod(found.codes, planes)
    kind = np.full(len(found), KINDS.index(RegionErrorKind.CONFUSED))
    kind[claimed == 0] = KINDS.index(RegionErrorKind.MISSED)
    kind[there == 0] = KINDS.index(RegionErrorKind.FALSE_ALARM)
    thin = _is_thin(truth, wrong, found, share_of_diagonal(tolerance, truth.shape))
    kind[thin] = KINDS.index(RegionErrorKind.BOUNDARY)
    size = (truth.shape[1], truth.shape[0])
    return WrongRegions(size, kind, there, claimed, found.windows, found.pixels)


def _is_thin(
    truth: NDArray[Any], wrong: NDArray[np.bool_], found: Regions, tolerance: float
) -> NDArray[np.bool_]:
    """(r,) whether each wrong region is near an edge only, and no object goes under in it."""
    thin = np.ones(len(found) + 1, dtype=np.bool_)
    if not len(found):
        return thin[1:]
    thin[found.numbers[wrong & (edge_distance(truth) >= tolerance)]] = False
    objects = find_regions(truth)
    seen = np.zeros(len(objects) + 1, dtype=np.bool_)
    seen[objects.numbers[~wrong]] = True
    seen[0] = True  # what is none of the classes is no object
    thin[found.numbers[wrong & ~seen[objects.numbers]]] = False
    return thin[1:]


@dataclass(frozen=True, eq=False)
class RegionErrors:
    """What goes wrong in a set of images.

    Attributes:
        counts: the pixels of each image, counted.
        regions: the wrong regions of each, in the same order.
        classes: K names.

    Raises:
        ValueError: there are not as many of the two.
    """

    counts: Sequence[ImageCounts]
    regions: Sequence[WrongRegions]
    classes: Sequence[str]

    def __post_init__(self) -> None:
        if len(self.counts) != len(self.regions):
            raise ValueError(
                "each image needs its counts and its regions, but got "
                f"{len(self.counts)} and {len(self.regions)}"
            )

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row a kind: `count` of regions, `images` that have one, `pixels` and `gain`.

        `pixels` is their share of all pixels, `gain` by how much the mean IoU (0 to 1) would rise if
        this kind alone were mended. Gains do not add up.
        """
        total = np.asarray(np.sum([each.confusion for each in self.counts], axis=0, dtype=np.int64))
        before = _mean_iou(total) if len(self.counts) else float("nan")
        rows = {}
        for kind in KINDS:
            images, places = self._of(kind)
            mended, moved = np.array(total), 0
            for image, own in zip(images, places, strict=True):
                each = self.regions[image]
                there, said, pixels = each.truth[own], each.said[own], each.pixels[own]
                np.subtract.at(mended, (there, said), pixels)
                np.add.at(mended, (there, there), pixels)
                moved += int(pixels.sum())
            rows[kind.value] = {
                "count": sum(len(own) for own in places),
                "images": len(images),
                "pixels": moved / max(1, int(total.sum())),
                "gain": _mean_iou(mended) - before if len(self.counts) else float("nan"),
            }
        table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("kind")
        return table.astype({"count": int, "images": int, "pixels": float, "gain": float})

    def ranked(self, kind: RegionErrorKind, count: int = 100) -> list[RegionError]:
        """The largest errors of a kind by their share of the image, at most `count`.

        Raises:
            ValueError: `count` is below 1.
        """
        if count < 1:
            raise ValueError(f"count must be at least 1, but got {count}")
        images, places = self._of(kind)
        if not images:
            return []
        row = np.concatenate(places)
        image = np.repeat(images, [len(own) for own in places])
        pixels = np.concatenate(
            [self.regions[one].pixels[own] for one, own in zip(images, places, strict=True)]
        )
        areas = np.array([each.size[0] * each.size[1] for each in self.regions])
        scores = pixels / areas[image]
        sizes = Places([each.size for each in self.regions])
        return [
            self._error(kind, int(image[place]), int(row[place]), float(scores[place]), sizes)
            for place in np.argsort(-scores, kind="stable")[:count]
        ]

    def _of(self, kind: RegionErrorKind) -> tuple[list[int], list[Ints]]:
        """The images that have a region of a kind, and which regions of each."""
        index = KINDS.index(kind)
        found = [np.flatnonzero(each.kind == index) for each in self.regions]
        images = [image for image, own in enumerate(found) if len(own)]
        return images, [found[image] for image in images]

    def _error(
        self, kind: RegionErrorKind, image: int, row: int, score: float, sizes: Places
    ) -> RegionError:
        each = self.regions[image]
        truth, said = int(each.truth[row]), int(each.said[row])
        left, top, right, bottom = each.windows[row].tolist()
        where = sizes.words(each.windows[row].astype(np.float64), image)
        reason = f"{self._words(kind, truth, said, where)} ({_share(score)} of the image)"
        window = (left, top, right, bottom)
        return RegionError(kind, image, truth, said, window, int(each.pixels[row]), score, reason)

    def _words(self, kind: RegionErrorKind, truth: int, said: int, where: str) -> str:
        there, claimed = (f"'{self.classes[k - 1]}'" if k else "" for k in (truth, said))
        if kind is RegionErrorKind.MISSED:
            return f"{there} missed {where}"
        if kind is RegionErrorKind.FALSE_ALARM:
            return f"says {claimed} {where}, where nothing is"
        if kind is RegionErrorKind.CONFUSED:
            return f"{there} {where} taken for {claimed}"
        if truth and said:
            return f"the edge between {there} and {claimed} {where} is not exact"
        tight = "too tight" if truth else "too wide"
        return f"the edge of {there or claimed} {where} is {tight}"


def _mean_iou(confusion: Ints) -> float:
    """Mean over the classes that are there; NaN where none is."""
    right = np.diagonal(confusion)[1:]
    there, said = confusion.sum(axis=1)[1:], confusion.sum(axis=0)[1:]
    kept = there > 0
    own = right[kept] / (there + said - right)[kept]
    return float(own.mean()) if len(own) else float("nan")


def _share(score: float) -> str:
    return percent(score) if score >= 0.01 else "below 1 %"
