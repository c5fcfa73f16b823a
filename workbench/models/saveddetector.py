"""Saved detectors: boxes of images, without any dataset."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from workbench.decoding import upright_size
from workbench.errors import BackboneError
from workbench.models.backbones import Backbone
from workbench.models.boxcalibration import BoxCalibration
from workbench.models.description import CENTERMASK, FCOS, Described, Description
from workbench.models.detector import BoxHead, Detections, Letterbox, feature_maps, map_indices
from workbench.models.devices import autocast
from workbench.models.inputs import Images, Input, take_in
from workbench.models.modelcard import render
from workbench.models.modelfolder import write_folder
from workbench.models.preprocessing import normalise
from workbench.models.recipe import DetectorRecipe
from workbench.models.stored import FEATURES, Stored, box_head
from workbench.versions import versions

_HEAD, _CURVE = "detector.", "calibration.curve"  # names of tensors
_CHUNK = 8  # images at once
LEAST = 0.01  # confidence that is worth telling: of a hundred such boxes one is right
COLUMNS = ("path", "image", "label", "confidence", "left", "top", "right", "bottom", "problem")
"""Of a table of boxes; of one of outlines, `outline` comes before `problem`."""


@dataclass(frozen=True)
class Detector:
    """A backbone and what finds boxes on its maps.

    Attributes:
        backbone: the network.
        head: what comes after it.
        letterbox: fits images into its square.
        calibration: makes probabilities of its scores.
    """

    backbone: Backbone
    head: BoxHead
    letterbox: Letterbox
    calibration: BoxCalibration

    def find(
        self, images: Sequence[Path | Tensor], sizes: Sequence[tuple[int, int]]
    ) -> list[Detections]:
        """Boxes of images.

        Args:
            images: files, or squares as `letterbox` makes them.
            sizes: width and height of each upright image, in pixels.

        Returns:
            Of each image, corners as shares of it, and calibrated confidences of `LEAST` or more.

        Raises:
            ImageError: a file cannot be read.
        """
        found: list[Detections] = []
        with ThreadPoolExecutor(2, "workbench-pixels") as pool:
            for start in range(0, len(images), _CHUNK):
                chunk = images[start : start + _CHUNK]
                found += self._in_squares(
                    torch.stack([*pool.map(self.letterbox.preprocess, chunk)])
                )
        return [
            self._told(each.in_image(self.letterbox.fitted(size)))
            for each, size in zip(found, sizes, strict=True)
        ]

    def _in_squares(self, pixels: Tensor) -> list[Detections]:
        backbone = self.backbone
        inputs = normalise(pixels.to(backbone.device), backbone.config)
        with torch.inference_mode():
            with autocast(backbone.device, backbone.dtype):
                outputs, levels = self.head(feature_maps(backbone.model, inputs, backbone.name))
            outputs = {name: each.float() for name, each in outputs.items()}
            return self.head.boxes((outputs, levels), inputs)

    def _told(self, found: Detections) -> Detections:
        confidences = self.calibration.apply(found.scores)
        told = confidences >= LEAST
        return replace(found, scores=confidences).at(told)


@dataclass(frozen=True)
class SavedDetector(Described):
    """A model that finds objects in images, wherever they come from; `workbench.load_model` opens one.

    Attributes:
        description: what its folder says: task, classes, metrics, what it was trained on, versions.
        detector: what finds boxes.
        card: the model card, Markdown, as it stands in the folder.
    """

    description: Description
    detector: Detector = field(repr=False)
    card: str = field(repr=False)

    def predict(self, images: Images) -> pd.DataFrame:
        """Find the objects in images.

        Args:
            images: a folder, of which all files are taken, also below; a file; a PIL image; an
                array (H, W, 3) of uint8, RGB; or a list of any of these.

        Returns:
            A row a box: `path` (missing for an image that has no file), `image` (its place among
            those given), `label`, `confidence` (calibrated), `left`, `top`, `right` and `bottom` in
            pixels of the upright image, and `problem`. Of a model that finds outlines also `outline`,
            rings of points [x, y] in pixels. An image in which nothing is found has no
            row, one that cannot be used has one that says why.

        Raises:
            ImportFolderError: the folder is missing or empty.
            TypeError, ValueError: something is none of these.
        """
        inputs = take_in(images, self.detector.letterbox)
        good = [each for each in inputs if not each.problem]
        sizes = [size_of(each) for each in good]
        found = iter(zip(sizes, self.detector.find([e.image for e in good], sizes), strict=True))
        rows: list[tuple[Any, ...]] = []
        for place, each in enumerate(inputs):
            path = None if each.path is None else str(each.path)
            if each.problem:
                rows.append((path, place, *(None,) * 6, None, each.problem))
                continue
            size, boxes = next(found)
            pixels = boxes.in_square(size)
            outlines = pixels.outlines or (None,) * len(boxes.scores)
            columns = pixels.corners.tolist(), boxes.classes, boxes.scores, outlines
            for corners, k, score, outline in zip(*columns, strict=True):
                rows.append((path, place, self.classes[k], float(score), *corners, outline, ""))
        return box_rows(rows, outlined=self.task == "instances")

    def __repr__(self) -> str:
        count = len(self.classes)
        return f"SavedDetector({self.task}, {count} classes, {self.detector.backbone.key})"


def box_rows(rows: Sequence[tuple[Any, ...]], *, outlined: bool) -> pd.DataFrame:
    """A table of boxes, `COLUMNS`, from rows that have an outline before the last value."""
    table = pd.DataFrame(rows, columns=[*COLUMNS[:-1], "outline", COLUMNS[-1]])
    return table if outlined else table.drop(columns="outline")


def size_of(image: Input) -> tuple[int, int]:
    """Width and height, in pixels, of an upright image that was checked."""
    return image.size or upright_size(str(image.path))


def save_detector(
    folder: Path,
    detector: Detector,
    *,
    classes: tuple[str, ...],
    recipe: DetectorRecipe,
    calibration: Mapping[str, Any],
    metrics: Mapping[str, Any],
    trained_on: Mapping[str, Any],
    outlined: bool = False,
    overwrite: bool = False,
) -> None:
    """Write a detector to a folder; it is there whole or not at all.

    Args:
        folder: where to; must not exist or be empty, unless `overwrite`.
        detector: what finds boxes.
        classes: K names.
        recipe: that it was trained by.
        calibration: how its confidences were calibrated; JSON values, as what follows.
        metrics: how good it is.
        trained_on: what it learned from.
        outlined: whether it finds outlines, too.
        overwrite: whether a model that is there may be replaced.

    Raises:
        BackboneError: the folder is taken or cannot be written to.
    """
    backbone = detector.backbone
    description = Description(
        task="instances" if outlined else "detection",
        classes=classes,
        backbone=backbone.name,
        arguments=backbone.arguments,
        config=backbone.config,
        head=CENTERMASK if outlined else FCOS,
        detector={name: getattr(recipe, name) for name in ("side", "channels", "convolutions")},
        key=backbone.key,
        calibration=calibration,
        metrics=metrics,
        trained_on=trained_on,
        versions=versions(),
        saved=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    _write(folder, description, detector, overwrite=overwrite)


def save_again(
    model: SavedDetector,
    folder: Path,
    *,
    classes: tuple[str, ...],
    metrics: Mapping[str, Any],
    trained_on: Mapping[str, Any],
    overwrite: bool = False,
) -> None:
    """Write a detector that was opened to another folder, with what has become known of it since.

    Arguments and errors as `save_detector`.
    """
    description = replace(
        model.description,
        classes=classes,
        metrics=metrics,
        trained_on=trained_on,
        saved=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    _write(folder, description, model.detector, overwrite=overwrite)


def _write(folder: Path, description: Description, detector: Detector, *, overwrite: bool) -> None:
    curve = detector.calibration
    features = detector.backbone.model.state_dict()
    tensors = {FEATURES + key: value for key, value in features.items()}
    tensors |= {_HEAD + key: value for key, value in detector.head.state_dict().items()}
    tensors[_CURVE] = torch.tensor([curve.slope, curve.offset], dtype=torch.float64)
    card = render(description, folder.name)
    write_folder(folder, description.to_json(), tensors, card, overwrite=overwrite)


def open_detector(stored: Stored, backbone: Backbone, folder: Path) -> Detector:
    """Make the detector that a folder describes; `folder` is where, for the message.

    Raises:
        BackboneError: its tensors are not those of such a detector, or it does not work.
    """
    tensors = dict(stored.head)
    curve = tensors.pop(_CURVE, torch.empty(0))
    wanted = curve.shape == (2,) and curve.dtype is torch.float64 and bool(curve.isfinite().all())
    if not wanted or not curve[0] > 0:
        raise BackboneError(
            f"the calibration of the detector in {folder} must be a slope above 0 and an offset, but is "
            f"{curve.tolist()[:4]}: restore the folder, or train again"
        )
    _, depths = map_indices(backbone.model, backbone.name)
    head = box_head(stored.description, depths)
    try:
        head.load_state_dict({key.removeprefix(_HEAD): value for key, value in tensors.items()})
    except RuntimeError as error:
        raise BackboneError(
            f"the weights in {folder} do not fit the detector that its JSON file describes "
            f"({error}): restore the folder, or train again"
        ) from error
    if not all(bool(each.isfinite().all()) for each in head.state_dict().values()):
        raise BackboneError(
            f"the detector in {folder} holds NaN or infinity: restore it, or train again"
        )
    head.eval().requires_grad_(False).to(backbone.device)
    side = stored.description.detector["side"]
    calibration = BoxCalibration(float(curve[0]), float(curve[1]))
    detector = Detector(backbone, head, Letterbox(side), calibration)
    detector.find([torch.full((3, side, side), 128, dtype=torch.uint8)], [(side, side)])
    return detector
