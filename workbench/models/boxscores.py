"""Boxes held against the true ones: which are right, and average precision at one overlap.

Everingham et al., "The Pascal Visual Object Classes Challenge" (IJCV 2010), with COCO's 101 recalls
and its way to match: each box, the surest first, takes the free true one that it overlaps most.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.dataset.outlines import filled
from workbench.models.detector import Detections

Floats = NDArray[np.float64]
_RECALLS = np.linspace(0, 1, 101)
OVERLAP = 0.5  # intersection over union from which on a box is right


def overlaps(one: Floats, other: Floats) -> Floats:
    """Intersection over union of boxes (m, 4) and (k, 4), as corners: (m, k)."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = [(each[:, 2:] - each[:, :2]).prod(axis=1) for each in (one, other)]
    out: Floats = shared / np.maximum(areas[0][:, None] + areas[1][None, :] - shared, 1e-12)
    return out


def right_boxes(
    found: Detections, truth: Detections, overlap: float = OVERLAP
) -> NDArray[np.bool_]:
    """Which found boxes of an image are right: (m,)."""
    right = np.zeros(len(found.scores), dtype=np.bool_)
    shared = _shared(found, truth)
    shared[found.classes[:, None] != truth.classes[None, :]] = 0
    for row in np.argsort(-found.scores, kind="stable"):
        if shared.shape[1] and shared[row].max() >= overlap:
            right[row] = True
            shared[:, int(shared[row].argmax())] = 0
    return right


def _shared(found: Detections, truth: Detections) -> Floats:
    """Intersection over union of boxes, or of what outlines hold: (m, k)."""
    shared = overlaps(found.corners, truth.corners)
    if found.outlines is None or truth.outlines is None:
        return shared
    own, other = ([filled(outline) for outline in each.outlines or ()] for each in (found, truth))
    near = found.classes[:, None] == truth.classes[None, :]
    out = np.zeros_like(shared)
    for row, column in np.argwhere(near & (shared > 0)):
        out[row, column] = own[row].overlap(other[column])
    return out


def average_precision(found: Sequence[Detections], truth: Sequence[Detections]) -> float:
    """Mean over the classes that are there of the average precision at an overlap of one half.

    Args:
        found: boxes found in each of n images; what has outlines is held against those.
        truth: those that are there, their scores unused.

    Returns:
        mAP50, 0 to 1; 1 where nothing is there and nothing was found.
    """
    classes = np.concatenate([each.classes for each in truth])
    said = np.concatenate([each.classes for each in found])
    scores = np.concatenate([each.scores for each in found])
    right = np.concatenate([right_boxes(*pair) for pair in zip(found, truth, strict=True)])
    present = np.unique(classes)
    if not len(present):
        return float(not len(said))
    each = [
        _one_class(scores[said == k], right[said == k], int((classes == k).sum())) for k in present
    ]
    return float(np.mean(each))


def _one_class(scores: Floats, right: NDArray[np.bool_], count: int) -> float:
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(right[order])
    recall, precision = hits / count, hits / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]  # at this recall or a higher one
    at = np.searchsorted(recall, _RECALLS, side="left")
    return float(np.append(best, 0.0)[at].mean())
