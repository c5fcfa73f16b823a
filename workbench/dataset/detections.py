"""The boxes of images as FiftyOne keeps them: `Detections`, and turned ones as `Polylines` beside them.

Objects with an outline are `Polylines`, those with points `Keypoints`. How a single one is kept,
`boxdocuments` knows.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeAlias

from bson import ObjectId
from pymongo import UpdateOne

from workbench.dataset.boxdocuments import (
    FLAGS,
    GEOMETRY,
    Document,
    Size,
    attributes_of,
    read_outlined,
    read_pointed,
    read_turned,
    read_upright,
    write_box,
)
from workbench.dataset.boxes import Box
from workbench.dataset.fields import GROUND_TRUTH, rotated
from workbench.decoding import upright_size
from workbench.errors import LabelError

if TYPE_CHECKING:
    import fiftyone as fo

Change: TypeAlias = tuple[Box | None, Box | None]
"""A box before and after; None where there is none."""

SIZE = {"metadata.width": 1, "metadata.height": 1, "filepath": 1}
"""What of an image's document to read for its size."""


def boxes_in(sample: Mapping[str, Any], field: str = GROUND_TRUTH) -> tuple[Box, ...]:
    """The boxes of an image, from its document as MongoDB holds it; the upright ones first.

    A label that is no box, for it has no class or no size, or is a polyline of another shape, is
    passed over.

    Args:
        sample: the document, with `metadata` if polylines of others are to be read.
        field: whose boxes.
    """
    found = [read_upright(each) for each in _listed(sample, field, "detections")]
    found += [read_outlined(each) for each in _listed(sample, field, "polylines")]
    size = size_in(sample)
    found += [read_pointed(each) for each in _listed(sample, field, "keypoints")]
    found += [read_turned(each, size) for each in _listed(sample, rotated(field), "polylines")]
    return tuple(box for box in found if box is not None)


def size_in(sample: Mapping[str, Any]) -> Size | None:
    """Upright width and height of an image, in pixels, as far as its document tells."""
    metadata = sample.get("metadata") or {}
    width, height = metadata.get("width"), metadata.get("height")
    return (width, height) if width and height else None


def edited(
    sample: Mapping[str, Any],
    changes: Sequence[Change],
    *,
    finished: bool,
    about: Mapping[str, Any],
    key: str = "detections",
    kept: Mapping[str, Mapping[str, Any]] | None = None,
) -> Document:
    """What to set on an image's document so that its boxes change.

    Args:
        sample: the document as it is, with what `SIZE` names.
        changes: of boxes that are there, or new; ids are kept.
        finished: whether somebody has said that these are all: then no boxes are a label, too.
        about: what else is kept with the boxes.
        key: the list that its objects are in: `detections`, `polylines` with outlines, `keypoints`.
        kept: what labels held besides their box when they went, by id, for those that come back.

    Returns:
        Values by path: those of single boxes where that will do, for an image can have thousands.

    Raises:
        ImageError: a box is turned, and the image's size is not known and cannot be read.
    """
    upright = {str(each["_id"]): each for each in _listed(sample, GROUND_TRUTH, key)}
    turned = {
        str(each["_id"]): each for each in _listed(sample, rotated(GROUND_TRUTH), "polylines")
    }
    for before, after in changes:
        if after is None:
            for boxes in (upright, turned):
                boxes.pop(before.id if before else "", None)
            continue
        old = upright.get(after.id) or turned.get(after.id)
        home, other = (turned, upright) if after.angle else (upright, turned)
        other.pop(after.id, None)
        size = size_in(sample) or (upright_size(sample["filepath"]) if after.angle else (1, 1))
        home[after.id] = write_box(after, (kept or {}).get(after.id) or old, size)
    truth = list(upright.values()) if upright or turned or finished else None
    return {
        **_writes(sample, GROUND_TRUTH, key, truth, about),
        **_writes(sample, rotated(GROUND_TRUTH), "polylines", list(turned.values()) or None, {}),
    }


def lost(sample: Mapping[str, Any], changes: Sequence[Change]) -> dict[str, Document]:
    """What labels hold besides their box and lose by changes that `edited` makes, by id.

    That is all of it where a label goes, and its mask where its box is turned.
    """
    out: dict[str, Document] = {}
    there = [*_listed(sample, GROUND_TRUTH, "detections")]
    there += _listed(sample, GROUND_TRUTH, "polylines")
    there += _listed(sample, GROUND_TRUTH, "keypoints")
    there += _listed(sample, rotated(GROUND_TRUTH), "polylines")
    ending = {
        before.id
        for before, after in changes
        if before and (after is None or bool(after.angle) != bool(before.angle))
    }
    for each in there if ending else ():
        if str(each["_id"]) in ending:
            own = {*attributes_of(each), *GEOMETRY, FLAGS, "_id", "label"}
            if not isinstance(each.get("confidence"), list):
                own.add("confidence")
            held = {name: value for name, value in each.items() if name not in own}
            if any(value for name, value in held.items() if name != "_cls"):
                out[str(each["_id"])] = held
    return out


