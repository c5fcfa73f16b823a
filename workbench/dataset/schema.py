"""The fields of a workbench dataset, as a user of FiftyOne would expect them.

Imports FiftyOne, so import this module only after `connection.connect()` has set its database.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import fiftyone as fo

from workbench.dataset.fields import (
    EVENT,
    GROUND_TRUTH,
    HASH,
    NOTE,
    PICK,
    PREDICTION,
    SPLIT,
    STATUS,
    rotated,
)
from workbench.dataset.keypoints import Skeleton, skeleton_from
from workbench.dataset.values import (
    CLASSIFICATION,
    DETECTION,
    INSTANCES,
    KEYPOINTS,
    MULTILABEL,
    SEGMENTATION,
    TASKS,
)
from workbench.errors import DatasetError

INFO = "workbench"  # key in dataset.info
VERSION = 1
_LABELS: Mapping[str, Any] = {
    CLASSIFICATION: fo.Classification,
    MULTILABEL: fo.Classifications,
    DETECTION: fo.Detections,
    INSTANCES: fo.Polylines,
    SEGMENTATION: fo.Segmentation,
    KEYPOINTS: fo.Keypoints,
}
_TURNED = f"{rotated(GROUND_TRUTH)}.polylines"
_OF_IMAGES: Mapping[str, tuple[Any, Any]] = {
    f"{PREDICTION}.confidence": (fo.FloatField, None),
    f"{PREDICTION}.margin": (fo.FloatField, None),
}
_OF_BOXES: Mapping[str, tuple[Any, Any]] = {
    rotated(GROUND_TRUTH): (fo.EmbeddedDocumentField, fo.Polylines),
    f"{_TURNED}.angle": (fo.FloatField, None),
    f"{_TURNED}.unturned": (fo.ListField, None),
}

_OF_MASKS: Mapping[str, tuple[Any, Any]] = {
    f"{field}.{name}": (fo.ListField, inner)
    for field in (GROUND_TRUTH, PREDICTION)
    for name, inner in (("numbers", fo.IntField), ("classes", fo.StringField))
}

_OF_TASK: Mapping[str, Mapping[str, tuple[Any, Any]]] = {
    CLASSIFICATION: _OF_IMAGES,
    MULTILABEL: _OF_IMAGES,
    DETECTION: _OF_BOXES,
    INSTANCES: {},
    SEGMENTATION: _OF_MASKS,
    KEYPOINTS: {f"{GROUND_TRUTH}.keypoints.visible": (fo.ListField, fo.IntField)},
}

_FIELDS: Mapping[str, tuple[Any, Any]] = {
    f"{GROUND_TRUTH}.annotator": (fo.StringField, None),
    f"{GROUND_TRUTH}.source": (fo.StringField, None),
    f"{PREDICTION}.model": (fo.StringField, None),
    STATUS: (fo.StringField, None),
    SPLIT: (fo.StringField, None),
    PICK: (fo.EmbeddedDocumentField, fo.DynamicEmbeddedDocument),
    f"{PICK}.batch": (fo.IntField, None),
    f"{PICK}.rank": (fo.IntField, None),
    f"{PICK}.score": (fo.FloatField, None),
    f"{PICK}.strategy": (fo.StringField, None),
    f"{PICK}.reason": (fo.StringField, None),
    HASH: (fo.StringField, None),
    EVENT: (fo.StringField, None),
    NOTE: (fo.StringField, None),
}
_OPTIONS = {fo.ListField: "subfield"}  # what else a field of a kind is made with
_INDEXED = (HASH, STATUS, SPLIT)


def prepare(
    dataset: fo.Dataset,
    task: str,
    classes: Sequence[str],
    skeleton: Skeleton | None = None,
    **record: Any,
) -> None:
    """Give a dataset the fields, indexes and record that make it ours; safe to repeat.

    Args:
        dataset: any FiftyOne dataset of images.
        task: what is labelled.
        classes: names of the classes.
        skeleton: of its objects, where they have points; kept as the dataset's `default_skeleton`.
        record: what else to keep about it from the first moment on.

    Raises:
        DatasetError: it has a field of one of our names that holds something else.
    """
    add_fields(dataset, task)
    for name in _INDEXED:
        dataset.create_index(name)
    dataset.persistent = True
    if INFO not in dataset.info:
        kept = {key: value for key, value in record.items() if value is not None}
        dataset.info[INFO] = {"version": VERSION, "task": task, **kept}
        dataset.default_classes = list(classes)
        if skeleton is not None:
            dataset.default_skeleton = fo.KeypointSkeleton(**skeleton.to_plain())
        dataset.save()


def task_of(dataset: fo.Dataset) -> str:
    """What is labelled in a dataset of ours."""
    return str(plain(dataset.info)[INFO]["task"])


def skeleton_of(dataset: fo.Dataset) -> Skeleton | None:
    """The skeleton of a dataset's objects; None where it has none, or none whose points have names."""
    own = dataset.default_skeleton or (dataset.skeletons or {}).get(GROUND_TRUTH)
    return None if own is None or not own.labels else skeleton_from(own)


