"""A training run in a cell: its curves as they come, what it is at, and a button to stop it."""

import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import anywidget
import traitlets

from workbench.widgets._comm import answer_while_cells_run
from workbench.widgets._modules import link

_STATIC = Path(__file__).parent / "static"
_LOOK_EVERY = 0.4  # seconds


class WatchedRun(Protocol):
    """What the widget needs of a run."""

    def view(self) -> Mapping[str, Any]:
        """How it stands, as plain values; `ended` says whether that is final."""

    def stop(self) -> None:
        """End it soon, and keep the best so far."""


class RunView(anywidget.AnyWidget):
    """Draws a run while it goes on.

    Attributes:
        state: how the run stands, `WatchedRun.view`.
    """

    _esm = link(_STATIC / "run_view.js")
    _css = _STATIC / "run_view.css"

    state: Any = traitlets.Dict().tag(sync=True)

    def __init__(self, run: WatchedRun) -> None:
        """Watch a run until it has ended.

        Args:
            run: the run.
        """
        super().__init__(state=dict(run.view()))
        self._run = run
        self._closed = threading.Event()
        self.on_msg(self._receive)
        answer_while_cells_run(self)
        if not self.state["ended"]:
            watching = (weakref.ref(self), run, self._closed)
            threading.Thread(
                target=_watch, args=watching, name="workbench-run-view", daemon=True
            ).start()

    def close(self) -> None:
        """Take it off the page and stop watching; the run goes on."""
        self._closed.set()
        super().close()

    def _receive(self, _: Any, message: dict[str, Any], __: list[Any]) -> None:
        if message.get("type") == "stop":
            self._run.stop()


def _watch(view: "weakref.ref[RunView]", run: WatchedRun, closed: threading.Event) -> None:
    while not closed.wait(_LOOK_EVERY):
        state = dict(run.view())
        widget = view()
        if widget is None:
            return
        widget.state = state
        del widget
        if state["ended"]:
            return
