"""Finding and checking image files before anything is imported."""

import hashlib
import os
import stat
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from workbench.decoding import TooManyPixelsError, orientation_of, require_size, too_many
from workbench.errors import ImportFolderError

_JUNK = {"thumbs.db", "desktop.ini"}
_CHUNK = 512  # files


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A file that was checked.

    Attributes:
        path: absolute path, symlinks not resolved.
        content_hash: SHA-256 of the bytes, hexadecimal; empty where the file could not be read.
        width: pixels of the upright image, as its EXIF orientation turns it.
        height: likewise.
        size_bytes: size on disk.
        mime_type: such as `image/png`.
        problem: why it cannot be used; empty for a good image.
    """

    path: Path
    content_hash: str = ""
    width: int = 0
    height: int = 0
    size_bytes: int = 0
    mime_type: str = ""
    problem: str = ""


def find_files(folder: Path) -> list[Path]:
    """All files below a folder, hidden ones left out, in a stable order.

    Symbolic links to folders are followed once each, so that a loop ends. A sub-folder that may not
    be listed stands among the files, so that `check_file` reports it.

    Args:
        folder: the folder to search.

    Returns:
        Absolute paths, sorted.

    Raises:
        ImportFolderError: the folder does not exist, is a file, or cannot be listed.
    """
    root = folder.expanduser().absolute()
    if not root.exists():
        raise ImportFolderError(
            f"wanted a folder of images, but {root} does not exist: check the path"
        )
    if not root.is_dir():
        raise ImportFolderError(f"wanted a folder of images, but {root} is a file: give its folder")
    try:
        next(root.iterdir(), None)
    except OSError as error:
        raise ImportFolderError(
            f"cannot list {root} ({error.strerror}): check its permissions"
        ) from error
    found: list[Path] = []
    unlisted: list[OSError] = []
    seen: set[tuple[int, int]] = set()
    for parent, folders, names in os.walk(root, onerror=unlisted.append, followlinks=True):
        status = Path(parent).stat()
        key = (status.st_dev, status.st_ino)
        if key in seen:
            folders.clear()
            continue
        seen.add(key)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            Path(parent) / name
            for name in names
            if not name.startswith(".") and name.lower() not in _JUNK
        ]
    return sorted(found + [Path(error.filename) for error in unlisted if error.filename])


def check_files(
    paths: Sequence[Path],
    progress: Callable[[int], None] | None = None,
    workers: int | None = None,
) -> Iterator[ImageFile]:
    """Read, hash and decode files; yields them in the order given.

    Every image is decoded to its end, for a truncated file opens like a good one.

    Args:
        paths: the files.
        progress: called with 1 after each file.
        workers: threads; decoding leaves the interpreter lock.
    """
    with ThreadPoolExecutor(workers or min(8, (os.cpu_count() or 1) + 1)) as pool:
        # In bounded chunks: a million futures at once would hold a million results.
        for start in range(0, len(paths), _CHUNK):
            files = []
            # Odd tags are no matter. Filters are the whole process's, so they are changed here, by
            # one thread, and not where it decodes.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for file in pool.map(check_file, paths[start : start + _CHUNK]):
                    files.append(file)
                    if progress is not None:
                        progress(1)
            yield from files


def check_file(path: Path) -> ImageFile:
    """Check one file; never raises for what is wrong with the file."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            return ImageFile(path, problem="a folder that cannot be listed")
        if not stat.S_ISREG(status.st_mode):
            return ImageFile(path, problem="not a regular file")
        if status.st_size == 0:
            return ImageFile(path, problem="empty file (0 bytes)")
        with path.open("rb") as stream:
            content_hash = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        return ImageFile(path, problem=f"cannot be read ({error.strerror})")
    try:
        width, height, mime_type = _decode(path)
    except UnidentifiedImageError:
        return ImageFile(path, content_hash, problem="not an image")
    except TooManyPixelsError as error:
        return ImageFile(path, content_hash, problem=str(error))
    except Image.DecompressionBombError:
        return ImageFile(path, content_hash, problem=too_many())
    except Exception as error:  # noqa: BLE001 - decoders raise what they like on bad bytes
        return ImageFile(path, content_hash, problem=f"broken image ({error})")
    return ImageFile(path, content_hash, width, height, status.st_size, mime_type)


def _decode(path: Path) -> tuple[int, int, str]:
    with Image.open(path) as image:
        require_size(image)
        width, height = image.size
        # A JPEG decoded at an eighth is read to its end all the same, four times faster.
        image.draft(None, (max(1, width // 8), max(1, height // 8)))
        image.load()
        if orientation_of(image) >= 5:
            width, height = height, width
        return width, height, Image.MIME.get(image.format or "", "image/unknown")