def plain(value: Any) -> Any:
    """A copy that is all its own.

    FiftyOne's dictionaries ask for the document that they are of at every look into them, and it is
    gone when another thread has loaded the dataset anew.
    """
    if isinstance(value, dict):
        return {key: plain(each) for key, each in dict.items(value)}
    return [plain(each) for each in list.__iter__(value)] if isinstance(value, list) else value


def guess_task(dataset: fo.Dataset) -> str:
    """What is labelled in a dataset that somebody else made, by what its labels are."""
    field = dataset.get_field(GROUND_TRUTH)
    kind = getattr(field, "document_type", None)
    return next((task for task, label in _LABELS.items() if label is kind), CLASSIFICATION)


def add_fields(dataset: fo.Dataset, task: str) -> None:
    """Give a dataset those of our fields that it does not have, as one of an earlier version.

    Raises:
        DatasetError: it has a field of one of our names that holds something else.
    """
    labels = (fo.EmbeddedDocumentField, _LABELS[task])
    wanted = {GROUND_TRUTH: labels, PREDICTION: labels, **_OF_TASK[task], **_FIELDS}
    for name, (kind, document) in wanted.items():
        options = {_OPTIONS.get(kind, "embedded_doc_type"): document} if document else {}
        try:
            dataset.add_sample_field(name, kind, **options)
        except ValueError as error:
            raise DatasetError(
                f"dataset {dataset.name!r} has a field {name!r} that holds something else than "
                f"workbench keeps there ({error}): rename it, dataset.rename_sample_field({name!r}, ...)"
            ) from error


def is_ours(dataset: fo.Dataset) -> bool:
    """Whether workbench has prepared the dataset."""
    return INFO in dataset.info


def check_task(task: str) -> str:
    """Return the task, or say which there are.

    Raises:
        DatasetError: the task is not built.
    """
    if task not in TASKS:
        raise DatasetError(f"task {task!r} is not available: the tasks are {', '.join(TASKS)}")
    return task


def clean_classes(classes: Sequence[str], existing: Sequence[str] = ()) -> list[str]:
    """Class names, stripped of surrounding blanks and checked.

    Any text is a legal name, HTML included: it is shown as text everywhere.

    Args:
        classes: the names.
        existing: names that are taken already.

    Raises:
        DatasetError: a name is no text, is empty, too long, or appears twice, or holds half a
            character (an unpaired surrogate), which cannot be stored.
    """
    if isinstance(classes, str):
        raise DatasetError(
            f"classes must be a list of names, but got the text {classes!r}: use [{classes!r}]"
        )
    names: list[str] = []
    for name in classes:
        if not isinstance(name, str):
            raise DatasetError(f"a class name must be text, but got {name!r}")
        stripped = name.strip()
        if not stripped:
            raise DatasetError(
                "a class name is empty: give each class at least one visible character"
            )
        if len(stripped) > 200:
            raise DatasetError(
                f"the class name {stripped[:40]!r}… is longer than 200 characters: shorten it"
            )
        if any("\ud800" <= character <= "\udfff" for character in stripped):
            raise DatasetError(f"the class name {stripped!r} holds half a character: take it out")
        if stripped in names or stripped in existing:
            raise DatasetError(
                f"the class {stripped!r} appears twice: every class needs its own name"
            )
        names.append(stripped)
    return names
