"""What a run on boxes learns from, and what it has to better."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workbench.dataset.outlines import outline_from_plain
from workbench.errors import BackboneError
from workbench.models.detectortraining import LabelledImage, hold_out_images, measure_detector
from workbench.models.recipe import DetectorRecipe
from workbench.models.saved import load_model
from workbench.models.saveddetector import SavedDetector
from workbench.runs.job import Job


def labelled_images(job: Job) -> list[LabelledImage]:
    """The images of a job, with their boxes, and the outlines in these."""
    images = []
    for path, digest, boxes in zip(job.paths, job.hashes, job.targets, strict=True):
        columns = np.array([box[:5] for box in boxes], dtype=np.float64).reshape(-1, 5)
        classes = columns[:, 0].astype(np.int64)
        outlined = job.task == "instances"
        outlines = tuple(outline_from_plain(box[5]) for box in boxes) if outlined else ()
        place = Path(path), columns[:, 1:], classes, digest
        images.append(LabelledImage(*place, outlines, outlined))
    return images


def baseline_of_boxes(
    job: Job, images: Sequence[LabelledImage], recipe: DetectorRecipe
) -> float | None:
    """MAP50 of the detector in use on the images that a run holds out; 0 where there is none.

    Of masks, where objects have outlines.

    Its classes are found by name: what it calls otherwise, or does not know, it does not find. None
    for a run that holds out what the one in use may have learned from: there is no comparing them.

    Raises:
        ImageError: a file cannot be read.
        NotEnoughLabelsError: too few images are labelled.
    """
    _, held = hold_out_images(images, recipe)
    if recipe.fold:
        return None
    if not job.in_use:
        return 0.0
    try:
        model = load_model(Path(job.in_use))
    except BackboneError:  # gone, or of another version: there is nothing to better
        return 0.0
    if not isinstance(model, SavedDetector):
        return 0.0
    return measure_detector(
        model.detector, [images[row] for row in held], model.classes, job.classes
    )
