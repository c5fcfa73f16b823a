"""Scenes as files, and detectors and segmenters trained on images."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks._scenes import HEIGHT, WIDTH, scenes

if TYPE_CHECKING:
    from workbench.models.detectortraining import LabelledImage
    from workbench.models.progress import FineTuneProgress
    from workbench.models.saveddetector import Detector
    from workbench.models.savedsegmenter import Segmenter
    from workbench.models.segmentertraining import PaintedImage


def trained(
    folder: Path,
    images: "Sequence[LabelledImage]",
    classes: Sequence[str],
    minutes: float,
    changes: Mapping[str, Any] | None,
    progress: "Callable[[FineTuneProgress], None] | None" = None,
    seed: int = 0,
) -> "tuple[Detector, str]":
    """A detector as it is loaded again, and why its training ended."""
    from workbench.models.backbones import load_backbone
    from workbench.models.detectortraining import train_detector
    from workbench.models.recipe import detector_recipe
    from workbench.models.saved import load_model
    from workbench.models.saveddetector import SavedDetector

    result = train_detector(
        load_backbone(device="cpu"),
        images,
        classes,
        minutes=minutes,
        checkpoint=folder,
        recipe=detector_recipe(len(images), changes),
        progress=progress,
        seed=seed,
    )
    model = load_model(result.checkpoint, "cpu")
    if not isinstance(model, SavedDetector):
        raise AssertionError("a detector was trained")
    return model.detector, result.ended


def trained_segmenter(
    folder: Path,
    images: "Sequence[PaintedImage]",
    classes: Sequence[str],
    minutes: float,
    changes: Mapping[str, Any] | None,
    progress: "Callable[[FineTuneProgress], None] | None" = None,
) -> "tuple[Segmenter, str]":
    """A segmenter as it is loaded again, and why its training ended."""
    from workbench.models.backbones import load_backbone
    from workbench.models.recipe import segmenter_recipe
    from workbench.models.saved import load_model
    from workbench.models.savedsegmenter import SavedSegmenter
    from workbench.models.segmentertraining import train_segmenter

    result = train_segmenter(
        load_backbone(device="cpu"),
        images,
        classes,
        minutes=minutes,
        checkpoint=folder,
        recipe=segmenter_recipe(len(images), changes),
        progress=progress,
    )
    model = load_model(result.checkpoint, "cpu")
    if not isinstance(model, SavedSegmenter):
        raise AssertionError("a segmenter was trained")
    return model.segmenter, result.ended


def write_painted(folder: Path, count: int, *, test: bool, seed: int = 0) -> "list[PaintedImage]":
    """Write scenes and their masks as PNG files: the ink of each digit is its class.

    Arguments are those of `write_scenes`.
    """
    from workbench.dataset.masks import write_mask
    from workbench.models.segmentertraining import PaintedImage

    folder.mkdir(parents=True)
    table = {number: number for number in range(1, 11)}
    images = []
    for number, scene in enumerate(scenes(count, test=test, seed=seed)):
        path = folder / f"{number:04}.png"
        scene.image.save(path)
        mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
        for digit, ink in zip(scene.digits, scene.masks, strict=True):
            mask[ink] = digit + 1
        written = write_mask(folder / "masks", mask)
        images.append(PaintedImage(path, written, f"{seed} {path.name}", table))
    return images


def write_scenes(
    folder: Path, count: int, *, test: bool, seed: int = 0, outlined: bool = False
) -> "list[LabelledImage]":
    """Write scenes as PNG files; what is in them, as a detector learns it.

    Args:
        folder: must not exist.
        count: how many.
        test: whether they are for testing.
        seed: of everything.
        outlined: whether the outlines of the digits' ink are told, not only boxes.
    """
    from workbench.dataset.outlines import trace
    from workbench.models.detectortraining import LabelledImage

    folder.mkdir(parents=True)
    images = []
    for number, scene in enumerate(scenes(count, test=test, seed=seed)):
        path = folder / f"{number:04}.png"
        scene.image.save(path)
        shares = scene.corners / np.tile((WIDTH, HEIGHT), 2)
        about = path, shares, scene.digits, f"{seed} {path.name}"
        outlines = tuple(trace(mask, (WIDTH, HEIGHT)) for mask in scene.masks) if outlined else ()
        images.append(LabelledImage(*about, outlines, outlined))
    return images
