"""Whether a detector learns quickly from few boxes: `python -m benchmarks.detection`.

Scenes: handwritten digits pasted on photographs, digits and photographs of the test scenes in none of
the pool's (`_scenes`). 400 labelled scenes, a fifth of them held out, 15 minutes, two threads; mAP50 on
200 test scenes, and how far the confidences are from the share of boxes that are right.

Coins: the 24 of scikit-image's photograph, labelled by hand. Each of its four rows is found, two coins
a picture, by a detector that learned from the other three for two minutes (`_coins`); mAP50 over the
twelve pictures, with a bootstrap interval over pictures, Wilson's where each resample says the same.

Picked: of scenes of their own for each seed, a quarter of an hour of labelling, then another, picked as the
product picks or at random (`_box_rounds`); the difference in mAP50 after the last round, paired by seed,
with Student's interval.
"""

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._box_rounds import DIGITS
from benchmarks._coins import ROWS, fold
from benchmarks._detectors import trained, write_scenes
from benchmarks._report import Report, mean_interval, parse_quick
from benchmarks._scenes import HEIGHT, WIDTH

if TYPE_CHECKING:
    from workbench.evaluation.intervals import Estimate
    from workbench.models.detectortraining import LabelledImage
    from workbench.models.saveddetector import Detector

POOL, TEST = 400, 200
MINUTES = 15.0
THREADS = 2
GOAL = 0.85
COIN_MINUTES = 2.0
COIN_RECIPE = {"side": 128}
SEEDS, LABEL_ROUNDS, STEPS = 5, 1, 300
LABEL_POOL, LABEL_TEST = 240, 100
ROUND_SECONDS = 900.0
LABEL_SIDE = 192


def learning(report: Report, quick: bool) -> None:
    """MAP50 after a quarter of an hour."""
    import torch

    from workbench.models.boxscores import right_boxes
    from workbench.models.detectortraining import measure_detector
    from workbench.models.progress import FineTuneProgress

    torch.set_num_threads(THREADS)
    pool, test, minutes = (12, 4, 0.2) if quick else (POOL, TEST, MINUTES)

    def tell(progress: FineTuneProgress) -> None:
        if progress.looked:
            report.say(
                f"epoch {progress.epoch}, {progress.seconds / 60:.1f} min: held-out mAP50 "
                f"{progress.held_out_figure:.3f}, {progress.images_per_second:.1f} images/s"
            )

    with tempfile.TemporaryDirectory() as folder:
        learned = write_scenes(Path(folder) / "pool", pool, test=False)
        unseen = write_scenes(Path(folder) / "test", test, test=True)
        begun = time.monotonic()
        changes = {"side": 64, "epochs": 1} if quick else None
        detector, ended = trained(Path(folder) / "model", learned, DIGITS, minutes, changes, tell)
        took = (time.monotonic() - begun) / 60
        figure = measure_detector(detector, unseen, DIGITS, DIGITS)
        found = detector.find([each.path for each in unseen], [(WIDTH, HEIGHT)] * test)
    pairs = zip(found, (each.boxes() for each in unseen), strict=True)
    right = np.concatenate([right_boxes(*pair) for pair in pairs])
    stated = np.concatenate([each.scores for each in found])
    report.say(
        f"\n{ended}; load {os.getloadavg()[1]:.1f} over the last 5 minutes\n"
        f"test boxes: {len(right)} found, stated to be right {stated.mean():.3f}, were right "
        f"{right.mean():.3f}"
        if len(right)
        else f"\n{ended}; nothing found"
    )
    report.figure("map50", f"{figure:.3f}", f">= {GOAL}", figure >= GOAL)
    report.figure("minutes", f"{took:.1f}", f"<= {MINUTES + 1:.0f}", took <= MINUTES + 1)


