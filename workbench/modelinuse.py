"""The model in use where images are drawn on: trained in runs, taken into use, opened.

Wiring between `dataset`, `labels`, `models` and `runs`. Imports FiftyOne by way of them.
"""

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.dataset import opening
from workbench.dataset.connection import Connection
from workbench.dataset.table import Table
from workbench.errors import NotEnoughLabelsError, TrainingError
from workbench.labels.store import LabelStore
from workbench.learning import Learner
from workbench.runs.job import Job
from workbench.runs.run import TrainRun
from workbench.runs.runs import Runs, new_id

if TYPE_CHECKING:
    import fiftyone as fo

    from workbench.models.description import Described


class ModelInUse:
    """The detector or segmenter of one dataset.

    Args:
        connection: the database.
        dataset: a prepared dataset that is drawn on.
        learner: tells what is labelled.
        labels: tell what has become of a class that a model knows by an earlier name.

    Attributes:
        runs: the training runs.
    """

    kind = "model"
    """What it is called, in words and in the dataset's record."""

    def __init__(
        self, connection: Connection, dataset: "fo.Dataset", learner: Learner, labels: LabelStore
    ) -> None:
        self._connection = connection
        self._dataset = dataset
        self._learner = learner
        self._labels = labels
        self._lock = threading.RLock()  # a training run that has ended acts on a thread of its own
        self._open: tuple[Path, Described] | None = None
        self.runs = Runs(connection.home / "runs" / str(dataset._doc.id), self._adopt)

    def _job(
        self,
        table: Table,
        rows: Sequence[int],
        targets: Sequence[Any],
        recipe: Mapping[str, Any],
        *,
        backbone: str,
        weights: str,
        minutes: float,
        seed: int,
    ) -> Job:
        """A run on what is drawn on some images, pinned.

        Raises:
            BackboneError: the backbone is unknown.
            ValueError: `minutes` is out of range.
        """
        from workbench.models.architectures import require_known

        require_known(backbone)
        if not minutes > 0:
            raise ValueError(f"minutes must be above 0, not {minutes}")
        name, created = new_id()
        in_use = self.folder
        return Job(
            id=name,
            created=created,
            dataset=str(self._dataset.name),
            task=self._labels.task,
            backbone=backbone,
            weights=weights,
            minutes=minutes,
            seed=seed,
            recipe=recipe,
            classes=tuple(table.classes),
            paths=tuple(table.paths[row] for row in rows),
            hashes=tuple(table.hashes[row] for row in rows),
            targets=tuple(targets),
            baseline=(None,) * len(rows),
            in_use="" if in_use is None else str(in_use),
            home=str(self._connection.home),
        )

    def _adopt(self, run: TrainRun) -> None:
        """Make a run's model the one in use."""
        with self._lock:
            opening.update_record(self._dataset, **{self.kind: {"folder": str(run.checkpoint)}})
            self._open = None

    # --- asking ---------------------------------------------------------------------------------

    @property
    def folder(self) -> Path | None:
        """Folder of the model in use; None where there is none."""
        found = opening.record(self._dataset).get(self.kind)
        return Path(found["folder"]) if found else None

    @property
    def name(self) -> str:
        """Of the run that trained the model in use; empty where there is none."""
        return Path(self.folder or "").parent.name

    @property
    def trained_on(self) -> frozenset[str]:
        """Content hashes of the images that the model in use was trained on.

        Of a model whose run was deleted, all that are labelled by now: it may have seen any.
        """
        folder = self.folder
        if folder is None:
            return frozenset()
        try:
            return frozenset(self.runs[folder.parent.name].trained_on)
        except TrainingError:
            table = self._learner.table()
            return frozenset(table.hashes[row] for row in table.labelled_pool)

    @property
    def others(self) -> dict[str, frozenset[str]]:
        """Runs that were trained to doubt labels, the latest first, and what they learned from.

        Content hashes, as `trained_on`.
        """
        runs = [run for run in self.runs if run.outcome and not run.compares]
        known = {}
        for run in reversed(runs):
            with suppress(TrainingError):  # it has no model
                _ = run.checkpoint
                known[run.id] = frozenset(run.trained_on)
        return known

    def _folder_in_use(self) -> Path:
        if (folder := self.folder) is None:
            raise NotEnoughLabelsError(
                f"there is no {self.kind} yet: label some images, bench.label(), then bench.train()"
            )
        return folder

    def _loaded(self, folder: Path) -> "Described":
        """The model of a run's folder; the latest one asked for is kept open."""
        from workbench.models.saved import load_model

        with self._lock:
            if self._open is None or self._open[0] != folder:
                self._open = folder, load_model(folder)
            return self._open[1]

    def class_now(self, name: str) -> str | None:
        """What a class that a model knows is called by now; None where it has gone."""
        if name in self._labels.classes:
            return name
        return self._labels.class_now(name) if self._labels.ever_had_class(name) else None
