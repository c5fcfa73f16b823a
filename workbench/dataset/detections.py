"""Boxes as FiftyOne keeps them: `Detections`, and those that are turned as `Polylines` beside them.

A turned box is a closed polyline of its four corners, in the order of `boxes.corner_points`, with
its `angle` and with what it is before turning as `unturned` [x, y, width, height], so that it comes
back to the last bit. A polyline that somebody else made is a turned box if it is a rectangle.
What else a document holds (a mask, tags, an index) stays with it while its box is changed.
"""

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeAlias

from bson import ObjectId
from pymongo import UpdateOne

from workbench.dataset.boxes import Attribute, Box, corner_points
from workbench.dataset.fields import GROUND_TRUTH, rotated
from workbench.decoding import upright_size
from workbench.errors import LabelError

if TYPE_CHECKING:
    import fiftyone as fo

Document: TypeAlias = dict[str, Any]
Size: TypeAlias = tuple[int, int]
Change: TypeAlias = tuple[Box | None, Box | None]
"""A box before and after; None where there is none."""

SIZE = {"metadata.width": 1, "metadata.height": 1, "filepath": 1}
"""What of an image's document to read for its size."""
_GEOMETRY = {"bounding_box", "points", "closed", "filled", "angle", "unturned"}
_OWN = {"_id", "_cls", "tags", "attributes", "label", "confidence", "index", "instance"}
_MASKS = {"mask", "mask_path"}
RESERVED = frozenset(_GEOMETRY | _OWN | _MASKS | {"id"})
"""What no attribute of a box can be called."""
MARKS = frozenset({"blind_test", "blind_test_id", "blind_test_iou"})
"""What FiftyOne notes on each box when the blind test is evaluated; no attributes of the box."""
_STALE = 1e-6  # share of the image by which corners may differ from what `unturned` says
_SKEW = 1e-3  # by how much a rectangle's corners may be off, as a share of its sides


def boxes_in(sample: Mapping[str, Any], field: str = GROUND_TRUTH) -> tuple[Box, ...]:
    """The boxes of an image, from its document as MongoDB holds it; the upright ones first.

    A label that is no box, for it has no class or no size, or is a polyline of another shape, is
    passed over.

    Args:
        sample: the document, with `metadata` if polylines of others are to be read.
        field: whose boxes.
    """
    found = [_upright(each) for each in _listed(sample, field, "detections")]
    size = size_in(sample)
    found += [_turned(each, size) for each in _listed(sample, rotated(field), "polylines")]
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
    kept: Mapping[str, Mapping[str, Any]] | None = None,
) -> Document:
    """What to set on an image's document so that its boxes change.

    Args:
        sample: the document as it is, with what `SIZE` names.
        changes: of boxes that are there, or new; ids are kept.
        finished: whether somebody has said that these are all: then no boxes are a label, too.
        about: what else is kept with the boxes.
        kept: what labels held besides their box when they went, by id, for those that come back.

    Returns:
        Values by path: those of single boxes where that will do, for an image can have thousands.

    Raises:
        ImageError: a box is turned, and the image's size is not known and cannot be read.
    """
    upright = {str(each["_id"]): each for each in _listed(sample, GROUND_TRUTH, "detections")}
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
        home[after.id] = _document(after, (kept or {}).get(after.id) or old, size)
    truth = list(upright.values()) if upright or turned or finished else None
    return {
        **_writes(sample, GROUND_TRUTH, "detections", truth, about),
        **_writes(sample, rotated(GROUND_TRUTH), "polylines", list(turned.values()) or None, {}),
    }


def lost(sample: Mapping[str, Any], changes: Sequence[Change]) -> dict[str, Document]:
    """What labels hold besides their box and lose by changes that `edited` makes, by id.

    That is all of it where a label goes, and its mask where its box is turned.
    """
    out: dict[str, Document] = {}
    there = [*_listed(sample, GROUND_TRUTH, "detections")]
    there += _listed(sample, rotated(GROUND_TRUTH), "polylines")
    ending = {
        before.id
        for before, after in changes
        if before and (after is None or bool(after.angle) != bool(before.angle))
    }
    for each in there if ending else ():
        if str(each["_id"]) in ending:
            own = {*_attributes(each), *_GEOMETRY, "_id", "label", "confidence"}
            held = {name: value for name, value in each.items() if name not in own}
            if any(value for name, value in held.items() if name != "_cls"):
                out[str(each["_id"])] = held
    return out


