"""The segmenter of a dataset of masks: trained, taken into use, asked.

Wiring between `dataset`, `labels`, `models` and `runs`. Imports FiftyOne by way of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.dataset.detections import read_sizes
from workbench.dataset.home import masks_folder
from workbench.dataset.masks import looked_up, write_mask
from workbench.dataset.predictions import write_predicted_masks
from workbench.dataset.table import Table
from workbench.errors import NotEnoughLabelsError
from workbench.modelinuse import ModelInUse
from workbench.runs.run import TrainRun

if TYPE_CHECKING:
    from workbench.models.savedsegmenter import SavedSegmenter
    from workbench.models.segmenter import Segmented


class Segmenting(ModelInUse):
    """The segmenter of one dataset; arguments and attributes are those of `ModelInUse`."""

    kind = "segmenter"

    def begin(
        self, backbone: str, *, weights: str, minutes: float, seed: int, choices: Mapping[str, Any]
    ) -> TrainRun:
        """Pin what there is to learn from, and queue a run on it; arguments as `Training.begin`.

        Raises:
            BackboneError: the backbone is unknown, or has no feature maps.
            NotEnoughLabelsError: too few images are labelled.
            MaskError: a mask is missing or damaged.
            TrainingError: the run cannot be written down.
            ValueError: a choice is unknown or out of its range, or `minutes` is.
        """
        from workbench.models.architectures import require_known, skeleton
        from workbench.models.detector import map_indices
        from workbench.models.recipe import segmenter_recipe
        from workbench.models.segmenter import MASK_STRIDES
        from workbench.models.segmentertraining import hold_out_painted
        from workbench.runs.segmentation import painted_images

        require_known(backbone)
        map_indices(skeleton(backbone, {}), backbone, MASK_STRIDES)
        table = self._learner.table()
        rows = table.labelled_pool.tolist()
        recipe = segmenter_recipe(len(rows), choices)
        paths = self._labels.masks.paths([table.ids[row] for row in rows])
        pairs = [[number, index] for number, index in self._labels.masks.index_of().items()]
        job = self._job(
            table,
            rows,
            [[path, pairs] for path in paths],
            recipe.to_json(),
            backbone=backbone,
            weights=weights,
            minutes=minutes,
            seed=seed,
        )
        hold_out_painted(painted_images(job), recipe)  # or there are too few
        return self.runs.begin(job)

    def current(self) -> "SavedSegmenter":
        """The segmenter in use.

        Raises:
            NotEnoughLabelsError: none has been trained yet.
            BackboneError: its folder has gone, or was damaged.
        """
        return self._opened(self._folder_in_use())

    def _opened(self, folder: Path) -> "SavedSegmenter":
        from workbench.models.savedsegmenter import SavedSegmenter

        model = self._loaded(folder)
        if not isinstance(model, SavedSegmenter):
            raise AssertionError("runs on masks write segmenters")
        return model

    def said(self, sample_ids: Sequence[str], by: str = "") -> Iterator["Segmented"]:
        """What a segmenter says of some images, in their order, a few at a time.

        Class indices are those of the class list of now; pixels of a class that has gone have none.

        Args:
            sample_ids: the images.
            by: the run that trained it; by default that of the one in use.

        Raises:
            ImageError: a file cannot be read.
            NotEnoughLabelsError: there is no segmenter yet.
            TrainingError: there is no such run, or it has no model.
        """
        model = self._opened(self.runs[by].checkpoint if by else self._folder_in_use())
        table = self._learner.table()
        place = {name: index + 1 for index, name in enumerate(table.classes)}
        now = [self.class_now(name) for name in model.classes]
        known = {index + 1: place.get(name or "", 0) for index, name in enumerate(now)}
        paths = [Path(table.paths[table.row_of[each]]) for each in sample_ids]
        for each in model.segmenter.each(paths, read_sizes(self._dataset, sample_ids)):
            yield replace(
                each, mask=looked_up(each.mask, known), coarse=looked_up(each.coarse, known)
            )

    def doubt(
        self, sample_id: str, size: tuple[int, int]
    ) -> tuple[str, NDArray[np.float32]] | None:
        """Where the segmenter in use doubts, in an image.

        Args:
            sample_id: the image.
            size: (height, width) of the map wanted.

        Returns:
            What it shows, in words, and the map of 0 to 1: one less the margin between the two
            likeliest classes; None for test images, which get no hints.

        Raises:
            ImageError: the file cannot be read.
            NotEnoughLabelsError: there is no segmenter yet.
        """
        import cv2

        table = self._learner.table()
        row = table.row_of.get(sample_id)
        if row is None or table.is_test[row]:
            return None
        (said,) = self.said([sample_id])
        doubt = (1 - said.margin.astype(np.float32)).clip(0, 1)
        shown = cv2.resize(doubt, size[::-1], interpolation=cv2.INTER_LINEAR)
        return "Doubt of the model in orange.", np.asarray(shown, dtype=np.float32)

    def write(self) -> None:
        """Write the predicted masks of all images into the dataset, unless they are there."""
        table = self._learner.table()
        there = self._dataset.values("prediction.model")
        if self.name and all(model == self.name for model in there):
            return
        numbers = self._numbers(table)
        predicted: dict[str, tuple[str, list[int], list[str]]] = {}
        for sample_id, each in zip(table.ids, self.said(table.ids), strict=True):
            there_are = [index for index in np.unique(each.mask).tolist() if index]
            predicted[sample_id] = (
                str(self._written(each, numbers)),
                [numbers[index] for index in there_are],
                [table.classes[index - 1] for index in there_are],
            )
        write_predicted_masks(self._connection, self._dataset, predicted, self.name)

    def to_pandas(self, folder: Path | None) -> pd.DataFrame:
        """Which classes are in the dataset's images, or in all files below a folder.

        Returns:
            As `SavedSegmenter.predict`; of the dataset's own images, `prediction` is written, too.

        Raises:
            ImportFolderError: the folder is missing or empty.
            NotEnoughLabelsError: there is no segmenter yet.
        """
        from workbench.models.savedsegmenter import COLUMNS, shares_of

        if folder is not None:
            return self.current().predict(folder)
        self.write()
        table = self._learner.table()
        rows = [
            (path, place, *told, "")
            for place, (path, each) in enumerate(
                zip(table.paths, self.said(table.ids), strict=True)
            )
            for told in shares_of(each, table.classes)
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def keep(self, said: "Segmented") -> str:
        """Write a mask, as FiftyOne counts, to a file; its name alone, empty for one of background."""
        if not said.mask.any():
            return ""
        return self._written(said, self._numbers(self._learner.table())).stem

    def _numbers(self, table: Table) -> dict[int, int]:
        """The numbers that masks have for class indices."""
        names = self._labels.masks.numbers()
        return {index + 1: names[name] for index, name in enumerate(table.classes)}

    def _written(self, said: "Segmented", numbers: Mapping[int, int]) -> Path:
        folder = masks_folder(self._connection.home, self._labels.dataset_id)
        return write_mask(folder, looked_up(said.mask, numbers))

    def unseen(self) -> list[str]:
        """Ids of the pool's labelled images that the segmenter in use has not learned from."""
        table = self._learner.table()
        learned = self.trained_on
        return [table.ids[row] for row in table.labelled_pool if table.hashes[row] not in learned]

    def doubting(self) -> list[tuple[str, list[str]]]:
        """Which run's segmenter is to judge which of the pool's labelled images.

        Each is judged by one that has not learned from it: the one in use, and what that has learned
        from by the latest run with a `fold` that has not.

        Raises:
            NotEnoughLabelsError: there is no segmenter yet, or all have learned from all labels.
        """
        self._folder_in_use()
        table = self._learner.table()
        left = table.labelled_pool.tolist()
        asked = []
        for run, known in [(self.name, self.trained_on), *self.others.items()]:
            own = [table.ids[row] for row in left if table.hashes[row] not in known]
            left = [row for row in left if table.hashes[row] in known]
            asked += [(run, own)] if own else []
        if not asked:
            raise NotEnoughLabelsError(
                "no mask can be doubted: the segmenter has learned from all labelled images, and "
                "repeats what they say; label some more, bench.pick(20) and bench.label(), or train "
                "another that holds out others of them, bench.train(fold=1)"
            )
        return asked

    def require(self, sample_ids: Sequence[str]) -> Sequence[str]:
        """Images to measure it on.

        Raises:
            NotEnoughLabelsError: there are none.
        """
        if not sample_ids:
            raise NotEnoughLabelsError(
                "there is no labelled image that the segmenter has not learned from: label more, "
                "bench.label()"
            )
        return sample_ids
