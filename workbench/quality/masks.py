"""Likely errors in labelled masks, region by region, by a segmenter that has not seen these labels.

The doubt of a pixel is how little the model believes its label: one less the confidence where it says
what the label says, and the confidence where it says something else (what is left for the label is at
most one less that). The doubt of a region brings these together as the label quality of Lad and Mueller
does those of an image: the soft minimum of the belief, with a temperature of .1, to which few pixels in
great doubt matter more than many that are in order. Left out are pixels nearer to an edge between labels
than `RIM` (of thinner regions, nothing), for there every model is unsure.

- *overlooked*: a connected predicted region, of which at least half has no label.
- *spurious*: a labelled region, in less than half of which the model says its class; mostly it says none.
- *wrong class*: likewise, but mostly it says another class.
- *loose*: a labelled region, in at least half of which the model says its class, but not in a part of
  it, or also beside it, where no label is.

What is usual, the labels themselves say. A class's own regions get the mean confidence of the pixels
where label and model agree, the bar of confident learning: an overlooked, spurious or wrongly named
region is likely where the model is at least that sure, on the mean over its pixels. A loose one is likely
where its doubt is above .5 and above the median of all regions of its class that the model agrees with,
by three deviations.

Simulated (12,000 discs as in `tests/quality/test_masks.py`, a model that misses 7 % of them and names a
thirtieth wrongly, a twentieth of the labels each left out, swapped, moved by .7 of their radius, and
drawn where nothing is): of the likely ones 74 % were planted as what they were told to be (overlooked
67 %, wrong class 63 %, loose 72 %, spurious 88 %); of the planted ones 65 % were likely (43 %, 50 %, 66 %,
all). Where nothing was planted, 31 of 600 labels were likely, which is 5 %: where labels are nearly right,
the number of likely ones is no estimate of the number of errors.

Source:
    Lad and Mueller 2023, "Estimating label quality and errors in semantic segmentation data via any
    model" (arXiv 2307.05080). Northcutt, Jiang and Chuang 2021, "Confident Learning" (arXiv 1911.00068).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from workbench.boxgeometry import Places, percent
from workbench.maskgeometry import Regions, edge_distance, find_regions, share_of_diagonal

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

RIM = 0.01  # share of the image's diagonal within which a pixel is at an edge
MOST = 0.5  # share of a region's pixels that says what the region is
SURE = 0.7  # confidence of a class, for those without a pixel that is agreed upon
LOOSE = 0.5  # doubt up to which no region is likely to be loose
TOLD = 0.3  # doubt from which on a region is told of at all
TEMPERATURE = 0.1  # of the soft minimum


class MaskSuspectKind(StrEnum):
    """What is doubted of a label."""

    OVERLOOKED = "overlooked"
    WRONG_CLASS = "wrong class"
    LOOSE = "loose"
    SPURIOUS = "spurious"


KINDS = tuple(MaskSuspectKind)
"""By their number in `DoubtedRegions.kind`."""


@dataclass(frozen=True, slots=True, eq=False)
class DoubtedRegions:
    """What is doubted of one image, small enough to be kept of many.

    Attributes:
        size: width and height of the image in pixels.
        kind: (r,) place in `KINDS`; that of a labelled region without fault is *loose*, too, with
            little doubt.
        label: (r,) class index of the label, 0 for an overlooked region.
        said: (r,) class index that the model says there most, 0 for none of the classes.
        windows: (r, 4) left, top, right and bottom in pixels; the last two are the first outside.
        pixels: (r,) how many the region has.
        doubt: (r,) 0 to 1.
        sure: (r,) mean confidence of the model where it says `said` in the region.
        agreed: (K + 1,) pixels of each class on which label and model agree.
        confidence: (K + 1,) the sum of the model's confidence over these.
    """

    size: tuple[int, int]
    kind: Ints
    label: Ints
    said: Ints
    windows: Ints
    pixels: Ints
    doubt: Floats
    sure: Floats
    agreed: Ints
    confidence: Floats


@dataclass(frozen=True, slots=True)
class MaskSuspect:
    """One region that may be labelled wrongly, or not at all.

    Attributes:
        kind: what is doubted.
        image: row of its image.
        label: class index of the label, 0 for an overlooked region.
        said: class index that the model says there most.
        window: left, top, right and bottom in pixels; the last two are the first outside.
        pixels: how many the region has.
        score: 0 to 1, the higher the more doubtful.
        likely: whether it counts as an error.
        reason: the evidence, in a sentence.
    """

    kind: MaskSuspectKind
    image: int
    label: int
    said: int
    window: tuple[int, int, int, int]
    pixels: int
    score: float
    likely: bool
    reason: str


@dataclass(frozen=True, slots=True)
class MaskSuspects:
    """What is doubted of the masks of a set of images.

    Attributes:
        suspects: those with a score of `TOLD` or more, the most doubtful first.
    """

    suspects: tuple[MaskSuspect, ...]

    @property
    def likely(self) -> int:
        """How many count as errors; the module says by what, and how often that is wrong."""
        return sum(suspect.likely for suspect in self.suspects)

    def of(self, kind: MaskSuspectKind) -> list[MaskSuspect]:
        """Those of a kind, in the same order."""
        return [suspect for suspect in self.suspects if suspect.kind is kind]


def doubt_regions(
    labels: NDArray[Any],
    said: NDArray[Any],
    confidence: NDArray[np.floating[Any]],
    num_classes: int,
) -> DoubtedRegions:
    """How doubtful each region of one image is; linear in the pixels, for each class that it has.

    Args:
        labels: (height, width) class indices, 0 for none of the classes.
        said: likewise, by a model that has not seen this label (out of fold, or held out).
        confidence: (rows, columns) its calibrated probability of what it says; brought to the size
            of the masks where it is coarser.
        num_classes: K.

    Raises:
        ValueError: the masks are of different sizes, a class index is above K, or a confidence is not
            within 0 and 1.
    """
    if labels.shape != said.shape:
        raise ValueError(f"masks of one image are of one size, not {labels.shape}, {said.shape}")
    most = max(int(labels.max(initial=0)), int(said.max(initial=0)))
    if most > num_classes:
        raise ValueError(f"class indices must be 0 to {num_classes}, but got {most}")
    if not 0 <= confidence.min(initial=0) <= confidence.max(initial=0) <= 1:
        raise ValueError(
            f"confidences must be 0 to 1, but go from {confidence.min()} to {confidence.max()}"
        )
    return _Look(labels, said, confidence.astype(np.float32), num_classes + 1).found()


class _Look:
    """Looks at the regions of one image."""

    def __init__(
        self,
        labels: NDArray[Any],
        said: NDArray[Any],
        confidence: NDArray[np.float32],
        planes: int,
    ) -> None:
        self._labels, self._said, self._planes = labels, said, planes
        height, width = labels.shape
        sure = confidence
        if sure.shape != labels.shape:
            sure = cv2.resize(sure, (width, height), interpolation=cv2.INTER_LINEAR)
        self._sure = sure
        self._same = labels == said
        self._doubt = np.where(self._same, 1 - sure, sure)
        self._deep = edge_distance(labels) >= share_of_diagonal(RIM, labels.shape)

    def found(self) -> DoubtedRegions:
        """The labelled regions, then the overlooked ones."""
        labelled, predicted = find_regions(self._labels), find_regions(self._said)
        bare = self._labels == 0
        free = _count(predicted, bare)
        alone = np.append(False, free >= MOST * predicted.pixels)
        # What is said beside a region of the same class speaks of the extent of its label.
        owner = np.append(0, self._owners(labelled, predicted))
        beside = bare & self._deep & (predicted.numbers > 0) & ~alone[predicted.numbers]
        extent = np.where(beside, owner[predicted.numbers], labelled.numbers)
        lost = np.where(alone[predicted.numbers] & bare, predicted.numbers, 0)
        rows = np.flatnonzero(alone[1:])
        own = self._kinds(labelled)
        agreed = self._same.ravel()
        sums = np.bincount(
            self._labels.ravel()[agreed], self._sure.ravel()[agreed], minlength=self._planes
        )
        return DoubtedRegions(
            size=(self._labels.shape[1], self._labels.shape[0]),
            kind=np.append(own[0], np.full(len(rows), KINDS.index(MaskSuspectKind.OVERLOOKED))),
            label=np.append(labelled.codes, np.zeros(len(rows), dtype=np.int64)),
            said=np.append(own[1], predicted.codes[rows]),
            windows=np.concatenate([labelled.windows, predicted.windows[rows]]),
            pixels=np.append(labelled.pixels, predicted.pixels[rows]),
            doubt=np.append(
                self._softly(extent, len(labelled)), self._softly(lost, len(predicted))[rows]
            ),
            sure=np.append(own[2], _mean(predicted.numbers, self._sure, len(predicted))[rows]),
            agreed=np.bincount(self._labels.ravel()[agreed], minlength=self._planes),
            confidence=np.asarray(sums, dtype=np.float64),
        )

    def _owners(self, labelled: Regions, predicted: Regions) -> Ints:
        """(p,) the labelled region of its class that each predicted one shares most pixels with."""
        row, region, counts, _ = _tally(predicted.numbers, labelled.numbers, self._sure)
        same = (row > 0) & (region > 0)
        same &= np.append(0, predicted.codes)[row] == np.append(0, labelled.codes)[region]
        row, region, counts = row[same], region[same], counts[same]
        owner = np.zeros(len(predicted) + 1, dtype=np.int64)
        order = np.argsort(counts, kind="stable")
        owner[row[order]] = region[order]
        return owner[1:]

    def _kinds(self, labelled: Regions) -> tuple[Ints, Ints, Floats]:
        """(r,) of labelled regions: kind, what is said most, and how sure the model is of that."""
        found = _tally(labelled.numbers, self._said, self._sure)
        region, index, counts, sums = (each[found[0] > 0] for each in found)
        same = index == labelled.codes[region - 1]
        agreed = same & (counts >= MOST * labelled.pixels[region - 1])
        # Of a region that the model disagrees with, what it says instead.
        rank = np.where(agreed, np.inf, np.where(same, -1, counts))
        said = np.zeros(len(labelled) + 1, dtype=np.int64)
        sure = np.zeros(len(labelled) + 1)
        order = np.argsort(rank, kind="stable")
        said[region[order]], sure[region[order]] = index[order], (sums / counts)[order]
        kind = np.full(len(labelled), KINDS.index(MaskSuspectKind.WRONG_CLASS))
        kind[said[1:] == 0] = KINDS.index(MaskSuspectKind.SPURIOUS)
        kind[said[1:] == labelled.codes] = KINDS.index(MaskSuspectKind.LOOSE)
        return kind, said[1:], sure[1:]

    def _softly(self, numbers: NDArray[Any], count: int) -> Floats:
        """(count,) one less the soft minimum of the belief in the pixels of each region."""
        inner = _soft_maximum(numbers, self._doubt, self._deep, count)
        thin = np.append(False, ~np.isfinite(inner))
        if thin.any():
            whole = _soft_maximum(numbers, self._doubt, thin[numbers], count)
            inner = np.where(np.isfinite(inner), inner, whole)
        return np.nan_to_num(inner)


def rank_mask_suspects(doubted: Sequence[DoubtedRegions], classes: Sequence[str]) -> MaskSuspects:
    """Rank labelled regions, and places without a label, by how doubtful they are.

    Args:
        doubted: the regions of each image.
        classes: K names.

    Raises:
        ValueError: an image was looked at with another number of classes.
    """
    planes = len(classes) + 1
    for each in doubted:
        if len(each.agreed) != planes:
            raise ValueError(f"images must be of {planes - 1} classes, not {len(each.agreed) - 1}")
    bar, loose = _usual(doubted, planes)
    places = Places([each.size for each in doubted])
    names = ["no class", *(f"'{name}'" for name in classes)]
    suspects = []
    for image, each in enumerate(doubted):
        for row in np.flatnonzero(each.doubt >= TOLD).tolist():
            kind, label, said = KINDS[each.kind[row]], int(each.label[row]), int(each.said[row])
            score, sure = float(each.doubt[row]), float(each.sure[row])
            likely = score > loose[label] if kind is MaskSuspectKind.LOOSE else sure >= bar[said]
            where = places.words(each.windows[row].astype(np.float64), image)
            reason = _words(kind, names[label], names[said], where, sure, score)
            left, top, right, bottom = each.windows[row].tolist()
            suspects.append(
                MaskSuspect(
                    kind,
                    image,
                    label,
                    said,
                    (left, top, right, bottom),
                    int(each.pixels[row]),
                    score,
                    bool(likely),
                    reason,
                )
            )
    return MaskSuspects(tuple(sorted(suspects, key=lambda suspect: -suspect.score)))


def _usual(doubted: Sequence[DoubtedRegions], planes: int) -> tuple[Floats, Floats]:
    """(K + 1,) each: the confidence that is usual, and the doubt above which a region is loose."""
    bar, loose = np.full(planes, SURE), np.full(planes, LOOSE)
    if not doubted:
        return bar, loose
    agreed = np.sum([each.agreed for each in doubted], axis=0)
    sums = np.sum([each.confidence for each in doubted], axis=0)
    bar[agreed > 0] = sums[agreed > 0] / agreed[agreed > 0]
    kind, label, doubt = (
        np.concatenate([getattr(each, name) for each in doubted])
        for name in ("kind", "label", "doubt")
    )
    own = kind == KINDS.index(MaskSuspectKind.LOOSE)
    for index in np.unique(label[own]).tolist():
        values = doubt[own & (label == index)]
        middle = float(np.median(values))
        # As a normal distribution's standard deviation is to its median deviation.
        spread = 1.4826 * float(np.median(np.abs(values - middle)))
        loose[index] = max(LOOSE, middle + 3 * spread)
    return bar, loose


def _words(
    kind: MaskSuspectKind, label: str, said: str, where: str, sure: float, doubt: float
) -> str:
    model = "the model, which has not seen this label, says"
    if kind is MaskSuspectKind.OVERLOOKED:
        return f"no label {where}, where {model} {said} ({percent(sure)})"
    if kind is MaskSuspectKind.LOOSE:
        return (
            f"{label} {where}: {model} the same, but not as far as the label goes, or farther "
            f"({percent(doubt)} in doubt)"
        )
    return f"labelled {label} {where}; {model} {said} ({percent(sure)})"


def _tally(
    one: NDArray[Any], other: NDArray[Any], values: NDArray[np.float32]
) -> tuple[Ints, Ints, Ints, Floats]:
    """What two masks hold together: one, other, pixels, and the sum of the values in these.

    Runs of pixels alike are counted before they are sorted: they are few beside the pixels.
    """
    first, second = one.ravel(), other.ravel()
    changes = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    starts = np.append(0, np.flatnonzero(changes) + 1)
    lengths = np.diff(starts, append=first.size)
    sums = np.add.reduceat(values.ravel(), starts, dtype=np.float64)
    planes = int(second.max()) + 1
    codes = first[starts].astype(np.int64) * planes + second[starts]
    found, back = np.unique(codes, return_inverse=True)
    counts = np.bincount(back, lengths, minlength=len(found)).astype(np.int64)
    total = np.asarray(np.bincount(back, sums, minlength=len(found)), dtype=np.float64)
    return found // planes, found % planes, counts, total


def _count(regions: Regions, kept: Flags) -> Ints:
    """(r,) pixels of each region that are kept."""
    return np.bincount(regions.numbers[kept], minlength=len(regions) + 1)[1:]


def _mean(numbers: NDArray[Any], values: NDArray[np.float32], count: int) -> Floats:
    """(count,) mean of the values in each region; NaN for an empty one."""
    flat = numbers.ravel()
    sums = np.bincount(flat, values.ravel(), minlength=count + 1)[1:]
    with np.errstate(invalid="ignore"):
        return np.asarray(sums / np.bincount(flat, minlength=count + 1)[1:])


def _soft_maximum(
    numbers: NDArray[Any], values: NDArray[np.float32], kept: Flags, count: int
) -> Floats:
    """(count,) mean of the values of each region, weighted by exp(value / temperature)."""
    own = numbers[kept]
    picked = values[kept]
    # At most 1, so that no sum overflows.
    weights = np.exp((picked - 1) / np.float32(TEMPERATURE))
    sums = np.bincount(own, weights * picked, minlength=count + 1)[1:]
    with np.errstate(invalid="ignore"):
        return np.asarray(sums / np.bincount(own, weights, minlength=count + 1)[1:])
