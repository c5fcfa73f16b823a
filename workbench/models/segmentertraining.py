"""Train a segmenter on labelled masks, within a budget of minutes."""

import copy
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from workbench.dataset.masks import looked_up, read_mask
from workbench.decoding import upright_size
from workbench.errors import MaskError
from workbench.models.backbones import Backbone
from workbench.models.contentsplit import Ints, split_by_content
from workbench.models.detector import Letterbox, map_indices
from workbench.models.finetuning import FineTuneResult, RunGuide
from workbench.models.modelfolder import require_free
from workbench.models.objectives import objective_of
from workbench.models.pixels import PixelStore
from workbench.models.progress import FineTuneProgress
from workbench.models.recipe import SegmenterRecipe, segmenter_recipe
from workbench.models.runstate import read_state
from workbench.models.savedsegmenter import Segmenter, save_segmenter
from workbench.models.segmenter import IGNORED, MASK_STRIDES, confusion, mean_iou
from workbench.models.segmentertrainer import SegmenterTrainer
from workbench.models.weights import LoadedModel

_COLDEST, _HOTTEST = 0.05, 20.0  # temperatures
_READERS = 4  # threads


@dataclass(frozen=True)
class PaintedImage:
    """What is in an image, for learning.

    Attributes:
        path: its file.
        mask_path: file of its mask.
        table: class indices by the numbers in the mask, 1 for the first class; what is not in it
            counts as background.
        digest: hash of the image's content, which decides whether it is held out.
    """

    path: Path
    mask_path: Path
    digest: str
    table: Mapping[int, int] = field(default_factory=dict)

    def indices(self) -> NDArray[np.uint16]:
        """(height, width) class indices of the upright image's pixels.

        Raises:
            MaskError: the mask cannot be read, or is of another size than the image.
            ImageError: the image cannot be read.
        """
        mask = read_mask(self.mask_path)
        size = upright_size(self.path)
        if mask.shape != size[::-1]:
            raise MaskError(
                f"the mask {self.mask_path} has {mask.shape[1]} x {mask.shape[0]} pixels, but its "
                f"image {self.path} has {size[0]} x {size[1]}: bring them to one size"
            )
        return looked_up(mask, self.table)


def hold_out_painted(images: Sequence[PaintedImage], recipe: SegmenterRecipe) -> tuple[Ints, Ints]:
    """Split images into those to train on and those to judge by, as `split_by_content` does.

    Raises:
        NotEnoughLabelsError: fewer than ten images are labelled, or fewer than two have a class.
        MaskError: a mask cannot be read.
    """
    with ThreadPoolExecutor(_READERS) as pool:
        full = np.array([*pool.map(_has_any, images)], dtype=np.bool_)
    return split_by_content([each.digest for each in images], full, recipe, "segmenter", "a class")


def _has_any(image: PaintedImage) -> bool:
    return bool(looked_up(read_mask(image.mask_path), image.table).any())


def train_segmenter(
    source: Backbone,
    images: Sequence[PaintedImage],
    classes: Sequence[str],
    *,
    minutes: float,
    checkpoint: Path,
    recipe: SegmenterRecipe | None = None,
    seed: int = 0,
    state: Path | None = None,
    progress: Callable[[FineTuneProgress], None] | None = None,
    stop: Callable[[], bool] | None = None,
    trained_on: dict[str, Any] | None = None,
) -> FineTuneResult:
    """Train a segmenter and keep what does best on images set aside, its confidences calibrated.

    As `train_detector` does, but that its figures are mean IoU over the pixels of the images set
    aside, as finely as the network sees them. Arguments and errors are those, and:

    Args:
        source: the backbone, which stays as it is.
        images: labelled ones.
        classes: names; the first has the class index 1.
        minutes: wall-clock budget.
        checkpoint: folder for the result; must not exist, or be empty.
        recipe: the choices; by default those of `segmenter_recipe`.
        seed: of the order, the head's first weights, the augmentation.
        state: file for what is needed to go on after the run was broken off.
        progress: called after every step and every look at the held-out images.
        stop: asked before every step whether to end and keep the best so far.
        trained_on: what the model card is to tell of the images; JSON values.

    Raises:
        MaskError: a mask cannot be read, or is of another size than its image.
    """
    if not minutes > 0:
        raise ValueError(f"minutes must be above 0, not {minutes}")
    recipe = recipe or segmenter_recipe(len(images))
    map_indices(source.model, source.name, MASK_STRIDES)
    train, held = hold_out_painted(images, recipe)
    require_free(checkpoint)
    begun = read_state(state) if state is not None and state.exists() else None
    letterbox = Letterbox(recipe.side)
    with ThreadPoolExecutor(_READERS) as pool:
        masks = np.stack([*pool.map(lambda image: in_square(image.indices(), letterbox), images)])
    guide = RunGuide(progress, stop, state, recipe.save_every)
    paths = [image.path for image in images]
    with PixelStore(letterbox, paths) as store, torch.random.fork_rng():
        torch.manual_seed(seed)
        trainer = SegmenterTrainer(
            copy.deepcopy(source),
            store,
            objective_of(False),
            masks,
            train,
            held,
            len(classes),
            recipe=recipe,
            minutes=minutes,
            seed=seed,
            guide=guide,
        )
        trainer.run(begun)
        logits, truth = trainer.held_out_pixels()
    temperature = fit_temperature(logits, truth)
    loaded = LoadedModel(
        trainer.student.model.cpu(), source.config, source.pretrained, source.arguments
    )
    head: Any = trainer.head
    student = Backbone(source.name, loaded, source.device)
    save_segmenter(
        checkpoint,
        Segmenter(student, head, letterbox, temperature),
        classes=tuple(classes),
        recipe=recipe,
        calibration=_method(temperature, len(held), len(truth)),
        metrics={"held_out_mean_IoU": trainer.best.held_out_figure},
        trained_on={**(trained_on or {}), **_snapshot(images, train, masks, classes)},
    )
    return FineTuneResult.of(trainer, guide, held, checkpoint)


