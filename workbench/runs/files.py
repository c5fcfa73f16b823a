"""The files through which a kernel and the process of a training run meet."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Paths of a run.

    Attributes:
        folder: of the run.
    """

    folder: Path

    @property
    def job(self) -> Path:
        """What it is to do."""
        return self.folder / "job.json"

    @property
    def others(self) -> Path:
        """The dataset's further images, (path, content hash) each: a better backbone embeds them."""
        return self.folder / "others.json"

    @property
    def progress(self) -> Path:
        """What it tells: JSON, a line each; appended to by every process that works on the run."""
        return self.folder / "progress.jsonl"

    @property
    def state(self) -> Path:
        """What it can go on from after it was broken off; gone when it has ended."""
        return self.folder / "state.safetensors"

    @property
    def model(self) -> Path:
        """Folder of its checkpoint."""
        return self.folder / "model"

    @property
    def outcome(self) -> Path:
        """What came of it; there from its end on."""
        return self.folder / "outcome.json"

    @property
    def log(self) -> Path:
        """What the process printed, tracebacks included."""
        return self.folder / "log.txt"

    @property
    def stop(self) -> Path:
        """There from when somebody asked it to stop."""
        return self.folder / "stop"

    @property
    def owner_lock(self) -> Path:
        """Held by the kernel that the run belongs to, until it has ended."""
        return self.folder / "owner.lock"

    @property
    def worker_lock(self) -> Path:
        """Held by the process that works on it."""
        return self.folder / "worker.lock"


def write_whole(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON in the place of what is there, which stays until the new one is complete."""
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        with partial.open("w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def read_json(path: Path) -> dict[str, Any] | None:
    """What `write_whole` wrote, or None where there is nothing."""
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    return found
