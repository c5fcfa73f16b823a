"""What finds the outlines of objects, beside the boxes that `detector.BoxHead` finds.

Mask R-CNN's branch (He et al., ICCV 2017) on boxes of FCOS, as CenterMask has it (Lee and Park, CVPR 2020):
each box is brought to a grid of the pyramid's features, and each cell of a finer grid said to belong to
the object or not. One mask for all classes: of few labels, each class alone would see too little.
"""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import contourpy
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.ops import MultiScaleRoIAlign

from workbench.dataset.outlines import Outline, fill

GRID = 28  # cells of a mask, to each side
_FEATURES = 14  # cells of the pyramid's features that a box is brought to
_LAYERS = 2  # convolutions
_MOST = 64  # boxes of a batch whose masks are learned from: time and memory
_JITTER = 0.1  # of a box's sides, by which its edges are moved: boxes that are found are not exact
_LEAST_PART = 0.02  # of the largest part's area, below which a part is left out
_INSIDE = 0.5  # probability from which on a cell belongs to the object

Rings = list[NDArray[np.float64]]
"""Of one object, (m, 2) points each, in pixels of the square."""


class MaskBranch(nn.Module):
    """Masks in boxes, by the maps of a feature pyramid.

    Args:
        channels: of the maps and of the convolutions.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolutions = MaskRCNNHeads(channels, (channels,) * _LAYERS, 1)
        self.predictor = MaskRCNNPredictor(channels, channels, 1)

    def forward(self, levels: Sequence[Tensor], boxes: Sequence[Tensor], side: int) -> Tensor:
        """Logits of masks.

        Args:
            levels: maps of the pyramid, (n, channels, ., .) each, the finest first.
            boxes: of each of n images, (m, 4) corners in pixels of the square.
            side: of the square.

        Returns:
            (m of all images, GRID, GRID).
        """
        maps = OrderedDict((str(place), each.float()) for place, each in enumerate(levels))
        align = MultiScaleRoIAlign([*maps], _FEATURES, 2)
        features = align(maps, list(boxes), [(side, side)] * len(boxes))
        logits: Tensor = self.predictor(self.convolutions(features))
        return logits[:, 0]

    def loss(self, levels: Sequence[Tensor], truth: Sequence[dict[str, Any]], side: int) -> Tensor:
        """Mean cross-entropy of the cells of true boxes that are moved a little.

        Args:
            levels: as `forward`.
            truth: of each image `boxes` and `rings`, the outline of each in pixels of the square.
            side: of the square.
        """
        share = min(1.0, _MOST / max(1, sum(len(each["boxes"]) for each in truth)))
        boxes, wanted = [], []
        for each in truth:
            own = each["boxes"]
            kept = torch.randperm(len(own))[: int(np.ceil(share * len(own)))].tolist()
            own = own[kept]
            sides = (own[:, 2:] - own[:, :2]).repeat(1, 2)
            moved = own + (torch.rand(own.shape).to(own.device) * 2 - 1) * _JITTER * sides
            boxes.append(moved)
            corners = moved.double().cpu().numpy()
            wanted += [
                cells(each["rings"][row], place) for row, place in zip(kept, corners, strict=True)
            ]
        if not wanted:
            return torch.stack([(each * 0).sum() for each in self.parameters()]).sum()
        logits = self(levels, boxes, side)
        target = torch.from_numpy(np.stack(wanted)).to(logits)
        return functional.binary_cross_entropy_with_logits(logits, target)


def cells(rings: Rings, corners: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which cells of a box belong to an object: (GRID, GRID).

    Args:
        rings: of its outline.
        corners: (4,) of the box, in the same pixels.
    """
    sides = np.maximum(corners[2:] - corners[:2], 1e-6)
    shares = tuple(tuple(map(tuple, ((ring - corners[:2]) / sides).tolist())) for ring in rings)
    return fill(shares, (GRID, GRID))


def outline_of(mask: NDArray[np.float32], corners: NDArray[np.float64]) -> Outline:
    """The line at which a mask is as likely inside as outside, between its cells.

    Args:
        mask: (GRID, GRID) probabilities.
        corners: (4,) of its box.

    Returns:
        In the units of `corners`; outer rings clockwise, holes the other way round. Of a mask that
        is nowhere likely, where it is likelier than half of its best.
    """
    padded = np.pad(mask, 1)
    level = min(_INSIDE, float(mask.max()) / 2)
    lines = contourpy.contour_generator(z=padded, fill_type=contourpy.FillType.OuterOffset).filled(
        level, 2.0
    )
    rings: list[NDArray[np.float64]] = []
    for points, offsets in zip(*lines, strict=True):
        rings += [points[a : b - 1] for a, b in pairwise(offsets)]
    shares = [
        ((ring - 0.5) / mask.shape[0]).clip(0, 1) for ring in rings
    ]  # a cell's middle is at .5
    areas = [_signed(ring) for ring in shares]
    least = _LEAST_PART * max((abs(each) for each in areas), default=0.0)
    sides = corners[2:] - corners[:2]
    return tuple(
        tuple((float(x), float(y)) for x, y in corners[:2] + _simpler(ring) * sides)
        for ring, each in zip(shares, areas, strict=True)
        if abs(each) >= least and len(ring) >= 3 and each
    )


def _signed(ring: NDArray[np.float64]) -> float:
    after = np.roll(ring, -1, axis=0)
    return float((ring[:, 0] * after[:, 1] - after[:, 0] * ring[:, 1]).sum() / 2)


def _simpler(ring: NDArray[np.float64], within: float = 0.2 / GRID) -> NDArray[np.float64]:
    """A ring without the points that lie within a fifth of a cell of the line without them.

    Douglas and Peucker 1973, on each of the two halves between the points that are farthest apart.
    """
    first = int(ring.sum(axis=1).argmin())
    turned = np.roll(ring, -first, axis=0)
    closed = np.vstack([turned, turned[:1]])
    far = int(np.linalg.norm(closed - closed[0], axis=1).argmax())
    kept = np.zeros(len(closed), dtype=np.bool_)
    kept[[0, far]] = True
    open_ends = [(0, far), (far, len(closed) - 1)]
    while open_ends:
        start, stop = open_ends.pop()
        if stop - start < 2:
            continue
        along = closed[stop] - closed[start]
        to = closed[start + 1 : stop] - closed[start]
        away = np.abs(along[0] * to[:, 1] - along[1] * to[:, 0]) / max(
            float(np.linalg.norm(along)), 1e-12
        )
        worst = int(away.argmax())
        if away[worst] > within:
            middle = start + 1 + worst
            kept[middle] = True
            open_ends += [(start, middle), (middle, stop)]
    simple = closed[:-1][kept[:-1]]
    return simple if len(simple) >= 3 else ring
