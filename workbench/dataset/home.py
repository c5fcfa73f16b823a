"""Where workbench keeps what it persists.

One folder a user, the *data home*: `WORKBENCH_HOME`, else the platform's data folder. Inside:

    db/        MongoDB's files, one mongod a home
    run/       lock, leases and state of that mongod (its socket too, where the path is short enough)
    vectors/   embeddings, one folder a backbone
    runs/      trained models
    masks/     masks that were painted, one folder a dataset
    media/     images that workbench itself writes, such as the bundled digits
    display/   cache of images as the widget shows them; may be removed at any time
"""

import os
import sys
from pathlib import Path

from workbench.errors import DataHomeError

ENV = "WORKBENCH_HOME"


def default_home() -> Path:
    """The data home that the environment asks for; nothing is created.

    Returns:
        `$WORKBENCH_HOME`, else `workbench` inside the platform's data folder.
    """
    if asked := os.environ.get(ENV):
        return Path(asked).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "workbench"
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser().absolute() / "workbench"


def make_home(home: Path | None = None) -> Path:
    """Create the data home where it does not exist, readable by its owner alone.

    Args:
        home: the folder; by default `default_home()`.

    Returns:
        The folder, resolved.

    Raises:
        DataHomeError: the folder cannot be created or written to.
    """
    path = (home or default_home()).resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = path / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise DataHomeError(
            f"the data home {path} cannot be written to ({error.strerror}): make it writable, free "
            f"some space, or set {ENV} to another folder"
        ) from error
    return path


def masks_folder(home: Path, dataset_id: str) -> Path:
    """Where the masks of a dataset lie; nothing is created."""
    return home / "masks" / dataset_id