def detections(boxes: Sequence[Box], **about: Any) -> Document:
    """A `Detections` document of upright boxes, such as a model predicts.

    Args:
        boxes: not turned.
        about: what else is kept with them.
    """
    each = [_document(box, None, (1, 1)) for box in boxes]
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
        kind = "Detections" if key == "detections" else "Polylines"
        return {field: {"_cls": kind, key: list(now), **about}}
    told = {f"{field}.{name}": value for name, value in about.items()}
    was = holder.get(key)
    if was is None or [each["_id"] for each in was] != [each["_id"] for each in now[: len(was)]]:
        return {f"{field}.{key}": list(now), **told}
    changed = (place for place in range(len(now)) if now[place] not in was[place : place + 1])
    return {**{f"{field}.{key}.{place}": now[place] for place in changed}, **told}


def _document(box: Box, old: Mapping[str, Any] | None, size: Size) -> Document:
    """A box as a `Detection`, or as a `Polyline` if it is turned, with what the old one held."""
    kind = "Polyline" if box.angle else "Detection"
    unturned = [box.x, box.y, box.width, box.height]
    if box.angle:
        shares = [[x / size[0], y / size[1]] for x, y in corner_points(box, size)]
        geometry: Document = {"points": [shares], "closed": True, "filled": False}
        geometry |= {"angle": box.angle, "unturned": unturned}
    else:
        geometry = {"bounding_box": unturned}
    kept = dict(old or {})
    goes = {*_attributes(kept), *_GEOMETRY, "confidence"}
    if kept.get("_cls") not in (None, kind):
        goes |= _MASKS  # they fill the upright box that it was
    sure = {} if box.confidence is None else {"confidence": box.confidence}
    return {
        **{"tags": [], "attributes": {}},
        **{name: value for name, value in kept.items() if name not in goes},
        **{"_id": ObjectId(box.id), "_cls": kind, "label": box.label},
        **geometry,
        **sure,
        **box.attributes,
    }


def _attributes(document: Mapping[str, Any]) -> dict[str, Attribute]:
    return {
        name: value
        for name, value in document.items()
        if name not in RESERVED | MARKS
        and isinstance(value, bool | int | float | str)
        and (not isinstance(value, float) or math.isfinite(value))
    }


def _upright(document: Document) -> Box | None:
    return _box(document, document.get("bounding_box"), 0.0)


def _turned(document: Document, size: Size | None) -> Box | None:
    own = _box(document, document.get("unturned"), document.get("angle"))
    points = _points(document)
    if size is None or points is None:
        return own
    if own is not None:
        corners = [(x / size[0], y / size[1]) for x, y in corner_points(own, size)]
        if all(math.dist(a, b) < _STALE for a, b in zip(corners, points, strict=True)):
            return own
    pixels = [(x * size[0], y * size[1]) for x, y in points]
    return _rectangle(document, pixels, size)


def _points(document: Document) -> list[tuple[float, float]] | None:
    """The four corners of a closed polyline, as shares of the image; None if it is none."""
    shapes: Sequence[Any] = document.get("points") or ()
    if len(shapes) != 1 or not (document.get("closed") or document.get("filled")):
        return None
    points = [(float(point[0]), float(point[1])) for point in shapes[0]]
    if len(points) == 5 and points[0] == points[4]:
        points.pop()
    return points if len(points) == 4 else None


def _rectangle(
    document: Document, corners: Sequence[tuple[float, float]], size: Size
) -> Box | None:
    """The turned box that has these corners in pixels, whichever comes first; None if none has."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    across, down = (bx - ax, by - ay), (dx - ax, dy - ay)
    if across[0] * down[1] < across[1] * down[0]:  # counterclockwise
        across, down = down, across
    width, height = math.hypot(*across), math.hypot(*down)
    open_by = math.hypot(ax - bx + cx - dx, ay - by + cy - dy)
    slant = abs(across[0] * down[0] + across[1] * down[1])
    if open_by > _SKEW * (width + height) or slant > _SKEW * width * height:
        return None
    middle_x, middle_y = (ax + bx + cx + dx) / 4, (ay + by + cy + dy) / 4
    place = [(middle_x - width / 2) / size[0], (middle_y - height / 2) / size[1]]
    shares = [*place, width / size[0], height / size[1]]
    return _box(document, shares, math.degrees(math.atan2(across[1], across[0])))


def _box(document: Document, place: Sequence[float] | None, angle: float | None) -> Box | None:
    # As `box_from_plain` would, in a third of the time: images can have thousands.
    label, sure = document.get("label"), document.get("confidence")
    if place is None or angle is None or len(place) != 4 or not (label and isinstance(label, str)):
        return None
    numbers = [*place, angle]
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
        return None
    if place[2] <= 0 or place[3] <= 0:
        return None
    x, y, width, height, turn = map(float, numbers)
    confidence = float(sure) if isinstance(sure, int | float) else None
    box = str(document["_id"])
    return Box(box, label, x, y, width, height, turn, confidence, _attributes(document))
