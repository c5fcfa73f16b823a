"""A detector: torchvision's FCOS with a feature pyramid, on the maps of a timm backbone.

Tian et al., "FCOS: Fully Convolutional One-Stage Object Detection" (ICCV 2019), and Lin et al.,
"Feature Pyramid Networks for Object Detection" (CVPR 2017).
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torchvision.models.detection import FCOS
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.fcos import FCOSHead
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import FeaturePyramidNetwork

from workbench.dataset.outlines import Outline, clipped, extent, scaled
from workbench.errors import BackboneError
from workbench.models.images import read_image
from workbench.models.maskbranch import MaskBranch, outline_of

STRIDES = (8, 16, 32)
GREY = 114  # of what is around an image in its square
LEAST_SCORE = 0.05  # below which nothing is told
_OVERLAP = 0.6  # from which on two boxes of a class are taken for one object
_MOST = 100  # boxes an image
_PLACES = "places"  # that are to find a box


@dataclass(frozen=True)
class Detections:
    """What a detector finds in one image.

    Attributes:
        corners: (m, 4) left, top, right, bottom: pixels of the square, or shares of the image.
        classes: (m,) class indices.
        scores: (m,) from 0 to 1, the highest first.
        outlines: (m,) in the units of the corners; None where only boxes are found.
    """

    corners: NDArray[np.float64]
    classes: NDArray[np.int64]
    scores: NDArray[np.float64]
    outlines: tuple[Outline, ...] | None = None

    def in_square(self, fitted: tuple[int, int]) -> "Detections":
        """From shares of an image to pixels of the square that has it at (width, height) pixels."""
        return self._scaled(fitted)

    def in_image(self, fitted: tuple[int, int]) -> "Detections":
        """The same the other way round; what lies beside the image is cut off.

        The box of what has an outline is the one around that.
        """
        shares = self._scaled((1 / fitted[0], 1 / fitted[1]))
        shares = replace(shares, corners=shares.corners.clip(0, 1))
        if shares.outlines:
            held = tuple(clipped(each) for each in shares.outlines)
            around = np.array([extent(each) for each in held])
            corners = np.hstack([around[:, :2], around[:, :2] + around[:, 2:]])
            shares = replace(shares, corners=corners, outlines=held)
        seen = np.asarray((shares.corners[:, 2:] > shares.corners[:, :2]).all(axis=1))
        return shares.at(seen)

    def at(self, rows: NDArray[Any]) -> "Detections":
        """Some of them, by row or by mask."""
        outlines = self.outlines
        if outlines is not None:
            outlines = tuple(outlines[row] for row in np.arange(len(outlines))[rows])
        return Detections(self.corners[rows], self.classes[rows], self.scores[rows], outlines)

    def _scaled(self, by: tuple[float, float]) -> "Detections":
        outlines = self.outlines
        if outlines is not None:
            outlines = tuple(scaled(each, by) for each in outlines)
        return replace(self, corners=self.corners * np.tile(by, 2), outlines=outlines)


@dataclass(frozen=True)
class Letterbox:
    """Fits images into a square, without changing their shape.

    Attributes:
        side: of the square, in pixels.
    """

    side: int

    def preprocess(self, image: Image.Image | str | Path | Tensor) -> Tensor:
        """Read and fit one image: uint8 (3, side, side), at the top left, grey around it.

        Raises:
            ImageError: the file cannot be read.
        """
        if isinstance(image, Tensor):
            return image
        if not isinstance(image, Image.Image):
            image = read_image(image, shortest=self.side)
        fitted = image.resize(self.fitted(image.size), Image.Resampling.BILINEAR, reducing_gap=2.0)
        out = torch.full((3, self.side, self.side), GREY, dtype=torch.uint8)
        pixels = torch.from_numpy(np.array(fitted)).permute(2, 0, 1)
        out[:, : fitted.height, : fitted.width] = pixels
        return out

    def fitted(self, size: tuple[int, int]) -> tuple[int, int]:
        """Width and height, in the square, of an image of (width, height) pixels."""
        scale = self.side / max(size)
        return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


class _Pyramid(nn.Module):
    """Feature maps of several strides, brought to the same number of channels."""

    def __init__(self, depths: Sequence[int], channels: int) -> None:
        super().__init__()
        self.out_channels = channels
        self.pyramid = FeaturePyramidNetwork(list(depths), channels)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        named = OrderedDict((str(place), each) for place, each in enumerate(maps))
        return list(self.pyramid(named).values())


class _CountingHead(FCOSHead):
    """Says, beside the losses, by how many places they are divided."""

    def compute_loss(
        self,
        targets: list[dict[str, Tensor]],
        head_outputs: dict[str, Tensor],
        anchors: list[Tensor],
        matched_idxs: list[Tensor],
    ) -> dict[str, Any]:
        losses = super().compute_loss(targets, head_outputs, anchors, matched_idxs)
        return {**losses, _PLACES: sum(int((each >= 0).sum()) for each in matched_idxs)}


class BoxHead(nn.Module):
    """All of a detector that comes after its backbone.

    Args:
        depths: channels of the backbone's maps of `STRIDES`.
        num_classes: K.
        channels: of the pyramid and of the head's convolutions.
        convolutions: of each of the head's two branches.
    """

    def __init__(
        self, depths: Sequence[int], num_classes: int, channels: int, convolutions: int
    ) -> None:
        super().__init__()
        self.fcos = FCOS(
            _Pyramid(depths, channels),
            num_classes,
            anchor_generator=AnchorGenerator(
                tuple((stride,) for stride in STRIDES), ((1.0,),) * len(STRIDES)
            ),
            head=_CountingHead(channels, 1, num_classes, convolutions),
            score_thresh=LEAST_SCORE,
            nms_thresh=_OVERLAP,
            detections_per_img=_MOST,
        )

    def forward(self, maps: Sequence[Tensor]) -> tuple[dict[str, Tensor], list[Tensor]]:
        """Class logits, distances and centredness of every place, and the pyramid's maps."""
        levels = self.fcos.backbone(maps)
        return self.fcos.head(levels), levels

    def loss(
        self, answers: tuple[dict[str, Tensor], list[Tensor]], inputs: Tensor, truth: Any
    ) -> tuple[Tensor, int]:
        """FCOS' loss: focal on classes, generalised IoU on boxes, and cross-entropy on centredness.

        Args:
            answers: of `forward`.
            inputs: (n, 3, side, side) that they are on.
            truth: n dictionaries of `boxes` (m, 4), corners in pixels, and `labels` (m,); an image
                without boxes teaches that there is nothing.

        Returns:
            Its sum, and the number of places that are to find a box, which it is to be divided by.
        """
        outputs, levels = answers
        counts = [level.shape[2] * level.shape[3] for level in levels]
        losses = self.fcos.compute_loss(truth, outputs, self._places(inputs, levels), counts)
        places = losses.pop(_PLACES)
        mean = cast(Tensor, sum(losses.values()))
        return mean * max(1, places), places

    def boxes(
        self, answers: tuple[dict[str, Tensor], list[Tensor]], inputs: Tensor
    ) -> list[Detections]:
        """The boxes of n images, in pixels of the square."""
        outputs, levels = answers
        counts = [level.shape[2] * level.shape[3] for level in levels]
        split = {name: list(each.split(counts, dim=1)) for name, each in outputs.items()}
        places = [list(each.split(counts)) for each in self._places(inputs, levels)]
        sizes = [(inputs.shape[2], inputs.shape[3])] * len(inputs)
        return [
            Detections(
                corners=found["boxes"].double().cpu().numpy(),
                classes=found["labels"].cpu().numpy(),
                scores=found["scores"].double().cpu().numpy(),
            )
            for found in self.fcos.postprocess_detections(split, places, sizes)
        ]

    def _places(self, inputs: Tensor, levels: list[Tensor]) -> list[Tensor]:
        sizes = [(inputs.shape[2], inputs.shape[3])] * len(inputs)
        places: list[Tensor] = self.fcos.anchor_generator(ImageList(inputs, sizes), levels)
        return places


