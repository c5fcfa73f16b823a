"""What the pixels of masks stand for: class names by number or by colour, from the lists that tools write.

Sources:
    `labelmap.txt`: https://docs.cvat.ai/docs/dataset_management/formats/format-smask/, a line
    `name:red,green,blue:parts:actions` each. `classes.txt`: a name a line. `classes.json`: a list of
    names, names by number (null: nobody labelled
    these pixels), or numbers by name. Colours by number: Everingham et al. 2010, "The
    Pascal Visual Object Classes (VOC) Challenge", as its development kit has them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from workbench.dataset.masks import MOST_NUMBERS
from workbench.errors import FormatError

Colour: TypeAlias = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

CLASSES_FILE = "classes.txt"
BACKGROUND_NAME = "background"
VOID = 255
"""The number that a palette of Pascal VOC has for pixels that nobody labelled."""

_LABELMAP, _JSON = "labelmap.txt", "classes.json"
_LISTS = (_LABELMAP, _JSON, CLASSES_FILE)
_BACKGROUND = frozenset({BACKGROUND_NAME, "_background_", "__background__"})
_BLACK = (0, 0, 0)
_BITS = 8  # of a colour


@dataclass(frozen=True)
class MaskClasses:
    """The classes of masks, and how pixels say them.

    Attributes:
        names: of the classes in order; `names[k]` has the index k + 1, 0 is the background.
        numbers: index by the number of a pixel, in masks of one channel.
        colours: index by colour; empty where no colours are known.
        source: where they were read.
        void: numbers that say that nobody labelled a pixel, besides 255 in a palette.
    """

    names: tuple[str, ...]
    numbers: Mapping[int, int]
    colours: Mapping[Colour, int] = field(default_factory=dict)
    source: str = "the names given"
    void: frozenset[int] = frozenset()


def classes_of(names: Sequence[str] | Mapping[int, str | None], source: str = "") -> MaskClasses:
    """Classes by a list of names, or by names of numbers.

    Args:
        names: a list is of the numbers from 0 on where it names the background, else from 1 on. None
            for a number that says that nobody labelled a pixel.
        source: where they were read.

    Raises:
        FormatError: a name is none or is there twice, a number is none, or there is no class.
    """
    if not isinstance(names, Mapping):
        names = dict(enumerate(names, 0 if any(map(is_background, names)) else 1))
    told = source or MaskClasses.source
    found: dict[str, int] = {}
    numbers = {0: 0}
    void = set()
    for number, given in sorted(names.items(), key=_first):
        if not _is_number(number):
            raise FormatError(
                f"{told}: a class has a number from 0 to {MOST_NUMBERS:,}, not {number!r}"
            )
        if given is None:
            void.add(number)
            continue
        name = given.strip() if isinstance(given, str) else ""
        if not name:
            raise FormatError(
                f"{told}: the number {number} has no name, but {given!r}: give it one"
            )
        numbers[number] = 0 if is_background(name) else _index(found, name, told)
    if not found:
        raise FormatError(f"{told}: there is no class but the background")
    return MaskClasses(tuple(found), numbers, source=told, void=frozenset(void))


def find_classes(folder: Path) -> MaskClasses:
    """The classes that a list in a folder of masks, or right above it, names.

    Raises:
        FormatError: there is no such list, there are several, or it cannot be used.
    """
    for place in (folder, folder.parent):
        found = [name for name in _LISTS if (place / name).is_file()]
        if len(found) > 1:
            raise FormatError(
                f"{place} has {' and '.join(found)}, which may differ: keep one, or give the one that "
                "counts"
            )
        if found:
            return read_classes(place / found[0])
    raise FormatError(
        f"nothing in {folder} or above it names the classes of its masks: put {CLASSES_FILE} there, a "
        "name a line, or give the names"
    )


def read_classes(path: Path) -> MaskClasses:
    """The classes that a list names: `labelmap.txt`, `classes.txt` or `classes.json`.

    Raises:
        FormatError: it is called otherwise, or cannot be used.
    """
    readers = {_LABELMAP: _read_labelmap, _JSON: _read_json, CLASSES_FILE: _read_list}
    if path.name in readers:
        return readers[path.name](path)
    raise FormatError(
        f"a list of the classes of masks is called {' or '.join(_LISTS)}, but got {path}: rename it"
    )


def is_background(name: str) -> bool:
    """Whether a name is one that tools have for what belongs to no class."""
    return name.strip().casefold() in _BACKGROUND


def colour_of(number: int) -> Colour:
    """The colour of a number in Pascal VOC's palette: its bits in turn, the highest first."""
    red = green = blue = 0
    for bit in range(_BITS):
        red |= (number >> 3 * bit & 1) << _BITS - 1 - bit
        green |= (number >> 3 * bit + 1 & 1) << _BITS - 1 - bit
        blue |= (number >> 3 * bit + 2 & 1) << _BITS - 1 - bit
    return red, green, blue


