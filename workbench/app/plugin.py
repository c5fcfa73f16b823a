"""Makes FiftyOne find the plugin that comes with workbench.

FiftyOne looks for plugins in one folder, the user's. Ours is listed beside what is there: nothing
is written into that folder, and it can be disabled like any other.
"""

import threading
from collections.abc import Iterator
from functools import wraps
from pathlib import Path

import fiftyone.operators.decorators as decorators
import fiftyone.plugins.core as plugins

from workbench.errors import AppError

PLUGIN = "@workbench/flywheel"
"""The plugin's name, the first part of its operators' addresses."""

_lock = threading.Lock()
_added = False


def plugin_folder() -> Path:
    """Where the plugin lies: inside the installed package, or beside it in a checkout.

    Raises:
        AppError: it is in neither place.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (
        package / "_extensions" / "fiftyone",
        package.parent / "extensions" / "fiftyone",
    ):
        if (folder / "fiftyone.yml").is_file():
            return folder
    raise AppError(f"the FiftyOne plugin is missing beside {package}: install workbench again")


def add_plugin() -> None:
    """List our plugin with the user's own, for this process; harmless to repeat."""
    global _added  # noqa: PLW0603  (FiftyOne's list of plugins is global)
    with _lock:
        if _added:
            return
        ours = str(plugin_folder() / "fiftyone.yml")
        listed = plugins._iter_plugin_metadata_files

        @wraps(listed)
        def with_ours(root_dir: str | None = None, strict: bool = False) -> Iterator[str]:
            yield from listed(root_dir=root_dir, strict=strict)
            if root_dir is None:
                yield ours

        plugins._iter_plugin_metadata_files = with_ours
        decorators.cache.clear()  # what was listed before us
        _added = True
