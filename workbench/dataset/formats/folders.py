"""Folders of images, one a class; for classification. Reading them is `workbench.folders`."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from workbench.dataset.formats.items import Item
from workbench.errors import FormatError


def write(folder: Path, items: Sequence[Item], classes: Sequence[str]) -> None:
    """Copy each image into the folder of its class; a class without images gets an empty one.

    Raises:
        FormatError: a class cannot be the name of a folder, or two would be the same one.
    """
    taken: dict[str, str] = {}
    for name in dict.fromkeys([*classes, *(name for item in items for name in item.names)]):
        other = taken.setdefault(name.casefold(), name)
        if name.startswith(".") or set(name) & set('/\\\0:*?"<>|') or other != name:
            problem = f"clashes with {other!r}" if other != name else "can be no folder's name"
            raise FormatError(f"the class {name!r} {problem}: rename it, or export to csv")
        (folder / name).mkdir()
    for item in items:
        shutil.copy2(item.path, folder / item.names[0] / item.name)
