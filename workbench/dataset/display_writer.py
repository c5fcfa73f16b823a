"""The file of the display cache, and the thread that writes to it.

What goes wrong here costs a cache entry and nothing else: it is passed over in silence, and a file
that SQLite cannot make sense of is replaced by an empty one.
"""

import contextlib
import queue
import sqlite3
import threading
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_VERSION = 1  # raise when pictures come out differently, or the tables change
_WAITING = 64  # tasks; of the largest proxies, some 100 MB
_BATCH = 16  # tasks a transaction
_WRITE_SECONDS = 5.0  # to wait for another kernel's transaction
_ATTEMPTS = 2
_REPLACEMENTS = 3  # of a broken file, by one process: more speak for a broken disk
_EVICTED = 0.1  # of the limit, freed beyond what is needed, so that it is not needed every time
_LOG_BYTES = 16 * 2**20  # that SQLite's write-ahead log is cut back to

_SCHEMA = f"""
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA journal_size_limit = {_LOG_BYTES};
CREATE TABLE IF NOT EXISTS proxies (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL, kind TEXT NOT NULL, side INTEGER NOT NULL,
    modified INTEGER NOT NULL, size INTEGER NOT NULL,
    mime_type TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    stretched INTEGER NOT NULL, alpha INTEGER NOT NULL,
    checksum INTEGER NOT NULL, length INTEGER NOT NULL, used INTEGER NOT NULL,
    UNIQUE (path, kind, side)
);
CREATE INDEX IF NOT EXISTS by_use ON proxies (used);
CREATE TABLE IF NOT EXISTS contents (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
"""  # contents apart, for to note a use would write them again
_PUT = """
INSERT OR REPLACE INTO proxies (path, kind, side, modified, size, mime_type, width, height,
    stretched, alpha, checksum, length, used) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_DROP_OLD = """
DELETE FROM contents WHERE id IN (SELECT id FROM proxies WHERE path = ? AND kind = ? AND side = ?)
"""


class CacheFile:
    """Where the cache lies.

    Args:
        folder: its folder, which need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._path = self._folder / f"proxies-{_VERSION}.sqlite"

    def inode(self) -> int:
        """Which file it is at present; 0 where there is none."""
        try:
            return self._path.stat().st_ino
        except OSError:
            return 0

    def connect(self, seconds: float, *, create: bool = False) -> sqlite3.Connection:
        """Open it.

        Args:
            seconds: to wait for somebody who locks it.
            create: make it where it does not exist, in place of those of older versions.

        Raises:
            OSError: its folder cannot be made.
            sqlite3.Error: it is not there, cannot be opened, or is broken.
        """
        if create:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for other in self._folder.glob("proxies-*.sqlite*"):
                if not other.name.startswith(self._path.name):
                    other.unlink(missing_ok=True)
        address = f"{self._path.as_uri()}?mode={'rwc' if create else 'rw'}"
        connection = sqlite3.connect(address, uri=True, timeout=seconds, check_same_thread=False)
        if create:
            try:
                connection.executescript(_SCHEMA)
            except sqlite3.Error:
                connection.close()
                raise
        return connection

    def remove(self, inode: int) -> None:
        """Remove it, unless it is another file than `inode` by now."""
        if inode and self.inode() == inode:
            for suffix in ("", "-wal", "-shm"):
                with contextlib.suppress(OSError):
                    Path(f"{self._path}{suffix}").unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Write:
    """A picture to write: the columns of its key, those of its description, its bytes."""

    key: tuple[bytes, str, int, int, int]
    shown: tuple[str, int, int, bool, bool]
    data: bytes


@dataclass(frozen=True, slots=True)
class _Use:
    number: int
    moment: int  # nanoseconds


@dataclass(frozen=True, slots=True)
class _Broken:
    inode: int


_Task = Write | _Use | _Broken | None  # None: the end


