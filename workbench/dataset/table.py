"""One look at a dataset as plain columns, for the rooms that compute.

Imports FiftyOne, so import this module only after `connection.connect()`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import fiftyone as fo
import numpy as np
from numpy.typing import NDArray

from workbench.dataset import fields
from workbench.dataset.types import FINISHED, Split, Status
from workbench.dataset.values import CLASSIFICATION, DRAWN, label_paths

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Targets = NDArray[np.int64] | NDArray[np.bool_]

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
        labelled: (n,) whether it has a label; a skipped image has none, nor has one whose boxes
            nobody has said to be all.
        targets: (n,) index of the label in `classes`, -1 for none; in multi-label and in detection
            (n, K) whether it has the class.
        classes: names by index.
    """

    ids: list[str]
    paths: list[str]
    hashes: list[str]
    is_test: Mask
    statuses: NDArray[np.str_]
    labelled: Mask
    targets: Targets
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
        return np.flatnonzero(~self.is_test & self.labelled)

    @property
    def labelled_test(self) -> Rows:
        """Rows that a model is measured on."""
        return np.flatnonzero(self.is_test & self.labelled)

    @property
    def unlabelled_pool(self) -> Rows:
        """Rows that may be picked: no label, not queued, not skipped."""
        free = self.statuses == Status.UNLABELLED.value
        return np.flatnonzero(~self.is_test & free & ~self.labelled)

    @property
    def open_pool(self) -> Rows:
        """Pool rows that have no label yet, queued or not; skipped ones are left alone."""
        left = np.isin(self.statuses, [Status.UNLABELLED.value, Status.QUEUED.value])
        return np.flatnonzero(~self.is_test & left & ~self.labelled)

    @property
    def unlabelled_test(self) -> Rows:
        """Test rows that may be put into the queue."""
        free = self.statuses == Status.UNLABELLED.value
        return np.flatnonzero(self.is_test & free & ~self.labelled)

    @property
    def queued(self) -> Rows:
        """Rows that wait for their label."""
        return np.flatnonzero(self.statuses == Status.QUEUED.value)


def read_table(dataset: fo.Dataset, classes: Sequence[str], task: str) -> Table:
    """Read the columns; samples that were never checked (no content hash) are passed over.

    Args:
        dataset: a prepared dataset.
        classes: names by index; a label that is not among them counts as none.
        task: what is labelled.
    """
    paths = label_paths(fields.GROUND_TRUTH, task)
    columns = dataset.values(["id", "filepath", fields.HASH, fields.SPLIT, fields.STATUS, *paths])
    rows = [row for row in zip(*columns, strict=True) if row[2] is not None]
    statuses = np.array([row[4] or Status.UNLABELLED.value for row in rows], dtype=_STATUS)
    labelled, targets = no_targets(len(rows), len(classes), multilabel=task != CLASSIFICATION)
    index = {name: position for position, name in enumerate(classes)}
    for row, (_, _, _, _, status, *said) in enumerate(rows):
        names = said_names(said, status, task)
        if names is not None:
            labelled[row] = set_target(targets, row, names, index)
    return Table(
        ids=[row[0] for row in rows],
        paths=[row[1] for row in rows],
        hashes=[row[2] for row in rows],
        is_test=np.array([row[3] == Split.TEST.value for row in rows], dtype=np.bool_),
        statuses=statuses,
        labelled=labelled,
        targets=targets,
        classes=list(classes),
    )


def no_targets(n: int, num_classes: int, *, multilabel: bool) -> tuple[Mask, Targets]:
    """`labelled` and `targets` of a table in which nothing is labelled."""
    none = np.zeros(n, dtype=np.bool_)
    if multilabel:
        return none, np.zeros((n, num_classes), dtype=np.bool_)
    return none, np.full(n, -1, dtype=np.int64)


def said_names(said: Sequence[Any], status: str | None, task: str) -> Sequence[str] | None:
    """The classes that an image is labelled with; None if it is not labelled.

    Args:
        said: what stands at `label_paths`: a name, a list of names, or None.
        status: its `label_status`.
        task: what is labelled.
    """
    if task in DRAWN:
        names = [name for each in said for name in each or ()]
        return names if status in FINISHED else None
    (value,) = said
    if value is None or status == Status.SKIPPED.value:
        return None
    return (value,) if isinstance(value, str) else value


def set_target(
    targets: Targets, row: int, names: Sequence[str] | None, index: Mapping[str, int]
) -> bool:
    """Put the classes of a label into its row; returns whether the image counts as labelled."""
    known = [index[name] for name in names or () if name in index]
    if targets.ndim == 2:
        targets[row] = False
        targets[row, known] = True
        return names is not None
    targets[row] = known[0] if known else -1
    return bool(known)
