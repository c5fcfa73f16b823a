"""What a run on masks learns from, and what it has to better."""

from collections.abc import Sequence
from pathlib import Path

from workbench.errors import BackboneError
from workbench.models.recipe import SegmenterRecipe
from workbench.models.saved import load_model
from workbench.models.savedsegmenter import SavedSegmenter
from workbench.models.segmentertraining import PaintedImage, hold_out_painted, measure_segmenter
from workbench.runs.job import Job


def painted_images(job: Job) -> list[PaintedImage]:
    """The images of a job, with their masks."""
    return [
        PaintedImage(Path(path), Path(mask), digest, {int(n): int(k) for n, k in pairs})
        for path, digest, (mask, pairs) in zip(job.paths, job.hashes, job.targets, strict=True)
    ]


def baseline_of_masks(
    job: Job, images: Sequence[PaintedImage], recipe: SegmenterRecipe
) -> float | None:
    """Mean IoU of the segmenter in use on the images that a run holds out; 0 where there is none.

    Pixels are counted in the squares that the run looks at, so that the two can be compared.

    Its classes are found by name: what it calls otherwise, or does not know, it does not find. None
    for a run that holds out what the one in use may have learned from: there is no comparing them.

    Raises:
        ImageError, MaskError: a file cannot be read.
        NotEnoughLabelsError: too few images are labelled.
    """
    _, held = hold_out_painted(images, recipe)
    if recipe.fold:
        return None
    if not job.in_use:
        return 0.0
    try:
        model = load_model(Path(job.in_use))
    except BackboneError:  # gone, or of another version: there is nothing to better
        return 0.0
    if not isinstance(model, SavedSegmenter):
        return 0.0
    parts = [images[row] for row in held], model.classes, job.classes
    return measure_segmenter(model.segmenter, *parts, side=recipe.side)
