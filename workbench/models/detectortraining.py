"""Train a detector on labelled boxes, within a budget of minutes."""

import copy
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.dataset.outlines import Outline, clipped
from workbench.decoding import upright_size
from workbench.models.backbones import Backbone
from workbench.models.boxcalibration import BoxCalibration, fit_calibration
from workbench.models.boxscores import average_precision
from workbench.models.contentsplit import Ints, split_by_content
from workbench.models.detector import Detections, Letterbox, map_indices
from workbench.models.detectortrainer import DetectorTrainer, InstanceTrainer
from workbench.models.finetuning import FineTuneResult, RunGuide
from workbench.models.modelfolder import require_free
from workbench.models.objectives import objective_of
from workbench.models.pixels import PixelStore
from workbench.models.progress import FineTuneProgress
from workbench.models.recipe import DetectorRecipe, detector_recipe
from workbench.models.runstate import read_state
from workbench.models.saveddetector import Detector, save_detector
from workbench.models.weights import LoadedModel


@dataclass(frozen=True)
class LabelledImage:
    """What is in an image, for learning.

    Attributes:
        path: its file.
        corners: (m, 4) left, top, right and bottom as shares of the upright image; none where
            nothing is there, which is learned from, too.
        classes: (m,) class indices.
        digest: hash of the file's content, which decides whether it is held out.
        outlines: (m,) of each, as shares, where objects have outlines.
        outlined: whether they have.
    """

    path: Path
    corners: NDArray[np.float64]
    classes: Ints
    digest: str
    outlines: tuple[Outline, ...] = ()
    outlined: bool = False

    def boxes(self) -> Detections:
        """Its boxes, as what a detector should find."""
        corners = np.asarray(self.corners, dtype=np.float64).reshape(-1, 4).clip(0, 1)
        seen = (corners[:, 2:] > corners[:, :2]).all(axis=1)
        classes = np.asarray(self.classes, dtype=np.int64)[seen]
        kept = np.flatnonzero(seen)
        outlines = tuple(clipped(self.outlines[row]) for row in kept) if self.outlines else None
        if self.outlined and outlines is None:
            outlines = ()
        return Detections(corners[seen], classes, np.ones(len(classes)), outlines)


def hold_out_images(images: Sequence[LabelledImage], recipe: DetectorRecipe) -> tuple[Ints, Ints]:
    """Split images into those to train on and those to judge by, as `split_by_content` does.

    Args:
        images: labelled ones.
        recipe: tells the share to hold out, and which part.

    Returns:
        (train, held): indices, sorted.

    Raises:
        NotEnoughLabelsError: fewer than ten images are labelled, or fewer than two have boxes.
    """
    full = np.array([len(each.boxes().classes) > 0 for each in images], dtype=np.bool_)
    return split_by_content([each.digest for each in images], full, recipe, "detector", "boxes")


