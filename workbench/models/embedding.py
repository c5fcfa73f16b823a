"""Image files to vectors: decoding runs ahead in threads while the network computes."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from workbench.models.backbones import Backbone
    from workbench.models.runtimes import Network

_BATCH_CPU = 16  # what a layer touches then stays in the processor's cache
_BATCH_GPU = 128
_FEW = 32  # images for which a network is not worth being folded
_MANY = 128  # images from which on it is worth being compiled, which takes a second or two
_AHEAD = 3  # batches decoded or being decoded while one is computed


def embed_files(
    backbone: "Backbone",
    paths: Sequence[str | Path | Tensor],
    *,
    batch_size: int | None = None,
    workers: int | None = None,
    network: "Network | None" = None,
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Embed image files, batch by batch, in order.

    Args:
        backbone: what to embed with.
        paths: the files; an image without one as `backbone.preprocess` gives it.
        batch_size: images computed at once; by default what suits the device.
        workers: threads that decode; by default one a core, at most eight.
        network: what computes them; by default what pays for so many images.

    Yields:
        (rows, vectors): the rows of `paths` and their vectors (b, dim), as soon as they are there.
        At most a few batches of decoded images are held at a time.

    Raises:
        ImageError: a file cannot be read; the message names it. What was yielded before stands.
        BackboneError: the network gives no finite vectors.
    """
    size = batch_size or (_BATCH_CPU if backbone.device.type == "cpu" else _BATCH_GPU)
    network = network or _network(backbone, len(paths))
    pool = ThreadPoolExecutor(workers or min(8, os.cpu_count() or 1), "workbench-decode")
    try:
        remaining = iter(paths)
        ahead: deque[Future[Tensor]] = deque()
        for start in range(0, len(paths), size):
            wanted = _AHEAD * size - len(ahead)
            ahead.extend(pool.submit(backbone.preprocess, p) for p in islice(remaining, wanted))
            batch = [ahead.popleft().result() for _ in range(min(size, len(paths) - start))]
            vectors = backbone.forward(torch.stack(batch), network)
            yield slice(start, start + len(batch)), vectors
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _network(backbone: "Backbone", images: int) -> "Network":
    if images > _MANY:
        return backbone.compiled()
    network: Network = backbone.folded() if images > _FEW else backbone.model
    return network
