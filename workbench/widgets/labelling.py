"""The labelling widget: the browser owns the pointer, the kernel owns the truth.

Messages from the page: `hello`, `op`, `image`, `region`, `mask`, `magic`, `thumbs`, `grid`, `instant`,
`heat`. Messages to it: `state`, `ack`, `image`, `region`, `mask`, `magic`, `thumbs`, `grid`, `heat`,
`news`. Labels are acknowledged one by one when they are on disk; images, groups, heat maps and what
gestures mean are prepared on threads of their own, so that an acknowledgement never waits for them.
"""

import contextlib
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import anywidget
import numpy as np
import traitlets
from ipywidgets import Widget, widget_serialization
from numpy.typing import NDArray

from workbench.errors import WorkbenchError
from workbench.widgets._comm import answer_while_cells_run
from workbench.widgets._control import control_channel_needed
from workbench.widgets._modules import link
from workbench.widgets.layers import paint_heat, two_layers

_STATIC = Path(__file__).parent / "static"
LONGEST_SIDE = 4_096  # pixels of an image sent to the page; more is never shown at once
HEAT_SIDE = 224
NO_LAYERS = "Shown with ipycanvas only: pip install ipycanvas, restart the kernel."
# The page's own list is the one list of actions.
ACTIONS = re.findall(
    r'^ *\{ name: "(\w+)"', (_STATIC / "keymap.js").read_text("utf-8"), re.MULTILINE
)


class Desk(Protocol):
    """What the widget needs from the kernel; everything it can do goes through here."""

    def state(self) -> dict[str, Any]:
        """Classes, counts and the queue."""

    def apply(self, op: dict[str, Any]) -> dict[str, Any]:
        """Carry out one operation and acknowledge it."""

    def image(self, sample_id: str, side: int) -> tuple[bytes, dict[str, Any]]:
        """An image's bytes and its original size."""

    def region(
        self, sample_id: str, box: tuple[int, int, int, int], side: int
    ) -> tuple[bytes, dict[str, Any]]:
        """The bytes of a part of an image: left, top, right and bottom in its pixels."""

    def mask(self, sample_id: str, of: str) -> tuple[bytes, dict[str, Any]]:
        """The numbers of a mask, deflated, and what they stand for."""

    def magic(self, sample_id: str, gesture: Mapping[str, Any]) -> dict[str, Any]:
        """What a gesture of a magic tool means."""

    def thumbnails(self, sample_ids: Sequence[str], side: int) -> list[bytes]:
        """Small pictures, empty where there is none."""

    def arrange(
        self, by: str, sample_id: str | None, progress: Callable[[int, int], None]
    ) -> tuple[list[dict[str, Any]], bytes]:
        """Groups of images that are left to label, and their ids."""

    def learn(self, on: bool) -> None:
        """Switch the learning in the background on or off."""

    def heat(self, sample_id: str, side: int) -> tuple[str, NDArray[np.float32]] | None:
        """What a map of an image shows, in words, and the map."""

    def on_change(self, listener: Callable[[dict[str, Any]], None]) -> Callable[[], None]:
        """Report what happens elsewhere."""


