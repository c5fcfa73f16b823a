"""The masks of a dataset's images, for whoever computes with them or shows them.

Imports FiftyOne, so import this module only after `connection.connect()`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymongo.collection import Collection

from workbench.dataset.detections import SIZE
from workbench.dataset.fields import GROUND_TRUTH, PREDICTION
from workbench.dataset.masks import IdMask, looked_up
from workbench.errors import LabelError
from workbench.labels.classlist import ClassList
from workbench.labels.classnumbers import first_numbers
from workbench.labels.drafts import sample_key
from workbench.labels.painting import Painter


class Masks:
    """Reads the masks of one dataset; `bench.labels.masks` is one.

    Args:
        samples: the collection of the dataset's samples.
        painter: knows where masks lie.
        classes: the class list.
    """

    def __init__(
        self, samples: Collection[dict[str, Any]], painter: Painter, classes: ClassList
    ) -> None:
        self._samples = samples
        self._painter = painter
        self._classes = classes

    def read(self, sample_id: str, field: str = GROUND_TRUTH) -> tuple[IdMask, dict[int, str]]:
        """The mask of an image, and the classes by the numbers in it.

        Args:
            sample_id: the image.
            field: `ground_truth` or `prediction`.

        Returns:
            (height, width) of the upright image, 0 for none of the classes; not to be written to.

        Raises:
            LabelError: there is no such image.
            MaskError: its file is missing or damaged, or of another size than the image.
        """
        wanted = {field: 1, **SIZE}
        sample = self._samples.find_one({"_id": sample_key(sample_id)}, wanted)
        if sample is None:
            raise LabelError(f"no image has the id {sample_id!r} in this dataset")
        return self._painter.mask_in(sample, field), self._painter.names()

    def suggested(self, sample_id: str, name: str) -> tuple[IdMask, dict[int, str]]:
        """A mask that a model suggests for an image: one that was kept, or its `prediction`.

        Args:
            sample_id: the image.
            name: of the mask's file, without its ending.

        Returns:
            As `read` does; errors, too.
        """
        kept = self._painter.kept(name)
        if kept is None:
            return self.read(sample_id, PREDICTION)
        wanted = {"filepath": 1, **SIZE}
        sample = self._samples.find_one({"_id": sample_key(sample_id)}, wanted)
        if sample is None:
            raise LabelError(f"no image has the id {sample_id!r} in this dataset")
        label = {PREDICTION: {"mask_path": str(kept)}}
        return self._painter.mask_in({**sample, **label}, PREDICTION), self._painter.names()

    def indices(self, sample_id: str, field: str = GROUND_TRUTH) -> NDArray[np.uint16]:
        """The mask of an image as `commit` takes it: 0 for none, 1 for the first class of the list.

        Arguments and errors are those of `read`.
        """
        return looked_up(self.read(sample_id, field)[0], self.index_of())

    def numbers(self) -> dict[str, int]:
        """The number that each class is painted with."""
        return first_numbers(self._painter.names())

    def index_of(self) -> dict[int, int]:
        """Class indices, 1 for the first of the list, by the numbers in masks."""
        names = self._painter.names()
        place = {name: index + 1 for index, name in enumerate(self._classes.names)}
        return {number: place[name] for number, name in names.items()}

    def paths(self, sample_ids: Sequence[str]) -> list[str]:
        """Files of the masks of some images, in their order.

        Raises:
            LabelError: one has no mask in a file.
        """
        keys = [sample_key(sample_id) for sample_id in sample_ids]
        wanted = {f"{GROUND_TRUTH}.mask_path": 1}
        found = {
            str(each["_id"]): (each.get(GROUND_TRUTH) or {}).get("mask_path")
            for each in self._samples.find({"_id": {"$in": keys}}, wanted)
        }
        for sample_id in sample_ids:
            if not found.get(sample_id):
                raise LabelError(
                    f"image {sample_id} is labelled, but its mask is in no file: where it is in the "
                    "database, bench.labels.commit(id, bench.labels.masks.indices(id)) writes one"
                )
        return [str(found[sample_id]) for sample_id in sample_ids]
