"""Whether outlines and masks are learned quickly from few images: `python -m benchmarks.segmentation`.

Scenes: handwritten digits pasted on photographs, digits and photographs of the test scenes in none of
the pool's (`_scenes`), with the true mask of each digit's ink. 400 labelled scenes, a fifth of them held
out, 15 minutes, two threads: once with the outline of each digit as an object (mAP50 of masks on 200
test scenes, and that of their boxes beside it), once with the class of each pixel (mean over the classes
of intersection over union, counted over all pixels of the test scenes).
"""

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks._box_rounds import DIGITS
from benchmarks._detectors import trained, trained_segmenter, write_painted, write_scenes
from benchmarks._report import Report, parse_quick

if TYPE_CHECKING:
    from workbench.models.progress import FineTuneProgress

POOL, TEST = 400, 200
MINUTES = 15.0
THREADS = 2
GOAL = 0.8
SEMANTIC_GOAL = 0.85


def instances(report: Report, quick: bool) -> None:
    """MAP50 of masks after a quarter of an hour."""
    import torch

    from workbench.models.detectortraining import measure_detector

    torch.set_num_threads(THREADS)
    pool, test, minutes = (12, 4, 0.2) if quick else (POOL, TEST, MINUTES)

    def tell(progress: "FineTuneProgress") -> None:
        if progress.looked:
            report.say(
                f"epoch {progress.epoch}, {progress.seconds / 60:.1f} min: held-out mask mAP50 "
                f"{progress.held_out_figure:.3f}, {progress.images_per_second:.1f} images/s"
            )

    with tempfile.TemporaryDirectory() as folder:
        learned = write_scenes(Path(folder) / "pool", pool, test=False, outlined=True)
        unseen = write_scenes(Path(folder) / "test", test, test=True, outlined=True)
        begun = time.monotonic()
        changes = {"side": 64, "epochs": 1} if quick else None
        detector, ended = trained(Path(folder) / "model", learned, DIGITS, minutes, changes, tell)
        took = (time.monotonic() - begun) / 60
        figure = measure_detector(detector, unseen, DIGITS, DIGITS)
        bare = [replace(image, outlines=(), outlined=False) for image in unseen]
        boxes = measure_detector(detector, bare, DIGITS, DIGITS)
    load = os.getloadavg()[1]
    report.say(f"\n{ended}; mAP50 of boxes {boxes:.3f}; load {load:.1f} over the last 5 minutes")
    report.figure("instances_map50", f"{figure:.3f}", f">= {GOAL}", figure >= GOAL)
    report.figure("minutes", f"{took:.1f}", f"<= {MINUTES + 1:.0f}", took <= MINUTES + 1)


def semantic(report: Report, quick: bool) -> None:
    """Mean IoU after a quarter of an hour."""
    import torch

    from workbench.models.segmentertraining import measure_segmenter

    torch.set_num_threads(THREADS)
    pool, test, minutes = (12, 4, 0.2) if quick else (POOL, TEST, MINUTES)

    def tell(progress: "FineTuneProgress") -> None:
        if progress.looked:
            report.say(
                f"epoch {progress.epoch}, {progress.seconds / 60:.1f} min: held-out mean IoU "
                f"{progress.held_out_figure:.3f}, {progress.images_per_second:.1f} images/s"
            )

    with tempfile.TemporaryDirectory() as folder:
        learned = write_painted(Path(folder) / "pool", pool, test=False)
        unseen = write_painted(Path(folder) / "test", test, test=True)
        begun = time.monotonic()
        changes = {"side": 64, "epochs": 1} if quick else None
        model = Path(folder) / "model"
        segmenter, ended = trained_segmenter(model, learned, DIGITS, minutes, changes, tell)
        took = (time.monotonic() - begun) / 60
        figure = measure_segmenter(segmenter, unseen, DIGITS, DIGITS)
    report.say(f"\n{ended}; load {os.getloadavg()[1]:.1f} over the last 5 minutes")
    reached = figure >= SEMANTIC_GOAL
    report.figure("semantic_iou", f"{figure:.3f}", f">= {SEMANTIC_GOAL}", reached)
    report.figure("semantic_minutes", f"{took:.1f}", f"<= {MINUTES + 1:.0f}", took <= MINUTES + 1)


def main() -> None:
    """Run it."""
    quick = parse_quick("segmentation", __doc__)
    with Report("segmentation", quick) as report:
        semantic(report, quick)
        instances(report, quick)


if __name__ == "__main__":
    main()
