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
from workbench.dataset.fields import rotated
from workbench.dataset.types import Status
from workbench.dataset.values import (
    Value,
    is_mask,
    label_paths,
    names_of,
    read_value,
    renamed_value,
)
from workbench.labels import boxlabels
from workbench.labels.history import EventLog

if TYPE_CHECKING:
    from pymongo.cursor import Cursor

COLLECTION = "workbench.relabelled"

# Images in one transaction: MongoDB keeps all of it in its cache, of which we give it 1 GB.
BATCH = 5_000
_CHUNK = 250  # images in a document: far from MongoDB's 16 MB, whatever their labels hold
_LABELS = label_paths(fields.GROUND_TRUTH)
_GUESSES = label_paths(fields.PREDICTION)
_TRUTHS = (fields.GROUND_TRUTH, rotated(fields.GROUND_TRUTH))
_LISTS = ("classifications", "detections", "polylines", "keypoints")
_PROJECTION = dict.fromkeys((*_TRUTHS, fields.PREDICTION, fields.STATUS, fields.EVENT), 1)

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
        log: the dataset's history.
    """

    def __init__(
        self,
        database: Database[Document],
        samples: Collection[Document],
        dataset_id: str,
        log: EventLog,
    ) -> None:
        self._samples = samples
        self._log = log
        self._dataset_id = dataset_id
        # Creating a collection inside a transaction would lock the whole database.
        self._kept = database[COLLECTION]
        self._kept.create_index([("dataset", ASCENDING), ("change", ASCENDING)])

    def count(self, names: Iterable[str], session: ClientSession) -> int:
        """How many images are labelled with one of the classes."""
        query = _having(names, _LABELS)
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
            renamed: new class by old one; None takes the label away, or the class from a label of
                several.
            session: of the transaction.
            keep_for: id of the change under which to keep what the images were; None for not.
            after: the image to go on behind; None to begin.

        Returns:
            The last of these images; None if there are no more.
        """
        query = _having(renamed, _LABELS + _GUESSES)
        if after is not None:
            query["_id"] = {"$gt": after}
        found = self._samples.find(query, _PROJECTION, session=session)
        chunks = boxlabels.packed(found.sort("_id", ASCENDING).limit(BATCH), _CHUNK)
        taken = list(islice(chunks, BATCH // _CHUNK))
        if taken and keep_for is not None:
            own = {"dataset": self._dataset_id, "change": keep_for}
            self._kept.insert_many([{**own, "images": chunk} for chunk in taken], session=session)
        images = [image for chunk in taken for image in chunk]
        self._write({image["_id"]: _relabelled(image, renamed) for image in images}, session)
        return images[-1]["_id"] if len(taken) == BATCH // _CHUNK else None

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
            was["_id"]: self._back(was, current[was["_id"]], left_as)
            for was in images
            if was["_id"] in current
        }

    def _back(self, was: Document, now: Document, left_as: LeftAs) -> Document:
        if is_mask(was.get(fields.GROUND_TRUTH) or {}):
            return _names_back(was, now, fields.GROUND_TRUTH) | _names_back(
                was, now, fields.PREDICTION
            )
        if not boxlabels.has_boxes(was):
            return _given_back(was, now, left_as)
        gone: set[str] = set()
        if now.get(fields.EVENT) != was.get(fields.EVENT):
            events = list(self._log.find(sample_id=str(now["_id"]), applied=True))
            gone = boxlabels.gone(events, now.get(fields.EVENT))
        return boxlabels.given_back(was, now, left_as, gone) | _guess_back(was, now)

    def _write(self, changes: Mapping[ObjectId, Document], session: ClientSession) -> None:
        """Set these fields of images; those that get the same share an update."""
        now = {"last_modified_at": datetime.now(UTC)}
        writes: list[UpdateOne | UpdateMany] = []
        alike: dict[tuple[tuple[str, Any], ...], list[ObjectId]] = defaultdict(list)
        for key, change in changes.items():
            if any(isinstance(value, dict | list) for value in change.values()):
                writes.append(UpdateOne({"_id": key}, {"$set": change | now}))
            elif change:
                alike[tuple(change.items())].append(key)
        for items, keys in alike.items():
            writes.append(UpdateMany({"_id": {"$in": keys}}, {"$set": dict(items) | now}))
        if writes:
            self._samples.bulk_write(writes, ordered=False, session=session)


def _having(names: Iterable[str], paths: Iterable[str]) -> Document:
    """Finds the images that have one of the classes."""
    wanted = list(names)
    return {"$or": [{path: {"$in": wanted}} for path in paths]}


def _relabelled(image: Document, renamed: Mapping[str, str | None]) -> Document:
    """The fields to set on an image when classes get other names or go."""

    def new(name: str) -> str | None:
        return renamed.get(name, name)

    change: Document = {}
    for field in (*_TRUTHS, fields.PREDICTION):
        label = image.get(field)
        drawn = label and (is_mask(label) or boxlabels.are_boxes(label))
        if label and (drawn or read_value(label) is not None):
            # What is predicted as one of two merged classes is at least as probably the merged one.
            now = renamed_value(label, new)
            change |= {field: None} if now is None else _below(field, now)
    gone = fields.GROUND_TRUTH in change
    if gone and image.get(fields.STATUS) in (Status.LABELLED.value, Status.IN_REVIEW.value):
        change[fields.STATUS] = Status.UNLABELLED.value
    return change


def _given_back(was: Document, now: Document, left_as: LeftAs) -> Document:
    """The fields to set on an image to restore it; empty where there is nothing to restore."""
    back: Document = {}
    truth, label = was.get(fields.GROUND_TRUTH), read_value(now.get(fields.GROUND_TRUTH))
    # The event tells who labelled it through us since, the label who did so past us.
    untouched = now.get(fields.EVENT) == was.get(fields.EVENT)
    if truth and untouched and _is_left(label, read_value(truth), left_as):
        if label is None:
            back = {fields.GROUND_TRUTH: truth, fields.STATUS: was[fields.STATUS]}
        else:
            back = _below(fields.GROUND_TRUTH, _said(truth))
    return back | _guess_back(was, now)


def _names_back(was: Document, now: Document, field: str) -> Document:
    """The fields to set so that the numbers in a mask stand for the classes again that they did.

    Whatever was painted since: what a number stands for, the class list alone decides.
    """
    old, new = was.get(field) or {}, now.get(field) or {}
    stood = dict(zip(old.get("numbers") or (), old.get("classes") or (), strict=True))
    names = list(new.get("classes") or ())
    back = [
        stood.get(number, name)
        for number, name in zip(new.get("numbers") or (), names, strict=True)
    ]
    return {f"{field}.classes": back} if back != names else {}


def _guess_back(was: Document, now: Document) -> Document:
    """The fields to set to restore a prediction; empty where there is another one by now."""
    guess, guessed = was.get(fields.PREDICTION), now.get(fields.PREDICTION)
    if guess and not guessed:
        return {fields.PREDICTION: guess}
    if guess and guessed and _ids(guessed) and _ids(guessed) <= _ids(guess):
        # Each round of predictions has its own ids.
        return _below(fields.PREDICTION, _said(guess))
    return {}


def _is_left(label: Value | None, old: Value | None, left_as: LeftAs) -> bool:
    """Whether a label is what a change made of an old one, and made another one of it."""
    if old is None:
        return False
    left = {name for each in names_of(old) if (name := left_as(each)) is not None}
    return set(names_of(label)) == left != set(names_of(old))


def _said(label: Document) -> Document:
    """That part of a label which names classes."""
    return {key: label[key] for key in ("label", *_LISTS) if key in label}


def _ids(label: Document) -> set[Any]:
    """Ids of the classes or boxes in a label."""
    several = next((label[key] for key in _LISTS if key in label), [label])
    return {each["_id"] for each in several or ()}


def _below(field: str, change: Document) -> Document:
    return {f"{field}.{key}": value for key, value in change.items()}


def _labels(change: Document) -> bool:
    """Whether a change of an image gives it a label."""
    return any(key.split(".")[0] in _TRUTHS for key in change)


def _chunks(documents: Iterable[Document], size: int) -> Iterator[list[Document]]:
    iterator = iter(documents)
    while chunk := list(islice(iterator, size)):
        yield chunk
