"""CSV: a row a box, or a row a class.

Columns for boxes: `path`, `label`, `left`, `top`, `width`, `height` (pixels, before turning), and,
if there, `angle` (degrees, clockwise) and `attributes` (a JSON object). For classes `path` and
`label`. A row with a path alone says that nothing is there; an image without a row is unlabelled.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.dataset.boxes import Box
from workbench.dataset.formats.found import Findings, Imported, Said, class_names
from workbench.dataset.formats.images import Images
from workbench.dataset.formats.items import Item
from workbench.dataset.formats.placing import Placer, find_image
from workbench.dataset.formats.xmlfile import number
from workbench.errors import FormatError

FILE = "labels.csv"
_BASE = ("path", "label")
_PLACE = ("left", "top", "width", "height")
_MORE = ("angle", "attributes")
Row = Mapping[str, str | None]


def read(path: Path, images: Images) -> Imported:
    """Read a CSV file, in UTF-8, with a line of column names.

    Args:
        path: the file.
        images: what it can speak of.

    Raises:
        FormatError: it cannot be read, or columns are missing.
    """
    rows, columns = load(path)
    boxed = bool(set(_PLACE) & set(columns))
    wanted = (*_BASE, *_PLACE) if boxed else _BASE
    if missing := [name for name in wanted if name not in columns]:
        raise FormatError(
            f"{path} needs the columns {', '.join(wanted)}, but has {', '.join(columns)[:200]}: "
            f"add {', '.join(missing)}"
        )
    findings = Findings("csv", str(path))
    for name in sorted(set(columns) - {*_BASE, *_PLACE, *_MORE}):
        findings.note("column that is passed over", "", name[:80])
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        if not (row["path"] or "").strip():
            findings.note("row without a path, passed over", "", str(row)[:80])
        else:
            by_name.setdefault((row["path"] or "").strip(), []).append(row)
    said: dict[str, tuple[Path, Said]] = {}
    seen: dict[Path, str] = {}
    for name, own in by_name.items():
        found = find_image(images, findings, name)
        if found is None:
            continue
        if (other := seen.setdefault(found[0], name)) != name:
            findings.fault("image that has two names in the file", name, other)
            findings.fault("image that has two names in the file", other, name)
            continue
        if boxed:
            placer = Placer(findings, name, found[1])
            for row in own:
                _place(row, placer, findings, name)
            said[name] = found[0], placer.boxes
        else:
            labels = ((row["label"] or "").strip() for row in own)
            said[name] = found[0], tuple(dict.fromkeys(filter(None, labels)))
    return findings.close(said, class_names(said))


def write(folder: Path, items: Sequence[Item], classes: Sequence[str]) -> None:
    """Write `labels.csv`; paths are those of the copies in `images`."""
    boxed = any(item.boxes for item in items)
    with (folder / FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*_BASE, *_PLACE, *_MORE] if boxed else _BASE)
        for item in items:
            writer.writerows(_rows(item))


def load(path: Path) -> tuple[list[Row], list[str]]:
    """The rows of a CSV file, and the names of its columns.

    Raises:
        FormatError: it cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows: list[Row] = list(reader)
            return rows, [str(name) for name in reader.fieldnames or ()]
    except OSError as error:
        raise FormatError(f"{path} cannot be read ({error.strerror}): check the path") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path} is no CSV in UTF-8 that can be read ({error})") from error


def _place(row: Row, placer: Placer, findings: Findings, name: str) -> None:
    label = (row["label"] or "").strip()
    if not label and not any(row[column] for column in _PLACE):
        return
    left, top, width, height = (number(row[column]) for column in _PLACE)
    told = attributes_in(row, findings, name)
    if told is None:
        return
    angle = number(row.get("angle") or "0")
    placer.place(label, (left, top), (width, height), angle=angle, attributes=told)


def attributes_in(row: Row, findings: Findings, name: str) -> dict[str, Any] | None:
    """What the column `attributes` says; None where that is a fault."""
    text = row.get("attributes")
    if not text:
        return {}
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or not told:
        findings.fault("attributes that are no JSON object", name, text[:80])
        return None
    return told


def attributes_cell(box: Box) -> str:
    """The attributes of a box for a column of them; empty where it has none."""
    return json.dumps(dict(box.attributes), ensure_ascii=False) if box.attributes else ""


def _rows(item: Item) -> Iterator[Sequence[str]]:
    path = f"images/{item.name}"
    if not item.said:
        yield [path]
    for each in item.said:
        yield [path, *(_cells(each, item) if isinstance(each, Box) else [each])]


def _cells(box: Box, item: Item) -> list[str]:
    width, height = item.size
    place = (box.x * width, box.y * height, box.width * width, box.height * height, box.angle)
    return [box.label, *(repr(float(number)) for number in place), attributes_cell(box)]
