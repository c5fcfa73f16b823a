"""Image files to vectors.

Either each core takes batches of its own from the files to the vectors; or threads decode ahead
while the network computes on all cores, or on a GPU.
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.models.runtimes import Network, OneCore

if TYPE_CHECKING:
    from workbench.models.backbones import Backbone

Paths: TypeAlias = Sequence[str | Path | Tensor]
Block: TypeAlias = tuple[slice, NDArray[np.float32]]
Given = TypeVar("Given")
Made = TypeVar("Made")

_BATCH_CPU = 16  # what a layer touches then stays in the processor's cache
_BATCH_CORE = 8  # of a core that computes by itself
_BATCH_GPU = 128
_FEW = 32  # images for which a network is not worth being folded
_MANY = 128  # images from which on it is worth being compiled, which takes a second or two
_AHEAD = 2  # batches decoded or being decoded while one is computed


def embed_files(
    backbone: "Backbone",
    paths: Paths,
    *,
    batch_size: int | None = None,
    workers: int | None = None,
    network: Network | None = None,
) -> Iterator[Block]:
    """Embed image files, batch by batch, in order.

    Args:
        backbone: what to embed with.
        paths: the files; an image without one as `backbone.preprocess` gives it.
        batch_size: images computed at once; by default what suits the device.
        workers: threads that decode, and compute where each core computes by itself; by default one
            a core, of those that only decode at most eight.
        network: what computes them; by default what pays for so many images.

    Yields:
        (rows, vectors): the rows of `paths` and their vectors (b, dim), as soon as they are there.
        At most a few batches of decoded images are held at a time.

    Raises:
        ImageError: a file cannot be read; the message names it. What was yielded before stands.
        BackboneError: the network gives no finite vectors.
    """
    network = network or _network(backbone, len(paths))
    if isinstance(network, OneCore):
        threads = workers or torch.get_num_threads()
        return _core_by_core(backbone, paths, network, batch_size or _BATCH_CORE, threads)
    size = batch_size or (_BATCH_CPU if backbone.device.type == "cpu" else _BATCH_GPU)
    threads = workers or min(8, os.cpu_count() or 1)
    return _batch_by_batch(backbone, paths, network, size, threads)


def _network(backbone: "Backbone", images: int) -> Network:
    if images > _MANY:
        return backbone.compiled()
    network: Network = backbone.folded() if images > _FEW else backbone.model
    return network


def _core_by_core(
    backbone: "Backbone", paths: Paths, network: Network, size: int, threads: int
) -> Iterator[Block]:
    """Each core takes a batch from its files to its vectors, and waits for no other core."""

    def embed(rows: slice) -> Block:
        pixels = [backbone.preprocess(path) for path in paths[rows]]
        return rows, backbone.forward(torch.stack(pixels), network)

    return _ahead(embed, _batches(len(paths), size), threads, 2 * threads)


def _batch_by_batch(
    backbone: "Backbone", paths: Paths, network: Network, size: int, threads: int
) -> Iterator[Block]:
    """All cores, or the GPU, compute one batch while the next ones are decoded."""
    with closing(_ahead(backbone.preprocess, paths, threads, _AHEAD * size)) as images:
        for rows in _batches(len(paths), size):
            pixels = [*islice(images, rows.stop - rows.start)]
            yield rows, backbone.forward(torch.stack(pixels), network)


def _batches(count: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def _ahead(
    do: Callable[[Given], Made], items: Iterable[Given], threads: int, most: int
) -> Generator[Made, None, None]:
    """What is made of each item, in order; with so many items at most under way or waiting."""
    remaining = iter(items)
    pool = ThreadPoolExecutor(threads, "workbench-decode")
    try:
        under_way = deque(pool.submit(do, item) for item in islice(remaining, most))
        while under_way:
            yield under_way.popleft().result()
            under_way.extend(pool.submit(do, item) for item in islice(remaining, 1))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
