"""CVAT's "for images 1.1" XML: boxes with their turn and their attributes.

Source:
    https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/. Coordinates are pixels of the
    box before turning; `rotation` is in degrees, clockwise. FiftyOne's exporter rounds coordinates
    to whole pixels, this one writes them to the last bit.

An image without a shape has nothing on it. What CVAT's own list says of an attribute (a number, a
check box, a text) decides what it comes back as.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from workbench.dataset.boxes import Attribute, Box
from workbench.dataset.formats.found import Findings, Imported, Said
from workbench.dataset.formats.images import Images
from workbench.dataset.formats.items import Item, class_order
from workbench.dataset.formats.placing import Placer, find_image
from workbench.dataset.formats.xmlfile import number, parse, plain, save
from workbench.errors import FormatError

FILE = "annotations.xml"
_SIDES = ("xtl", "ytl", "xbr", "ybr")
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
        placer = Placer(findings, name, found[1])
        for shape in image:
            if shape.tag == "box":
                _place(shape, placer, kinds)
            else:
                findings.fault("shape that is no box", name, f"<{shape.tag[:40]}>")
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
    for box in root.iterfind("image/box"):
        if label_name := (box.get("label") or "").strip():
            classes[label_name] = None
    return tuple(classes), kinds


def _place(shape: Element, placer: Placer, kinds: Kinds) -> None:
    label = (shape.get("label") or "").strip()
    left, top, right, bottom = (number(shape.get(side)) for side in _SIDES)
    extent = tuple(
        far - near if isinstance(far, float) and isinstance(near, float) else far
        for near, far in ((left, right), (top, bottom))
    )
    attributes: dict[str, Attribute] = {"occluded": True} if shape.get("occluded") == "1" else {}
    for one in shape.findall("attribute"):
        name = one.get("name") or ""
        attributes[name] = _value(one.text or "", kinds.get((label, name), _TEXT))
    angle = number(shape.get("rotation", "0"))
    placer.place(label, (left, top), (extent[0], extent[1]), angle=angle, attributes=attributes)


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
    width, height = item.size
    right, bottom = (box.x + box.width) * width, (box.y + box.height) * height
    sides = (box.x * width, box.y * height, right, bottom)
    attributes = {"label": box.label, "source": "manual"}
    attributes["occluded"] = str(int(box.attributes.get("occluded") is True))
    attributes |= {name: plain(side) for name, side in zip(_SIDES, sides, strict=True)}
    if box.angle:
        attributes["rotation"] = plain(box.angle % 360)
    shape = SubElement(image, "box", {**attributes, "z_order": "0"})
    for name, value in box.attributes.items():
        one = SubElement(shape, "attribute", {"name": name})
        one.text = str(value).lower() if isinstance(value, bool) else str(value)
