"""YOLO's text files in the layout of YOLOv5: `data.yaml`, `images/…` and `labels/…`.

Source:
    https://docs.ultralytics.com/datasets/detect/ describes the layout; a line is `class cx cy w h`
    in shares of the image.

An image whose text file is empty has nothing on it. One without a text file is unlabelled, though
for training YOLO takes it for one with nothing on it. Attributes are lost and a turned box becomes
the upright one around it. The pool goes to `train`, the blind test split to `val`.
"""

from collections.abc import Sequence
from pathlib import Path

import yaml

from workbench.dataset.boxes import Box, around
from workbench.dataset.formats.found import Findings, Imported, Said
from workbench.dataset.formats.images import Images
from workbench.dataset.formats.items import Item, class_order
from workbench.dataset.formats.placing import Placer
from workbench.errors import FormatError

FILE = "data.yaml"
_LARGEST = 10_000_000  # bytes; a list of names is far below
_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")


def read(path: Path, images: Images) -> Imported:
    """Read a folder of YOLO labels.

    Args:
        path: its yaml, beside which `labels` lies.
        images: what it can speak of.

    Raises:
        FormatError: the yaml cannot be read or has no names, or there are no labels beside it.
    """
    names = _names(path)
    root = path.expanduser().absolute().parent
    files = [
        file for file in sorted(root.rglob("*.txt")) if "labels" in file.relative_to(root).parts
    ]
    if not files:
        raise FormatError(f"there is no labels/….txt below {root}: give the yaml beside `labels`")
    findings = Findings("yolo", str(path))
    said: dict[str, tuple[Path, Said]] = {}
    for file in files:
        name = str(file.relative_to(root))
        found = [path for path in _beside(file, root) if path in images.find(str(path))]
        if len(found) != 1:
            what = "several have the stem" if found else "none has the stem"
            findings.fault("text file without its one image", name, f"{what} {file.stem!r}")
            continue
        size = images.size(found[0])
        if size is None:
            findings.fault("image that cannot be read", name, str(found[0]))
            continue
        placer = Placer(findings, name, size)
        _read_lines(file, names, placer, findings, name, size)
        said[name] = found[0], placer.boxes
    return findings.close(said, tuple(dict.fromkeys(names.values())))


def write(folder: Path, items: Sequence[Item], classes: Sequence[str]) -> None:
    """Write `data.yaml` and `labels/train` and `labels/val`; images are in `images/` likewise."""
    order = class_order(items, classes)
    for item in items:
        file = folder / "labels" / place_of(item).parent / f"{Path(item.name).stem}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{order[box.label]} {_shares(box, item)}\n" for box in item.boxes]
        file.write_text("".join(lines), encoding="utf-8")
    names = {place: name for name, place in order.items()}
    data = {"path": ".", "train": "images/train", "val": "images/val", "names": names}
    text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
    (folder / FILE).write_text(text, encoding="utf-8")


def place_of(item: Item) -> Path:
    """Where below `images` its copy lies."""
    return Path("val" if item.test else "train") / item.name


def _names(path: Path) -> dict[int, str]:
    try:
        if path.stat().st_size > _LARGEST:
            raise FormatError(f"{path} has more than {_LARGEST:,} bytes: that is no YOLO data.yaml")
        data = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise FormatError(f"{path} cannot be read ({error.strerror}): check the path") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise FormatError(f"{path} is no yaml that can be read ({error})") from error
    names = data.get("names") if isinstance(data, dict) else None
    if isinstance(names, list):
        names = dict(enumerate(names))
    good = isinstance(names, dict) and all(
        isinstance(key, int) and isinstance(name, str | int | float) for key, name in names.items()
    )
    if not good or not names:
        raise FormatError(
            f"{path} needs `names`, a list of the classes, but has {str(names)[:80]!r}"
        )
    return {key: str(name).strip() for key, name in names.items()}


def _beside(file: Path, root: Path) -> list[Path]:
    """Where the image of a text file can be: in `images` for the last `labels`, or beside it."""
    parts = list(file.relative_to(root).parts)
    last = len(parts) - 1 - parts[::-1].index("labels")
    places = [root.joinpath(*parts[:last], "images", *parts[last + 1 :]), file]
    stems = [place.with_suffix("") for place in places]
    suffixes = (*_SUFFIXES, *(suffix.upper() for suffix in _SUFFIXES))
    return [stem.with_name(stem.name + suffix) for stem in stems for suffix in suffixes]


def _read_lines(
    file: Path,
    names: dict[int, str],
    placer: Placer,
    findings: Findings,
    name: str,
    size: tuple[int, int],
) -> None:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return findings.fault("text file that cannot be read", name, str(error))
    for line in filter(None, map(str.strip, text.splitlines())):
        words = line.split()
        try:
            index, numbers = int(words[0]), [float(word) for word in words[1:]]
        except ValueError:
            findings.fault("line that is not of numbers", name, line[:80])
            continue
        if len(numbers) not in (4, 5):
            findings.fault("line that is no `class cx cy w h`", name, line[:80])
            continue
        if len(numbers) == 5:
            findings.note("confidence that is not taken: these are labels", name, line[:80])
        if index not in names:
            findings.fault("class that the yaml does not name", name, line[:80])
            continue
        cx, cy, w, h = numbers[:4]
        across, down = size
        corner = (cx - w / 2) * across, (cy - h / 2) * down
        placer.place(names[index], corner, (w * across, h * down))


def _shares(box: Box, item: Item) -> str:
    width, height = item.size
    left, top, right, bottom = around(box, item.size)
    if not box.angle:
        middle, extent = (box.x + box.width / 2, box.y + box.height / 2), (box.width, box.height)
    else:
        middle = (left + right) / 2 / width, (top + bottom) / 2 / height
        extent = (right - left) / width, (bottom - top) / height
    return " ".join(repr(float(number)) for number in (*middle, *extent))
