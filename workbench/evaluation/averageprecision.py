"""COCO's average precision of boxes, to be asked for often with other weights of the images."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from workbench.dataset.boxes import BoxTable
from workbench.evaluation.matching import Matches

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

RECALLS = np.linspace(0, 1, 101)  # at which precision is read


@dataclass(frozen=True)
class Ranking:
    """Predicted boxes of each class by falling confidence, and which of them are right.

    Attributes:
        images: (m,) row of the image of each box; of equally sure ones, the earlier image first.
        classes: (m,) class index, ascending.
        scores: (m,) confidence.
        hits: (t, m) whether it is right, at each threshold.
        true_images: (b,) row of the image of each true box.
        true_classes: (b,) its class index.
        num_images: number of images.
        num_classes: number of classes, K.
    """

    images: Ints
    classes: Ints
    scores: Floats
    hits: Mask
    true_images: Ints
    true_classes: Ints
    num_images: int
    num_classes: int

    def average_precision(self, weights: Floats | None = None) -> Floats:
        """Precision at 101 recalls from 0 to 1, their mean: (t, K); NaN for classes without a box.

        The precision at a recall is the best one at that recall or above, and 0 where that recall is
        never reached.

        Args:
            weights: (num_images,) how often each image counts; by default once. A whole number says
                the same as the image repeated.
        """
        if weights is None:
            weights = np.ones(self.num_images)
        there = np.bincount(
            self.true_classes, weights=weights[self.true_images], minlength=self.num_classes
        )
        segments, steps, hit_images = self._steps
        all_said = np.cumsum(weights[self.images])
        before = np.concatenate([[0.0], all_said])[self._begins]
        of_hit = weights[hit_images]
        classes = segments % self.num_classes
        hits = _cumsum_by(of_hit, segments)
        with np.errstate(invalid="ignore", divide="ignore"):
            recall = hits / there[classes]
            precision = hits / (all_said[steps] - before[classes])
        # What weighs nothing may stand before anything that weighs.
        precision = _best_from_here(np.where(of_hit > 0, precision, 0.0), segments)
        # Each hit carries the recalls from the last hit's on up to its own.
        reached = np.searchsorted(RECALLS, np.nan_to_num(recall), side="right")
        reached = np.where(hits > 0, reached, 0)
        own = np.diff(reached, prepend=0)
        first = np.flatnonzero(np.diff(segments, prepend=-1))
        own[first] = reached[first]
        size = len(self.hits) * self.num_classes
        total = np.bincount(segments, weights=own * precision, minlength=size)
        out: Floats = (total / len(RECALLS)).reshape(len(self.hits), self.num_classes)
        out[:, there == 0] = np.nan
        return out

    @cached_property
    def _begins(self) -> Ints:
        return np.searchsorted(self.classes, np.arange(self.num_classes)).astype(np.int64)

    @cached_property
    def _steps(self) -> tuple[Ints, Ints, Ints]:
        """Of each hit: threshold and class as one number, place in the ranking, image."""
        rows, columns = np.nonzero(self.hits)
        return rows * self.num_classes + self.classes[columns], columns, self.images[columns]


def rank(
    truth: BoxTable, said: BoxTable, matches: Matches, num_images: int, num_classes: int
) -> Ranking:
    """Put the matched boxes of all images into one ranking for each class.

    Args:
        truth: what is true.
        said: what is predicted.
        matches: of both.
        num_images: number of images.
        num_classes: number of classes.
    """
    rows = matches.said
    return ranked(
        said.images[rows],
        said.classes[rows],
        said.scores[rows],
        matches.truth >= 0,
        true_images=truth.images,
        true_classes=truth.classes,
        num_images=num_images,
        num_classes=num_classes,
    )


def ranked(
    images: Ints,
    classes: Ints,
    scores: Floats,
    hits: Mask,
    *,
    true_images: Ints,
    true_classes: Ints,
    num_images: int,
    num_classes: int,
) -> Ranking:
    """A ranking of predicted boxes that are sorted by image; the arguments are its attributes."""
    # Stable: equally sure boxes stay in the order of their images, as COCO has it.
    order = np.lexsort((-scores, classes))
    return Ranking(
        images=images[order],
        classes=classes[order],
        scores=scores[order],
        hits=hits[:, order],
        true_images=true_images,
        true_classes=true_classes,
        num_images=num_images,
        num_classes=num_classes,
    )


def _cumsum_by(values: Floats, segments: Ints) -> Floats:
    """Running sums that begin anew with each segment."""
    if len(values) == 0:
        return np.zeros(0)
    sums = np.cumsum(values)
    first = np.flatnonzero(np.diff(segments, prepend=-1))
    lengths = np.diff(np.append(first, len(values)))
    out: Floats = sums - np.repeat(sums[first] - values[first], lengths)
    return out


def _best_from_here(values: Floats, segments: Ints) -> Floats:
    """The largest value from each place to the end of its segment; values are within 0 and 1."""
    # Lifted by segment, so that one pass from the end cannot carry a value over into another one.
    lift = 2.0 * (segments.max(initial=0) - segments)
    out: Floats = np.maximum.accumulate((values + lift)[::-1])[::-1] - lift
    return out
