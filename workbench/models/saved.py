"""Saved models: a backbone and what makes probabilities of its vectors, without any dataset.

A further task adds its heads beside `savedheads` and says in `description` what its folder holds;
`save_model` and `load_model` stay the two ways in and out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from workbench.errors import BackboneError, ImageError
from workbench.models.backbones import Backbone
from workbench.models.description import DETECTORS, PANOPTIC, PROBE, Described, Description
from workbench.models.devices import choose_device
from workbench.models.inputs import Images, Input, take_in
from workbench.models.modelcard import render
from workbench.models.modelfolder import read_card, write_folder
from workbench.models.saveddetector import SavedDetector, open_detector
from workbench.models.savedheads import Head, ProbeHead, read_head
from workbench.models.savedsegmenter import SavedSegmenter, open_segmenter
from workbench.models.stored import FEATURES, read_stored
from workbench.models.weights import load_stored
from workbench.versions import versions

Array = NDArray[np.float32]
Answer = tuple[str | list[str], float]


@dataclass(frozen=True)
class SavedModel(Described):
    """A model that answers for images, wherever they come from; `workbench.load_model` opens one.

    Attributes:
        description: what its folder says: task, classes, metrics, what it was trained on, versions.
        backbone: the network that embeds.
        head: what makes probabilities of its vectors.
        card: the model card, Markdown, as it stands in the folder.
    """

    description: Description
    backbone: Backbone = field(repr=False)
    head: Head = field(repr=False)
    card: str = field(repr=False)

    def predict(self, images: Images) -> pd.DataFrame:
        """What the model says of images.

        Args:
            images: a folder, of which all files are taken, also below; a file; a PIL image; an
                array (H, W, 3) of uint8, RGB; or a list of any of these.

        Returns:
            A row an image, in the order given (a folder's by path): `path` (missing for an image
            that has no file), `label` (in multi-label a list), `confidence` (calibrated), `problem` (why
            there is no label, for an image that cannot be used).

        Raises:
            ImportFolderError: the folder is missing or empty.
            TypeError, ValueError: something is none of these.
        """
        inputs = take_in(images, self.backbone)
        good = [each for each in inputs if not each.problem]
        answers = iter(tell(self.description, self._probabilities(good)))
        rows = [
            (
                None if each.path is None else str(each.path),
                *((None, None) if each.problem else next(answers)),
                each.problem,
            )
            for each in inputs
        ]
        return pd.DataFrame(rows, columns=["path", "label", "confidence", "problem"])

    def predict_proba(self, images: Images) -> Array:
        """Probabilities of all classes.

        Args:
            images: as `predict` takes them.

        Returns:
            (n, K) float32. In classification rows sum to 1; in multi-label each is by itself. A
            class that had no label has probability 0.

        Raises:
            ImageError: an image cannot be used; `predict` tells of all that can not.
            ImportFolderError: the folder is missing or empty.
            TypeError, ValueError: something is none of what `predict` takes.
        """
        inputs = take_in(images, self.backbone)
        for place, each in enumerate(inputs):
            if each.problem:
                raise ImageError(
                    f"{each.path or f'image {place}'}: {each.problem}; predict() gives such an "
                    "image a row of its own, with its problem"
                )
        return self._probabilities(inputs)

    def _probabilities(self, inputs: list[Input]) -> Array:
        """Probabilities of good images: (n, K)."""
        vectors = self.backbone.embed([each.image for each in inputs])
        return self.head.predict_proba(vectors).astype(np.float32, copy=False)

    def __repr__(self) -> str:
        about = self.description
        return f"SavedModel({about.task}, {len(about.classes)} classes, {self.backbone.key})"


def tell(description: Description, probabilities: Array) -> list[Answer]:
    """What (n, K) probabilities say of each image: its label, and how sure that is.

    In classification the most probable class and its probability. In multi-label all classes from
    the threshold on, and the probability of what is said of the class that is least sure.
    """
    classes = description.classes
    if description.task == "classification":
        best = probabilities.argmax(axis=1)
        sure = np.take_along_axis(probabilities, best[:, None], axis=1)[:, 0]
        return [(classes[i], p) for i, p in zip(best.tolist(), sure.tolist(), strict=True)]
    sure = np.maximum(probabilities, 1 - probabilities).min(axis=1, initial=1.0)
    there = probabilities >= description.threshold
    labels = [[classes[i] for i in np.flatnonzero(row).tolist()] for row in there]
    return list(zip(labels, sure.tolist(), strict=True))


def save_model(
    folder: Path,
    *,
    task: str,
    classes: tuple[str, ...],
    backbone: Backbone,
    head: ProbeHead,
    threshold: float,
    calibration: Mapping[str, Any],
    metrics: Mapping[str, Any],
    trained_on: Mapping[str, Any],
    overwrite: bool = False,
) -> None:
    """Write a model to a folder; it is there whole or not at all.

    Args:
        folder: where to; must not exist or be empty, unless `overwrite`.
        task: `classification` or `multilabel`.
        classes: K names, in the order of the head's probabilities.
        backbone: what embeds.
        head: what makes probabilities of its vectors.
        threshold: probability from which on a class is said to be there, in multi-label.
        calibration: how the probabilities were calibrated; JSON values, as what follows.
        metrics: how good it is.
        trained_on: what it learned from.
        overwrite: whether a model that is there may be replaced; it stays until this one is whole.

    Raises:
        BackboneError: the folder is taken or cannot be written to.
        ValueError: something could not be read again.
    """
    description = Description(
        task=task,
        classes=classes,
        backbone=backbone.name,
        arguments=backbone.arguments,
        config=backbone.config,
        head=PROBE,
        threshold=threshold,
        key=backbone.key,
        calibration=calibration,
        metrics=metrics,
        trained_on=trained_on,
        versions=versions(),
        saved=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    tensors = {FEATURES + key: value for key, value in backbone.model.state_dict().items()}
    card = render(description, folder.name)
    write_folder(folder, description.to_json(), tensors | head.tensors(), card, overwrite=overwrite)


def load_model(
    folder: Path, device: str | torch.device | None = None
) -> SavedModel | SavedDetector | SavedSegmenter:
    """Open a model's folder. Nothing in it is executed.

    Args:
        folder: that `save_model`, or fine-tuning, wrote.
        device: where to compute; by default a GPU where there is one, else the CPU.

    Raises:
        BackboneError: the folder holds no model, or one that was damaged or changed, or that this
            version cannot open; the message says why.
    """
    folder = folder.expanduser()
    stored = read_stored(folder)
    description = stored.description
    if not description.task:
        raise BackboneError(
            f"{folder} holds a backbone with a head of which it is not told whether its classes "
            f"exclude each other: load_backbone({description.backbone!r}, weights=Path(folder)) "
            "opens the backbone, bench.save_model(folder) saves what predicts"
        )
    loaded = load_stored(stored, folder)
    try:
        backbone = Backbone(description.backbone, loaded, choose_device(device))
        if description.key not in ("", backbone.key):
            raise BackboneError(_other_vectors(folder, description, backbone))
        if description.head == PANOPTIC:
            segmenter = open_segmenter(stored, backbone, folder)
            return SavedSegmenter(description, segmenter, read_card(folder))
        if description.task in DETECTORS:
            return SavedDetector(
                description, open_detector(stored, backbone, folder), read_card(folder)
            )
        head = read_head(description, stored.head, backbone.dim)
        _try(backbone)
    except BackboneError:
        raise
    except (AssertionError, AttributeError, RuntimeError, TypeError, ValueError) as error:
        raise BackboneError(
            f"{folder} holds a model that does not work ({error}): restore it, or train again"
        ) from error
    return SavedModel(description, backbone, head, read_card(folder))


def _try(backbone: Backbone) -> None:
    """Embed one gray image: a network refuses a size that it is not made for only when asked."""
    backbone.forward(torch.full((1, *backbone.config.input_size), 128, dtype=torch.uint8))


def _other_vectors(folder: Path, description: Description, backbone: Backbone) -> str:
    theirs = ", ".join(f"{name} {number}" for name, number in description.versions.items())
    return (
        f"{folder} was saved with a backbone {description.key}, and here it comes out as "
        f"{backbone.key}: images are prepared otherwise by now, and its probabilities would not "
        f"hold; use the versions that it was saved with ({theirs})"
    )
