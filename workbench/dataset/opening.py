"""Opening, resuming, listing and deleting datasets.

Imports FiftyOne, so import this module only after `connection.connect()`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fiftyone as fo
import pandas as pd

from workbench.dataset import fields, schema
from workbench.dataset.home import make_home
from workbench.dataset.ingest import ImportReport, add_folder, adopt
from workbench.dataset.types import Status
from workbench.dataset.vectors import VectorStore
from workbench.errors import DatasetError

_PENDING = "importing"  # key of the record: folder of an import that has not been finished


def open_dataset(
    name: str | fo.Dataset,
    *,
    images: Path | None,
    task: str | None,
    classes: Sequence[str],
    test_fraction: float,
) -> tuple[fo.Dataset, ImportReport | None]:
    """Open a dataset: resume it, adopt one that FiftyOne has, or make a new one from a folder.

    Args:
        name: of the dataset, or the FiftyOne dataset itself.
        images: folder to import when the dataset is new, or when its first import was cut short.
        task: what is labelled; None takes what the dataset has, or classification.
        classes: names for a new dataset; of those, a resumed one takes none.
        test_fraction: share of the images that go to the blind test split.

    Returns:
        The dataset, prepared and persistent, and the report if anything was imported. Call
        `import_is_done` when what belongs to the import, such as labels, is in as well.

    Raises:
        DatasetError: there is no such dataset and no folder to make it from; or it was made for
            another task; or the classes are no good.
        ImportFolderError: the folder holds no usable image; no dataset is left behind.
    """
    wanted = None if task is None else schema.check_task(task)
    names = schema.clean_classes(classes)
    dataset = name if isinstance(name, fo.Dataset) else _load(name)
    if dataset is None:
        if images is None:
            raise DatasetError(
                f"there is no dataset {name!r}, and no images to make it from: give images=folder, "
                f"or open one of {', '.join(fo.list_datasets()) or 'none so far'}"
            )
        return _create(str(name), images, wanted or schema.TASKS[0], names, test_fraction)
    if not schema.is_ours(dataset):
        known = [*names, *(c for c in _labels_used(dataset) if c not in names)]
        schema.prepare(dataset, wanted or schema.TASKS[0], known)
        return dataset, adopt(dataset, test_fraction)
    has = record(dataset)["task"]
    if wanted is not None and wanted != has:
        raise DatasetError(
            f"dataset {dataset.name!r} was made for task {has!r}, not {wanted!r}: open it without "
            "task=, or make a new dataset under another name"
        )
    if folder := pending_import(dataset):
        return dataset, add_folder(dataset, folder, test_fraction)
    return dataset, None


def pending_import(dataset: fo.Dataset) -> Path | None:
    """The folder of a first import that was cut short, if there is one."""
    folder = record(dataset).get(_PENDING)
    return Path(folder) if folder else None


def import_is_done(dataset: fo.Dataset) -> None:
    """Note that the first import is complete, labels included."""
    update_record(dataset, **{_PENDING: None})


def record(dataset: fo.Dataset) -> dict[str, Any]:
    """What workbench keeps about a dataset: its task, its backbone."""
    found: dict[str, Any] = dataset.info[schema.INFO]
    return found


def update_record(dataset: fo.Dataset, **values: Any) -> None:
    """Change what workbench keeps about a dataset; a value of None removes its key."""
    kept = {**record(dataset), **values}
    dataset.info[schema.INFO] = {key: value for key, value in kept.items() if value is not None}
    dataset.save()


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
                    "labelled": dataset.match({fields.STATUS: Status.LABELLED.value}).count(),
                    "classes": len(dataset.default_classes),
                    "created": dataset.created_at,
                }
            )
    return pd.DataFrame(
        rows, columns=["name", "task", "images", "labelled", "classes", "created"]
    ).set_index("name")


def delete_dataset(name: str) -> str:
    """Delete a dataset; the image files stay.

    Returns:
        The id that its events are kept under.

    Raises:
        DatasetError: there is none of that name.
    """
    dataset = _load(name)
    if dataset is None:
        raise DatasetError(
            f"there is no dataset {name!r}: there is {', '.join(fo.list_datasets())}"
        )
    dataset_id = str(dataset._doc.id)
    dataset.delete()
    return dataset_id


def prune_vectors(home: Path) -> None:
    """Drop the embeddings of images that no dataset holds any more."""
    used: set[str] = set()
    for name in fo.list_datasets():
        dataset = fo.load_dataset(name)
        if schema.is_ours(dataset):
            used.update(dataset.distinct(fields.HASH))
    for sizes in (make_home(home) / "vectors").glob("*/dim"):
        store = VectorStore(sizes.parent, int(sizes.read_text()))
        with store.writing():
            store.keep_only(used)


def vector_store(home: Path, key: str, dim: int) -> VectorStore:
    """The embeddings of a backbone, by the backbone's key."""
    folder = home / "vectors" / key
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dim").write_text(str(dim))
    return VectorStore(folder, dim)


def _load(name: str) -> fo.Dataset | None:
    return fo.load_dataset(name) if fo.dataset_exists(name) else None


def _create(
    name: str, images: Path, task: str, classes: Sequence[str], test_fraction: float
) -> tuple[fo.Dataset, ImportReport]:
    try:
        dataset = fo.Dataset(name, persistent=True)
    except ValueError as error:
        raise DatasetError(f"{name!r} is no name for a dataset: {error}") from error
    try:
        schema.prepare(dataset, task, classes)
        update_record(dataset, **{_PENDING: str(images.expanduser().absolute())})
        return dataset, add_folder(dataset, images, test_fraction)
    except Exception:
        if dataset.count() == 0:  # what has been imported is kept, for the next try goes on there
            dataset.delete()
        raise


def _labels_used(dataset: fo.Dataset) -> list[str]:
    if fields.GROUND_TRUTH not in dataset.get_field_schema():
        return []
    return sorted(x for x in dataset.distinct(f"{fields.GROUND_TRUTH}.label") if x is not None)