class Writer:
    """Writes to the cache on a thread of its own; no method but `flush` ever waits.

    Args:
        file: the cache.
        limit: bytes that it may have.
    """

    def __init__(self, file: CacheFile, limit: int) -> None:
        self._file = file
        self._limit = limit
        self._tasks: queue.Queue[_Task] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._replaced = 0

    def write(self, write: Write) -> None:
        """Write a picture, unless too many wait."""
        self._submit(write)

    def touch(self, number: int) -> None:
        """Note that a picture was used, unless pictures need the room in the queue."""
        if self._tasks.qsize() < _WAITING // 2:
            self._submit(_Use(number, time.time_ns()))

    def replace(self, inode: int) -> None:
        """Begin a new file in place of this broken one."""
        self._submit(_Broken(inode))

    def flush(self) -> None:
        """Wait until all that was submitted is done."""
        self._tasks.join()

    def stop(self) -> None:
        """End the thread once all is done; the next task starts another."""
        with self._lock:
            if self._thread is not None:
                with contextlib.suppress(queue.Full):
                    self._tasks.put_nowait(None)
                    self._thread = None

    def _submit(self, task: _Task) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():  # as in a forked child
                self._thread = threading.Thread(
                    target=self._run, name="workbench-display-cache", daemon=True
                )
                self._thread.start()
            with contextlib.suppress(queue.Full):
                self._tasks.put_nowait(task)

    def _run(self) -> None:
        held = _Held(self._file)
        while True:
            tasks = self._next()
            for _ in range(_ATTEMPTS):
                try:
                    self._carry_out(held, tasks)
                    break
                except (OSError, sqlite3.Error) as error:
                    held.close()
                    # The tables are there by now: if they are not as wanted, it is another's file.
                    if is_broken(error) or _code(error) == sqlite3.SQLITE_ERROR:
                        self._remove(held.inode)
            if tasks[-1] is None:
                held.close()
            for _ in tasks:
                self._tasks.task_done()
            if tasks[-1] is None:
                return

    def _next(self) -> list[_Task]:
        """What waits, up to a batch or the end."""
        tasks = [self._tasks.get()]
        while tasks[-1] is not None and len(tasks) < _BATCH:
            try:
                tasks.append(self._tasks.get_nowait())
            except queue.Empty:
                break
        return tasks

    def _carry_out(self, held: "_Held", tasks: Sequence[_Task]) -> None:
        for task in tasks:
            if isinstance(task, _Broken):
                held.close()
                self._remove(task.inode)
        writes = [task for task in tasks if isinstance(task, Write)]
        uses = [(task.moment, task.number) for task in tasks if isinstance(task, _Use)]
        if writes or uses:
            connection = held.connection()
            with connection:
                connection.executemany("UPDATE proxies SET used = ? WHERE id = ?", uses)
                for write in writes:
                    _put(connection, write)
            if writes:
                _evict(connection, self._limit)

    def _remove(self, inode: int) -> None:
        if self._replaced < _REPLACEMENTS:
            self._replaced += 1
            self._file.remove(inode)


class _Held:
    """The writer's connection, opened anew where the file was replaced or removed."""

    def __init__(self, file: CacheFile) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self.inode = 0

    def connection(self) -> sqlite3.Connection:
        now = self._file.inode()
        if self._connection is None or now != self.inode:
            self.close()
            self.inode = now  # known even if it turns out to be broken
            self._connection = self._file.connect(_WRITE_SECONDS, create=True)
            self.inode = self._file.inode()
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def is_broken(error: Exception) -> bool:
    """Whether an error says that the file is no database, or a damaged one."""
    return _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _code(error: Exception) -> int:
    return int(getattr(error, "sqlite_errorcode", -1)) & 0xFF


def _put(connection: sqlite3.Connection, write: Write) -> None:
    connection.execute(_DROP_OLD, write.key[:3])
    kept = (zlib.crc32(write.data), len(write.data), time.time_ns())
    number = connection.execute(_PUT, (*write.key, *write.shown, *kept)).lastrowid
    connection.execute("INSERT OR REPLACE INTO contents VALUES (?, ?)", (number, write.data))


def _evict(connection: sqlite3.Connection, limit: int) -> None:
    """Bring the file back below its limit, least recently used pictures first."""

    def ask(pragma: str) -> int:
        return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])

    page = ask("page_size")
    excess = (ask("page_count") - ask("freelist_count")) * page - limit
    if excess > 0:
        excess += int(limit * _EVICTED)
        victims = []
        for number, length in connection.execute("SELECT id, length FROM proxies ORDER BY used"):
            victims.append((number,))
            excess -= length
            if excess <= 0:
                break
        with connection:
            connection.executemany("DELETE FROM proxies WHERE id = ?", victims)
            connection.executemany("DELETE FROM contents WHERE id = ?", victims)
    # The file itself is larger where the limit was higher before.
    if (pages := ask("page_count") - limit // page) > 0:
        # Not by `execute`, which takes its first step alone: a page.
        connection.executescript(f"PRAGMA incremental_vacuum({pages})")
