"""What is written to other tools' files: images with their labels, under names that can be files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.dataset.boxdocuments import Size
from workbench.dataset.boxes import Box
from workbench.dataset.formats.found import Said


@dataclass(frozen=True, slots=True)
class Item:
    """A labelled image that is to be written.

    Attributes:
        path: its file.
        name: what the copy is called, such as `0001.jpg`; no two have the same stem.
        size: upright width and height, in pixels.
        said: its label; boxes for detection, else classes.
        test: whether it belongs to the blind test split.
    """

    path: Path
    name: str
    size: Size
    said: Said
    test: bool = False

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Its boxes."""
        return tuple(each for each in self.said if isinstance(each, Box))

    @property
    def names(self) -> tuple[str, ...]:
        """Its classes, if it has no boxes."""
        return tuple(each for each in self.said if isinstance(each, str))


def distinct_names(paths: Iterable[Path]) -> list[str]:
    """File names of which no two have the same stem, for formats that leave the suffix out.

    Also not where a file system does not tell upper case from lower.
    """
    taken: set[str] = set()
    names = []
    for path in paths:
        stem, number = path.stem, 1
        while stem.casefold() in taken:
            number += 1
            stem = f"{path.stem}-{number}"
        taken.add(stem.casefold())
        names.append(stem + path.suffix)
    return names


def class_order(items: Sequence[Item], classes: Sequence[str]) -> dict[str, int]:
    """Index of each class: the list's, and what else labels have, at its end."""
    said = (each for item in items for each in item.said)
    names = (each.label if isinstance(each, Box) else each for each in said)
    return {name: place for place, name in enumerate(dict.fromkeys([*classes, *names]))}
