"""Check of mongod: is it there, does it start, and if not, which system library is missing."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from workbench.dataset.mongod import check_mongod, find_mongod
from workbench.doctor.finding import Finding, fail, ok
from workbench.errors import DatabaseError

_URI = "FIFTYONE_DATABASE_URI"

# Library -> the Debian and Ubuntu package that has it.
_PACKAGES = {
    "libcurl.so.4": "libcurl4",
    "libssl.so.3": "libssl3",
    "libcrypto.so.3": "libssl3",
    "liblzma.so.5": "liblzma5",
}


def check_database() -> Finding:
    """Whether a database can be had: the one the user names, or a mongod that starts."""
    if uri := os.environ.get(_URI):
        # The address may carry a password: only the host is printed.
        host = urlsplit(uri).hostname or "a socket"
        return ok("mongod", f"{_URI} names a database of your own, on {host}; nothing is started")
    try:
        mongod = find_mongod()
        if missing := _missing(mongod):
            lacks = f"{mongod} lacks {', '.join(missing)}"
            return fail("mongod", lacks, f"sudo apt-get install {' '.join(_packages(missing))}")
        return ok("mongod", f"{check_mongod(mongod)} at {mongod}")
    except DatabaseError as error:
        return fail("mongod", "no mongod that runs here", str(error))


def missing_packages() -> list[str]:
    """The Debian packages that the mongod found here needs and the machine lacks.

    Returns:
        Their names; empty where nothing is missing or no mongod is there.
    """
    try:
        return _packages(_missing(find_mongod()))
    except DatabaseError:
        return []


def _missing(program: Path) -> list[str]:
    """Shared libraries that the loader does not find for a program."""
    if not (ldd := shutil.which("ldd")):
        return []
    listed = subprocess.run([ldd, program], capture_output=True, text=True, check=False).stdout
    return re.findall(r"^\s*(\S+) => not found", listed, re.MULTILINE)


def _packages(libraries: list[str]) -> list[str]:
    return sorted({_PACKAGES.get(library, library) for library in libraries})
