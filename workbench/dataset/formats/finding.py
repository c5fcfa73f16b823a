"""Which format it is, and which file of a folder."""

from collections.abc import Callable
from pathlib import Path

from workbench.dataset.formats import coco, cvat, objectmasks, tables, voc, yolo
from workbench.dataset.formats.found import Imported
from workbench.dataset.formats.images import Images
from workbench.dataset.formats.xmlfile import parse
from workbench.errors import FormatError

Reader = Callable[[Path, Images], Imported]


def _fiftyone(path: Path, images: Images) -> Imported:
    from workbench.dataset.formats.fiftyone_folder import read

    return read(path, images)


READERS: dict[str, Reader] = {
    "coco": coco.read,
    "yolo": yolo.read,
    "voc": voc.read,
    "cvat": cvat.read,
    "csv": tables.read,
    "masks": objectmasks.read,
    "fiftyone": _fiftyone,
}
_PATTERNS = {
    "coco": ("*.json", "annotations/*.json"),
    "yolo": ("*.yaml", "*.yml"),
    "cvat": ("*.xml",),
    "csv": ("*.csv",),
    "masks": (objectmasks.FILE,),
}


def find_labels(labels: str | Path, folder: Path) -> tuple[str, Path]:
    """The format of labels, and where they are.

    Args:
        labels: the name of a format, whose file is then looked for in `folder`; or a file or folder
            of labels, whose format shows.
        folder: the images'.

    Returns:
        Name of the format, and the path that its reader takes.

    Raises:
        FormatError: there is no such format or file, or it does not show which one is meant.
    """
    if isinstance(labels, str) and labels in READERS:
        return labels, _inside(labels, folder.expanduser().absolute())
    path = Path(labels).expanduser().absolute()
    if path.is_dir():
        for name in ("fiftyone", "masks", "yolo", "voc"):
            if _looks_like(name, path):
                return name, _inside(name, path)
        raise FormatError(f"{path} does not show its format: give the file of labels itself")
    if not path.is_file():
        raise FormatError(
            f"labels are a format ({', '.join(READERS)}, folders) or a file of labels, but there is "
            f"no file {path}"
        )
    match path.suffix.lower():
        case ".json":
            return "coco", path
        case ".yaml" | ".yml":
            return "yolo", path
        case ".csv":
            return ("masks" if objectmasks.is_table(path) else "csv"), path
        case ".xml":
            return ("cvat" if parse(path).tag == "annotations" else "voc"), path
    raise FormatError(
        f"{path.name} is no file of labels: wanted .json (COCO), .yaml (YOLO), .xml (VOC, CVAT) or .csv"
    )


def is_fiftyone(path: Path) -> bool:
    """Whether a folder is one that FiftyOne exported."""
    return (path / "metadata.json").is_file() and (path / "samples.json").is_file()


def _looks_like(name: str, path: Path) -> bool:
    if name == "fiftyone":
        return is_fiftyone(path)
    if name == "masks":
        return (path / objectmasks.FILE).is_file()
    if name == "yolo":
        return bool([*path.glob("*.yaml"), *path.glob("*.yml")])
    return any(path.rglob("*.xml"))


def _inside(name: str, folder: Path) -> Path:
    if name not in _PATTERNS:
        return folder
    found = sorted(path for pattern in _PATTERNS[name] for path in folder.glob(pattern))
    if len(found) == 1:
        return found[0]
    what = f"several: {', '.join(path.name for path in found[:5])}" if found else "none"
    raise FormatError(
        f"wanted the one file of labels in the format {name} in {folder} "
        f"({', '.join(_PATTERNS[name])}), but there is {what}: labels=<its path> says which"
    )
