"""Rounds of labelling boxes, picked as the product picks or at random, in the same seconds.

A person is taken to need `PER_IMAGE` seconds for an image and `PER_BOX` for each true box in it, and
stops at the image at which the round's seconds are over. Every training is of the same number of
steps, so that what is found does not hang on the machine.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._scenes import HEIGHT, WIDTH
from workbench.dataset.boxes import BoxTable
from workbench.evaluation.boxcases import BoxCases
from workbench.models.detectortraining import LabelledImage, hold_out_images, measure_detector
from workbench.models.recipe import DetectorRecipe
from workbench.selection.batch import pick_batch
from workbench.selection.boxes import PER_BOX, PER_IMAGE, box_worth
from workbench.selection.strategies import DEFAULT
from workbench.selection.types import Query

if TYPE_CHECKING:
    from workbench.models.detector import Detections
    from workbench.models.saveddetector import Detector

Train = Callable[[Path, Sequence[LabelledImage], dict[str, Any]], "Detector"]
Rows = NDArray[np.int64]

BATCH = 8  # images a step
DIGITS = [str(digit) for digit in range(10)]
RANDOM, PICKED = "random", "picked"
_MORE = 1.5  # times the images that a round is expected to have room for are picked


class Rounds:
    """One seed's pool.

    Args:
        pool: images that may be labelled, with what is in them.
        features: (n, d) unit vectors of the pool.
        test: images to measure on.
        train: makes a detector in a folder, by images and changes of the recipe.
        folder: for the detectors.
        seconds: of a round.
        steps: of a training.
        seed: of the picks.
    """

    def __init__(
        self,
        pool: Sequence[LabelledImage],
        features: NDArray[np.float32],
        test: Sequence[LabelledImage],
        train: Train,
        folder: Path,
        *,
        seconds: float,
        steps: int,
        seed: int,
    ) -> None:
        self._pool, self._features, self._test = pool, features, test
        self._train, self._folder = train, folder
        self._seconds, self._steps, self._seed = seconds, steps, seed
        self._cost = np.array([PER_IMAGE + PER_BOX * len(each.classes) for each in pool])
        start = self._until(np.random.default_rng(seed).permutation(len(pool)))
        self._start = start, self._detector("start", start)

    def curve(self, way: str, rounds: int) -> list[tuple[int, float]]:
        """Labelled images and mAP50 on the test images after the start and after each round."""
        rng = np.random.default_rng([self._seed, 1])
        labelled, detector = self._start
        curve = [(len(labelled), self._map50(detector))]
        for number in range(rounds):
            free = np.setdiff1d(np.arange(len(self._pool)), labelled)
            order = (
                rng.permutation(free)
                if way == RANDOM
                else self._picked(free, labelled, detector, rng)
            )
            labelled = np.concatenate([labelled, self._until(order)])
            detector = self._detector(f"{way} {number}", labelled)
            curve.append((len(labelled), self._map50(detector)))
        return curve

    def _until(self, order: Rows) -> Rows:
        """The first ones, up to that at which the seconds are over."""
        spent = np.cumsum(self._cost[order])
        return order[: int(np.searchsorted(spent, self._seconds)) + 1]

    def _picked(
        self, free: Rows, labelled: Rows, detector: "Detector", rng: np.random.Generator
    ) -> Rows:
        known = [self._pool[row] for row in labelled]
        _, held = hold_out_images(known, DetectorRecipe())
        unseen = [known[row] for row in held]
        cases = BoxCases(
            [each.path.name for each in unseen],
            _table([each.boxes() for each in unseen]),
            self._said(detector, unseen),
            DIGITS,
        )
        difficulty = 1 - cases.ranking.average_precision()[0]
        said = self._said(detector, [self._pool[row] for row in free])
        worth = box_worth(said, len(free), DIGITS, difficulty)
        count = min(len(free), math.ceil(_MORE * self._seconds / self._cost[labelled].mean()))
        query = Query(
            self._features[free], None, self._features[labelled], count, rng, worth=worth.worth
        )
        picks = pick_batch(query, DEFAULT, [str(row) for row in free], DIGITS)
        return np.array([int(pick.sample_id) for pick in picks], dtype=np.int64)

    def _detector(self, name: str, rows: Rows) -> "Detector":
        images = [self._pool[row] for row in rows]
        train, _ = hold_out_images(images, DetectorRecipe())
        epochs = math.ceil(self._steps / math.ceil(len(train) / BATCH))
        changes = {"epochs": epochs, "patience": epochs, "batch_size": BATCH}
        return self._train(self._folder / name, images, changes)

    def _map50(self, detector: "Detector") -> float:
        return measure_detector(detector, self._test, DIGITS, DIGITS)

    def _said(self, detector: "Detector", images: Sequence[LabelledImage]) -> BoxTable:
        return _table(
            detector.find([each.path for each in images], [(WIDTH, HEIGHT)] * len(images))
        )


def _table(boxes: "Sequence[Detections]") -> BoxTable:
    """Columns of the boxes of scenes."""
    counts = [len(each.classes) for each in boxes]
    return BoxTable(
        images=np.repeat(np.arange(len(boxes)), counts),
        corners=np.concatenate([each.corners for each in boxes]) * np.tile((WIDTH, HEIGHT), 2),
        classes=np.concatenate([each.classes for each in boxes]),
        scores=np.concatenate([each.scores for each in boxes]),
        ids=tuple(str(number) for number in range(sum(counts))),
    )
