"""What each class means: a text and example images, kept with the dataset."""

from collections.abc import Iterable, Sequence
from typing import Any

from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database

from workbench.errors import LabelError
from workbench.labels.drafts import sample_key
from workbench.labels.notes import clean_text

COLLECTION = "workbench.guidelines"
MOST_EXAMPLES = 100

Guideline = dict[str, Any]


class Guidelines:
    """The guidelines of one dataset, a document a class.

    Those of a class that went stay, with the id of the change that took it, until that change is
    taken back.

    Args:
        database: the database that FiftyOne keeps its datasets in.
        samples: the collection of the dataset's samples.
        dataset_id: what the dataset's events are kept under.
    """

    def __init__(
        self,
        database: Database[dict[str, Any]],
        samples: Collection[dict[str, Any]],
        dataset_id: str,
    ) -> None:
        self._samples = samples
        self._own = {"dataset": dataset_id}
        self._kept = database[COLLECTION]
        keys = [("dataset", ASCENDING), ("name", ASCENDING), ("dropped", ASCENDING)]
        self._kept.create_index(keys, unique=True)

    def read(self, names: Sequence[str]) -> dict[str, Guideline]:
        """Text and examples by class, for those of the classes that have any."""
        found = {each["name"]: each for each in self._kept.find({**self._own, "dropped": ""})}
        examples = [sample_key(key) for each in found.values() for key in each["examples"]]
        there = {str(d["_id"]) for d in self._samples.find({"_id": {"$in": examples}}, {"_id": 1})}
        return {
            name: {
                "text": found[name]["text"],
                "examples": [key for key in found[name]["examples"] if key in there],
            }
            for name in names
            if name in found
        }

    def check(self, text: str | None, examples: Sequence[str] | None) -> Guideline:
        """What of a guideline is to be set, checked.

        Raises:
            LabelError: the text is too long, or an example is no image of the dataset.
        """
        given: Guideline = {}
        if text is not None:
            given["text"] = clean_text(text, "a guideline") or ""
        if examples is not None:
            if isinstance(examples, str):
                raise LabelError(f"examples must be a list of sample ids, but got {examples!r}")
            given["examples"] = list(dict.fromkeys(examples))
            if len(given["examples"]) > MOST_EXAMPLES:
                raise LabelError(
                    f"a class has at most {MOST_EXAMPLES} examples, but got "
                    f"{len(given['examples'])}: choose the most telling ones"
                )
            for sample_id in given["examples"]:
                if self._samples.find_one({"_id": sample_key(sample_id)}, {"_id": 1}) is None:
                    raise LabelError(f"no image has the id {sample_id!r} in this dataset")
        return given

    def write(self, name: str, given: Guideline, session: ClientSession) -> None:
        """Set a class's text, examples or both, as `check` returned them."""
        empty: Guideline = {"text": "", "examples": []}
        change = {
            "$set": {"name": name, **given},
            "$setOnInsert": {key: value for key, value in empty.items() if key not in given},
        }
        key = {**self._own, "name": name, "dropped": ""}
        self._kept.update_one(
            key, {verb: what for verb, what in change.items() if what}, upsert=True, session=session
        )

    def rename(self, old: str, new: str, session: ClientSession) -> None:
        """Carry a guideline along with its class."""
        key = {**self._own, "name": old, "dropped": ""}
        self._kept.update_one(key, {"$set": {"name": new}}, session=session)

    def drop(self, names: Iterable[str], change: str, session: ClientSession) -> None:
        """Put guidelines away with classes that a change takes."""
        key = {**self._own, "name": {"$in": list(names)}, "dropped": ""}
        self._kept.update_many(key, {"$set": {"dropped": change}}, session=session)

    def restore(self, change: str, session: ClientSession) -> None:
        """Bring back what a change took, but for classes that were described anew since."""
        for each in list(self._kept.find({**self._own, "dropped": change}, session=session)):
            key = {**self._own, "name": each["name"], "dropped": ""}
            if self._kept.find_one(key, {"_id": 1}, session=session) is None:
                self._kept.update_one(
                    {"_id": each["_id"]}, {"$set": {"dropped": ""}}, session=session
                )
