"""Proxies on disk, for all kernels of a data home: one SQLite file that is never in the way.

Whatever happens to the file, images are shown: without it they are made anew. Reading takes a
fraction of a millisecond; writing is done by a thread of its own, several at once.
"""

import os
import sqlite3
import threading
import weakref
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.dataset.display_writer import CacheFile, Write, Writer, is_broken
from workbench.dataset.proxies import Proxy
from workbench.errors import WorkbenchError

ENV = "WORKBENCH_DISPLAY_BYTES"
DEFAULT_LIMIT = 2 * 10**9
_READ_SECONDS = 0.2  # for a file that somebody locks; then the image is made instead

_FIND = """
SELECT modified, size, checksum, mime_type, width, height, stretched, alpha, data, proxies.id
FROM proxies JOIN contents ON contents.id = proxies.id
WHERE path = ? AND kind = ? AND side = ?
"""


@dataclass(frozen=True, slots=True)
class Key:
    """Which picture of which state of a file.

    Attributes:
        path: absolute, as the file system has it.
        modified: when the file was last written, in nanoseconds.
        size: of the file, in bytes.
        kind: what is made of it, such as `proxy`.
        side: longest side asked for, in pixels.
    """

    path: bytes
    modified: int
    size: int
    kind: str
    side: int

    @classmethod
    def of(cls, path: Path, kind: str, side: int) -> "Key":
        """The key of a file as it is now.

        Raises:
            OSError: it is not there, or may not be looked at.
        """
        status = path.stat()
        return cls(os.fsencode(path.absolute()), status.st_mtime_ns, status.st_size, kind, side)


class DisplayCache:
    """The proxies of one data home. Safe to use from any thread, and by several processes at once.

    Args:
        folder: where the file lies; made where it does not exist.
        limit: bytes, beyond which the least recently used ones go; by default
            `WORKBENCH_DISPLAY_BYTES`, else 2 GB. 0 for no cache.

    Raises:
        WorkbenchError: `WORKBENCH_DISPLAY_BYTES` is no number of bytes.
    """

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        limit = limit_from_environment() if limit is None else limit
        self._file = CacheFile(folder)
        self._writer = Writer(self._file, limit) if limit > 0 else None
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._lock = threading.Lock()
        if self._writer is not None:
            weakref.finalize(self, self._writer.stop)

    def get(self, key: Key) -> Proxy | None:
        """The picture of a key; None where it is not there, or cannot be had."""
        if self._writer is None:
            return None
        inode = self._file.inode()
        try:
            with self._lock:
                row = self._find(key, inode)
        except sqlite3.Error as error:
            if is_broken(error):
                self._writer.replace(inode)
            return None
        if row is None or (row[0], row[1]) != (key.modified, key.size):
            return None
        checksum, *shown, data, number = row[2:]
        if zlib.crc32(data) != checksum:  # rather none than that of another image
            self._writer.replace(inode)
            return None
        self._writer.touch(number)
        mime_type, width, height, stretched, alpha = shown
        return Proxy(data, mime_type, width, height, bool(stretched), bool(alpha))

    def put(self, key: Key, proxy: Proxy) -> None:
        """Keep a picture, soon: it is written later, or not at all where too many wait."""
        if self._writer is not None:
            self._writer.write(
                Write(
                    (key.path, key.kind, key.side, key.modified, key.size),
                    (proxy.mime_type, proxy.width, proxy.height, proxy.stretched, proxy.alpha),
                    proxy.data,
                )
            )

    def flush(self) -> None:
        """Wait until everything that was put is written."""
        if self._writer is not None:
            self._writer.flush()

    def close(self) -> None:
        """Write what waits, and let go of the file; it is opened again where it is needed."""
        with self._lock:
            self._disconnect()
        if self._writer is not None:
            self._writer.flush()
            self._writer.stop()
            self._writer.flush()

    def _find(self, key: Key, inode: int) -> tuple[Any, ...] | None:
        if inode != self._inode:  # there only now, or made anew
            self._disconnect()
        if not inode:
            return None
        try:
            if self._connection is None:
                self._connection = self._file.connect(_READ_SECONDS)
                self._inode = inode
            row: tuple[Any, ...] | None = self._connection.execute(
                _FIND, (key.path, key.kind, key.side)
            ).fetchone()
            return row
        except sqlite3.Error:
            self._disconnect()
            raise

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._inode = None, 0


def limit_from_environment() -> int:
    """Bytes of the cache that the environment asks for.

    Raises:
        WorkbenchError: it asks for something else than a number.
    """
    asked = os.environ.get(ENV, "")
    if not asked:
        return DEFAULT_LIMIT
    try:
        return int(asked)
    except ValueError:
        raise WorkbenchError(
            f"{ENV} is {asked!r}: wanted a number of bytes, such as 2000000000, or 0 for no cache"
        ) from None