def train_detector(
    source: Backbone,
    images: Sequence[LabelledImage],
    classes: Sequence[str],
    *,
    minutes: float,
    checkpoint: Path,
    recipe: DetectorRecipe | None = None,
    seed: int = 0,
    state: Path | None = None,
    progress: Callable[[FineTuneProgress], None] | None = None,
    stop: Callable[[], bool] | None = None,
    trained_on: dict[str, Any] | None = None,
) -> FineTuneResult:
    """Train a detector and keep what does best on images set aside, its confidences calibrated.

    The whole network learns, earlier layers more slowly; AdamW, cosine schedule, a moving average
    of the weights, scale, shift and tint. What `fine_tune` says of seeds and resuming holds.

    Args:
        source: the backbone, which stays as it is.
        images: labelled ones; where objects have outlines, those are learned, too.
        classes: names by index.
        minutes: wall-clock budget.
        checkpoint: folder for the result; must not exist, or be empty.
        recipe: the choices; by default those of `detector_recipe`.
        seed: of the order, the head's first weights, the augmentation.
        state: file for what is needed to go on after the run was broken off.
        progress: called after every step and every look at the held-out images.
        stop: asked before every step whether to end and keep the best so far.
        trained_on: what the model card is to tell of the images; JSON values.

    Returns:
        What came of it; its figures are mAP50 on the images set aside.

    Raises:
        NotEnoughLabelsError: too few images.
        BackboneError: the backbone has no feature maps, the folder is taken, or the state damaged.
        ImageError: a file cannot be read.
        ValueError: minutes are out of range.
    """
    if not minutes > 0:
        raise ValueError(f"minutes must be above 0, not {minutes}")
    recipe = recipe or detector_recipe(len(images))
    map_indices(source.model, source.name)
    train, held = hold_out_images(images, recipe)
    require_free(checkpoint)
    begun = read_state(state) if state is not None and state.exists() else None
    letterbox = Letterbox(recipe.side)
    paths = [image.path for image in images]
    sizes = [upright_size(path) for path in paths]
    boxes = np.empty(len(images), dtype=object)
    boxes[:] = [
        each.boxes().in_square(letterbox.fitted(size))
        for each, size in zip(images, sizes, strict=True)
    ]
    guide = RunGuide(progress, stop, state, recipe.save_every)
    with PixelStore(letterbox, paths) as store, torch.random.fork_rng():
        torch.manual_seed(seed)
        outlined = any(image.outlined for image in images)
        trainer = (InstanceTrainer if outlined else DetectorTrainer)(
            copy.deepcopy(source),
            store,
            objective_of(False),
            boxes,
            train,
            held,
            len(classes),
            recipe=recipe,
            minutes=minutes,
            seed=seed,
            guide=guide,
        )
        trainer.run(begun)
        found, truth = trainer.held_out_boxes()
    calibration = fit_calibration(found, truth)
    loaded = LoadedModel(
        trainer.student.model.cpu(), source.config, source.pretrained, source.arguments
    )
    student = Backbone(source.name, loaded, source.device)
    head: Any = trainer.head
    save_detector(
        checkpoint,
        Detector(student, head, letterbox, calibration),
        classes=tuple(classes),
        recipe=recipe,
        calibration=_method(calibration, len(held), sum(len(each.scores) for each in found)),
        outlined=outlined,
        metrics={"held_out_mAP50": trainer.best.held_out_figure},
        trained_on={**(trained_on or {}), **_snapshot(images, train, classes)},
    )
    return FineTuneResult.of(trainer, guide, held, checkpoint)


def _snapshot(
    images: Sequence[LabelledImage], train: Ints, classes: Sequence[str]
) -> dict[str, Any]:
    """What a detector learned from, so that it can be told later what that was."""
    learned = [images[row] for row in train]
    counts = np.zeros(len(classes), dtype=np.int64)
    for each in learned:
        counts += np.bincount(each.boxes().classes, minlength=len(classes))
    lines = sorted(json.dumps(_content(each)) for each in learned)
    return {
        "pool": {"labels": len(learned)},
        "held_out": len(images) - len(learned),
        "labels_per_class": dict(zip(classes, counts.tolist(), strict=True)),
        "labels_sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
    }


def _content(image: LabelledImage) -> list[Any]:
    content = [image.digest, image.classes.tolist(), image.corners.tolist()]
    return [*content, image.outlines] if image.outlined else content


def measure_detector(
    detector: Detector,
    images: Sequence[LabelledImage],
    known: Sequence[str],
    classes: Sequence[str],
) -> float:
    """MAP50 of a detector on labelled images.

    Args:
        detector: what finds boxes.
        images: labelled ones.
        known: its classes.
        classes: those of the labels; what is found of others is left out.

    Raises:
        ImageError: a file cannot be read.
    """
    paths = [image.path for image in images]
    sizes = [upright_size(path) for path in paths]
    index = {name: place for place, name in enumerate(classes)}
    place = np.array([index.get(name, -1) for name in known], dtype=np.int64)
    found = [_renumbered(each, place) for each in detector.find(paths, sizes)]
    truth = [image.boxes() for image in images]
    return average_precision(_in_pixels(found, sizes), _in_pixels(truth, sizes))


def _renumbered(boxes: Detections, place: Ints) -> Detections:
    classes = place[boxes.classes]
    kept = classes >= 0
    return replace(boxes, classes=classes).at(kept)


def _in_pixels(boxes: Sequence[Detections], sizes: Sequence[tuple[int, int]]) -> list[Detections]:
    return [each.in_square(size) for each, size in zip(boxes, sizes, strict=True)]


def _method(curve: BoxCalibration, images: int, boxes: int) -> dict[str, Any]:
    method = (
        f"By a logistic curve on the {boxes} boxes found in {images} images that were not trained "
        "on: the confidence of a box is the share of boxes like it that overlap a true one of their "
        "class by half or more."
    )
    return {"method": method, "slope": curve.slope, "offset": curve.offset}
