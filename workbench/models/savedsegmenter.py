"""Saved segmenters: the class of every pixel of images, without any dataset."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from workbench.errors import BackboneError
from workbench.models.backbones import Backbone
from workbench.models.description import PANOPTIC, Described, Description
from workbench.models.detector import Letterbox, feature_maps, map_indices
from workbench.models.devices import autocast
from workbench.models.inputs import Images, Input, take_in
from workbench.models.modelcard import render
from workbench.models.modelfolder import write_folder
from workbench.models.preprocessing import normalise
from workbench.models.recipe import SegmenterRecipe
from workbench.models.saveddetector import size_of
from workbench.models.segmenter import MASK_STRIDES, MaskHead, Segmented
from workbench.models.stored import FEATURES, Stored, mask_head
from workbench.versions import versions

_HEAD, _TEMPERATURE = "segmenter.", "calibration.temperature"  # names of tensors
_CHUNK = 8  # images at once
COLUMNS = ("path", "image", "label", "share", "confidence", "problem")
"""Of a table of classes in masks."""


@dataclass(frozen=True)
class Segmenter:
    """A backbone and what says the class of each pixel by its maps.

    Attributes:
        backbone: the network.
        head: what comes after it.
        letterbox: fits images into its square.
        temperature: by which logits are divided, for calibrated confidences.
    """

    backbone: Backbone
    head: MaskHead
    letterbox: Letterbox
    temperature: float

    def segment(
        self, images: Sequence[Path | Tensor], sizes: Sequence[tuple[int, int]]
    ) -> list[Segmented]:
        """The class of every pixel of images.

        Args:
            images: files, or squares as `letterbox` makes them.
            sizes: width and height of each upright image, in pixels.

        Raises:
            ImageError: a file cannot be read.
        """
        return list(self.each(images, sizes))

    def each(
        self, images: Sequence[Path | Tensor], sizes: Sequence[tuple[int, int]]
    ) -> Iterator[Segmented]:
        """As `segment`, a few at a time: masks of large images take much memory."""
        with ThreadPoolExecutor(2, "workbench-pixels") as pool:
            for start in range(0, len(images), _CHUNK):
                chunk = images[start : start + _CHUNK]
                logits = self._logits(torch.stack([*pool.map(self.letterbox.preprocess, chunk)]))
                for each, size in zip(logits, sizes[start : start + _CHUNK], strict=True):
                    yield self._told(each, size)

    def _logits(self, pixels: Tensor) -> Tensor:
        backbone = self.backbone
        inputs = normalise(pixels.to(backbone.device), backbone.config)
        with torch.inference_mode():
            with autocast(backbone.device, backbone.dtype):
                maps = feature_maps(backbone.model, inputs, backbone.name, MASK_STRIDES)
                logits: Tensor = self.head(maps)
            side = self.letterbox.side
            return functional.interpolate(
                logits.float(), (side, side), mode="bilinear", align_corners=False
            ).cpu()

    def _told(self, logits: Tensor, size: tuple[int, int]) -> Segmented:
        width, height = self.letterbox.fitted(size)
        shares = (logits[:, :height, :width] / self.temperature).softmax(dim=0)
        best = shares.topk(min(2, len(shares)), dim=0)
        coarse = best.indices[0].numpy().astype(np.uint16)
        confidence = best.values[0].numpy().astype(np.float16)
        margin = (best.values[0] - best.values[-1]).numpy().astype(np.float16)
        return Segmented(_enlarged(shares.numpy(), coarse, size), confidence, margin, coarse)


def _enlarged(
    shares: NDArray[np.float32], coarse: NDArray[np.uint16], size: tuple[int, int]
) -> NDArray[np.uint16]:
    """The likeliest class of each pixel of an image, between the places that the network sees.

    One class at a time, so that no more than two planes of the image's size are needed.
    """
    width, height = size
    if coarse.shape == (height, width):
        return coarse
    best = np.full((height, width), -1.0, dtype=np.float32)
    mask = np.zeros((height, width), dtype=np.uint16)
    for index in np.unique(coarse):
        plane = cv2.resize(shares[index], size, interpolation=cv2.INTER_LINEAR)
        better = plane > best
        mask[better] = index
        np.maximum(best, plane, out=best)
    return mask


@dataclass(frozen=True)
class SavedSegmenter(Described):
    """A model that says the class of every pixel; `workbench.load_model` opens one.

    Attributes:
        description: what its folder says: task, classes, metrics, what it was trained on, versions.
        segmenter: what says classes.
        card: the model card, Markdown, as it stands in the folder.
    """

    description: Description
    segmenter: Segmenter = field(repr=False)
    card: str = field(repr=False)

    def predict(self, images: Images) -> pd.DataFrame:
        """Which classes are in images, and how much of each.

        Args:
            images: a folder, of which all files are taken, also below; a file; a PIL image; an
                array (H, W, 3) of uint8, RGB; or a list of any of these.

        Returns:
            A row an image and class in it: `path` (missing for an image that has no file), `image`
            (its place among those given), `label`, `share` of its pixels, `confidence` (mean
            calibrated probability of these), and `problem`. An image with none of the classes has
            no row, one that cannot be used has one that says why.

        Raises:
            ImportFolderError: the folder is missing or empty.
            TypeError, ValueError: something is none of these.
        """
        rows: list[tuple[Any, ...]] = []
        for place, (given, said) in enumerate(self._all(images)):
            path = None if given.path is None else str(given.path)
            if said is None:
                rows.append((path, place, None, None, None, given.problem))
                continue
            rows += [(path, place, *told, "") for told in shares_of(said, self.classes)]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def masks(self, images: Images) -> list[NDArray[np.uint16] | None]:
        """The mask of each image: (height, width), 0 for none of the classes, 1 for the first.

        None for one that cannot be used; arguments and errors as those of `predict`.
        """
        return [None if said is None else said.mask for _, said in self._all(images)]

    def _all(self, images: Images) -> Iterator[tuple[Input, Segmented | None]]:
        inputs = take_in(images, self.segmenter.letterbox)
        good = [each for each in inputs if not each.problem]
        sizes = [size_of(each) for each in good]
        found = self.segmenter.each([each.image for each in good], sizes)
        for each in inputs:
            yield each, None if each.problem else next(found)

    def __repr__(self) -> str:
        count = len(self.classes)
        return f"SavedSegmenter({count} classes, {self.segmenter.backbone.key})"


def shares_of(said: Segmented, classes: Sequence[str]) -> list[tuple[str, float, float]]:
    """Each class in a mask: its name, its share of the pixels, and how sure it is on the mean."""
    counts = np.bincount(said.coarse.ravel(), minlength=len(classes) + 1)
    sums = np.bincount(
        said.coarse.ravel(), said.confidence.ravel().astype(np.float64), len(classes) + 1
    )
    return [
        (
            classes[index - 1],
            float(counts[index] / said.coarse.size),
            float(sums[index] / counts[index]),
        )
        for index in np.flatnonzero(counts).tolist()
        if index
    ]


def save_segmenter(
    folder: Path,
    segmenter: Segmenter,
    *,
    classes: tuple[str, ...],
    recipe: SegmenterRecipe,
    calibration: Mapping[str, Any],
    metrics: Mapping[str, Any],
    trained_on: Mapping[str, Any],
    overwrite: bool = False,
) -> None:
    """Write a segmenter to a folder; it is there whole or not at all.

    Args:
        folder: where to; must not exist or be empty, unless `overwrite`.
        segmenter: what says classes.
        classes: K names.
        recipe: that it was trained by.
        calibration: how its confidences were calibrated; JSON values, as what follows.
        metrics: how good it is.
        trained_on: what it learned from.
        overwrite: whether a model that is there may be replaced.

    Raises:
        BackboneError: the folder is taken or cannot be written to.
    """
    backbone = segmenter.backbone
    description = Description(
        task="segmentation",
        classes=classes,
        backbone=backbone.name,
        arguments=backbone.arguments,
        config=backbone.config,
        head=PANOPTIC,
        detector={name: getattr(recipe, name) for name in ("side", "channels", "convolutions")},
        key=backbone.key,
        calibration=calibration,
        metrics=metrics,
        trained_on=trained_on,
        versions=versions(),
        saved=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    _write(folder, description, segmenter, overwrite=overwrite)


def save_again(
    model: SavedSegmenter,
    folder: Path,
    *,
    classes: tuple[str, ...],
    metrics: Mapping[str, Any],
    trained_on: Mapping[str, Any],
    overwrite: bool = False,
) -> None:
    """Write a segmenter that was opened to another folder, with what has become known of it since.

    Arguments and errors as `save_segmenter`.
    """
    description = replace(
        model.description,
        classes=classes,
        metrics=metrics,
        trained_on=trained_on,
        saved=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    _write(folder, description, model.segmenter, overwrite=overwrite)


def _write(
    folder: Path, description: Description, segmenter: Segmenter, *, overwrite: bool
) -> None:
    features = segmenter.backbone.model.state_dict()
    tensors = {FEATURES + key: value for key, value in features.items()}
    tensors |= {_HEAD + key: value for key, value in segmenter.head.state_dict().items()}
    tensors[_TEMPERATURE] = torch.tensor([segmenter.temperature], dtype=torch.float64)
    card = render(description, folder.name)
    write_folder(folder, description.to_json(), tensors, card, overwrite=overwrite)


def open_segmenter(stored: Stored, backbone: Backbone, folder: Path) -> Segmenter:
    """Make the segmenter that a folder describes; `folder` is where, for the message.

    Raises:
        BackboneError: its tensors are not those of such a segmenter, or it does not work.
    """
    tensors = dict(stored.head)
    temperature = tensors.pop(_TEMPERATURE, torch.empty(0))
    wanted = temperature.shape == (1,) and temperature.dtype is torch.float64
    if not wanted or not 0 < float(temperature[0]) < float("inf"):
        raise BackboneError(
            f"the calibration of the segmenter in {folder} must be a temperature above 0, but is "
            f"{temperature.tolist()[:4]}: restore the folder, or train again"
        )
    _, depths = map_indices(backbone.model, backbone.name, MASK_STRIDES)
    head = mask_head(stored.description, depths)
    try:
        head.load_state_dict({key.removeprefix(_HEAD): value for key, value in tensors.items()})
    except RuntimeError as error:
        raise BackboneError(
            f"the weights in {folder} do not fit the segmenter that its JSON file describes "
            f"({error}): restore the folder, or train again"
        ) from error
    if not all(bool(each.isfinite().all()) for each in head.state_dict().values()):
        raise BackboneError(
            f"the segmenter in {folder} holds NaN or infinity: restore it, or train again"
        )
    head.eval().requires_grad_(False).to(backbone.device)
    side = stored.description.detector["side"]
    segmenter = Segmenter(backbone, head, Letterbox(side), float(temperature[0]))
    segmenter.segment([torch.full((3, side, side), 128, dtype=torch.uint8)], [(side, side)])
    return segmenter
