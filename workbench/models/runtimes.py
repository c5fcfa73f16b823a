"""Networks handed over to a runtime that is faster on a processor than PyTorch's own kernels.

ONNX Runtime, or OpenVINO where somebody has installed it, gets the graph of the folded network,
traced once in memory: that takes a second or two. Neither is trusted: what it computes is compared
with PyTorch on an example before it is used.

Routes may be mixed: the vectors differ by rounding, by less than a fiftieth of what tells images
apart.
"""

import io
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from importlib.util import find_spec
from typing import Any, TypeAlias

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Network: TypeAlias = Callable[[Tensor], Tensor]


class OneCore:
    """A network that computes on the thread that calls it: to be called by as many as there are cores.

    That costs less than sharing out each layer of each batch among all cores, which have to wait
    for each other.
    """

    def __init__(self, network: Network) -> None:
        self._network = network

    def __call__(self, pixels: Tensor) -> Tensor:
        """What the network says of a batch (n, 3, height, width)."""
        return self._network(pixels)


_log = logging.getLogger(__name__)
_told: set[str] = set()  # reasons that were given already

_OPSET = 17
_IN, _OUT = "pixels", "vectors"
# Largest deviation beside the outputs' own size. In float16 as much as PyTorch itself has there.
_TOLERANCE = {torch.float32: 1e-3, torch.float16: 3e-2}


class Route(StrEnum):
    """Who computes a network."""

    OPENVINO = "openvino"
    ONNXRUNTIME = "onnxruntime"
    TORCH = "torch"


def available() -> list[Route]:
    """The routes that are installed, fastest first."""
    return [route for route in Route if find_spec(route.value) is not None]


def fastest(model: nn.Module, example: Tensor, dtype: torch.dtype) -> Network:
    """The network by the fastest route that computes it rightly; why not by a faster one is logged.

    Args:
        model: in evaluation mode, float32, on the CPU.
        example: (n, 3, height, width), normalised.
        dtype: what to compute in, where the route leaves a choice.

    Returns:
        What takes a batch of any number of images; the model itself where no route is faster.
    """
    for route in available():
        try:
            return by_route(model, example, dtype, route)
        except Exception as error:  # noqa: BLE001 - whatever a network has that a runtime has not
            reason = str(error).strip().partition("\n")[0]
            told = f"{type(model).__name__} cannot be computed by {route}: {reason}"
            if told not in _told:
                _told.add(told)
                _log.warning(
                    "%s. The next route, down to PyTorch, is slower and says the same", told
                )
    network: Network = model
    return network


def by_route(model: nn.Module, example: Tensor, dtype: torch.dtype, route: Route) -> Network:
    """The network by one route.

    Args:
        model: in evaluation mode, float32, on the CPU.
        example: (n, 3, height, width), normalised.
        dtype: what to compute in; ONNX Runtime computes in float32 anyway.
        route: which.

    Raises:
        ValueError: what it computes is not what the model does.
        Exception: whatever PyTorch or the runtime says of a network that it cannot take.
    """
    network: Network = model
    if route is Route.TORCH:
        return network
    graph = _trace(model, example)
    openvino = route is Route.OPENVINO
    network = _openvino(graph, dtype) if openvino else _onnxruntime(graph)
    with torch.inference_mode():
        wanted, got = model(example), network(example)
    if wanted.shape != got.shape:
        raise ValueError(f"its output is {tuple(got.shape)}, not {tuple(wanted.shape)}")
    off = float((wanted - got).abs().max() / wanted.abs().max())
    if not off <= (tolerance := _TOLERANCE[dtype if openvino else torch.float32]):
        raise ValueError(f"its output is off by {off:.1e} of its size, more than {tolerance:g}")
    return network


def _trace(model: nn.Module, example: Tensor) -> bytes:
    """The network as an ONNX graph for any number of images."""
    file = io.BytesIO()
    with _quiet(), torch.inference_mode():
        torch.onnx.export(
            model,
            (example.contiguous(),),
            file,
            input_names=[_IN],
            output_names=[_OUT],
            dynamic_axes={_IN: {0: "images"}, _OUT: {0: "images"}},
            opset_version=_OPSET,
            # The other exporter takes ten times as long and three more packages.
            dynamo=False,
        )
    return file.getvalue()


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the tracer says of networks that it traces all the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _onnxruntime(graph: bytes) -> Network:
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)  # errors
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def compute(pixels: NDArray[Any]) -> Any:
        return session.run([_OUT], {_IN: pixels})[0]

    return OneCore(_on_arrays(compute))


def _openvino(graph: bytes, dtype: torch.dtype) -> Network:
    import openvino

    core = openvino.Core()
    options = {
        "INFERENCE_PRECISION_HINT": "f16" if dtype is torch.float16 else "f32",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
    }
    compiled = core.compile_model(core.read_model(graph), "CPU", options)

    def compute(pixels: NDArray[Any]) -> Any:
        return compiled(pixels)[0]

    return _on_arrays(compute)


def _on_arrays(compute: Callable[[NDArray[Any]], Any]) -> Network:
    def network(pixels: Tensor) -> Tensor:
        return torch.from_numpy(compute(pixels.contiguous().numpy()))

    return network