class InstanceHead(BoxHead):
    """One that finds the outlines in its boxes, too; arguments are those of `BoxHead`."""

    def __init__(
        self, depths: Sequence[int], num_classes: int, channels: int, convolutions: int
    ) -> None:
        super().__init__(depths, num_classes, channels, convolutions)
        self.masks = MaskBranch(channels)

    def loss(
        self, answers: tuple[dict[str, Tensor], list[Tensor]], inputs: Tensor, truth: Any
    ) -> tuple[Tensor, int]:
        """FCOS' loss and that of masks; `truth` also has `rings`, the outline of each box."""
        loss, places = super().loss(answers, inputs, truth)
        masks = self.masks.loss(answers[1], truth, inputs.shape[3])
        return loss + masks * max(1, places), places

    def boxes(
        self, answers: tuple[dict[str, Tensor], list[Tensor]], inputs: Tensor
    ) -> list[Detections]:
        """The objects of n images with their outlines, in pixels of the square."""
        found = super().boxes(answers, inputs)
        corners = [torch.from_numpy(each.corners).float().to(inputs.device) for each in found]
        if not sum(map(len, corners)):
            return [replace(each, outlines=()) for each in found]
        with torch.no_grad():
            masks = self.masks(answers[1], corners, inputs.shape[3]).sigmoid().cpu().numpy()
        split = np.split(masks, np.cumsum([len(each) for each in corners])[:-1])
        out = []
        for each, own in zip(found, split, strict=True):
            lines = [outline_of(mask, box) for mask, box in zip(own, each.corners, strict=True)]
            held = replace(each, outlines=tuple(lines))
            out.append(held.at(np.array([len(line) > 0 for line in lines], dtype=np.bool_)))
        return out


def map_indices(
    model: nn.Module, name: str, strides: Sequence[int] = STRIDES
) -> tuple[list[int], list[int]]:
    """Which of a backbone's maps have these strides, and how many channels those have.

    Raises:
        BackboneError: it has no map of one of the strides.
    """
    infos = list(getattr(model, "feature_info", None) or ())
    by_stride = {info.get("reduction"): place for place, info in enumerate(infos)}
    missing = [stride for stride in strides if stride not in by_stride]
    if missing or not hasattr(model, "forward_intermediates"):
        raise BackboneError(
            f"feature maps at strides of {', '.join(map(str, strides))} pixels are needed to find what "
            f"is where, and {name!r} has none at {', '.join(map(str, missing or strides))}: choose a "
            "convolutional network, such as 'efficientnet_lite0', 'resnet18' or 'convnext_atto'"
        )
    places = [by_stride[stride] for stride in strides]
    return places, [int(infos[place]["num_chs"]) for place in places]


def feature_maps(
    model: nn.Module, inputs: Tensor, name: str, strides: Sequence[int] = STRIDES
) -> list[Tensor]:
    """The maps of some strides, (n, depth, side / stride, side / stride) each.

    Raises:
        BackboneError: the backbone has none, or not at this size.
    """
    places, _ = map_indices(model, name, strides)
    try:
        maps: list[Tensor] = cast(Any, model).forward_intermediates(
            inputs, indices=places, intermediates_only=True, stop_early=True
        )
    except AssertionError as error:
        raise BackboneError(
            f"{name!r} cannot see images of {inputs.shape[3]} x {inputs.shape[2]} pixels ({error})"
            ": choose another `side`, or a convolutional network"
        ) from error
    return maps
