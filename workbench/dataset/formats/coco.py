"""COCO's JSON for detection, for instances and for keypoints.

Source:
    Lin et al. 2014, "Microsoft COCO: Common Objects in Context"; the format is described at
    https://cocodataset.org/#format-data. Boxes are [left, top, width, height] in pixels.

An image that the file lists without any annotation has nothing on it; one that it does not list is
unlabelled. What else stands in an annotation, or in its `attributes` as CVAT writes it, becomes
attributes, as with FiftyOne's importer; so do `iscrowd` and the `supercategory` of its class.
A `score` is not taken: these are labels. Outlines are, where the bench has them:
polygons as they are, masks along the borders of their pixels. The parts of an outline are taken as
rings, so where two of them overlap is outside. Outlines with holes are written as masks, which COCO's
polygons have no way to say. Keypoints are taken where the bench has those, as `cocokeypoints` reads them;
the box of such an object is the extent of its points.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.dataset.boxdocuments import Size
from workbench.dataset.boxes import Box, around, corner_points
from workbench.dataset.formats import cocokeypoints
from workbench.dataset.formats.found import Findings, Imported, Said
from workbench.dataset.formats.images import Images
from workbench.dataset.formats.items import Item, class_order
from workbench.dataset.formats.placing import Placer, find_image
from workbench.dataset.formats.rle import decode, encode
from workbench.dataset.formats.shapes import outline_of
from workbench.dataset.keypoints import Skeleton, points_extent
from workbench.dataset.outlines import (
    Outline,
    area,
    fill,
    has_holes,
    outline_from_plain,
    scaled,
)
from workbench.errors import FormatError, LabelError

FILE = "labels.json"
TAKEN = frozenset(
    {"id", "image_id", "category_id", "bbox", "area", "segmentation", "keypoints", "score"}
    | {"num_keypoints", "attributes", "iscrowd"}
)
"""What no attribute can be called in this format."""
_SHAPES = ("segmentation", "keypoints")
_UNTAKEN = {
    False: _SHAPES,
    True: ("keypoints",),
}  # where boxes are labelled, and where outlines are
_TOP = {"info", "licenses", "images", "annotations", "categories", "type"}

Row = Mapping[str, Any]


def read(path: Path, images: Images) -> Imported:
    """Read a COCO file.

    Args:
        path: the JSON file.
        images: what it can speak of.

    Raises:
        FormatError: it is no JSON, or its lists or their ids are not what COCO has.
    """
    data = _load(path)
    findings = Findings("coco", str(path))
    listed = {name: _rows(data, name, path) for name in ("images", "annotations", "categories")}
    for name in sorted(data.keys() - _TOP, key=str):
        findings.note("key that is not COCO's, passed over", "", str(name)[:80])
    classes, about = _categories(listed["categories"], path)
    names = _names(listed["images"], findings, path)
    known = cocokeypoints.skeletons(listed["categories"], path) if images.pointed else {}
    skeleton = images.skeleton or cocokeypoints.together(known)
    if images.pointed and skeleton is None:
        raise FormatError(f"{path} has no category with keypoints: give skeleton=, or another task")
    by_image = _by_image(listed["annotations"], names, findings)
    said: dict[str, tuple[Path, Said]] = {}
    taken: dict[Path, str] = {}
    for key, name in names.items():
        found = None if name in findings.faulty else find_image(images, findings, name)
        if found is None:
            continue
        if (other := taken.setdefault(found[0], name)) != name:
            findings.fault("image that the file lists twice", name, f"also as {other!r}")
            findings.fault("image that the file lists twice", other, f"also as {name!r}")
        placer = Placer(findings, name, found[1])
        for row in by_image.get(key, ()):
            if images.pointed and skeleton is not None:
                own = known.get(row.get("category_id"))
                _place_points(row, placer, classes, about, findings, name, own, skeleton, found[1])
                continue
            shape = _outline(row, found[1], findings, name) if images.outlined else ()
            if shape is not None:
                _place(row, placer, classes, about, findings, name, shape, images.outlined)
        said[name] = found[0], placer.boxes
    found_all = findings.close(said, tuple(dict.fromkeys(classes.values())))
    return replace(found_all, skeleton=skeleton if images.pointed else None)


def write(
    folder: Path, items: Sequence[Item], classes: Sequence[str], skeleton: Skeleton | None = None
) -> None:
    """Write `labels.json`; a turned box becomes the upright one around it, outlined by its corners.

    Coordinates are doubles in pixels: back in shares, they are off by some 1e-15 of the image.

    Args:
        folder: where to.
        items: what is written.
        classes: names in their order.
        skeleton: of the objects, where they have points.
    """
    order = class_order(items, classes)
    images = [
        {"id": key, "file_name": item.name, "width": item.size[0], "height": item.size[1]}
        for key, item in enumerate(items, 1)
    ]
    annotations = [
        {"id": number, **row} for number, row in enumerate(_annotations(items, order), 1)
    ]
    points = {} if skeleton is None else cocokeypoints.category(skeleton)
    categories = [{"id": place + 1, "name": name, **points} for name, place in order.items()]
    data = {"images": images, "annotations": annotations, "categories": categories}
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    (folder / FILE).write_text(text, encoding="utf-8")


def _load(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise FormatError(f"{path} cannot be read ({error.strerror}): check the path") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"{path} is no JSON that can be read ({error}): export it anew"
        ) from error
    if not isinstance(data, dict):
        raise FormatError(
            f"wanted COCO's object with images, annotations and categories, but {path} holds a "
            f"{type(data).__name__}: results of a model alone (a list) are no labels"
        )
    return data


def _rows(data: Row, name: str, path: Path) -> list[Row]:
    rows = data.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        came = "nothing" if rows is None else type(rows).__name__
        raise FormatError(f"{path}: {name!r} must be a list of objects, but there is {came}")
    return rows


def _categories(rows: Sequence[Row], path: Path) -> tuple[dict[Any, str], dict[Any, Row]]:
    """Names, and what else boxes are told of their class, by id."""
    names: dict[Any, str] = {}
    about: dict[Any, Row] = {}
    for row in rows:
        key, name = row.get("id"), row.get("name")
        if not _is_id(key) or not isinstance(name, str) or not name.strip():
            raise FormatError(f"{path}: a category needs an id and a name, but is {_brief(row)}")
        if key in names:
            raise FormatError(f"{path}: the category id {key!r} is there twice: ids must differ")
        names[key] = name.strip()
        if row.get("supercategory") is not None:
            about[key] = {"supercategory": row["supercategory"]}
    return names, about


def _names(rows: Sequence[Row], findings: Findings, path: Path) -> dict[Any, str]:
    names: dict[Any, str] = {}
    seen: set[str] = set()
    for row in rows:
        key, name = row.get("id"), row.get("file_name")
        if not _is_id(key) or not isinstance(name, str) or not name:
            raise FormatError(f"{path}: an image needs an id and a file_name, but is {_brief(row)}")
        if key in names:
            raise FormatError(f"{path}: the image id {key!r} is there twice: ids must differ")
        if name in seen:
            findings.fault("name that two images of the file have", name, f"one has the id {key}")
        seen.add(name)
        names[key] = name
    return names


def _by_image(
    rows: Sequence[Row], names: Mapping[Any, str], findings: Findings
) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        key = row.get("image_id")
        if not _is_id(key) or key not in names:
            findings.note("annotation of an image that the file does not list", "", _brief(row))
        else:
            found[key].append(row)
    return found


def _place(
    row: Row,
    placer: Placer,
    classes: Mapping[Any, str],
    about: Mapping[Any, Row],
    findings: Findings,
    name: str,
    outline: Outline,
    outlined: bool,
) -> None:
    key, bbox = row.get("category_id"), row.get("bbox")
    if not _is_id(key) or key not in classes:
        findings.fault("category that the file does not define", name, _brief(row))
    elif not isinstance(bbox, list) or len(bbox) != 4:
        findings.fault("annotation without a box of four numbers", name, _brief(row))
    else:
        for shape in _UNTAKEN[outlined]:
            if row.get(shape):
                findings.note(f"{shape} that is not taken, only its box", name, _brief(row))
        told = _attributes(row, about, findings, name)
        corner, extent = (bbox[0], bbox[1]), (bbox[2], bbox[3])
        placer.place(classes[key], corner, extent, attributes=told, outline=outline)


def _place_points(
    row: Row,
    placer: Placer,
    classes: Mapping[Any, str],
    about: Mapping[Any, Row],
    findings: Findings,
    name: str,
    own: Skeleton | None,
    wanted: Skeleton,
    size: Size,
) -> None:
    key = row.get("category_id")
    if not _is_id(key) or key not in classes:
        return findings.fault("category that the file does not define", name, _brief(row))
    try:
        points = cocokeypoints.read_points(row, own, wanted, size)
    except (FormatError, LabelError) as error:
        return findings.fault("keypoints that cannot be used", name, f"{_brief(row)}: {error}")
    if not any(points):
        return findings.note("object without a keypoint, passed over", name, _brief(row))
    if row.get("segmentation"):
        findings.note("segmentation that is not taken, only its keypoints", name, _brief(row))
    if _is_another(row.get("bbox"), points_extent(points), size):
        findings.note("box that is more than the extent of its keypoints", name, _brief(row))
    placer.place_points(classes[key], points, _attributes(row, about, findings, name))
    return None


def _is_another(bbox: Any, extent: Sequence[float], size: Size) -> bool:
    """Whether a box in pixels differs by a pixel or more from an extent in shares."""
    if not isinstance(bbox, list) or len(bbox) != 4:
        return False
    own = [share * side for share, side in zip(extent, (*size, *size), strict=True)]
    pairs = zip(bbox, own, strict=True)
    return any(isinstance(a, int | float) and abs(a - b) >= 1 for a, b in pairs)


def _attributes(
    row: Row, about: Mapping[Any, Row], findings: Findings, name: str
) -> dict[str, Any]:
    own = row.get("attributes")
    if own is not None and not isinstance(own, dict):
        findings.note("attributes that are no object, passed over", name, _brief(row))
    told = {each: value for each, value in row.items() if each not in TAKEN}
    if "iscrowd" in row:
        told["iscrowd"] = row["iscrowd"]
    category = about.get(row["category_id"], {})
    return {**category, **told, **(own if isinstance(own, dict) else {})}


def _outline(row: Row, size: Size, findings: Findings, name: str) -> Outline | None:
    """The outline of an annotation, in shares; none where it has none; None where it is faulty."""
    shape = row.get("segmentation")
    if not shape:
        findings.note("box without an outline, which gets its corners", name, _brief(row))
        return ()
    try:
        if isinstance(shape, dict):
            return outline_of(decode(shape, size), size)
        flat = [[float(number) for number in ring] for ring in shape]
        rings = [zip(ring[::2], ring[1::2], strict=True) for ring in flat]
        return outline_from_plain([[(x / size[0], y / size[1]) for x, y in r] for r in rings])
    except (FormatError, LabelError) as error:
        findings.fault("outline that cannot be used", name, f"{error}")
    except (TypeError, ValueError):
        findings.fault("outline that is no list of coordinates", name, _brief(row))
    return None


def _annotations(items: Sequence[Item], order: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for key, item in enumerate(items, 1):
        for box in item.boxes:
            left, top, right, bottom = _extent(box, item)
            row: dict[str, Any] = {"image_id": key, "category_id": order[box.label] + 1}
            row |= {"bbox": [left, top, right, bottom], "area": right * bottom}
            row["iscrowd"] = int(bool(box.attributes.get("iscrowd", 0)))
            if box.points:
                row |= cocokeypoints.annotation(box.points, item.size)
            elif box.outline:
                row |= _segmentation(box.outline, item.size)
            elif box.angle:
                points = corner_points(box, item.size)
                row["segmentation"] = [[number for point in points for number in point]]
            own = {name: value for name, value in box.attributes.items() if name not in TAKEN}
            yield {**row, **({"attributes": own} if own else {})}


def _segmentation(outline: Outline, size: Size) -> dict[str, Any]:
    """Its polygons, or its mask where it has a hole, and how many square pixels it has."""
    # Where no pixel has its middle in it, a mask would hold nothing.
    if has_holes(outline) and (mask := fill(outline, size)).any():
        return {"segmentation": encode(mask), "area": int(mask.sum())}
    rings = scaled(outline, size)
    flat = [[number for point in ring for number in point] for ring in rings]
    return {"segmentation": flat, "area": sum(area((ring,), size) for ring in outline)}


def _extent(box: Box, item: Item) -> tuple[float, float, float, float]:
    """Left, top, width and height in pixels."""
    width, height = item.size
    if not box.angle:
        return box.x * width, box.y * height, box.width * width, box.height * height
    left, top, right, bottom = around(box, item.size)
    return left, top, right - left, bottom - top


def _is_id(key: Any) -> bool:
    return isinstance(key, int | str) and not isinstance(key, bool)


def _brief(row: Row) -> str:
    return json.dumps({k: v for k, v in row.items() if k not in _SHAPES}, default=str)[:120]
