"""A table that is kept in step with its dataset without reading all of it again.

Imports FiftyOne, so import this module only after `connection.connect()`.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import fiftyone as fo
import numpy as np

from workbench.dataset import fields
from workbench.dataset.table import Table, read_table, said_names, set_target
from workbench.dataset.types import Split, Status
from workbench.dataset.values import label_paths

_CHANGED = "last_modified_at"  # FiftyOne's own field, with an index; every write of ours moves it
# A transaction is seen some time after its time was taken: usually milliseconds, but a minute where
# it had to be tried again, or where another machine's clock is slow. To look back so far each time
# would be dear after an import, for then everything is new; so it is done now and then, for labels.
_OVERLAP, _WIDE_OVERLAP = timedelta(seconds=2), timedelta(seconds=90)
_WIDE_EVERY = timedelta(seconds=30)
_COLUMNS = (
    "filepath",
    fields.HASH,
    fields.SPLIT,
    fields.STATUS,
    *label_paths(fields.GROUND_TRUTH),
)
_OF_LABELS = ("statuses", "labelled", "targets")  # the columns of a table that they change


class LiveTable:
    """The table of one dataset, as it is whenever it is asked for.

    Samples that changed are found by `last_modified_at`, whoever changed them: this kernel,
    another one, `sample.save()` or the App; labels that come in late are found half a minute later.
    Where images came or went, or the classes are others, everything is read again. Safe to use from any
    thread.

    Args:
        dataset: a prepared dataset.
        task: what is labelled.
    """

    def __init__(self, dataset: fo.Dataset, task: str) -> None:
        self._dataset = dataset
        self._task = task
        self._samples = dataset._sample_collection
        self._lock = threading.Lock()
        self._table: Table | None = None
        self._count = 0
        self._since = self._wide = datetime.now(UTC)

    def read(self, classes: Sequence[str], *, anew: bool = False) -> Table:
        """The table now; the same object as before where nothing has changed.

        Args:
            classes: names by index; a label that is not among them counts as none.
            anew: read all of it again, so that it cannot be behind in anything.
        """
        with self._lock:
            began = datetime.now(UTC)
            count = int(self._samples.estimated_document_count())
            table = self._table
            if anew or count != self._count:
                table = None
            if table is not None and table.classes == list(classes):
                recent: dict[str, Any] = {_CHANGED: {"$gte": self._since}}
                if began - self._wide > _WIDE_EVERY:
                    self._wide = began
                    late = {_CHANGED: {"$gte": began - _WIDE_OVERLAP}, fields.EVENT: {"$ne": None}}
                    recent = {"$or": [recent, late]}
                table = with_changes(table, self._samples.find(recent, _COLUMNS), self._task)
            else:
                table, self._wide = None, began
            self._table = table or read_table(self._dataset, classes, self._task)
            self._count, self._since = count, began - _OVERLAP
            return self._table


def with_changes(table: Table, documents: Iterable[dict[str, Any]], task: str) -> Table | None:
    """A table with the labels and statuses of some samples as they are now.

    Args:
        table: as it was.
        documents: the samples, as MongoDB has them.
        task: what is labelled.

    Returns:
        The new table, or `table` itself where nothing is new; None where it has to be read again,
        because an image came, went, or is another file.
    """
    found: dict[int, tuple[str, Sequence[str] | None]] = {}
    paths = label_paths(fields.GROUND_TRUTH, task)
    for document in documents:
        row = table.row_of.get(str(document["_id"]))
        if row is None:
            if document.get(fields.HASH) is None:
                continue  # it was never checked, and is in no table
            return None
        is_same = (
            document["filepath"] == table.paths[row]
            and document.get(fields.HASH) == table.hashes[row]
            and (document.get(fields.SPLIT) == Split.TEST.value) == table.is_test[row]
        )
        if not is_same:
            return None
        status = document.get(fields.STATUS) or Status.UNLABELLED.value
        said = [_at(document, path.split(".")) for path in paths]
        found[row] = status, said_names(said, status, task)
    return _with_labels(table, found)


def _at(value: Any, keys: Sequence[str]) -> Any:
    """What a document holds at a path; a list where the path leads through one, as in MongoDB."""
    if isinstance(value, list):
        return [_at(each, keys) for each in value]
    if not keys or value is None:
        return value
    return _at(value.get(keys[0]), keys[1:])


def _with_labels(table: Table, found: Mapping[int, tuple[str, Sequence[str] | None]]) -> Table:
    """The table with other statuses and labels in some rows; itself where they are what it has."""
    index = {name: position for position, name in enumerate(table.classes)}
    rows = list(found)
    new = {name: getattr(table, name)[rows] for name in _OF_LABELS}  # copies of those rows alone
    for place, (status, names) in enumerate(found.values()):
        new["statuses"][place] = status
        new["labelled"][place] = set_target(new["targets"], place, names, index)
    if all(np.array_equal(new[name], getattr(table, name)[rows]) for name in _OF_LABELS):
        return table
    whole = {name: getattr(table, name).copy() for name in _OF_LABELS}
    for name, values in whole.items():
        values[rows] = new[name]
    return replace(table, **whole)