def coins(report: Report, quick: bool) -> None:
    """MAP50 on real coins, row by row."""
    import torch

    from workbench.dataset.coins import write_coins
    from workbench.decoding import upright_size
    from workbench.evaluation.detection import estimate
    from workbench.evaluation.intervals import bootstrap
    from workbench.models.boxscores import average_precision

    torch.set_num_threads(THREADS)
    minutes, changes = (0.05, {"side": 64, "epochs": 1}) if quick else (COIN_MINUTES, COIN_RECIPE)
    found, truth = [], []
    with tempfile.TemporaryDirectory() as folder:
        photograph = write_coins(Path(folder))
        for row in range(1 if quick else ROWS):
            learned, unseen = fold(Path(folder) / f"row {row}", row, photograph)
            model = Path(folder) / f"model {row}"
            detector, ended = trained(model, learned, ["coin"], minutes, changes, seed=row)
            sizes = [upright_size(each.path) for each in unseen]
            said = detector.find([each.path for each in unseen], sizes)
            found += [each.in_square(size) for each, size in zip(said, sizes, strict=True)]
            truth += [
                each.boxes().in_square(size) for each, size in zip(unseen, sizes, strict=True)
            ]
            own = average_precision(found[-len(unseen) :], truth[-len(unseen) :])
            report.say(f"coins of row {row + 1}: mAP50 {own:.3f}; {ended}")

    def of_pictures(rows: NDArray[np.int64]) -> NDArray[np.float64]:
        drawn = average_precision([found[row] for row in rows], [truth[row] for row in rows])
        return np.array([drawn])

    value = of_pictures(np.arange(len(found)))
    low, high = bootstrap(of_pictures, len(found), about=value)
    map50 = estimate(float(value[0]), float(low[0]), float(high[0]), len(found))
    measured = f"{map50.value:.3f} ({map50.low:.3f} to {map50.high:.3f})"
    report.figure("coins_map50", measured, "with its interval", map50.low < map50.high)


def picking(report: Report, quick: bool) -> None:
    """MAP50 by seconds of labelling, picked and at random."""
    import torch

    from benchmarks._box_rounds import PICKED, RANDOM, Rounds
    from workbench.models.backbones import load_backbone
    from workbench.models.features import FeatureSpace

    torch.set_num_threads(THREADS)
    seeds, rounds, steps = (2, 1, 1) if quick else (SEEDS, LABEL_ROUNDS, STEPS)
    pool, test, seconds = (60, 4, 400.0) if quick else (LABEL_POOL, LABEL_TEST, ROUND_SECONDS)
    small = {"side": 64 if quick else LABEL_SIDE}
    backbone = load_backbone(device="cpu")

    def train(
        folder: Path, images: "Sequence[LabelledImage]", changes: dict[str, Any]
    ) -> "Detector":
        return trained(folder, images, DIGITS, 60.0, changes | small)[0]

    curves: dict[str, list[list[tuple[int, float]]]] = {RANDOM: [], PICKED: []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unseen = write_scenes(folder / "test", test, test=True)
        for seed in range(seeds):
            images = write_scenes(folder / f"pool {seed}", pool, test=False, seed=seed)
            vectors = backbone.embed([each.path for each in images])
            world = Rounds(
                images,
                FeatureSpace.fit(vectors, seed=seed).transform(vectors),
                unseen,
                train,
                folder / f"models {seed}",
                seconds=seconds,
                steps=steps,
                seed=seed,
            )
            for way, each in curves.items():
                each.append(world.curve(way, rounds))
                said = ", ".join(f"{map50:.3f} ({labelled})" for labelled, map50 in each[-1])
                report.say(f"seed {seed}, {way}: mAP50 (labelled images) {said}")
    report.say(f"\n{'seconds':>8} {'random':>22} {'picked':>22} {'difference':>25}")
    for place in range(rounds + 1):
        at = {way: [curve[place][1] for curve in each] for way, each in curves.items()}
        gain = mean_interval([p - r for p, r in zip(at[PICKED], at[RANDOM], strict=True)])
        cells = [_told(mean_interval(at[way])) for way in (RANDOM, PICKED)]
        report.say(
            f"{seconds * (place + 1):>8.0f} {cells[0]:>22} {cells[1]:>22} {_told(gain, '+'):>25}"
        )
    report.figure("picked_beyond_random", _told(gain, "+"), "as it falls out", True)


def _told(estimate: "Estimate", sign: str = "") -> str:
    value, low, high = (
        f"{each:{sign}.3f}" for each in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} ({low} to {high})"


def main() -> None:
    """Run it."""
    quick = parse_quick("detection", __doc__)
    with Report("detection", quick) as report:
        coins(report, quick)
        learning(report, quick)
        picking(report, quick)


if __name__ == "__main__":
    main()
