"""What a run has told so far, read on from where the last reading ended."""

import json
import threading
from pathlib import Path
from typing import Any


class Told:
    """The gist of a run's progress file, which may have a hundred thousand lines.

    Attributes:
        latest: the last line.
        about: what it told before training began: `device`, `images`, `before`.
        looks: the lines of its looks at the held-out labels, in order.
    """

    def __init__(self) -> None:
        self.latest: dict[str, Any] = {}
        self.about: dict[str, Any] = {}
        self.looks: list[dict[str, Any]] = []
        self._until = 0
        self._lock = threading.Lock()  # a cell reads, and the widget that watches the run

    def read_on(self, path: Path) -> None:
        """Take in what was appended since; the file need not be there yet.

        A line that a killed process left unfinished is passed over, once others follow.
        """
        with self._lock:
            try:
                with path.open("rb") as file:
                    file.seek(self._until)
                    raw = file.read()
            except FileNotFoundError:
                return
            whole = raw[: raw.rfind(b"\n") + 1]
            self._until += len(whole)
            for line in whole.splitlines():
                self._take_in(line)

    def _take_in(self, line: bytes) -> None:
        try:
            told = json.loads(line)
        except ValueError:
            return
        self.latest = told
        if told.get("phase") in ("features", "images"):
            self.about = told
        if told.get("looked"):
            # A resumed run does again what came after the last state that it had written.
            self.looks = [look for look in self.looks if look["step"] < told["step"]]
            self.looks.append(told)
