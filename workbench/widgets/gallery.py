"""The gallery of errors: images by kind, and beneath them the labelling widget for one that is opened.

Messages from the page: `hello`, `thumbs`, `open`, `close`. Messages to it: `state`, `thumbs`,
`mark`, `opened`. Esc in the labelling widget is heard by the gallery's page, without the kernel.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import anywidget
import traitlets
from ipywidgets import VBox

from workbench.errors import WorkbenchError
from workbench.widgets._comm import answer_while_cells_run
from workbench.widgets._control import control_channel_needed
from workbench.widgets._modules import link
from workbench.widgets.labelling import Desk, LabelWidget

_STATIC = Path(__file__).parent / "static"


class GalleryDesk(Protocol):
    """What the gallery needs from the kernel."""

    def state(self) -> dict[str, Any]:
        """The kinds and their images."""

    def thumbnails(self, sample_ids: Sequence[str], side: int) -> list[bytes]:
        """Small pictures, empty where there is none."""

    def open(self, kind: str, sample_id: str) -> Desk:
        """What the labelling widget needs to walk through a kind, from one image on."""

    def on_change(self, listener: Callable[[dict[str, str]], None]) -> Callable[[], None]:
        """Report what becomes of the images."""


class ErrorGallery(VBox):
    """Images to look at, a tab a kind, and room for the labelling widget beneath."""

    def __init__(self, desk: GalleryDesk) -> None:
        """Show a desk.

        Args:
            desk: where the images come from.
        """
        self.cases = Cases(desk, self._open, self._hide)
        self._slot = VBox()
        super().__init__([self.cases, self._slot])
        self._desk = desk
        self._lock = threading.Lock()
        self.add_class("wb-errors-box")  # by which the page knows whose labelling widget it hears
        self._hide()
        for box in (self, self._slot):
            answer_while_cells_run(box)

    @property
    def labelling(self) -> LabelWidget | None:
        """The labelling widget, once an image was opened."""
        return self._slot.children[0] if self._slot.children else None

    def close(self) -> None:
        """Take it off the page and stop listening."""
        if self.labelling:
            self.labelling.close()
        self.cases.close()
        self._slot.close()
        super().close()

    def _open(self, kind: str, sample_id: str) -> None:
        with self._lock:
            before, opened = self.labelling, LabelWidget(self._desk.open(kind, sample_id))
            self._slot.children = [opened]
            self._slot.layout.display = None
            if before:
                before.close()

    def _hide(self) -> None:
        # Hidden, not closed: what the kernel has not acknowledged yet is still sent.
        self._slot.layout.display = "none"


class Cases(anywidget.AnyWidget):
    """The images, a tab a kind.

    Args:
        desk: where they come from.
        open: shows one in the labelling widget, given its kind and id.
        close: hides that.
    """

    _esm = link(_STATIC / "gallery.js")
    _css = _STATIC / "gallery.css"

    _control = traitlets.Bool(False).tag(sync=True)
    _comm_id = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self, desk: GalleryDesk, open: Callable[[str, str], None], close: Callable[[], None]
    ) -> None:
        super().__init__()
        self._desk = desk
        self._open = open
        self._close = close
        self._opened = ""  # kind of the image that is open
        self._workers = ThreadPoolExecutor(2, thread_name_prefix="workbench-gallery")
        self._send_lock = threading.Lock()
        self._control = control_channel_needed()
        self._comm_id = getattr(self.comm, "comm_id", "") or ""
        self.on_msg(self._receive)
        self._stop = desk.on_change(lambda change: self._say({"type": "mark", **change}))
        answer_while_cells_run(self)

    def close(self) -> None:
        """Take it off the page and stop listening."""
        self._stop()
        self._workers.shutdown(wait=False, cancel_futures=True)
        super().close()

    def _receive(self, _: Any, message: dict[str, Any], __: list[Any]) -> None:
        kind = message.get("type")
        if kind == "hello":
            self._say({"type": "state", "opened": self._opened, **self._desk.state()})
        elif kind == "thumbs":
            samples = [str(sample) for sample in message["samples"]]
            self._workers.submit(self._send_thumbs, samples, int(message["side"]))
        elif kind == "open":
            self._show(str(message["kind"]), str(message["sample"]))
        elif kind == "close":
            self._opened = ""
            self._close()

    def _show(self, kind: str, sample: str) -> None:
        try:
            self._open(kind, sample)
        except WorkbenchError as error:
            self._say({"type": "opened", "sample": sample, "error": str(error)})
        else:
            self._opened = kind
            self._say({"type": "opened", "sample": sample})

    def _send_thumbs(self, samples: list[str], side: int) -> None:
        pictures = self._desk.thumbnails(samples, side)
        self._say({"type": "thumbs", "samples": samples}, pictures)

    def _say(self, message: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        with self._send_lock:
            self.send(message, buffers)
