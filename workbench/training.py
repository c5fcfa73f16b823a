"""Training runs on the labels of a dataset, and whether their models are taken into use.

Wiring: it pins what a run is to learn from, and hands its model to the learner. Imports FiftyOne by
way of it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.dataset.table import Table
from workbench.evaluation.cases import THRESHOLD
from workbench.learning import Fit, Learner
from workbench.prediction import Predictor
from workbench.runs.job import Job
from workbench.runs.run import TrainRun
from workbench.runs.runs import Runs, new_id

if TYPE_CHECKING:
    import fiftyone as fo


class Training:
    """The training runs of one dataset.

    Args:
        home: the data home.
        dataset: a prepared dataset.
        learner: the model in use, which a better run replaces.
        predictor: brings the dataset's predictions up to date then.

    Attributes:
        runs: all of them.
    """

    def __init__(
        self, home: Path, dataset: "fo.Dataset", learner: Learner, predictor: Predictor
    ) -> None:
        self._home = home
        self._dataset = dataset
        self._learner = learner
        self._predictor = predictor
        self.runs = Runs(home / "runs" / str(dataset._doc.id), self._adopt)

    def begin(
        self, backbone: str, *, weights: str, minutes: float, seed: int, choices: Mapping[str, Any]
    ) -> TrainRun:
        """Pin what there is to learn from, and queue a run on it.

        Args:
            backbone: a timm model name.
            weights: that it begins with.
            minutes: wall-clock budget of the training.
            seed: of everything random.
            choices: of the recipe, by name.

        Raises:
            BackboneError: the backbone is unknown.
            NotEnoughLabelsError: too few labels.
            TrainingError: the run cannot be written down.
            ValueError: a choice is unknown or out of its range, or `minutes` is.
        """
        from workbench.models.architectures import require_known
        from workbench.models.objectives import objective_of
        from workbench.models.recipe import default_recipe

        require_known(backbone)
        if not minutes > 0:
            raise ValueError(f"minutes must be above 0, not {minutes}")
        exclusive = self._learner.task.exclusive
        fit = self._learner.fit()
        recipe = default_recipe(exclusive, len(fit.rows), choices)
        targets = fit.table.targets[fit.rows]
        objective = objective_of(exclusive)
        objective.hold_out(targets, recipe.held_out, seed)  # or there are too few
        name, created = new_id()
        table, rows = fit.table, fit.rows.tolist()
        job = Job(
            id=name,
            created=created,
            dataset=str(self._dataset.name),
            task=objective.task,
            backbone=backbone,
            weights=weights,
            minutes=minutes,
            seed=seed,
            recipe=recipe.to_json(),
            classes=tuple(table.classes),
            paths=tuple(table.paths[row] for row in rows),
            hashes=tuple(table.hashes[row] for row in rows),
            targets=tuple(_plain(targets, exclusive)),
            baseline=tuple(_out_of_fold(fit, exclusive)),
            in_use=self._learner.key,
            home=str(self._home),
        )
        return self.runs.begin(job, _others(table, rows))

    def _adopt(self, run: TrainRun) -> None:
        """Make a run's model the one in use."""
        from workbench.models.backbones import load_backbone

        backbone = load_backbone(run.job.backbone, weights=run.checkpoint)
        self._learner.use(backbone, run.checkpoint, run.trained_on)
        self._predictor.write(self._learner.fit())


def _plain(targets: np.ndarray, exclusive: bool) -> list[Any]:
    """Targets as plain values: class indices, or in multi-label lists of them."""
    if exclusive:
        return [int(target) for target in targets]
    return [np.flatnonzero(row).tolist() for row in targets]


def _out_of_fold(fit: Fit, exclusive: bool) -> list[Any]:
    """What the model in use says of each image that it learned from, out of fold."""
    known = np.isfinite(fit.probe.out_of_fold).all(axis=1)
    said = fit.probe.spread(fit.probe.out_of_fold, len(fit.table.classes))
    plain = _plain(said.argmax(axis=1) if exclusive else said >= THRESHOLD, exclusive)
    return [each if sure else None for each, sure in zip(plain, np.atleast_1d(known), strict=True)]


def _others(table: Table, rows: list[int]) -> list[tuple[str, str]]:
    """Path and content hash of the images that are not learned from."""
    learned = set(rows)
    return [
        (table.paths[row], table.hashes[row]) for row in range(len(table)) if row not in learned
    ]
