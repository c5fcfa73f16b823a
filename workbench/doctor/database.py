"""Check of mongod: is it there, does it start, and if not, which system library is missing."""

import os
from urllib.parse import urlsplit

from workbench.dataset.mongod import check_mongod, find_mongod
from workbench.doctor.finding import Finding, fail, ok
from workbench.doctor.libraries import debian_packages, missing_libraries
from workbench.errors import DatabaseError

_URI = "FIFTYONE_DATABASE_URI"


def check_database() -> Finding:
    """Whether a database can be had: the one the user names, or a mongod that starts."""
    if uri := os.environ.get(_URI):
        # The address may carry a password: only the host is printed.
        host = urlsplit(uri).hostname or "a socket"
        return ok("mongod", f"{_URI} names a database of your own, on {host}; nothing is started")
    try:
        mongod = find_mongod()
        if missing := missing_libraries(mongod):
            lacks = f"{mongod} lacks {', '.join(missing)}"
            return fail(
                "mongod", lacks, f"sudo apt-get install {' '.join(debian_packages(missing))}"
            )
        return ok("mongod", f"{check_mongod(mongod)} at {mongod}")
    except DatabaseError as error:
        return fail("mongod", "no mongod that runs here", str(error))


def missing_packages() -> list[str]:
    """The Debian packages that the mongod found here needs and the machine lacks.

    Returns:
        Their names; empty where nothing is missing or no mongod is there.
    """
    try:
        return debian_packages(missing_libraries(find_mongod()))
    except DatabaseError:
        return []
