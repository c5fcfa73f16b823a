"""Pascal VOC: an XML file an image.

Source:
    Everingham et al. 2010, "The Pascal Visual Object Classes (VOC) Challenge", and its development
    kit. Coordinates are pixels from 0 on, as most tools write them; FiftyOne's exporter rounds
    them to whole ones, this one writes decimals where there are any.

An image without an object has nothing on it. Of attributes, `pose`, `truncated`, `difficult` and
`occluded` have a place here; a turned box becomes the upright one around it.
"""

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from workbench.dataset.boxes import around
from workbench.dataset.formats.found import Findings, Imported, Said, class_names
from workbench.dataset.formats.images import Images
from workbench.dataset.formats.items import Item
from workbench.dataset.formats.placing import Placer, find_image
from workbench.dataset.formats.xmlfile import number, parse, plain, save
from workbench.errors import FormatError

FOLDER = "Annotations"
FLAGS = ("truncated", "difficult", "occluded")
CARRIED = frozenset({"pose", *FLAGS})
_SIDES = ("xmin", "ymin", "xmax", "ymax")


def read(path: Path, images: Images) -> Imported:
    """Read a folder of VOC files.

    Args:
        path: the folder that has them, or one of them.
        images: what they can speak of.

    Raises:
        FormatError: there are none.
    """
    files = [path] if path.is_file() else sorted(path.rglob("*.xml"))
    findings = Findings("voc", str(path))
    said: dict[str, tuple[Path, Said]] = {}
    seen: dict[Path, str] = {}
    read_any = False
    for file in files:
        try:
            root = parse(file)
        except FormatError as error:
            findings.fault("XML file that cannot be read", file.name, str(error))
            continue
        if root.tag != "annotation":
            findings.note("XML file of another kind, passed over", file.name, f"<{root.tag[:40]}>")
            continue
        read_any = True
        name = (root.findtext("filename") or "").strip() or file.stem
        found = find_image(images, findings, name)
        if found is None:
            continue
        if found[0] in seen:
            findings.fault("image that two files are about", name, f"{seen[found[0]]}, {file.name}")
            continue
        seen[found[0]] = file.name
        placer = Placer(findings, name, found[1])
        for thing in root.findall("object"):
            _place(thing, placer, findings, name)
        said[name] = found[0], placer.boxes
    if not read_any:
        raise FormatError(f"{path} has no XML file of Pascal VOC (<annotation>) that can be read")
    return findings.close(said, class_names(said))


def write(folder: Path, items: Sequence[Item], classes: Sequence[str]) -> None:
    """Write `Annotations`, a file an image."""
    (folder / FOLDER).mkdir()
    for item in items:
        root = Element("annotation")
        SubElement(root, "folder").text = "images"
        SubElement(root, "filename").text = item.name
        size = SubElement(root, "size")
        for name, value in zip(("width", "height", "depth"), (*item.size, 3), strict=True):
            SubElement(size, name).text = str(value)
        SubElement(root, "segmented").text = "0"
        for box in item.boxes:
            thing = SubElement(root, "object")
            SubElement(thing, "name").text = box.label
            for name in ("pose", *FLAGS):
                if name in box.attributes:
                    said = box.attributes[name]
                    text = str(int(bool(said))) if name in FLAGS else str(said)
                    SubElement(thing, name).text = text
            bounds = SubElement(thing, "bndbox")
            for name, side in zip(_SIDES, around(box, item.size), strict=True):
                SubElement(bounds, name).text = plain(side)
        save(root, folder / FOLDER / f"{Path(item.name).stem}.xml")


def _place(thing: Element, placer: Placer, findings: Findings, name: str) -> None:
    bounds = thing.find("bndbox")
    if bounds is None:
        return findings.fault("object without a box", name, (thing.findtext("name") or "?")[:40])
    sides = [number(bounds.findtext(side)) for side in _SIDES]
    left, top, right, bottom = sides
    extent = tuple(
        far - near if isinstance(far, float) and isinstance(near, float) else far
        for near, far in ((left, right), (top, bottom))
    )
    told = {flag: text for flag in ("pose", *FLAGS) if (text := thing.findtext(flag)) is not None}
    attributes = {
        flag: text.strip() == "1" if flag in FLAGS and text.strip() in ("0", "1") else text
        for flag, text in told.items()
    }
    label = thing.findtext("name")
    placer.place(label, (left, top), (extent[0], extent[1]), attributes=attributes)
