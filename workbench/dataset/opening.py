"""Opening, resuming, listing and deleting datasets.

Imports FiftyOne, so import this module only after `connection.connect()`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fiftyone as fo
import pandas as pd

from workbench.dataset import fields, schema
from workbench.dataset.documents import settle
from workbench.dataset.home import make_home
from workbench.dataset.ingest import ImportReport, add_folder, adopt
from workbench.dataset.keypoints import Skeleton, skeleton_from
from workbench.dataset.types import FINISHED
from workbench.dataset.values import CLASSIFICATION, KEYPOINTS, TASKS, label_paths
from workbench.dataset.vectors import VECTORS, stores_below
from workbench.errors import DatasetError

# Keys of the record, gone when what they speak of is complete.
_FOLDER = "importing"
_LABELS = "importing_labels"
_ADOPTING = "adopting"


@dataclass(frozen=True, slots=True)
class PendingImport:
    """A first import that is not complete yet.

    Attributes:
        folder: what is imported.
        labels: how its labels are read, as given to `workbench.open`.
    """

    folder: Path
    labels: str | None


def open_dataset(
    name: str | fo.Dataset,
    *,
    images: Path | None,
    task: str | None,
    classes: Sequence[str],
    test_fraction: float,
    labels: str | None = None,
    skeleton: Any = None,
) -> tuple[fo.Dataset, ImportReport | None]:
    """Open a dataset: resume it, adopt one that FiftyOne has, or make a new one from a folder.

    Args:
        name: of the dataset, or the FiftyOne dataset itself.
        images: folder to import when the dataset is new.
        task: what is labelled; None takes what the dataset has, or classification.
        classes: names for a new dataset; of those, a resumed one takes none.
        test_fraction: share of the images that go to the blind test split; a dataset keeps that
            which it was made with.
        labels: how the labels of a new dataset are read; only remembered here, for an import that
            is cut short.
        skeleton: of a new dataset's objects, as `keypoints.skeleton_from` takes it; a dataset keeps that
            which it was made with.

    Returns:
        The dataset, prepared and persistent, and the report if anything was imported. Call
        `import_is_done` when what belongs to the import, such as labels, is in as well.

    Raises:
        DatasetError: there is no such dataset and no folder to make it from; or it was made for
            another task, or with another skeleton; or the classes or the skeleton are no good; or its
            labels are of another kind.
        ImportFolderError: the folder holds no usable image; no dataset is left behind.
    """
    wanted = None if task is None else schema.check_task(task)
    names = schema.clean_classes(classes)
    own = None if skeleton is None else skeleton_from(skeleton)
    dataset = name if isinstance(name, fo.Dataset) else _load(name)
    if dataset is None:
        if images is None:
            raise DatasetError(
                f"there is no dataset {name!r}, and no images to make it from: give images=folder, "
                f"or open one of {', '.join(fo.list_datasets()) or 'none so far'}"
            )
        _require_skeleton(wanted, own)
        dataset = _create(str(name))
    if not schema.is_ours(dataset):
        kept: dict[str, Any] = {"test_fraction": test_fraction}
        # It is empty when it was made just now, or by a kernel that was killed just then.
        if images is not None and dataset.count() == 0:
            kept |= {_FOLDER: str(images.expanduser().absolute()), _LABELS: labels}
        else:
            kept |= {_ADOPTING: True}
        wanted = wanted or schema.guess_task(dataset)
        there = schema.skeleton_of(dataset) if wanted == KEYPOINTS else None
        own = _require_skeleton(wanted, own or there)
        known = [*names, *dataset.default_classes, *_labels_used(dataset, wanted)]
        schema.prepare(dataset, wanted, list(dict.fromkeys(known)), own, **kept)
    has = schema.task_of(dataset)
    if has not in TASKS:
        raise DatasetError(
            f"dataset {dataset.name!r} was made for task {has!r}, which this version of workbench "
            "does not know: install the version that made it"
        )
    if wanted is not None and wanted != has:
        raise DatasetError(
            f"dataset {dataset.name!r} was made for task {has!r}, not {wanted!r}: open it without "
            "task=, or make a new dataset under another name"
        )
    _require_same(dataset, own)
    schema.add_fields(dataset, has)
    return dataset, _finish(dataset, test_fraction_of(dataset, test_fraction))


def _require_skeleton(task: str | None, skeleton: Skeleton | None) -> Skeleton | None:
    """The skeleton that a new dataset gets, or what is wrong with that."""
    if skeleton is not None and (task or CLASSIFICATION) != KEYPOINTS:
        raise DatasetError(
            f"a skeleton is for objects with points, not for {task or CLASSIFICATION}: give "
            'task="keypoints", or no skeleton='
        )
    if task == KEYPOINTS and skeleton is None:
        raise DatasetError(
            'objects with points need a skeleton, the names of these: skeleton=["left eye", …], or '
            '{"labels": names, "edges": pairs of them}'
        )
    return skeleton


def _require_same(dataset: fo.Dataset, skeleton: Skeleton | None) -> None:
    kept = schema.skeleton_of(dataset)
    if skeleton is not None:
        _require_skeleton(schema.task_of(dataset), skeleton)
    if skeleton is not None and kept is not None and skeleton.names != kept.names:
        raise DatasetError(
            f"dataset {dataset.name!r} has the points {', '.join(kept.names)}, not "
            f"{', '.join(skeleton.names)}: open it without skeleton=, or make a new dataset"
        )


def pending_import(dataset: fo.Dataset) -> PendingImport | None:
    """The first import, while it is not complete."""
    found = record(dataset)
    if _FOLDER not in found:
        return None
    return PendingImport(Path(found[_FOLDER]), found.get(_LABELS))


def import_is_done(dataset: fo.Dataset) -> None:
    """Note that the first import is complete, labels included."""
    update_record(dataset, **{_FOLDER: None, _LABELS: None})


def test_fraction_of(dataset: fo.Dataset, default: float) -> float:
    """The share of images that the dataset gives to the blind test split."""
    return float(record(dataset).get("test_fraction", default))


def record(dataset: fo.Dataset) -> dict[str, Any]:
    """What workbench keeps about a dataset: its task, its backbone. A copy."""
    found: dict[str, Any] = schema.plain(dataset.info)[schema.INFO]
    return found


def update_record(dataset: fo.Dataset, **values: Any) -> None:
    """Change what workbench keeps about a dataset; a value of None removes its key."""

    def wanted() -> dict[str, Any]:
        kept = {**record(dataset), **values}
        return {key: value for key, value in kept.items() if value is not None}

    def change() -> None:
        dataset.info[schema.INFO] = wanted()
        dataset.save()

    settle(dataset, change, lambda: record(dataset) == wanted())


def list_datasets() -> pd.DataFrame:
    """All workbench datasets, a row each: name, task, images, labelled, classes, created."""
    rows = []
    for name in fo.list_datasets():
        dataset = fo.load_dataset(name)
        if schema.is_ours(dataset):
            rows.append(
                {
                    "name": name,
                    "task": record(dataset)["task"],
                    "images": dataset.count(),
                    "labelled": dataset.match({fields.STATUS: {"$in": list(FINISHED)}}).count(),
                    "classes": len(dataset.default_classes),
                    "created": dataset.created_at,
                }
            )
    return pd.DataFrame(
        rows, columns=["name", "task", "images", "labelled", "classes", "created"]
    ).set_index("name")


def delete_dataset(name: str) -> None:
    """Delete a dataset; the image files stay.

    Raises:
        DatasetError: there is none of that name, or workbench has nothing to do with it.
    """
    _require_ours(name).delete()


def dataset_id(name: str) -> str:
    """The id that a dataset's events and runs are kept under; it stays when it is renamed.

    Raises:
        DatasetError: there is none of that name, or workbench has nothing to do with it.
    """
    return str(_require_ours(name)._doc.id)


def _require_ours(name: str) -> fo.Dataset:
    dataset = _load(name)
    if dataset is None:
        raise DatasetError(
            f"there is no dataset {name!r}: there is {', '.join(list_datasets().index) or 'none'}"
        )
    if not schema.is_ours(dataset):
        raise DatasetError(
            f"dataset {name!r} is FiftyOne's alone, workbench has never opened it: "
            f"fiftyone.delete_dataset({name!r}) deletes it"
        )
    return dataset


def prune_vectors(home: Path) -> None:
    """Drop the embeddings of images that no dataset holds any more."""
    used: set[str] = set()
    for name in fo.list_datasets():
        dataset = fo.load_dataset(name)
        if schema.is_ours(dataset):
            used.update(dataset.distinct(fields.HASH))
    for store in stores_below(make_home(home) / VECTORS):
        with store.writing():
            store.keep_only(used)


def is_there(name: str | fo.Dataset) -> bool:
    """Whether there is such a dataset."""
    return isinstance(name, fo.Dataset) or bool(fo.dataset_exists(name))


def _load(name: str) -> fo.Dataset | None:
    return fo.load_dataset(name) if fo.dataset_exists(name) else None


def _create(name: str) -> fo.Dataset:
    try:
        if not name.strip():  # FiftyOne would make up a name
            raise ValueError("it is empty")
        return fo.Dataset(name, persistent=True)
    except ValueError as error:
        raise DatasetError(f"{name!r} is no name for a dataset: {error}") from error


def _finish(dataset: fo.Dataset, test_fraction: float) -> ImportReport | None:
    """Bring in what is not in yet; what a killed kernel brought in stays and is passed over."""
    if pending := pending_import(dataset):
        try:
            return add_folder(dataset, pending.folder, test_fraction)
        except Exception:
            if dataset.count() == 0:
                dataset.delete()
            raise
    if _ADOPTING in record(dataset):
        report = adopt(dataset, test_fraction)
        update_record(dataset, **{_ADOPTING: None})
        return report
    return None


def _labels_used(dataset: fo.Dataset, task: str) -> list[str]:
    paths = label_paths(fields.GROUND_TRUTH, task)
    known = [path for path in paths if dataset.get_field(path) is not None]
    found = {name for path in known for name in dataset.distinct(path)}
    return sorted(name for name in found if name is not None)
