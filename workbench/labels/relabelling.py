"""Changing the label of every image of a class, and giving it back, some thousands at a time."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pymongo import ASCENDING, UpdateMany, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database

from workbench.dataset import fields
from workbench.dataset.types import Status

if TYPE_CHECKING:
    from pymongo.cursor import Cursor

COLLECTION = "workbench.relabelled"

# Images in one transaction: MongoDB keeps all of it in its cache, of which we give it 1 GB.
BATCH = 5_000
_CHUNK = 250  # images in a document: far from MongoDB's 16 MB, whatever their labels hold
_LABEL = f"{fields.GROUND_TRUTH}.label"
_GUESS = f"{fields.PREDICTION}.label"
_PROJECTION = {fields.GROUND_TRUTH: 1, fields.PREDICTION: 1, fields.STATUS: 1, fields.EVENT: 1}

Document = dict[str, Any]
LeftAs = Callable[[str], str | None]
"""By the label that an image had: what a change and later ones left it with; None for no label."""


class Relabelling:
    """Changes of many images, in transactions of the caller's.

    `label_event` stays as it is: nobody has looked at these images anew, so a commit that is based
    on what its annotator saw still passes. What images were before a merge or a removal is kept in
    a collection beside the history until it is given back, some hundred to a document.

    Args:
        database: the database that FiftyOne keeps its datasets in.
        samples: the collection of the dataset's samples.
        dataset_id: what the dataset's events are kept under.
    """

    def __init__(
        self, database: Database[Document], samples: Collection[Document], dataset_id: str
    ) -> None:
        self._samples = samples
        self._dataset_id = dataset_id
        # Creating a collection inside a transaction would lock the whole database.
        self._kept = database[COLLECTION]
        self._kept.create_index([("dataset", ASCENDING), ("change", ASCENDING)])

    def count(self, names: Iterable[str], session: ClientSession) -> int:
        """How many images are labelled with one of the classes."""
        query = {_LABEL: {"$in": list(names)}}
        return int(self._samples.count_documents(query, session=session))

    def relabel(
        self,
        renamed: Mapping[str, str | None],
        session: ClientSession,
        *,
        keep_for: str | None,
        after: ObjectId | None,
    ) -> ObjectId | None:
        """Give the next images another label, and predictions of the same classes with them.

        Args:
            renamed: new class by old one; None takes the label away.
            session: of the transaction.
            keep_for: id of the change under which to keep what the images were; None for not.
            after: the image to go on behind; None to begin.

        Returns:
            The last of these images; None if there are no more.
        """
        old = list(renamed)
        query: Document = {"$or": [{_LABEL: {"$in": old}}, {_GUESS: {"$in": old}}]}
        if after is not None:
            query["_id"] = {"$gt": after}
        found = self._samples.find(query, _PROJECTION, session=session)
        images = list(found.sort("_id", ASCENDING).limit(BATCH))
        if images and keep_for is not None:
            own = {"dataset": self._dataset_id, "change": keep_for}
            kept = [{**own, "images": chunk} for chunk in _chunks(images, _CHUNK)]
            self._kept.insert_many(kept, session=session)
        self._write({image["_id"]: _relabelled(image, renamed) for image in images}, session)
        return images[-1]["_id"] if len(images) == BATCH else None

    def count_kept(self, change: str, left_as: LeftAs, session: ClientSession) -> int:
        """How many images would get their label back from a change."""
        kept = self._kept_for(change, session)
        batches = _chunks((was for each in kept for was in each["images"]), BATCH)
        backs = (self._given_back(images, left_as, session) for images in batches)
        return sum(_labels(back) for batch in backs for back in batch.values())

    def give_back(self, change: str, left_as: LeftAs, session: ClientSession) -> bool:
        """Give the next images back what a change took, where nobody has relabelled them since.

        Args:
            change: id of the change that kept them.
            left_as: what it left them with.
            session: of the transaction.

        Returns:
            Whether there are more.
        """
        kept = list(self._kept_for(change, session).limit(BATCH // _CHUNK))
        images = [was for each in kept for was in each["images"]]
        self._write(self._given_back(images, left_as, session), session)
        keys = [each["_id"] for each in kept]
        self._kept.delete_many({"_id": {"$in": keys}}, session=session)
        return self._is_kept(change, session)

    def _is_kept(self, change: str, session: ClientSession) -> bool:
        query = {"dataset": self._dataset_id, "change": change}
        return self._kept.find_one(query, {"_id": 1}, session=session) is not None

    def _kept_for(self, change: str, session: ClientSession) -> "Cursor[Document]":
        return self._kept.find({"dataset": self._dataset_id, "change": change}, session=session)

    def _given_back(
        self, images: list[Document], left_as: LeftAs, session: ClientSession
    ) -> dict[ObjectId, Document]:
        ids = [was["_id"] for was in images]
        found = self._samples.find({"_id": {"$in": ids}}, _PROJECTION, session=session)
        current = {document["_id"]: document for document in found}
        return {
            was["_id"]: _given_back(was, current[was["_id"]], left_as)
            for was in images
            if was["_id"] in current
        }

    def _write(self, changes: Mapping[ObjectId, Document], session: ClientSession) -> None:
        """Set these fields of images; those that get the same share an update."""
        now = {"last_modified_at": datetime.now(UTC)}
        writes: list[UpdateOne | UpdateMany] = []
        alike: dict[tuple[tuple[str, Any], ...], list[ObjectId]] = defaultdict(list)
        for key, change in changes.items():
            if any(isinstance(value, dict) for value in change.values()):
                writes.append(UpdateOne({"_id": key}, {"$set": change | now}))
            elif change:
                alike[tuple(change.items())].append(key)
        for items, keys in alike.items():
            writes.append(UpdateMany({"_id": {"$in": keys}}, {"$set": dict(items) | now}))
        if writes:
            self._samples.bulk_write(writes, ordered=False, session=session)


def _relabelled(image: Document, renamed: Mapping[str, str | None]) -> Document:
    """The fields to set on an image when classes get other names or go."""
    change: Document = {}
    label, guess = _label(image.get(fields.GROUND_TRUTH)), _label(image.get(fields.PREDICTION))
    if label is not None and label in renamed:
        if (new := renamed[label]) is not None:
            change[_LABEL] = new
        else:
            change[fields.GROUND_TRUTH] = None
            if image.get(fields.STATUS) in (Status.LABELLED.value, Status.IN_REVIEW.value):
                change[fields.STATUS] = Status.UNLABELLED.value
    if guess is not None and guess in renamed:
        # What is predicted as one of two merged classes is at least as probably the merged one.
        new = renamed[guess]
        change |= {fields.PREDICTION: None} if new is None else {_GUESS: new}
    return change


def _given_back(was: Document, now: Document, left_as: LeftAs) -> Document:
    """The fields to set on an image to restore it; empty where there is nothing to restore."""
    back: Document = {}
    old, label = _label(was.get(fields.GROUND_TRUTH)), _label(now.get(fields.GROUND_TRUTH))
    # The event tells who labelled it through us since, the label who did so past us.
    untouched = now.get(fields.EVENT) == was.get(fields.EVENT)
    if old is not None and untouched and label == left_as(old) and label != old:
        if label is None:
            back[fields.GROUND_TRUTH] = was[fields.GROUND_TRUTH]
            back[fields.STATUS] = was[fields.STATUS]
        else:
            back[_LABEL] = old
    guess, guessed = was.get(fields.PREDICTION), now.get(fields.PREDICTION)
    if guess and not guessed:
        back[fields.PREDICTION] = guess
    elif (
        guess and guessed and guessed["_id"] == guess["_id"]
    ):  # each round of predictions has its own ids
        back[_GUESS] = guess["label"]
    return back


def _labels(change: Document) -> bool:
    """Whether a change of an image gives it a label."""
    return _LABEL in change or fields.GROUND_TRUTH in change


def _label(truth: Document | None) -> str | None:
    return truth.get("label") if truth else None


def _chunks(documents: Iterable[Document], size: int) -> Iterator[list[Document]]:
    iterator = iter(documents)
    while chunk := list(islice(iterator, size)):
        yield chunk
