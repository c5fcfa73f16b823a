"""The detector of a dataset of boxes: trained, taken into use, asked.

Wiring between `dataset`, `labels`, `models` and `runs`. Imports FiftyOne by way of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.dataset.boxes import Box, around, box_id, outlined
from workbench.dataset.connection import Connection
from workbench.dataset.detections import read_boxes, read_sizes
from workbench.dataset.outlines import scaled
from workbench.dataset.predictions import write_predicted_boxes
from workbench.dataset.table import Table
from workbench.dataset.values import INSTANCES
from workbench.labels.store import LabelStore
from workbench.learning import Learner
from workbench.modelinuse import ModelInUse
from workbench.runs.run import TrainRun

if TYPE_CHECKING:
    import fiftyone as fo

    from workbench.models.detector import Detections
    from workbench.models.saveddetector import SavedDetector

Boxes = tuple[Box, ...]


class Detecting(ModelInUse):
    """The detector of one dataset; arguments and attributes are those of `ModelInUse`."""

    kind = "detector"

    def __init__(
        self, connection: Connection, dataset: "fo.Dataset", learner: Learner, labels: LabelStore
    ) -> None:
        super().__init__(connection, dataset, learner, labels)
        self._found: dict[Path, dict[str, Boxes]] = {}  # by detector, then by content hash

    # --- learning -------------------------------------------------------------------------------

    def begin(
        self, backbone: str, *, weights: str, minutes: float, seed: int, choices: Mapping[str, Any]
    ) -> TrainRun:
        """Pin what there is to learn from, and queue a run on it; arguments as `Training.begin`.

        Raises:
            BackboneError: the backbone is unknown, or has no feature maps.
            NotEnoughLabelsError: too few images are labelled.
            TrainingError: the run cannot be written down.
            ValueError: a choice is unknown or out of its range, or `minutes` is.
        """
        from workbench.models.architectures import require_known, skeleton
        from workbench.models.detector import map_indices
        from workbench.models.detectortraining import hold_out_images
        from workbench.models.recipe import detector_recipe
        from workbench.runs.detection import labelled_images

        require_known(backbone)
        map_indices(skeleton(backbone, {}), backbone)
        table = self._learner.table()
        rows = table.labelled_pool.tolist()
        recipe = detector_recipe(len(rows), choices)
        job = self._job(
            table,
            rows,
            self._plain(table, rows),
            recipe.to_json(),
            backbone=backbone,
            weights=weights,
            minutes=minutes,
            seed=seed,
        )
        hold_out_images(labelled_images(job), recipe)  # or there are too few
        return self.runs.begin(job)

    def _plain(self, table: Table, rows: Sequence[int]) -> list[list[list[Any]]]:
        """Class index and corners, as shares, of the upright box around each box of some images.

        Where objects have outlines, the outline comes behind them.
        """
        ids = [table.ids[row] for row in rows]
        index = {name: place for place, name in enumerate(table.classes)}
        sizes = read_sizes(self._dataset, ids)
        return [
            [
                [index[box.label], *_shares(box, size), *([box.outline] if box.outline else [])]
                for box in boxes
                if box.label in index
            ]
            for boxes, size in zip(read_boxes(self._dataset, ids), sizes, strict=True)
        ]

    # --- asking ---------------------------------------------------------------------------------

    def current(self) -> "SavedDetector":
        """The detector in use.

        Raises:
            NotEnoughLabelsError: none has been trained yet.
            BackboneError: its folder has gone, or was damaged.
        """
        return self._opened(self._folder_in_use())

    def _opened(self, folder: Path) -> "SavedDetector":
        from workbench.models.saveddetector import SavedDetector

        model = self._loaded(folder)
        if not isinstance(model, SavedDetector):
            raise AssertionError("runs on boxes write detectors")
        return model

    def predictions(
        self, sample_ids: Sequence[str] | None = None, by: str = ""
    ) -> dict[str, Boxes]:
        """The boxes that a detector finds, by sample id, the surest of an image first.

        Args:
            sample_ids: the images; by default all. What was found once is kept in memory.
            by: the run that trained it; by default that of the one in use.

        Returns:
            Upright boxes of classes that there still are, under the names that these have now, each
            with its calibrated confidence.

        Raises:
            ImageError: a file cannot be read.
            NotEnoughLabelsError: there is no detector yet.
            TrainingError: there is no such run, or it has no model.
        """
        with self._lock:
            folder = self.runs[by].checkpoint if by else self._folder_in_use()
            known = self._found.setdefault(folder, {})
            table = self._learner.table()
            ids = table.ids if sample_ids is None else list(sample_ids)
            rows = [table.row_of[each] for each in ids if each in table.row_of]
            fresh = [row for row in rows if table.hashes[row] not in known]
            if fresh:
                model = self._opened(folder)
                sizes = read_sizes(self._dataset, [table.ids[row] for row in fresh])
                found = model.detector.find([Path(table.paths[row]) for row in fresh], sizes)
                for row, each in zip(fresh, found, strict=True):
                    known[table.hashes[row]] = _as_boxes(each, model.classes)
            said = {table.ids[row]: known[table.hashes[row]] for row in rows}
            return self._under_names_of_now(said)

    def _under_names_of_now(self, said: dict[str, Boxes]) -> dict[str, Boxes]:
        names = {box.label for boxes in said.values() for box in boxes}
        now = {name: self.class_now(name) for name in names - {*self._labels.classes}}
        if not now:
            return said

        def called(box: Box) -> Box | None:
            name = now.get(box.label, box.label)
            return None if name is None else replace(box, label=name)

        return {
            each: tuple(box for old in boxes if (box := called(old)) is not None)
            for each, boxes in said.items()
        }

    def write(self) -> dict[str, Boxes]:
        """Write the predictions of all images into the dataset; by sample id."""
        predicted = self.predictions()
        write_predicted_boxes(self._connection, self._dataset, predicted, self.name)
        return predicted

    def to_pandas(self, folder: Path | None) -> pd.DataFrame:
        """Find boxes in the dataset's images, or in all files below a folder.

        Returns:
            As `SavedDetector.predict`; of the dataset's own images, `prediction` is written, too.

        Raises:
            ImportFolderError: the folder is missing or empty.
            NotEnoughLabelsError: there is no detector yet.
        """
        from workbench.models.saveddetector import box_rows

        model = self.current()
        if folder is not None:
            return model.predict(folder)
        predicted = self.write()
        table = self._learner.table()
        ids = [each for each in table.ids if each in predicted]
        rows = [
            (
                table.paths[table.row_of[each]],
                place,
                box.label,
                box.confidence,
                *around(box, size),
                scaled(box.outline, size),
                "",
            )
            for place, (each, size) in enumerate(
                zip(ids, read_sizes(self._dataset, ids), strict=True)
            )
            for box in predicted[each]
        ]
        return box_rows(rows, outlined=self._labels.task == INSTANCES)


def _shares(box: Box, size: tuple[int, int]) -> list[float]:
    width, height = size
    left, top, right, bottom = around(box, size)
    return [left / width, top / height, right / width, bottom / height]


def _as_boxes(found: "Detections", classes: Sequence[str]) -> Boxes:
    if found.outlines is not None:
        objects = zip(found.outlines, found.classes.tolist(), found.scores.tolist(), strict=True)
        return tuple(outlined(classes[k], line, confidence=score) for line, k, score in objects)
    columns = zip(
        found.corners.tolist(), found.classes.tolist(), found.scores.tolist(), strict=True
    )
    return tuple(
        Box(
            id=box_id(),
            label=classes[k],
            x=left,
            y=top,
            width=right - left,
            height=bottom - top,
            confidence=score,
        )
        for (left, top, right, bottom), k, score in columns
    )
