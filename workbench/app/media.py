"""Which files are media of the datasets in the database."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, NamedTuple

from fiftyone.core.odm import get_db_conn
from pymongo.errors import PyMongoError

_log = logging.getLogger(__name__)
_CATALOGUE_SECONDS = 2.0
_ANSWER_SECONDS = 30.0
_ANSWERS = 4096
_PATH_SUBFIELDS = ("mask_path", "map_path")
"""Where FiftyOne's labels keep files of their own: masks and heat-maps."""


class _Source(NamedTuple):
    """One collection of samples or frames, and the fields in it that hold paths."""

    collection: str
    fields: tuple[str, ...]


class StoredMedia:
    """Says whether a path is stored, exactly so, as media of some dataset.

    `filepath` is asked for first: FiftyOne indexes it. Other fields (thumbnails, masks) are
    scanned for, so a path found there is remembered for half a minute. Safe to call from threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sources: list[_Source] = []
        self._sources_until = 0.0
        self._found: OrderedDict[str, float] = OrderedDict()

    def __call__(self, path: str) -> bool:
        """Whether a dataset holds this path.

        Args:
            path: compared as it is: no normalising, no following of links. A sample whose file
                is a symbolic link is served by the link's path and not by its target's.
        """
        with self._lock:
            if self._found.get(path, 0.0) > time.monotonic():
                return True
        try:
            sources = self._catalogue()
            found = _holds(sources, path, indexed=True) or _holds(sources, path, indexed=False)
        except PyMongoError as error:
            _log.warning("cannot look up media, so none is served: %s", error)
            return False
        if found:
            with self._lock:
                self._found[path] = time.monotonic() + _ANSWER_SECONDS
                while len(self._found) > _ANSWERS:
                    self._found.popitem(last=False)
        return found

    def _catalogue(self) -> list[_Source]:
        with self._lock:
            if time.monotonic() > self._sources_until:
                self._sources = list(_sources())
                self._sources_until = time.monotonic() + _CATALOGUE_SECONDS
            return self._sources


def _holds(sources: list[_Source], path: str, *, indexed: bool) -> bool:
    database = get_db_conn()
    for source in sources:
        fields = [field for field in source.fields if (field == "filepath") is indexed]
        clauses = [{field: path} for field in fields]
        if clauses and database[source.collection].find_one({"$or": clauses}, {"_id": 1}):
            return True
    return False


def _sources() -> Iterator[_Source]:
    """Every dataset's collections, from the documents themselves: loading one has side effects."""
    for dataset in get_db_conn()["datasets"].find():
        shown = (dataset.get("app_config") or {}).get("media_fields") or []
        for kind in ("sample", "frame"):
            collection = dataset.get(f"{kind}_collection_name")
            if collection:
                masks = _path_fields(dataset.get(f"{kind}_fields") or [])
                yield _Source(collection, tuple(dict.fromkeys(["filepath", *shown, *masks])))


def _path_fields(fields: list[dict[str, Any]], prefix: str = "") -> Iterator[str]:
    for field in fields:
        name = prefix + (field.get("db_field") or field["name"])
        if field["name"] in _PATH_SUBFIELDS:
            yield name
        yield from _path_fields(field.get("fields") or [], f"{name}.")
