"""The class list as it is stored, and what has become of names that are no longer in it."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database

from workbench.dataset.values import CLASSIFICATION, MULTILABEL, Named, Value, in_order, names_of
from workbench.errors import LabelError
from workbench.labels.events import CLASSES, LabelEvent
from workbench.labels.history import EventLog

COLLECTION = "workbench.classes"

T = TypeVar("T")


class ClassesChangedError(Exception):
    """Somebody changed the class list since it was read; read it again and start over."""


class ClassList:
    """The class list of one dataset, and the lock that keeps labels and classes in step.

    The names are FiftyOne's `default_classes`. Beside them lies a document of ours with the number
    of the list's version. A commit writes to it as well as a change of the classes does, so two
    transactions of which one would write a name that the other takes away cannot both succeed.

    Args:
        database: the database that FiftyOne keeps its datasets in.
        dataset_id: what the dataset's events are kept under.
        log: the dataset's history.
        task: what is labelled.

    Attributes:
        names: the classes in the order of their indices, as last read.
        unfinished: the change of the classes that has not reached every image yet; empty for none.
    """

    def __init__(
        self,
        database: Database[dict[str, Any]],
        dataset_id: str,
        log: EventLog,
        task: str = CLASSIFICATION,
    ) -> None:
        self.names: list[str] = []
        self.unfinished = ""
        self._id = dataset_id
        self._dataset = {"_id": ObjectId(dataset_id)}
        self._datasets = database["datasets"]
        self._versions = database[COLLECTION]
        self._log = log
        self._multilabel = task == MULTILABEL
        self._version = 0
        self.reload()

    def reload(self) -> None:
        """Read the list anew."""
        # The version first: if the list changes in between, the next transaction is told.
        found = self._versions.find_one_and_update(
            {"_id": self._id},
            {"$setOnInsert": {"version": 0, "commits": 0}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        self._version = int(found["version"])
        self.unfinished = found.get("unfinished", "")
        stored = self._datasets.find_one(self._dataset, {CLASSES: 1})
        self.names = list((stored or {}).get(CLASSES, []))

    @property
    def version(self) -> int:
        """Of the list as it was last read: another one after each change."""
        return self._version

    def stable(self, attempt: Callable[[], T]) -> T:
        """Try until nobody changes the list meanwhile, which is read anew each time somebody did.

        Args:
            attempt: a transaction that holds the list, and what names it works out beforehand.

        Returns:
            What `attempt` returns.
        """
        while True:
            try:
                return attempt()
            except ClassesChangedError:
                self.reload()

    def hold(self, session: ClientSession) -> None:
        """Make sure that the list stays as it was read until the transaction ends.

        Raises:
            ClassesChangedError: it is another already.
        """
        same = {"_id": self._id, "version": self._version}
        writing = self._versions.update_one(same, {"$inc": {"commits": 1}}, session=session)
        if not writing.matched_count:
            raise ClassesChangedError

    def write(self, names: Sequence[str], unfinished: str, session: ClientSession) -> None:
        """Replace the list, inside a transaction; `reload` once it is committed.

        Raises:
            ClassesChangedError: it is not what was read.
        """
        same = {"_id": self._id, "version": self._version}
        change = {"$inc": {"version": 1}, "$set": {"unfinished": unfinished}}
        if not self._versions.update_one(same, change, session=session).matched_count:
            raise ClassesChangedError
        self._datasets.update_one(self._dataset, {"$set": {CLASSES: list(names)}}, session=session)

    def finish(self, session: ClientSession) -> None:
        """Note, inside a transaction, that the unfinished change has reached every image."""
        self._versions.update_one(
            {"_id": self._id, "unfinished": self.unfinished},
            {"$set": {"unfinished": ""}},
            session=session,
        )

    def class_of(self, name: str) -> str:
        """The class that a name stands for: itself, or what it was renamed to or merged into.

        Raises:
            LabelError: the class was removed, or there never was one of that name.
        """
        now = self.class_now(name)
        if now is None:
            raise LabelError(
                f"the class {name!r} was removed: choose another one; bench.classes.add({name!r}) "
                "makes it anew"
            )
        return now

    def class_now(self, name: str) -> str | None:
        """As `class_of`, but None for a class that was removed."""
        if name not in self.names:
            self.reload()
        if name in self.names:
            return name
        recorded = self._log.class_changes()
        changes = standing(recorded)
        if not was_renamed(name, changes):
            listed = ", ".join(repr(known) for known in self.names[:20]) or "none yet"
            raise LabelError(
                f"unknown class {name!r}: the classes are {listed}; bench.classes.add({name!r}) adds it"
            )
        now = what_became_of(name, changes)
        # The list that belongs to these changes: `names` may be older or newer by one.
        return now if now in (recorded[-1].after or []) else None

    def value_of(self, value: Value) -> Named:
        """A label as it is stored: its classes as `class_of` has them, once each and in order.

        Of boxes, `BoxDraft.with_classes` says the same.

        Raises:
            LabelError: as `class_of`; or several classes are given where an image has one.
        """
        if self._multilabel:
            return in_order([self.class_of(name) for name in names_of(value)], self.names)
        if not isinstance(value, str):
            raise LabelError(
                f"an image has one class here, but got {list(names_of(value))}: give its name, or make a "
                'dataset of several classes an image, workbench.open(name, task="multilabel", …)'
            )
        return self.class_of(value)

    def left_of(self, value: Named) -> Named | None:
        """As `value_of`, but without the classes that were removed; None where nothing is left."""
        if isinstance(value, str):
            return self._left_of(value)
        now = [self._left_of(name) for name in names_of(value)]
        return in_order([name for name in now if name is not None], self.names)

    def _left_of(self, name: str) -> str | None:
        try:
            return self.class_of(name)
        except LabelError:
            return None

    def ever_had(self, name: str) -> bool:
        """Whether a class is called so, or was before it was renamed, merged or removed."""
        return name in self.names or was_renamed(name, standing(self._log.class_changes()))


def standing(changes: Sequence[LabelEvent]) -> list[LabelEvent]:
    """Those of the changes that no other of them takes back."""
    taken_back = {change.undoes for change in changes}
    return [change for change in changes if change.id not in taken_back]


def was_renamed(name: str, changes: Sequence[LabelEvent]) -> bool:
    """Whether the name went in one of the changes."""
    return any(name == old for change in changes for old, _ in change.renamed)


def what_became_of(name: str, changes: Sequence[LabelEvent]) -> str | None:
    """The name that a class has after changes, which it had before the last in which it went.

    Args:
        name: a name that went in one of the changes.
        changes: standing ones, oldest first.

    Returns:
        What it is called now; None if it was removed.
    """
    last = max(i for i, change in enumerate(changes) if was_renamed(name, [change]))
    return follow(name, changes[last:])


def follow(name: str | None, changes: Sequence[LabelEvent]) -> str | None:
    """A class's name after changes; None if it was removed in one."""
    for change in changes:
        if name is not None:
            name = dict(change.renamed).get(name, name)
    return name
