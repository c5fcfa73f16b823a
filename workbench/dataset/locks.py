"""Locks between processes that end with their holder, however it ends."""

import fcntl
import os
import time
from pathlib import Path

_POLL_SECONDS = 0.02


class ProcessLock:
    """A POSIX record lock on a file of its own.

    The system lets go of it when the process dies, kill -9 included, and a forked child does not
    inherit it: exactly what a lease has to do. It tells processes apart, not threads. It is also
    lost when the process opens and closes the same file elsewhere, so the file is used for
    nothing but its lock, and `acquire` may be called again to make sure of it.

    Args:
        path: the file to lock; made where it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def acquire(self, *, shared: bool = False, timeout: float = 0.0) -> bool:
        """Take the lock, or make sure that it is still held.

        Args:
            shared: let others hold it too, as long as they also ask for a shared one.
            timeout: seconds to wait for it; 0 tries once.

        Returns:
            Whether the lock is held now.

        Raises:
            OSError: the file cannot be made or locked, as on some network file systems.
        """
        deadline = time.monotonic() + timeout
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        while True:
            fd = self._open()
            try:
                fcntl.lockf(fd, kind | fcntl.LOCK_NB)
            except (BlockingIOError, PermissionError):
                if time.monotonic() >= deadline:
                    return False
                time.sleep(_POLL_SECONDS)
            else:
                return True

    def release(self) -> None:
        """Let go of the lock; nothing happens where it is not held."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def held_by_another(self) -> bool:
        """Whether some other process holds the lock, shared or not.

        Not for a process that holds the lock itself: it would let go of it.
        """
        if not self.acquire():
            return True
        fcntl.lockf(self._open(), fcntl.LOCK_UN)
        return False

    def _open(self) -> int:
        """The open file, opened anew where somebody has cleaned it away meanwhile."""
        if self._fd is not None:
            try:
                if os.path.samestat(os.fstat(self._fd), self._path.stat()):
                    return self._fd
            except FileNotFoundError:
                pass
            self.release()
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._fd