class LabelWidget(anywidget.AnyWidget):
    """Labels the queue of a dataset, class by class, by keyboard.

    Attributes:
        layers: an ipycanvas MultiCanvas of two layers that lies over the image and under
            everything else, drawn from Python: the first holds the saliency of the prediction, the
            second is free for whatever a cell draws. None without ipycanvas.
        layer_of: id of the image that the layers belong to; they are hidden on all others. Empty:
            they are always shown.
        height: of the widget, in CSS pixels.
        shortcuts: keys that differ from what the widget's `?` sheet shows at first, by action.
    """

    _esm = link(_STATIC / "labelling.js")
    _css = _STATIC / "labelling.css"

    layers = traitlets.Instance(Widget, allow_none=True).tag(sync=True, **widget_serialization)
    layer_of = traitlets.Unicode("-").tag(sync=True)
    height = traitlets.Int(520, min=320).tag(sync=True)
    shortcuts: Any = traitlets.Dict(
        key_trait=traitlets.Unicode(), value_trait=traitlets.Unicode()
    ).tag(sync=True)
    _control = traitlets.Bool(False).tag(sync=True)
    _comm_id = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self, desk: Desk, *, height: int = 520, keys: Mapping[str, str] | None = None
    ) -> None:
        """Show a desk.

        Args:
            desk: where operations go.
            height: in CSS pixels.
            keys: other keys than the widget's own, by action or `class:<name>`.

        Raises:
            ValueError: there is no such action.
        """
        for name in keys or {}:
            if name not in ACTIONS and not name.startswith("class:"):
                known = ", ".join(ACTIONS)
                raise ValueError(f"no action {name!r}: there are {known}, and class:<name>")
        super().__init__(height=height, layers=two_layers(HEAT_SIDE), shortcuts=dict(keys or {}))
        self._desk = desk
        self._workers = ThreadPoolExecutor(2, thread_name_prefix="workbench-images")
        self._hands = ThreadPoolExecutor(1, thread_name_prefix="workbench-magic")
        self._slow = ThreadPoolExecutor(1, thread_name_prefix="workbench-grid")
        self._send_lock = threading.Lock()
        self._paint_lock = threading.Lock()
        self._wanted_heat = ""
        self._control = control_channel_needed()
        self._comm_id = getattr(self.comm, "comm_id", "") or ""
        self.on_msg(self._receive)
        self._stop = desk.on_change(self._tell)
        answer_while_cells_run(self)
        if self.layers is not None:
            answer_while_cells_run(self.layers)

    def close(self) -> None:
        """Take the widget off the page and stop listening."""
        self._stop()
        for workers in (self._workers, self._hands, self._slow):
            workers.shutdown(wait=False, cancel_futures=True)
        super().close()

    def _receive(self, _: Any, message: dict[str, Any], __: list[Any]) -> None:
        kind = message.get("type")
        if kind == "op":
            self._say({"type": "ack", **self._desk.apply(message["op"])})
        elif kind == "hello":
            self._say({"type": "state", **self._desk.state()})
        elif kind == "image":
            self._workers.submit(self._send_image, str(message["sample"]), int(message["side"]))
        elif kind == "region":
            self._workers.submit(
                self._send_region, str(message["sample"]), message["box"], int(message["side"])
            )
        elif kind == "mask":
            self._workers.submit(self._send_mask, str(message["sample"]), str(message["of"]))
        elif kind == "magic":
            self._hands.submit(
                self._send_magic, str(message["sample"]), message["gesture"], message["ask"]
            )
        elif kind == "thumbs":
            samples = [str(sample) for sample in message["samples"]]
            self._workers.submit(self._send_thumbs, samples, int(message["side"]))
        elif kind == "grid":
            sample = message.get("sample")
            self._slow.submit(self._send_grid, str(message["by"]), sample and str(sample))
        elif kind == "instant":
            self._desk.learn(bool(message["on"]))
        elif kind == "heat":
            self._wanted_heat = str(message["sample"])
            self._workers.submit(self._send_heat, self._wanted_heat)

    def _tell(self, news: dict[str, Any]) -> None:
        self._say({"type": "news", **news})

    def _send_image(self, sample: str, side: int) -> None:
        try:
            data, size = self._desk.image(sample, min(side, LONGEST_SIDE))
            self._say({"type": "image", "sample": sample, **size}, [data])
        except Exception as error:  # noqa: BLE001 - shown in place of the image, whatever it is
            self._say({"type": "image", "sample": sample, "error": str(error)})

    def _send_region(self, sample: str, box: dict[str, int], side: int) -> None:
        left, top = box["x"], box["y"]
        edges = (left, top, left + box["width"], top + box["height"])
        # What is on screen stays there, only coarser, where finer pixels cannot be had.
        with contextlib.suppress(WorkbenchError, ValueError):
            data, _ = self._desk.region(sample, edges, min(side, LONGEST_SIDE))
            self._say({"type": "region", "sample": sample, "box": box}, [data])

    def _send_mask(self, sample: str, of: str) -> None:
        told = {"type": "mask", "sample": sample, "of": of}
        try:
            data, info = self._desk.mask(sample, of)
            self._say({**told, **info}, [data])
        except Exception as error:  # noqa: BLE001 - shown in place of the mask, whatever it is
            self._say({**told, "error": str(error)})

    def _send_magic(self, sample: str, gesture: dict[str, Any], ask: int) -> None:
        told = {"type": "magic", "ask": ask}
        try:
            self._say({**told, **self._desk.magic(sample, gesture)})
        except Exception as error:  # noqa: BLE001 - shown to who made the gesture, whatever it is
            self._say({**told, "error": str(error)})

    def _send_thumbs(self, samples: list[str], side: int) -> None:
        pictures = self._desk.thumbnails(samples, side)
        self._say({"type": "thumbs", "samples": samples}, pictures)

    def _send_grid(self, by: str, sample: str | None) -> None:
        def progress(done: int, total: int) -> None:
            self._say({"type": "grid", "working": f"looking at images, {done:,} of {total:,}"})

        try:
            groups, ids = self._desk.arrange(by, sample, progress)
            self._say({"type": "grid", "by": by, "groups": groups}, [ids])
        except Exception as error:  # noqa: BLE001 - shown in place of the images, whatever it is
            self._say({"type": "grid", "error": str(error)})

    def _send_heat(self, sample: str) -> None:
        if sample != self._wanted_heat:
            return  # the page has moved on
        if self.layers is None:
            self._say({"type": "heat", "sample": sample, "error": NO_LAYERS})
            return
        try:
            found = self._desk.heat(sample, HEAT_SIDE)
        except WorkbenchError as error:
            self._say({"type": "heat", "sample": sample, "error": str(error)})
            return
        except Exception as error:  # noqa: BLE001 - as above
            self._say({"type": "heat", "sample": sample, "error": f"no saliency: {error}"})
            return
        if found is None or sample != self._wanted_heat:
            self._say({"type": "heat", "sample": sample, "note": ""})
            return
        note, heat = found
        with self._paint_lock:
            paint_heat(self.layers, heat)
            self.layer_of = sample
        self._say({"type": "heat", "sample": sample, "note": note})

    def _say(self, message: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        with self._send_lock:
            self.send(message, buffers)
