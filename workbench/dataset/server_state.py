"""What the keeper says of its server in `run/server.json`, there only while the server is ready."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServerState:
    """A server that is ready.

    Attributes:
        keeper: process id of the keeper.
        mongod: process id of its mongod.
        socket: path of the Unix socket that mongod listens on.
    """

    keeper: int
    mongod: int
    socket: str

    def write(self, path: Path) -> None:
        """Write it in one step, so that nobody reads a half."""
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(path)

    @classmethod
    def read(cls, path: Path) -> "ServerState | None":
        """What the file says, None where there is none. A killed keeper leaves its own behind."""
        try:
            return cls(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            return None
