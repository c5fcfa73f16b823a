"""The numbers that stand for classes in masks: given once, kept whatever becomes of the name."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bson import ObjectId
from pymongo.database import Database

from workbench.dataset.masks import MOST_NUMBERS
from workbench.errors import LabelError
from workbench.labels.classlist import COLLECTION, ClassList, follow
from workbench.labels.events import LabelEvent
from workbench.labels.history import EventLog

TARGETS = "default_mask_targets"


class ClassNumbers:
    """Which number stands for which class of one dataset.

    No mask is written anew when a class is renamed, merged or removed, nor when that is taken back:
    each number is kept with the name that it was given for and the change of the classes that was the
    latest then, and what the class is called by now follows from the history. FiftyOne is told by the
    dataset's `default_mask_targets`.

    Args:
        database: the database that FiftyOne keeps its datasets in.
        dataset_id: what the dataset's events are kept under.
        log: the dataset's history.
        classes: its class list.
    """

    def __init__(
        self, database: Database[dict[str, Any]], dataset_id: str, log: EventLog, classes: ClassList
    ) -> None:
        self._versions = database[COLLECTION]
        self._datasets = database["datasets"]
        self._key = {"_id": dataset_id}
        self._dataset = {"_id": ObjectId(dataset_id)}
        self._log = log
        self._classes = classes
        self._known: tuple[int, dict[int, str]] = -1, {}  # by version of the class list

    def names(self) -> dict[int, str]:
        """The classes that there are, by number; two of their numbers can have one name.

        A class that has no number yet gets one. While the class list stays, so do they.
        """
        if self._known[0] == self._classes.version:
            return dict(self._known[1])
        for _ in range(100):
            version = self._classes.version
            given = self._given()
            changes = self._log.class_changes()
            names = _names(given, changes)
            there = {n: name for n, name in names.items() if name in self._classes.names}
            lacking = [name for name in self._classes.names if name not in there.values()]
            if not lacking:
                self._tell(there)
                self._known = version, there
                return dict(there)
            self._give(given, lacking, changes[-1].id if changes else "")
        raise LabelError("the classes are changed all the time by others: try again")

    def _given(self) -> list[Mapping[str, Any]]:
        """What was given to which name, and after which change of the classes."""
        known = self._versions.find_one(self._key, {"numbers": 1}) or {}
        if "numbers" in known:
            return list(known["numbers"])
        stored = self._datasets.find_one(self._dataset, {TARGETS: 1}) or {}
        told = stored.get(TARGETS) or {}  # of a dataset that came with masks
        return [
            {"number": int(number), "name": name, "since": ""}
            for number, name in told.items()
            if str(number).isdigit() and int(number) > 0
        ]

    def _give(self, given: Sequence[Mapping[str, Any]], names: Sequence[str], since: str) -> None:
        """Give numbers to names, unless somebody else has given any meanwhile."""
        first = max((each["number"] for each in given), default=0) + 1
        if first + len(names) - 1 > MOST_NUMBERS:
            raise LabelError(f"masks tell at most {MOST_NUMBERS:,} classes apart")
        more = [{"number": first + i, "name": name, "since": since} for i, name in enumerate(names)]
        was = self._versions.find_one(self._key, {"numbers": 1}) or {}
        same = {**self._key, "numbers": was.get("numbers", {"$exists": False})}
        if was.get("numbers", list(given)) == list(given):
            self._versions.update_one(same, {"$set": {"numbers": [*given, *more]}})

    def _tell(self, names: Mapping[int, str]) -> None:
        told = {str(number): name for number, name in names.items()}
        changed = {**self._dataset, TARGETS: {"$ne": told}}
        self._datasets.update_one(changed, {"$set": {TARGETS: told}})


def first_numbers(names: Mapping[int, str]) -> dict[str, int]:
    """The number that a class is painted with, by name: the first of those that it has."""
    return {name: number for number, name in sorted(names.items(), reverse=True)}


def _names(
    given: Iterable[Mapping[str, Any]], changes: Sequence[LabelEvent]
) -> dict[int, str | None]:
    """What the class of each number is called by now; None where it was removed."""
    place = {change.id: index for index, change in enumerate(changes)}
    names: dict[int, str | None] = {}
    for each in given:
        since = changes[place.get(each["since"], -1) + 1 :]
        # A rename is taken back by another one, a merge or a removal by a change without any names.
        cancelled = {change.undoes for change in since if not change.renamed}
        stand = [change for change in since if change.id not in cancelled]
        names[each["number"]] = follow(each["name"], stand)
    return names
