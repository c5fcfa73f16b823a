"""The FiftyOne App in a cell: a frame around the server that runs in the kernel."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from workbench.widgets._comm import answer_while_cells_run

_STATIC = Path(__file__).parent / "static"


class AppFrame(anywidget.AnyWidget):
    """Shows the App, and says so when it cannot.

    The page builds the App's address itself, from where it was opened: the kernel cannot know the
    name by which the browser reaches it. The secret is sent when the page asks, and is never a
    synced trait, so it is in no saved notebook.

    Attributes:
        height: of the frame, in CSS pixels.
    """

    _esm = _STATIC / "app_frame.js"
    _css = _STATIC / "app_frame.css"

    height = traitlets.Int(640, min=200).tag(sync=True)

    def __init__(
        self, *, port: int, token: str, trust: Callable[[str], Any], height: int = 640
    ) -> None:
        """Frame the App of a server.

        Args:
            port: the server's port on the kernel's machine.
            token: the server's secret.
            trust: called with the page's origin (such as `http://localhost:8888`) before it is
                told the secret; the server lets that origin frame it.
            height: of the frame, in CSS pixels.
        """
        super().__init__(height=height)
        self._address = {"kind": "address", "port": port, "token": token}
        self._trust = trust
        self.on_msg(self._answer)
        answer_while_cells_run(self)

    def _answer(self, _: Any, content: dict[str, Any], __: list[Any]) -> None:
        if content.get("kind") == "hello":
            self._trust(str(content.get("origin", "")))
            self.send(self._address)
