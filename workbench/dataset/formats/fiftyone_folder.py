"""A FiftyOne dataset as a folder (`fiftyone.types.FiftyOneDataset`), through FiftyOne itself.

Nothing of the dataset is lost. Imports FiftyOne, so import this module only after
`connection.connect()`.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import fiftyone as fo

from workbench.dataset import fields
from workbench.dataset.adoptedmasks import mask_names
from workbench.dataset.boxes import Box
from workbench.dataset.formats.found import Findings, Imported, Said
from workbench.dataset.formats.images import Images
from workbench.dataset.formats.masknames import MaskClasses, classes_of
from workbench.dataset.formats.placing import Placer, find_image
from workbench.dataset.keypoints import Skeleton, in_order_of
from workbench.dataset.masks import Painted
from workbench.dataset.schema import skeleton_of
from workbench.dataset.types import FINISHED
from workbench.dataset.values import Value, read_label
from workbench.errors import FormatError, LabelError


def read(path: Path, images: Images) -> Imported:
    """Read the labels of a folder that `write` or FiftyOne has exported.

    Where the images have no `label_status`, those with a label are the labelled ones.

    Args:
        path: the folder.
        images: what it can speak of.

    Raises:
        FormatError: FiftyOne cannot read it, or it has no `ground_truth`.
    """
    with _opened(path) as dataset:
        return _read(dataset, path, images)


def read_masks(path: Path, images: Images) -> tuple[MaskClasses, dict[Path, list[Path]]]:
    """Find the masks of a folder that `write` or FiftyOne has exported.

    Args:
        path: the folder.
        images: what it can speak of.

    Returns:
        What numbers in the masks stand for, and of each image that is labelled the files of its mask.

    Raises:
        FormatError: FiftyOne cannot read it, it has no masks in `ground_truth`, or these lie in the
            dataset and not in files.
    """
    with _opened(path) as dataset:
        names = mask_names(dataset)
        if not names:
            raise FormatError(
                f"the dataset in {path} does not say what the numbers in its masks stand for: give it "
                'names, dataset.default_mask_targets = {1: "cat", …}, and export it again'
            )
        own: dict[Path, list[Path]] = {}
        for document in dataset._sample_collection.find():
            label, status = document.get(fields.GROUND_TRUTH), document.get(fields.STATUS)
            if not label or (status is not None and status not in FINISHED):
                continue
            if label.get("mask") is not None and not label.get("mask_path"):
                raise FormatError(
                    f"the masks of {path} lie in the dataset: give them files in FiftyOne, "
                    "sample.ground_truth.export_mask(path, update=True), and export it again"
                )
            if label.get("mask_path"):
                for image in images.find(str(document["filepath"])):
                    own.setdefault(image, []).append(Path(label["mask_path"]))
        if not own:
            raise FormatError(f"no image below {images.root} has a mask in {path}")
        return classes_of(names, str(path)), own


def write(folder: Path, dataset: fo.Dataset) -> None:
    """Export a whole dataset, labelled or not, into a folder that is empty."""
    dataset.export(export_dir=str(folder), dataset_type=fo.types.FiftyOneDataset, progress=False)


@contextmanager
def _opened(path: Path) -> Iterator[fo.Dataset]:
    """The dataset of a folder, for as long as it is looked at."""
    name = f"workbench-import-{uuid.uuid4().hex}"
    try:
        dataset = fo.Dataset.from_dir(
            str(path), dataset_type=fo.types.FiftyOneDataset, name=name, progress=False
        )
    except Exception as error:  # FiftyOne raises whatever a missing key does
        if fo.dataset_exists(name):
            fo.delete_dataset(name)
        raise FormatError(f"FiftyOne cannot read {path} as a FiftyOneDataset: {error}") from error
    try:
        if fields.GROUND_TRUTH not in dataset.get_field_schema():
            raise FormatError(
                f"the dataset in {path} has no field {fields.GROUND_TRUTH!r}: give the labels that "
                "name in FiftyOne, dataset.rename_sample_field(…), and export it again"
            )
        yield dataset
    finally:
        dataset.delete()


def _read(dataset: fo.Dataset, path: Path, images: Images) -> Imported:
    findings = Findings("fiftyone", str(path))
    theirs = skeleton_of(dataset) if images.pointed else None
    said: dict[str, tuple[Path, Said]] = {}
    for document in dataset._sample_collection.find():
        value, status = read_label(document), document.get(fields.STATUS)
        if value is None or (status is not None and status not in FINISHED):
            continue
        name = str(document["filepath"])
        found = find_image(images, findings, name)
        if found is None:
            continue
        placer = Placer(findings, name, found[1])
        try:
            value = _by_skeleton(value, theirs, images.skeleton) if images.pointed else value
        except LabelError as error:
            findings.fault("object with other points than the skeleton", name, f"{error}")
            continue
        said[name] = found[0], _said(value, placer)
    found_all = findings.close(said, tuple(dataset.default_classes or ()))
    return replace(found_all, skeleton=theirs)


def _by_skeleton(value: Value, theirs: Skeleton | None, wanted: Skeleton | None) -> Value:
    """Objects with the points that are wanted.

    Raises:
        LabelError: one has others.
    """
    own, wanted = theirs or wanted, wanted or theirs
    if own is None or wanted is None:
        raise LabelError("the dataset says no names of points: give skeleton=")
    if not isinstance(value, tuple):
        return value
    objects = [each for each in value if isinstance(each, Box)]
    return tuple(
        replace(each, points=in_order_of(each.points, own, wanted), confidence=None)
        for each in objects
    )


def _said(value: Value, placer: Placer) -> Said:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Painted):
        return ()
    names = tuple(each for each in value if isinstance(each, str))
    for each in value:
        if isinstance(each, Box):
            placer.accept(each)
    return names or placer.boxes