def predicted(boxes: Sequence[Box], *, outlined: bool, **about: Any) -> Document:
    """A document of upright boxes, or of outlines, such as a model predicts.

    Args:
        boxes: not turned.
        outlined: whether objects have outlines here.
        about: what else is kept with them.
    """
    each = [write_box(box, None, (1, 1)) for box in boxes]
    if outlined:
        return {"_cls": "Polylines", "polylines": each, **about}
    return {"_cls": "Detections", "detections": each, **about}


def read_boxes(
    dataset: "fo.Dataset", sample_ids: Sequence[str], field: str = GROUND_TRUTH
) -> list[tuple[Box, ...]]:
    """The boxes of some images, in their order; an image that is not there has none.

    Args:
        dataset: a prepared dataset of boxes.
        sample_ids: the images.
        field: `ground_truth` or `prediction`.
    """
    found = _find(dataset, sample_ids, {field: 1, rotated(field): 1, **SIZE})
    return [boxes_in(found.get(sample_id, {}), field) for sample_id in sample_ids]


def read_sizes(dataset: "fo.Dataset", sample_ids: Sequence[str]) -> list[Size]:
    """Upright width and height of some images in pixels, in their order, as EXIF turns them.

    They come from `metadata`; where that is not filled, from the file, and are kept there.

    Args:
        dataset: a prepared dataset.
        sample_ids: the images.

    Raises:
        ImageError: a file cannot be read.
        LabelError: there is no such image.
    """
    found = _find(dataset, sample_ids, SIZE)
    for sample_id in sample_ids:
        if sample_id not in found:
            raise LabelError(f"no image has the id {sample_id!r} in {dataset.name!r}")
    sizes = {sample_id: size_in(document) for sample_id, document in found.items()}
    missing = [sample_id for sample_id, size in sizes.items() if size is None]
    with ThreadPoolExecutor(8) as pool:
        paths = [found[sample_id]["filepath"] for sample_id in missing]
        read = dict(zip(missing, pool.map(upright_size, paths), strict=True))
    write_sizes(dataset, read)
    return [sizes[i] or read[i] for i in sample_ids]


def write_sizes(dataset: "fo.Dataset", sizes: Mapping[str, Size]) -> None:
    """Keep upright widths and heights in `metadata`, by sample id; what else is there stays."""
    samples = dataset._sample_collection
    writes = []
    for sample_id, (width, height) in sizes.items():
        size = {"width": width, "height": height}
        there = {f"metadata.{name}": value for name, value in size.items()}
        key = {"_id": ObjectId(sample_id)}
        none = {**key, "metadata": None}
        writes.append(UpdateOne({**key, "metadata": {"$ne": None}}, {"$set": there}))
        writes.append(UpdateOne(none, {"$set": {"metadata": {"_cls": "ImageMetadata", **size}}}))
    if writes:
        samples.bulk_write(writes)


def _find(
    dataset: "fo.Dataset", sample_ids: Sequence[str], wanted: Mapping[str, int]
) -> dict[str, Document]:
    keys = [ObjectId(sample_id) for sample_id in sample_ids]
    found = dataset._sample_collection.find({"_id": {"$in": keys}}, wanted)
    return {str(document["_id"]): document for document in found}


def _listed(sample: Mapping[str, Any], field: str, key: str) -> Sequence[Document]:
    return (sample.get(field) or {}).get(key) or ()


def _writes(
    sample: Mapping[str, Any],
    field: str,
    key: str,
    now: Sequence[Document] | None,
    about: Mapping[str, Any],
) -> Document:
    """What to set so that a field holds these labels, or nothing at all (None)."""
    holder = sample.get(field)
    if now is None:
        return {} if holder is None else {field: None}
    if holder is None:
        return {field: {"_cls": key.capitalize(), key: list(now), **about}}
    told = {f"{field}.{name}": value for name, value in about.items()}
    was = holder.get(key)
    if was is None or [each["_id"] for each in was] != [each["_id"] for each in now[: len(was)]]:
        return {f"{field}.{key}": list(now), **told}
    changed = (place for place in range(len(now)) if now[place] not in was[place : place + 1])
    return {**{f"{field}.{key}.{place}": now[place] for place in changed}, **told}
