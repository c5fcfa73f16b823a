"""One look at a dataset as plain columns, for the rooms that compute.

Imports FiftyOne, so import this module only after `connection.connect()`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import fiftyone as fo
import numpy as np
from numpy.typing import NDArray

from workbench.dataset import fields
from workbench.dataset.types import Split, Status

Rows = NDArray[np.int64]

_STATUS = f"<U{max(map(len, Status))}"  # room for every status, whichever there are now


@dataclass(frozen=True)
class Table:
    """The usable images of a dataset, a row each, in the order of import.

    Attributes:
        ids: (n,) sample ids.
        paths: (n,) file paths.
        hashes: (n,) content hashes.
        is_test: (n,) whether the image belongs to the blind test split.
        statuses: (n,) `label_status`.
        targets: (n,) index of the label in `classes`, -1 for none; a skipped image has none.
        classes: names by index.
    """

    ids: list[str]
    paths: list[str]
    hashes: list[str]
    is_test: NDArray[np.bool_]
    statuses: NDArray[np.str_]
    targets: Rows
    classes: list[str]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Rows by sample id."""
        return {sample_id: row for row, sample_id in enumerate(self.ids)}

    @property
    def labelled_pool(self) -> Rows:
        """Rows that a model may learn from."""
        return np.flatnonzero(~self.is_test & (self.targets >= 0))

    @property
    def labelled_test(self) -> Rows:
        """Rows that a model is measured on."""
        return np.flatnonzero(self.is_test & (self.targets >= 0))

    @property
    def unlabelled_pool(self) -> Rows:
        """Rows that may be picked: no label, not queued, not skipped."""
        free = self.statuses == Status.UNLABELLED.value
        return np.flatnonzero(~self.is_test & free & (self.targets < 0))

    @property
    def open_pool(self) -> Rows:
        """Pool rows that have no label yet, queued or not; skipped ones are left alone."""
        left = np.isin(self.statuses, [Status.UNLABELLED.value, Status.QUEUED.value])
        return np.flatnonzero(~self.is_test & left & (self.targets < 0))

    @property
    def unlabelled_test(self) -> Rows:
        """Test rows that may be put into the queue."""
        free = self.statuses == Status.UNLABELLED.value
        return np.flatnonzero(self.is_test & free & (self.targets < 0))

    @property
    def queued(self) -> Rows:
        """Rows that wait for their label."""
        return np.flatnonzero(self.statuses == Status.QUEUED.value)


def read_table(dataset: fo.Dataset, classes: Sequence[str]) -> Table:
    """Read the columns; samples that were never checked (no content hash) are passed over.

    Args:
        dataset: a prepared dataset.
        classes: names by index; a label that is not among them counts as none.
    """
    columns = dataset.values(
        ["id", "filepath", fields.HASH, fields.SPLIT, fields.STATUS, f"{fields.GROUND_TRUTH}.label"]
    )
    index = {name: position for position, name in enumerate(classes)}
    rows = [row for row in zip(*columns, strict=True) if row[2] is not None]
    statuses = np.array([row[4] or Status.UNLABELLED.value for row in rows], dtype=_STATUS)
    targets = np.array([index.get(row[5], -1) for row in rows], dtype=np.int64)
    targets[statuses == Status.SKIPPED.value] = -1
    return Table(
        ids=[row[0] for row in rows],
        paths=[row[1] for row in rows],
        hashes=[row[2] for row in rows],
        is_test=np.array([row[3] == Split.TEST.value for row in rows], dtype=np.bool_),
        statuses=statuses,
        targets=targets,
        classes=list(classes),
    )
