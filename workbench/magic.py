"""The magic tools of the labelling widget: gestures on an image in, outlines of regions out.

Wiring: it reads the images of a dataset, and hands gestures to the pure functions of `interactive`. A
gesture comes as plain JSON with all places in shares of the upright image, and so do outlines go.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from workbench.dataset.outlines import Mask, Outline, outline_from_plain
from workbench.decoding import decode, opened, upright_size
from workbench.errors import LabelError, WorkbenchError
from workbench.interactive.brush import brushed
from workbench.interactive.combining import cut, join, touch, without_holes
from workbench.interactive.morphology import as_mask, smooth_outline
from workbench.interactive.prepared import MOST_PIXELS, PreparedImage

if TYPE_CHECKING:
    from workbench.interactive.segmentanything import SegmentAnything

Tool: TypeAlias = Callable[[NDArray[np.uint8], NDArray[np.float64]], NDArray[Any]]
"""Takes (height, width, 3) RGB and the (n, 2) points of a stroke in its pixels, gives (height, width)."""
AnyTool = TypeVar("AnyTool", bound=Tool)
Points: TypeAlias = list[tuple[float, float]]

SMOOTH = 0.004  # of the image's longer side, radius of the details that are smoothed away at once
_KEPT = 2  # images that are prepared: the one on screen, and the one before
NO_WEIGHTS = (
    "Segment Anything needs its weights: bench.magic.segment_anything(encoder, decoder) takes the paths "
    "of the two ONNX files that its authors' export writes; the other magic tools need none"
)


class Magic:
    """The magic tools over the images of one dataset; `bench.magic` is one.

    Args:
        path_of: the file of an image by its id.
    """

    def __init__(self, path_of: Callable[[str], str]) -> None:
        self._path_of = path_of
        self._prepared: dict[str, PreparedImage] = {}
        self._tools: dict[str, Tool] = {}
        self._anything: SegmentAnything | None = None

    def segment_anything(self, encoder: str | Path, decoder: str | Path) -> None:
        """Have the tool "Anything" segment by a Segment-Anything model; widgets shown may go on.

        Args:
            encoder: path of its ONNX file.
            decoder: likewise.

        Raises:
            BackboneError: a file is missing, is no ONNX model, or has other inputs or outputs.
        """
        from workbench.interactive.segmentanything import SegmentAnything

        self._anything = SegmentAnything(encoder, decoder)

    def tool(self, function: AnyTool) -> AnyTool:
        """Give the widgets shown from now on a tool of your own; a decorator.

        Args:
            function: takes an image (height, width, 3) of uint8 in RGB and the points (n, 2) of a
                stroke in its pixels, and returns the mask (height, width) of what is meant. Its name
                is the tool's.

        Returns:
            The function.

        Raises:
            LabelError: it does not take two arguments.
        """
        name = function.__name__
        if len(inspect.signature(function).parameters) != 2:
            raise LabelError(
                f"a tool takes an image and the points of a stroke, but {name} does not"
            )
        self._tools[name] = function
        return function

    @property
    def tools(self) -> list[str]:
        """Names of the tools of your own."""
        return list(self._tools)

    def answer(self, sample_id: str, gesture: Mapping[str, Any]) -> dict[str, Any]:
        """What a gesture on an image means.

        Args:
            sample_id: the image.
            gesture: its `tool`, `exact` (whether the outline is to run along the pixels' borders),
                and what the tool needs: `at` and perhaps `threshold` for "region"; `box` for "boxed";
                `points` for "scissors", with `closed`, or else the way through them is asked for;
                `points` and `side` for "patches"; `points`, `labels` and perhaps `box` for "anything";
                `points` for a tool of the user's own; `points` and `side` for "brush"; `one` and `other`
                outline for "join", "cut" and "touch" (joined where they touch, else nothing), `one`
                for "smooth" and "whole" (without its holes).

        Returns:
            `outline`: rings of points in shares, none where nothing is meant; or `line`; and
            `threshold` where there is one.

        Raises:
            WorkbenchError: there is no such image or tool, or the gesture is none for it.
        """
        tool = str(gesture.get("tool"))
        answer = _ANSWERS.get(tool)
        if answer is None and tool not in self._tools:
            raise WorkbenchError(f"there is no magic tool {tool!r}: draw with another one")
        try:
            if answer is None:
                return self._own(tool, self._image(sample_id), gesture)
            return answer(self, sample_id, gesture)
        except WorkbenchError:
            raise
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise WorkbenchError(
                f"{tool} cannot use this gesture ({error!r}): try again"
            ) from error

    def _image(self, sample_id: str) -> PreparedImage:
        found = self._prepared.pop(sample_id, None)
        if found is None:
            with opened(self._path_of(sample_id)) as image:
                # A big JPEG is decoded smaller at once where that is enough.
                side = int(MOST_PIXELS**0.5)
                rgb = decode(image, (side, side)).image.convert("RGB")
            found = PreparedImage(np.asarray(rgb))
        self._prepared[sample_id] = found  # the latest last
        for old in list(self._prepared)[:-_KEPT]:
            del self._prepared[old]
        return found

    def _region(self, sample_id: str, gesture: Mapping[str, Any]) -> dict[str, Any]:
        image = self._image(sample_id)
        threshold = gesture.get("threshold")
        at = _points([gesture["at"]])[0]
        mask, used = image.region(at, None if threshold is None else float(threshold))
        return {"outline": _outline(image, mask, gesture), "threshold": used}

    def _boxed(self, sample_id: str, gesture: Mapping[str, Any]) -> dict[str, Any]:
        image = self._image(sample_id)
        return {"outline": _outline(image, image.boxed(_box(gesture["box"])), gesture)}

    def _scissors(self, sample_id: str, gesture: Mapping[str, Any]) -> dict[str, Any]:
        image = self._image(sample_id)
        points = _points(gesture["points"])
        if gesture.get("closed"):
            return {"outline": _outline(image, image.enclosed(points), gesture)}
        return {"line": image.way(points).tolist()}

    def _patches(self, sample_id: str, gesture: Mapping[str, Any]) -> dict[str, Any]:
        image = self._image(sample_id)
        mask = image.patches(_points(gesture["points"]), float(gesture["side"]))
        return {"outline": _outline(image, mask, gesture)}

    def _model(self, sample_id: str, gesture: Mapping[str, Any]) -> dict[str, Any]:
        if self._anything is None:
            raise WorkbenchError(NO_WEIGHTS)
        image = self._image(sample_id)
        labels = [int(label) for label in gesture["labels"]]
        box = gesture.get("box")
        points = _points(gesture["points"])
        mask = image.anything(self._anything, points, labels, None if box is None else _box(box))
        return {"outline": _outline(image, mask, gesture)}

    def _brushed(self, sample_id: str, gesture: Mapping[str, Any]) -> dict[str, Any]:
        size = upright_size(self._path_of(sample_id))
        return {"outline": brushed(_points(gesture["points"]), float(gesture["side"]), size)}

    def _joined(self, _: str, gesture: Mapping[str, Any]) -> dict[str, Any]:
        one, other = (outline_from_plain(gesture[name]) for name in ("one", "other"))
        if gesture["tool"] == "cut":
            return {"outline": cut(one, other)}
        together = gesture["tool"] == "join" or touch(one, other)
        return {"outline": join(one, other) if together else ()}

    def _smoothed(self, sample_id: str, gesture: Mapping[str, Any]) -> dict[str, Any]:
        one = outline_from_plain(gesture["one"])
        size = self._image(sample_id).size
        return {"outline": smooth_outline(one, size, SMOOTH * max(size), within=0.5)}

    def _whole(self, _: str, gesture: Mapping[str, Any]) -> dict[str, Any]:
        return {"outline": without_holes(outline_from_plain(gesture["one"]))}

    def _own(self, tool: str, image: PreparedImage, gesture: Mapping[str, Any]) -> dict[str, Any]:
        points = np.array(image.places(_points(gesture["points"])), dtype=np.float64)
        try:
            mask = as_mask(np.asarray(self._tools[tool](image.rgb.copy(), points.reshape(-1, 2))))
        except Exception as error:  # whatever the user's code raises belongs before the user's eyes
            raise WorkbenchError(f"{tool} failed: {type(error).__name__}: {error}") from error
        if mask.shape != image.rgb.shape[:2]:
            raise WorkbenchError(
                f"{tool} must return a mask of {image.rgb.shape[:2]}, but got one of {mask.shape}"
            )
        return {"outline": _outline(image, mask, gesture)}


_ANSWERS: dict[str, Callable[[Magic, str, Mapping[str, Any]], dict[str, Any]]] = {
    "region": Magic._region,
    "boxed": Magic._boxed,
    "scissors": Magic._scissors,
    "patches": Magic._patches,
    "anything": Magic._model,
    "brush": Magic._brushed,
    "join": Magic._joined,
    "cut": Magic._joined,
    "touch": Magic._joined,
    "smooth": Magic._smoothed,
    "whole": Magic._whole,
}


def _points(given: Any) -> Points:
    """Points from JSON, brought into the image, for a hand may go beyond its edge."""
    return [(_share(x), _share(y)) for x, y in given]


def _box(given: Any) -> Sequence[float]:
    left, top, right, bottom = map(_share, given)
    return left, top, right, bottom


def _share(value: Any) -> float:
    number = float(value)
    if not np.isfinite(number):
        raise ValueError(f"a place is a finite number, not {value!r}")
    return min(1.0, max(0.0, number))


def _outline(image: PreparedImage, mask: Mask, gesture: Mapping[str, Any]) -> Outline:
    return image.outline(mask, bool(gesture.get("exact")))
