"""Who labels."""

import getpass
import os

ENV = "WORKBENCH_ANNOTATOR"


def default_annotator() -> str:
    """Who labels: `WORKBENCH_ANNOTATOR`, else the name of the user."""
    if named := os.environ.get(ENV):
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in some containers
        return f"user {os.getuid()}"
