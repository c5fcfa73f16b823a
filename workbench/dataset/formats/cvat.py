"""CVAT's "for images 1.1" XML: boxes with their turn, outlines, and their attributes.

Source:
    https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/. Coordinates are pixels of the
    box before turning; `rotation` is in degrees, clockwise. FiftyOne's exporter rounds coordinates
    to whole pixels, this one writes them to the last bit.

An image without a shape has nothing on it. What CVAT's own list says of an attribute (a number, a
check box, a text) decides what it comes back as. Where the bench has outlines, polygons and masks
are read, each an object of its own, as `cvat_outlines` has them. Groups of shapes are not taken: they
may be parts of one object, or objects that belong together.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from workbench.dataset.boxdocuments import Size
from workbench.dataset.boxes import Attribute, Box
from workbench.dataset.formats.cvat_outlines import TAGS, outline_place, read_outline
from workbench.dataset.formats.found import Findings, Imported, Said
from workbench.dataset.formats.images import Images
from workbench.dataset.formats.items import Item, class_order
from workbench.dataset.formats.placing import Placer, find_image
from workbench.dataset.formats.xmlfile import number, parse, plain, save
from workbench.dataset.outlines import extent, scaled
from workbench.errors import FormatError, LabelError

FILE = "annotations.xml"
_SIDES = ("xtl", "ytl", "xbr", "ybr")
_EXTENT = ("width", "height")
_CHECK, _NUMBER, _TEXT = "checkbox", "number", "text"
Kinds = Mapping[tuple[str, str], str]


def read(path: Path, images: Images) -> Imported:
    """Read a CVAT file.

    Args:
        path: the XML file.
        images: what it can speak of.

    Raises:
        FormatError: it cannot be read, or is no CVAT for images.
    """
    root = parse(path)
    if root.tag != "annotations" or root.find("track") is not None:
        raise FormatError(
            f"wanted CVAT for images 1.1 (<annotations> with <image>), but {path} is "
            f"{'of a video' if root.tag == 'annotations' else f'<{root.tag[:40]}>'}"
        )
    findings = Findings("cvat", str(path))
    classes, kinds = _listed(root)
    said: dict[str, tuple[Path, Said]] = {}
    seen: dict[Path, str] = {}
    for image in root.findall("image"):
        name = image.get("name") or ""
        found = find_image(images, findings, name)
        if found is None:
            continue
        if found[0] in seen:
            findings.fault("name that two images of the file have", name, seen[found[0]])
            findings.fault("name that two images of the file have", seen[found[0]], name)
            continue
        seen[found[0]] = name
        _require_size(image, found[1], findings, name)
        placer = Placer(findings, name, found[1])
        for shape in image:
            _place(shape, placer, kinds, findings, name, found[1] if images.outlined else None)
        said[name] = found[0], placer.boxes
    return findings.close(said, classes)


def write(folder: Path, items: Sequence[Item], classes: Sequence[str]) -> None:
    """Write `annotations.xml`."""
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    kinds = kinds_of(items)
    labels = SubElement(SubElement(SubElement(root, "meta"), "task"), "labels")
    for label in class_order(items, classes):
        entry = SubElement(labels, "label")
        SubElement(entry, "name").text = label
        attributes = SubElement(entry, "attributes")
        for (_, name), kind in sorted((k, v) for k, v in kinds.items() if k[0] == label):
            one = SubElement(attributes, "attribute")
            SubElement(one, "name").text = name
            SubElement(one, "input_type").text = kind
    for key, item in enumerate(items):
        size = {"width": str(item.size[0]), "height": str(item.size[1])}
        image = SubElement(root, "image", {"id": str(key), "name": item.name, **size})
        for box in item.boxes:
            _write(image, box, item, kinds)
    save(root, folder / FILE)


def kinds_of(items: Sequence[Item]) -> dict[tuple[str, str], str]:
    """What CVAT has to call each attribute of each class, that it comes back as it was."""
    found: dict[tuple[str, str], str] = {}
    for item in items:
        for box in item.boxes:
            for name, value in box.attributes.items():
                key = box.label, name
                own = kind(value)
                found[key] = own if found.get(key, own) == own else _TEXT
    return found


def kind(value: Attribute) -> str:
    """What CVAT calls the type of an attribute."""
    if isinstance(value, bool):
        return _CHECK
    return _NUMBER if isinstance(value, int | float) else _TEXT


def _listed(root: Element) -> tuple[tuple[str, ...], Kinds]:
    classes: dict[str, None] = {}
    kinds: dict[tuple[str, str], str] = {}
    for label in root.iterfind("meta//label"):
        name = (label.findtext("name") or "").strip()
        if name:
            classes[name] = None
        for one in label.iterfind("attributes/attribute"):
            kinds[name, one.findtext("name") or ""] = (one.findtext("input_type") or "").strip()
    for tag in ("box", *TAGS):
        for shape in root.iterfind(f"image/{tag}"):
            if label_name := (shape.get("label") or "").strip():
                classes[label_name] = None
    return tuple(classes), kinds


def _place(
    shape: Element,
    placer: Placer,
    kinds: Kinds,
    findings: Findings,
    name: str,
    size: Size | None,
) -> None:
    """Place a shape; `size` is that of the image where outlines are wanted, else None."""
    if shape.get("group_id", "0") != "0":
        findings.note("group of shapes, taken as objects of their own", name, _brief(shape))
    if shape.tag == "box":
        if size is not None:
            findings.note("box without an outline, which gets its corners", name, _brief(shape))
        _place_box(shape, placer, kinds)
    elif size is not None and shape.tag in TAGS:
        _place_outline(shape, placer, kinds, findings, name, size)
    else:
        wanted = "box" if size is None else "polygon, mask or box"
        findings.fault(f"shape that is no {wanted}", name, f"<{shape.tag[:40]}>")


def _place_box(shape: Element, placer: Placer, kinds: Kinds) -> None:
    left, top, right, bottom = (number(shape.get(side)) for side in _SIDES)
    wide, high = (
        far - near if isinstance(far, float) and isinstance(near, float) else far
        for near, far in ((left, right), (top, bottom))
    )
    label, attributes = _about(shape, kinds)
    angle = number(shape.get("rotation", "0"))
    placer.place(label, (left, top), (wide, high), angle=angle, attributes=attributes)


def _place_outline(
    shape: Element, placer: Placer, kinds: Kinds, findings: Findings, name: str, size: Size
) -> None:
    try:
        outline = read_outline(shape, size)
    except (FormatError, LabelError) as error:
        return findings.fault("outline that cannot be used", name, f"{_brief(shape)}: {error}")
    label, attributes = _about(shape, kinds)
    left, top, wide, high = extent(outline)
    ((corner, span),) = scaled((((left, top), (wide, high)),), size)
    placer.place(label, corner, span, attributes=attributes, outline=outline)


def _about(shape: Element, kinds: Kinds) -> tuple[str, dict[str, Attribute]]:
    """The class of a shape, and what else is said of it."""
    label = (shape.get("label") or "").strip()
    attributes: dict[str, Attribute] = {"occluded": True} if shape.get("occluded") == "1" else {}
    for one in shape.findall("attribute"):
        name = one.get("name") or ""
        attributes[name] = _value(one.text or "", kinds.get((label, name), _TEXT))
    return label, attributes


def _require_size(image: Element, size: Size, findings: Findings, name: str) -> None:
    """Fault an image that is of another size than where it was labelled."""
    told = [number(image.get(side, own)) for side, own in zip(_EXTENT, size, strict=True)]
    if told != [float(side) for side in size]:
        detail = f"{told[0]} x {told[1]} in the file, but the image has {size[0]} x {size[1]}"
        findings.fault("image of another size", name, detail)


def _brief(shape: Element) -> str:
    return f"<{shape.tag[:40]}> {(shape.get('label') or '?')[:40]!r}"


def _value(text: str, kind: str) -> Attribute:
    if kind == _CHECK and text.strip().lower() in ("true", "false"):
        return text.strip().lower() == "true"
    if kind == _NUMBER:
        try:
            return int(text)
        except ValueError:
            value = number(text)
            return value if isinstance(value, float) else text
    return text


def _write(image: Element, box: Box, item: Item, kinds: Kinds) -> None:
    about = {"label": box.label, "source": "manual"}
    about["occluded"] = str(int(box.attributes.get("occluded") is True))
    if box.outline:
        tag, place = outline_place(box.outline, item.size)
    else:
        tag, place = "box", _box_place(box, item.size)
    shape = SubElement(image, tag, {**about, **place, "z_order": "0"})
    for name, value in box.attributes.items():
        one = SubElement(shape, "attribute", {"name": name})
        one.text = str(value).lower() if isinstance(value, bool) else str(value)


def _box_place(box: Box, size: Size) -> dict[str, str]:
    width, height = size
    right, bottom = (box.x + box.width) * width, (box.y + box.height) * height
    sides = (box.x * width, box.y * height, right, bottom)
    place = {name: plain(side) for name, side in zip(_SIDES, sides, strict=True)}
    return {**place, "rotation": plain(box.angle % 360)} if box.angle else place