def in_square(indices: NDArray[np.uint16], letterbox: Letterbox) -> NDArray[np.int16]:
    """A mask as the network is to learn it: (side, side), `IGNORED` beside the image."""
    side = letterbox.side
    size = letterbox.fitted((indices.shape[1], indices.shape[0]))
    out = np.full((side, side), IGNORED, dtype=np.int16)
    fitted = cv2.resize(indices, size, interpolation=cv2.INTER_NEAREST_EXACT)
    out[: size[1], : size[0]] = fitted
    return out


def measure_segmenter(
    segmenter: Segmenter,
    images: Sequence[PaintedImage],
    known: Sequence[str],
    classes: Sequence[str],
    side: int | None = None,
) -> float:
    """Mean IoU of a segmenter on labelled images.

    Args:
        segmenter: what says classes.
        images: labelled ones.
        known: its classes.
        classes: those of the labels; what is said of others counts as background.
        side: of the squares that images and masks are fitted into before pixels are counted, as the
            looks of a training run do; by default they are counted as finely as masks are.

    Raises:
        ImageError, MaskError: a file cannot be read.
    """
    place = {name: index + 1 for index, name in enumerate(classes)}
    table = {index + 1: place.get(name, 0) for index, name in enumerate(known)}
    planes = len(classes) + 1
    counts = torch.zeros(planes, planes, dtype=torch.int64)
    for image in images:
        (found,) = segmenter.segment([image.path], [upright_size(image.path)])
        pair = image.indices(), looked_up(found.mask, table)
        if side is None:
            truth, said = (each.astype(np.int64) for each in pair)
        else:
            truth, said = (in_square(each, Letterbox(side)).astype(np.int64) for each in pair)
        counts += confusion(torch.from_numpy(truth), torch.from_numpy(said), planes)
    return mean_iou(counts)


def fit_temperature(logits: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    """What logits are to be divided by for the least log loss.

    Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017).

    Args:
        logits: (m, K + 1) of pixels that were not trained on.
        truth: (m,) class indices.
    """

    def loss(warmth: float) -> float:
        told = log_softmax(logits / np.exp(warmth), axis=1)
        return float(-told[np.arange(len(truth)), truth].mean())

    bounds = (float(np.log(_COLDEST)), float(np.log(_HOTTEST)))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def _method(temperature: float, images: int, pixels: int) -> dict[str, Any]:
    method = (
        f"By one temperature, fitted on {pixels:,} pixels of {images} images that were not trained "
        "on: the confidence of a pixel is the share of pixels like it that have the class said."
    )
    return {"method": method, "temperature": temperature}


def _snapshot(
    images: Sequence[PaintedImage],
    train: Ints,
    masks: NDArray[np.int16],
    classes: Sequence[str],
) -> dict[str, Any]:
    """What a segmenter learned from, so that it can be told later what that was."""
    counts = np.zeros(len(classes), dtype=np.int64)
    for row in train:
        there = np.unique(masks[row])
        counts[there[there > 0] - 1] += 1
    lines = sorted(
        json.dumps(
            [images[row].digest, hashlib.sha256(images[row].mask_path.read_bytes()).hexdigest()]
        )
        for row in train
    )
    return {
        "pool": {"labels": len(train)},
        "held_out": len(images) - len(train),
        "labels_per_class": dict(zip(classes, counts.tolist(), strict=True)),
        "labels_sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
    }
