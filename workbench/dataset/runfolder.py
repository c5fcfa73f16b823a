"""The files through which the kernels, the keeper and mongod of one data home meet."""

import hashlib
import os
import re
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import DatabaseError, DataHomeError

# What fits into `sockaddr_un.sun_path`, in bytes, its closing NUL taken off.
SUN_PATH_BYTES = 103 if sys.platform == "darwin" else 107
# mongod makes a second socket beside the one it is told to listen on; this name is the longer.
_LONGEST_SOCKET_NAME = "mongodb-0.sock"
# mongod splits `--bind_ip` at commas, and a replica set member's host must survive as it is.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9._/+-]+")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths of a data home that have to do with its mongod.

    Attributes:
        home: the data home.
    """

    home: Path

    @property
    def path(self) -> Path:
        """Folder of all the others, for its owner alone."""
        return self.home / "run"

    @property
    def db(self) -> Path:
        """MongoDB's own files."""
        return self.home / "db"

    @property
    def mongod_lock(self) -> Path:
        """Locked by a running mongod, and left with its pid inside after an unclean stop."""
        return self.db / "mongod.lock"

    @property
    def start_lock(self) -> Path:
        """Held while somebody starts or ends the keeper."""
        return self.path / "start.lock"

    @property
    def keeper_lock(self) -> Path:
        """Held by the keeper as long as it lives."""
        return self.path / "keeper.lock"

    @property
    def lease(self) -> Path:
        """Held (shared) by every kernel that uses the database, as long as it lives."""
        return self.path / "lease.lock"

    @property
    def server(self) -> Path:
        """What the keeper says of the server; there only while the server is ready."""
        return self.path / "server.json"

    @property
    def host(self) -> Path:
        """Which machine holds the home, with its heartbeat."""
        return self.path / "host.json"

    @property
    def unclean(self) -> Path:
        """There from an unclean stop of mongod until the counts are repaired."""
        return self.path / "unclean"

    @property
    def keeper_log(self) -> Path:
        """What the keeper and its children print."""
        return self.path / "keeper.log"

    @property
    def mongod_log(self) -> Path:
        """Log of mongod; the one before it gets the suffix `.previous`."""
        return self.path / "mongod.log"

    def prepare(self) -> None:
        """Make the folders, closed to everybody but their owner.

        Raises:
            DataHomeError: a folder cannot be made, closed or written to.
        """
        for folder in (self.path, self.db):
            try:
                folder.mkdir(mode=0o700, exist_ok=True)
                if stat.S_IMODE(folder.stat().st_mode) & 0o077:
                    folder.chmod(0o700)
                with tempfile.TemporaryFile(dir=folder):
                    pass
            except OSError as error:
                raise DataHomeError(
                    f"{folder} cannot be written to ({error.strerror}): make it a folder that you "
                    f"own and may write to, free some space, or choose another data home"
                ) from error

    def choose_socket(self) -> Path:
        """Where mongod is to listen: beside the other files, or where the path is short.

        Returns:
            Path of the socket; its folder exists and is closed to others.

        Raises:
            DatabaseError: the runtime folder is in other hands or open to others.
        """
        if _fits(self.path):
            return self.path / "mongod.sock"
        name = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        runtime = os.environ.get("XDG_RUNTIME_DIR")
        if runtime and _fits(Path(runtime, "workbench", name)):
            base = Path(runtime, "workbench")
        else:
            base = Path(f"/tmp/workbench-{os.getuid()}")
        return _private(_private(base) / name) / "mongod.sock"


def _fits(folder: Path) -> bool:
    """Whether a socket inside `folder` has a path that the system and mongod can take."""
    path = str(folder / _LONGEST_SOCKET_NAME)
    return len(os.fsencode(path)) <= SUN_PATH_BYTES and bool(_PLAIN_PATH.fullmatch(path))


def _private(folder: Path) -> Path:
    """Make `folder` for this user alone, or refuse the one that is there."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        # Not the target of a link: somebody else may have planted it in a shared folder.
        found = folder.lstat()
    except OSError as error:
        raise DatabaseError(
            f"the folder {folder} for mongod's socket cannot be made ({error.strerror}): make it "
            f"yourself, mode 0700, or choose a data home with a path shorter than 80 characters"
        ) from error
    if (
        not stat.S_ISDIR(found.st_mode)
        or found.st_uid != os.getuid()
        or stat.S_IMODE(found.st_mode) & 0o077
    ):
        raise DatabaseError(
            f"wanted {folder} as a folder of user {os.getuid()} with mode 0700 for mongod's "
            f"socket, found {stat.filemode(found.st_mode)} of user {found.st_uid}: anybody who "
            f"may enter it could read your data. Remove it, or choose a data home with a path "
            f"shorter than 80 characters"
        )
    return folder
