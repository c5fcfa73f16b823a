"""Whether a detector learns quickly from few boxes: `python -m benchmarks.detection`.

Scenes: handwritten digits pasted on photographs, digits and photographs of the test scenes in none of
the pool's (`_scenes`). 400 labelled scenes, a fifth of them held out, 15 minutes, two threads; mAP50 on
200 test scenes, and how far the confidences are from the share of boxes that are right.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks._report import Report, parse_quick
from benchmarks._scenes import HEIGHT, WIDTH, scenes

if TYPE_CHECKING:
    from workbench.models.detectortraining import LabelledImage

POOL, TEST = 400, 200
MINUTES = 15.0
THREADS = 2
GOAL = 0.85
DIGITS = [str(digit) for digit in range(10)]


def learning(report: Report, quick: bool) -> None:
    """MAP50 after a quarter of an hour."""
    import torch

    from workbench.models.backbones import load_backbone
    from workbench.models.boxscores import right_boxes
    from workbench.models.detectortraining import measure_detector, train_detector
    from workbench.models.progress import FineTuneProgress
    from workbench.models.recipe import detector_recipe
    from workbench.models.saved import load_model
    from workbench.models.saveddetector import SavedDetector

    torch.set_num_threads(THREADS)
    pool, test, minutes = (12, 4, 0.2) if quick else (POOL, TEST, MINUTES)

    def tell(progress: FineTuneProgress) -> None:
        if progress.looked:
            report.say(
                f"epoch {progress.epoch}, {progress.seconds / 60:.1f} min: held-out mAP50 "
                f"{progress.held_out_figure:.3f}, {progress.images_per_second:.1f} images/s"
            )

    with tempfile.TemporaryDirectory() as folder:
        learned = write(Path(folder) / "pool", pool, test=False)
        unseen = write(Path(folder) / "test", test, test=True)
        begun = time.monotonic()
        result = train_detector(
            load_backbone(device="cpu"),
            learned,
            DIGITS,
            minutes=minutes,
            checkpoint=Path(folder) / "model",
            recipe=detector_recipe(pool, {"side": 64, "epochs": 1} if quick else None),
            progress=tell,
        )
        took = (time.monotonic() - begun) / 60
        model = load_model(result.checkpoint, "cpu")
        if not isinstance(model, SavedDetector):
            raise AssertionError("a detector was trained")
        figure = measure_detector(model.detector, unseen, DIGITS, DIGITS)
        found = model.detector.find([each.path for each in unseen], [(WIDTH, HEIGHT)] * test)
    pairs = zip(found, (each.boxes() for each in unseen), strict=True)
    right = np.concatenate([right_boxes(*pair) for pair in pairs])
    stated = np.concatenate([each.scores for each in found])
    report.say(
        f"\n{result.ended}; load {os.getloadavg()[1]:.1f} over the last 5 minutes\n"
        f"test boxes: {len(right)} found, stated to be right {stated.mean():.3f}, were right "
        f"{right.mean():.3f}"
        if len(right)
        else f"\n{result.ended}; nothing found"
    )
    report.figure("map50", f"{figure:.3f}", f">= {GOAL}", figure >= GOAL)
    report.figure("minutes", f"{took:.1f}", f"<= {MINUTES + 1:.0f}", took <= MINUTES + 1)


def write(folder: Path, count: int, *, test: bool) -> "list[LabelledImage]":
    """Write scenes as PNG files; what is in them, as a detector learns it."""
    from workbench.models.detectortraining import LabelledImage

    folder.mkdir(parents=True)
    images = []
    for number, scene in enumerate(scenes(count, test=test)):
        path = folder / f"{number:04}.png"
        scene.image.save(path)
        shares = scene.corners / np.tile((WIDTH, HEIGHT), 2)
        images.append(LabelledImage(path, shares, scene.digits, path.name))
    return images


def main() -> None:
    """Run it."""
    quick = parse_quick("detection", __doc__)
    with Report("detection", quick) as report:
        learning(report, quick)


if __name__ == "__main__":
    main()
