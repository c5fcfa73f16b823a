"""How good the current model is, with all that is known of the images that it gets wrong.

Wiring between the learner, the dataset, the image files and `evaluation`. Imports FiftyOne by way
of them.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from workbench.dataset.evaluations import record_evaluation
from workbench.dataset.properties import read_properties
from workbench.decoding import decode, opened
from workbench.errors import ImageError
from workbench.evaluation.appearance import SIDE, Appearance, appearance
from workbench.evaluation.candidates import Properties
from workbench.evaluation.measured import TEST_LABELS_NEEDED, Measured
from workbench.learning import Array, Fit, Learner
from workbench.prediction import Predictor

if TYPE_CHECKING:
    import fiftyone as fo

THREADS = 4  # that decode images; Pillow lets go of the interpreter meanwhile


class Judge:
    """Evaluates the model of one dataset.

    Args:
        dataset: a prepared dataset.
        learner: the model in use.
        predictor: keeps the predictions in the dataset up to date.
    """

    def __init__(self, dataset: "fo.Dataset", learner: Learner, predictor: Predictor) -> None:
        self._dataset = dataset
        self._learner = learner
        self._predictor = predictor
        self._seen: dict[str, Appearance | None] = {}  # by content hash; None cannot be read

    def evaluate(self, fit: Fit) -> Measured:
        """`Learner.evaluate`, and what else is known of the images, for when it is asked for.

        What is measured is kept for the App, too.

        Raises:
            NotEnoughLabelsError: there is nothing to measure on.
        """
        measured = self._learner.evaluate(fit)
        self.keep(fit)
        table = fit.table
        rows = np.array([table.row_of[sample_id] for sample_id in measured.cases.ids])
        files = [(table.hashes[row], table.paths[row]) for row in rows]
        # Not the fit itself: an evaluation that is kept would keep every image's features.
        describe = partial(self._describe, list(measured.cases.ids), files, fit.features[rows])
        return replace(measured, describe=describe)

    def keep(self, fit: Fit) -> None:
        """Let the App's Model Evaluation panel show the fit on the blind test, if it can.

        Not while figures are provisional: the dataset holds no out-of-fold predictions. And not in
        multi-label, which FiftyOne does not evaluate.
        """
        table = fit.table
        if self._learner.task.exclusive and len(table.labelled_test) >= TEST_LABELS_NEEDED:
            self._predictor.write_tested(fit)
            record_evaluation(self._dataset, table.classes)

    def _describe(
        self, ids: Sequence[str], files: Sequence[tuple[str, str]], features: Array
    ) -> Properties:
        numbers, words = read_properties(self._dataset, ids)
        looks = self._look(files)
        columns = {
            field.name: [getattr(look, field.name, None) for look in looks]
            for field in fields(Appearance)
        }
        return Properties(
            names=[Path(path).name for _, path in files],
            numbers={
                name: np.array(column, dtype=np.float64)
                for name, column in {**columns, **numbers}.items()
            },
            words=words,
            features=features,
        )

    def _look(self, files: Sequence[tuple[str, str]]) -> list[Appearance | None]:
        """What the pixels of each file say; only files that were not seen before are opened."""
        fresh = {known: path for known, path in files if known not in self._seen}
        with ThreadPoolExecutor(THREADS) as pool:
            self._seen.update(zip(fresh, pool.map(look_at, fresh.values()), strict=True))
        return [self._seen[known] for known, _ in files]


def look_at(path: str | Path) -> Appearance | None:
    """What the pixels of a file say; None if it cannot be read."""
    try:
        with opened(path) as image:
            picture = decode(image, at_least=(SIDE, SIDE))
            grey = picture.image.convert("L")
            grey.thumbnail((SIDE, SIDE), reducing_gap=2.0)
            return appearance(np.asarray(grey), picture.width, picture.height)
    except ImageError:
        return None
