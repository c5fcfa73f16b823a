"""Processes of our own: started fresh for each measurement, spoken to by lines of JSON, killed.

    with Child("import_fiftyone", home) as child:
        child.receive()  # {"seconds": 4.2}

What a child does is a function of `benchmarks._tasks`.
"""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 300.0


class ChildDiedError(RuntimeError):
    """A child ended without having said what was waited for."""


class Child:
    """A fresh Python that runs one task.

    Args:
        task: name of a function of `benchmarks._tasks`.
        home: its data home.
        arguments: of the task.
        environment: variables on top of ours, from which FiftyOne's and workbench's are taken.
    """

    def __init__(
        self,
        task: str,
        home: Path,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._task = task
        self._said: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - open as long as the child
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks._tasks", task, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=ROOT,
            env={**_plain_environment(), "WORKBENCH_HOME": str(home), **(environment or {})},
        )
        # Read all the time: a child must not wait for us while it is measured.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.kill()

    def receive(self, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """The next thing that it says.

        Raises:
            ChildDiedError: it ended instead; the message has its last words.
            TimeoutError: it says nothing.
        """
        try:
            said = self._said.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError(f"{self._task} has said nothing for {seconds:g} s") from None
        if said is None:
            self._errors.seek(0)
            raise ChildDiedError(f"{self._task} ended:\n{self._errors.read()[-4000:]}")
        return said

    def go(self) -> None:
        """Wait until it is ready, then let it take its next step."""
        if said := self.receive():
            raise RuntimeError(f"{self._task} is not ready; it says {said}")
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def rest(self) -> list[dict[str, Any]]:
        """Everything that it said and nobody has received, once it has been killed."""
        self._reader.join()
        return [said for said in iter(self._said.get, None) if said is not None]

    def kill(self) -> None:
        """Kill -9, of it and of what it has started; harmless to repeat."""
        for process in _family(self._process.pid):
            process.kill()
        self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.endswith("\n"):  # half a line is what a killed process was about to say
                self._said.put(json.loads(line))
        self._said.put(None)


def _family(pid: int) -> list[psutil.Process]:
    """A process and its descendants; not the keeper, which has left its family."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _plain_environment() -> dict[str, str]:
    ours = ("FIFTYONE_", "WORKBENCH_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
