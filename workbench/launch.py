"""The first notebook, and the command that opens it in JupyterLab."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import workbench

NOTEBOOK = "01_flywheel.ipynb"
COPIES = "workbench-notebooks"


def original() -> Path:
    """The notebook as it came: a clone's own, else the one inside the installed package.

    Raises:
        FileNotFoundError: it is in neither place.
    """
    package = Path(workbench.__file__).resolve().parent
    places = (package.parent / "notebooks" / NOTEBOOK, package / "_notebooks" / NOTEBOOK)
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(
        f"{NOTEBOOK} is neither at {places[0]} nor at {places[1]}: install workbench again"
    )


def own_copy(here: Path) -> Path:
    """The user's copy of the notebook, made where there is none yet.

    The original stays as it came: JupyterLab saves outputs into what it opens, and the next
    version of workbench would then collide with the user's work.

    Args:
        here: the folder in which `workbench-notebooks/` is.

    Returns:
        The copy's path.

    Raises:
        OSError: the original is not installed, or the copy cannot be written.
    """
    copy = here.resolve() / COPIES / NOTEBOOK
    if not copy.exists():
        source = original()
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(source, copy)
    return copy


def lab_command(notebook: Path, options: Sequence[str]) -> list[str]:
    """The command that opens a notebook in JupyterLab.

    Args:
        notebook: the notebook; its folder becomes the one that JupyterLab shows.
        options: handed on as they are, last, so that they win.

    Returns:
        The program and its arguments.
    """
    command = [
        *(sys.executable, "-m", "jupyterlab"),
        f"--ServerApp.root_dir={notebook.parent}",
        # Not as a file to open: with --no-browser the address that is printed would not name it.
        f"--LabApp.default_url=/lab/tree/{quote(notebook.name)}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0 and "--allow-root" not in options:
        command.append("--allow-root")  # JupyterLab refuses root otherwise, in a container too
    return [*command, *options]