def _read_labelmap(path: Path) -> MaskClasses:
    names: list[str] = []
    colours: dict[Colour, str] = {}
    for line in _lines(path):
        if not line or line.startswith("#"):
            continue
        parts = line.rsplit(":", 3)
        colour = _colour(parts[1]) if len(parts) == 4 else None
        if colour is None:
            raise FormatError(
                f"{path}: a line is 'name:red,green,blue:parts:actions', but one is {line[:80]!r}"
            )
        names.append(parts[0].strip())
        if (other := colours.setdefault(colour, names[-1])) != names[-1]:
            raise FormatError(
                f"{path}: {other!r} and {names[-1]!r} have the same colour {colour}: give them two"
            )
    numbered = classes_of(names, str(path))
    index = {name: place for place, name in enumerate(numbered.names, 1)}
    by_colour = {_BLACK: 0} | {colour: index.get(name, 0) for colour, name in colours.items()}
    return MaskClasses(numbered.names, numbered.numbers, by_colour, str(path))


def _read_list(path: Path) -> MaskClasses:
    lines = _lines(path)
    while lines and not lines[-1]:
        lines.pop()
    return classes_of(lines, str(path))


def _read_json(path: Path) -> MaskClasses:
    try:
        data = json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is no JSON that can be read ({error})") from error
    if isinstance(data, dict):
        if data and all(_is_number(value) for value in data.values()):
            if len(set(data.values())) < len(data):
                raise FormatError(f"{path}: two classes have the same number: numbers must differ")
            data = {number: name for name, number in data.items()}
        else:
            data = {_as_number(key): name for key, name in data.items()}
    elif not isinstance(data, list):
        raise FormatError(f"{path} must hold a list of names, or names by number, not {data!r:.80}")
    return classes_of(data, str(path))


def _lines(path: Path) -> list[str]:
    # Not by splitlines, for which a name can have an end of line in it.
    return [line.strip() for line in _text(path).split("\n")]


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FormatError(f"{path} cannot be read ({error.strerror}): check the path") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is no text in UTF-8 ({error}): save it as such") from error


def _index(found: dict[str, int], name: str, source: str) -> int:
    if name in found:
        raise FormatError(f"{source}: the class {name!r} is there twice: names must differ")
    found[name] = len(found) + 1
    return found[name]


def _colour(text: str) -> Colour | None:
    parts: Iterable[str] = (part.strip() for part in text.split(","))
    numbers = [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 4]
    if len(numbers) != 3 or text.count(",") != 2 or max(numbers) > 255:
        return None
    return numbers[0], numbers[1], numbers[2]


def _as_number(key: str) -> int | str:
    return int(key) if key.isascii() and key.isdigit() and len(key) < 9 else key


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MOST_NUMBERS


def _first(pair: tuple[Any, Any]) -> tuple[bool, Any]:
    return (False, pair[0]) if _is_number(pair[0]) else (True, str(pair[0]))
