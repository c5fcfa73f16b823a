"""FiftyOne's own settings: which database it is to use, and that it keeps to itself.

FiftyOne reads the environment once, when it is imported; nothing here imports it.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from workbench.errors import DatabaseError

URI_ENV = "FIFTYONE_DATABASE_URI"
NAME_ENV = "FIFTYONE_DATABASE_NAME"
# Marks a URI as ours, so that a child process does not take it for one of the user's.
_OWN_ENV = "WORKBENCH_OWN_DATABASE_URI"


def user_uri() -> str | None:
    """The MongoDB server that the user has chosen, None when it is for us to start one.

    As FiftyOne has it: `FIFTYONE_DATABASE_URI`, else `database_uri` in its configuration file.
    """
    own = os.environ.get(_OWN_ENV)
    imported = getattr(sys.modules.get("fiftyone"), "config", None)
    for uri in (
        getattr(imported, "database_uri", None),
        os.environ.get(URI_ENV),
        _configured("database_uri"),
    ):
        if uri and uri != own:
            return str(uri)
    return None


def database_name() -> str:
    """The database that FiftyOne keeps its datasets in."""
    return os.environ.get(NAME_ENV) or _configured("database_name") or "fiftyone"


def point_fiftyone_at(uri: str, *, own: bool) -> None:
    """Let FiftyOne use a server, quietly, in this process and in those that it starts.

    Args:
        uri: the server.
        own: whether it is ours, rather than the user's.

    Raises:
        DatabaseError: FiftyOne is connected to another one already.
    """
    _refuse_other_connection(uri)
    os.environ[URI_ENV] = uri
    if own:
        os.environ[_OWN_ENV] = uri
    else:
        os.environ.pop(_OWN_ENV, None)
    os.environ["FIFTYONE_DO_NOT_TRACK"] = "1"
    # What it would check, `workbench` has checked.
    os.environ["FIFTYONE_DATABASE_VALIDATION"] = "false"
    imported = getattr(sys.modules.get("fiftyone"), "config", None)
    if imported is not None:
        imported.database_uri = uri
        imported.do_not_track = True
        imported.database_validation = False


def without_password(uri: str) -> str:
    """A URI as it may be shown."""
    return re.sub(r"//[^/@]*@", "//", uri)


def _refuse_other_connection(uri: str) -> None:
    module = sys.modules.get("fiftyone.core.odm.database")
    if getattr(module, "_client", None) is None:
        return
    found = getattr(module, "_connection_kwargs", {}).get("host")
    if found != uri:
        elsewhere = without_password(found) if found else "a database that it started itself"
        raise DatabaseError(
            f"FiftyOne is connected to {elsewhere}, wanted {without_password(uri)}: restart the "
            f"kernel and call `workbench.open` before anything else that uses FiftyOne"
        )


def _configured(key: str) -> str | None:
    path = os.environ.get("FIFTYONE_CONFIG_PATH") or "~/.fiftyone/config.json"
    try:
        found: Any = json.loads(Path(path).expanduser().read_text())
        return str(found[key]) if found.get(key) else None
    except (OSError, ValueError, AttributeError):
        return None
