"""Segment Anything: masks from points and a box, by an encoder and a decoder exported to ONNX.

Kirillov et al., "Segment Anything" (ICCV 2023). The decoder is what the authors' own export writes; the
encoder is that of any model with such a decoder, large or distilled, exported with one image as its
input. The weights are not part of this project: both files are given by path.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from workbench.dataset.outlines import Mask, Point
from workbench.errors import BackboneError, LabelError
from workbench.interactive.inputs import Rgb, as_pixel, as_points, as_rgb, as_window, size_of

Floats: TypeAlias = NDArray[np.float32]
Shape: TypeAlias = Sequence[int | str | None]

# Of ImageNet, on 0 to 255, as published with the model.
_MEAN = np.array([123.675, 116.28, 103.53], dtype=np.float32)
_DEVIATION = np.array([58.395, 57.12, 57.375], dtype=np.float32)
_SIDE = 1024  # pixels, where the encoder takes images of any size
_MASK_SIDE = 4  # cells of a mask handed back to the decoder, for each of the embedding's
_EMBEDDING, _BEFORE, _HAS_BEFORE = "image_embeddings", "mask_input", "has_mask_input"
_COORDS, _LABELS, _SIZE = "point_coords", "point_labels", "orig_im_size"
_DECODER_TAKES = {_EMBEDDING, _COORDS, _LABELS, _BEFORE, _HAS_BEFORE, _SIZE}
_DECODER_GIVES = ("masks", "iou_predictions", "low_res_masks")
_PADDING, _TOP_LEFT, _BOTTOM_RIGHT = -1, 2, 3  # labels of points, beside 0 and 1


@dataclass(frozen=True, eq=False)
class Segmented:
    """A mask that the model proposes.

    Attributes:
        mask: (height, width) of the image.
        score: the intersection over union that the model expects.
        logits: (1, 1, h, w) what to hand back with further points.
    """

    mask: Mask
    score: float
    logits: Floats


class SegmentAnything:
    """An encoder and a decoder.

    Args:
        encoder: path of its ONNX file: an image (1, 3, side, side) to an embedding.
        decoder: path of its ONNX file, as the authors' export writes it.

    Raises:
        BackboneError: a file is missing, is no ONNX model, or has other inputs or outputs; or the two
            do not belong to each other. The message names it.
    """

    def __init__(self, encoder: str | Path, decoder: str | Path) -> None:
        self._encoder, self._decoder = _session(encoder), _session(decoder)
        self._input, self._side = _encoder_input(self._encoder, encoder)
        _require_decoder(self._decoder, decoder)
        given = self._encoder.get_outputs()[0].shape
        taken = next(x.shape for x in self._decoder.get_inputs() if x.name == _EMBEDDING)
        if not _fits(given, taken):
            raise BackboneError(
                f"the encoder {encoder} gives an embedding {given}, but the decoder {decoder} takes "
                f"{taken}: take both from the same model"
            )

    def embed(self, image: NDArray[Any]) -> "EmbeddedImage":
        """What the decoder needs of an image: once per image, the slow half.

        Args:
            image: (height, width, 3) RGB, or grey.

        Raises:
            ImageError: it is none.
            BackboneError: the encoder cannot compute it.
        """
        rgb = as_rgb(image)
        pixels, scale = preprocessed(rgb, self._side)
        embedding = _run(self._encoder, None, {self._input: pixels}, "encoder")[0]
        return EmbeddedImage(self._decoder, embedding, size_of(rgb), scale)


class EmbeddedImage:
    """An image that `SegmentAnything.embed` has seen.

    Args:
        decoder: ONNX Runtime's session.
        embedding: (1, channels, rows, columns).
        size: width and height of the image.
        scale: (2,) of x and y, from its pixels to the encoder's.
    """

    def __init__(
        self, decoder: Any, embedding: Floats, size: tuple[int, int], scale: NDArray[np.float64]
    ) -> None:
        self._decoder = decoder
        self._embedding = embedding
        self._size = size
        self._scale = scale

    def mask(
        self,
        points: Sequence[Point] = (),
        labels: Sequence[int] = (),
        box: Sequence[float] | None = None,
        before: Segmented | None = None,
    ) -> Segmented:
        """The object at some points, in a box, or both.

        Args:
            points: (n, 2) x and y in pixels.
            labels: of each point, 1 where it lies on the object and 0 where beside it.
            box: left, top, right and bottom in pixels.
            before: what was proposed before the last point came.

        Returns:
            Of several proposals, the one with the highest score.

        Raises:
            LabelError: there is neither a point nor a box, a point or all of the box lies outside of the
                image, or labels are others than 0 and 1 or not as many as points.
            BackboneError: the decoder cannot compute it.
        """
        coords, kinds = self._prompt(points, labels, box)
        side = [_MASK_SIDE * cells for cells in self._embedding.shape[2:]]
        given = np.zeros((1, 1, *side), np.float32) if before is None else before.logits
        inputs = {
            _EMBEDDING: self._embedding,
            _COORDS: coords,
            _LABELS: kinds,
            _BEFORE: given,
            _HAS_BEFORE: np.array([before is not None], dtype=np.float32),
            _SIZE: np.array(self._size[::-1], dtype=np.float32),
        }
        masks, scores, logits = _run(self._decoder, _DECODER_GIVES, inputs, "decoder")
        if masks.shape[2:] != self._size[::-1]:
            raise BackboneError(
                f"the decoder gave masks of {masks.shape[2:]}, not of the image's "
                f"{self._size[::-1]} pixels: export it anew, by the authors' script"
            )
        best = int(scores[0].argmax())
        return Segmented(
            masks[0, best] > 0, float(scores[0, best]), logits[:, best : best + 1].copy()
        )

    def _prompt(
        self, points: Sequence[Point], labels: Sequence[int], box: Sequence[float] | None
    ) -> tuple[Floats, Floats]:
        """(1, n, 2) points and (1, n) labels as the decoder takes them."""
        if len(points) != len(labels) or not set(labels) <= {0, 1}:
            raise LabelError(
                f"each of the {len(points)} points needs a label, 1 on the object or 0 beside it, but "
                f"got {list(labels)}"
            )
        if not len(points) and box is None:
            raise LabelError("an object is found by a point or a box: click on it")
        for point in as_points(points):
            as_pixel((point[0], point[1]), self._size)
        if box is None:  # as the export asks for
            extra, kinds = np.zeros((1, 2)), [_PADDING]
        else:
            as_window(box, self._size)
            extra = np.sort(np.reshape(box, (2, 2)), axis=0) * self._scale
            kinds = [_TOP_LEFT, _BOTTOM_RIGHT]
        placed = np.concatenate([as_points(points) * self._scale, extra])
        return placed[None].astype(np.float32), np.array([[*labels, *kinds]], dtype=np.float32)


def preprocessed(image: Rgb, side: int) -> tuple[Floats, NDArray[np.float64]]:
    """An image as published: its longer side brought to a length, normalised, padded with zeros.

    Args:
        image: (height, width, 3).
        side: of the square that the encoder takes.

    Returns:
        (1, 3, side, side), the image in the top left corner; and (2,) by how much x and y were scaled.
    """
    size = np.array(size_of(image))
    width, height = np.maximum(1, (size * (side / size.max()) + 0.5).astype(int)).tolist()
    resized = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
    pixels = np.zeros((1, 3, side, side), dtype=np.float32)
    normalised = (np.asarray(resized, dtype=np.float32) - _MEAN) / _DEVIATION
    pixels[0, :, :height, :width] = normalised.transpose(2, 0, 1)
    return pixels, np.array([width, height]) / size


def _session(path: str | Path) -> Any:
    import onnxruntime

    if not Path(path).is_file():
        raise BackboneError(f"there is no file {path}: give the path of an ONNX model")
    onnxruntime.set_default_logger_severity(3)  # errors
    try:
        return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's errors have no type in common
        raise BackboneError(
            f"{path} cannot be read as an ONNX model ({_first_line(error)}): export it anew"
        ) from error


def _run(session: Any, names: Sequence[str] | None, inputs: dict[str, Any], part: str) -> Any:
    try:
        return session.run(names, inputs)
    except Exception as error:  # as above
        raise BackboneError(
            f"the {part} cannot compute this ({_first_line(error)}): export it anew, by the authors' "
            "script"
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _encoder_input(session: Any, path: str | Path) -> tuple[str, int]:
    """Its name, and the side of the square that it takes."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    shape = inputs[0].shape if len(inputs) == 1 else []
    height, width = shape[2:] if len(shape) == 4 else (0, -1)
    either = {side for side in (height, width) if isinstance(side, int)} or {_SIDE}
    if (
        len(inputs) != 1
        or inputs[0].type != "tensor(float)"
        or not _fits(shape, (1, 3, None, None))
        or len(either) != 1
        or len(outputs[0].shape) != 4
    ):
        raise BackboneError(
            f"the encoder {path} must take one image (1, 3, side, side) of float and give an embedding "
            f"(1, channels, rows, columns), but takes {_described(inputs)} and gives "
            f"{_described(outputs)}: export it so, without its preprocessing"
        )
    return str(inputs[0].name), either.pop()


def _require_decoder(session: Any, path: str | Path) -> None:
    taken = {each.name for each in session.get_inputs()}
    given = {each.name for each in session.get_outputs()}
    if taken != _DECODER_TAKES or not given >= set(_DECODER_GIVES):
        raise BackboneError(
            f"the decoder {path} must take {', '.join(sorted(_DECODER_TAKES))} and give "
            f"{', '.join(_DECODER_GIVES)}, but takes {_described(session.get_inputs())} and gives "
            f"{_described(session.get_outputs())}: export it by the authors' script"
        )


def _fits(one: Shape, other: Shape) -> bool:
    """Whether shapes can be the same; a side that is no number may be any."""
    if len(one) != len(other):
        return False
    sides = zip(one, other, strict=True)
    return all(a == b for a, b in sides if isinstance(a, int) and isinstance(b, int))


def _described(nodes: Sequence[Any]) -> str:
    return (
        ", ".join(f"{each.name} {list(each.shape)} of {each.type}" for each in nodes) or "nothing"
    )
