"""The gradients of a batch, which goes through the network in parts.

On processors each core computes parts of its own, from the input to the gradient:

- What a layer makes of a whole batch is so large that the C library gives its memory back to the
  system and asks for it anew, page by page, at every layer; that takes as long as the computing.
- Cores that share every layer wait for each other at every layer; these wait once a step.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from workbench.models.devices import out_of_memory

LossOf: TypeAlias = Callable[[Tensor, Any], tuple[Tensor, float]]
"""Of inputs and what should be said of them: the sum of the losses, and of how many it is."""

_PART: int = 8 * 224 * 224  # places of the images that one thread has in the network at once
_WORKERS: int = 4  # at most, for each holds gradients of its own; more cores share their layers

Sums: TypeAlias = tuple[list[Tensor | None], float, float]


class Gradients:
    """Computes the gradients of batches. Use as a context: it may own threads.

    The sums are made in an order that only the number of threads decides, so that the same batch
    gives the same gradients.

    Args:
        net: what learns, on its device.
        loss_of: its loss; called in several threads at once on a processor.
        note: is told what a person should know.
    """

    def __init__(self, net: nn.Module, loss_of: LossOf, note: Callable[[str], None]) -> None:
        self._parameters = [*net.parameters()]
        self._device = self._parameters[0].device
        self._net, self._loss_of, self._note = net, loss_of, note
        self._least = 1  # parts, where memory is short
        self._threads: int = torch.get_num_threads()
        self._most: int = min(self._threads, _WORKERS)
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> "Gradients":
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()
            torch.set_num_threads(self._threads)  # threads to come take the number said last

    def compute(self, inputs: Tensor, truth: Any) -> float:
        """Put the gradients of a batch into its network's parameters.

        A batch that the memory does not hold goes through in smaller parts, with the same result
        but for a batch normalisation that learns.

        Args:
            inputs: (n, ...) of the network.
            truth: what should be said of each; is cut like `inputs`.

        Returns:
            The mean loss.
        """
        while True:
            try:
                return self._computed(inputs, truth)
            except (torch.OutOfMemoryError, RuntimeError) as error:
                if not out_of_memory(error) or self._least >= len(inputs):
                    raise
            self._least = 2 * max(self._least, self._parts(inputs))
            if self._device.type == "cuda":
                torch.cuda.empty_cache()
            self._note(
                f"memory did not hold a batch of {len(inputs)} images: it goes through in "
                f"{min(self._least, len(inputs))} parts, with the same result"
            )

    def _computed(self, inputs: Tensor, truth: Any) -> float:
        parts = _slices(len(inputs), self._parts(inputs))
        workers = self._workers(len(parts))
        shares = [[(inputs[s], truth[s]) for s in parts[own::workers]] for own in range(workers)]
        if workers == 1:
            sums = [self._summed(shares[0])]
        else:
            pool = self._pool = self._pool or self._new_pool(workers)
            under_way = [pool.submit(self._summed, share) for share in shares]
            wait(under_way)
            sums = [each.result() for each in under_way]
        gradients, loss, count = sums[0]
        for more in sums[1:]:
            gradients = _added(gradients, more[0])
            loss, count = loss + more[1], count + more[2]
        count = max(1.0, count)
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            parameter.grad = None if gradient is None else gradient.div_(count)
        return loss / count

    def _summed(self, share: Sequence[tuple[Tensor, Any]]) -> Sums:
        """The sums over some parts, one after the other, in this thread."""
        gradients: list[Tensor | None] = [None] * len(self._parameters)
        loss, count = 0.0, 0.0
        for inputs, truth in share:
            summed, of = self._loss_of(inputs, truth)
            fresh = torch.autograd.grad(summed, self._parameters, allow_unused=True)
            gradients = _added(gradients, fresh)
            loss, count = loss + summed.item(), count + of
        return gradients, loss, count

    def _parts(self, inputs: Tensor) -> int:
        """In how many parts a batch is to go through the network."""
        if self._device.type != "cpu" or _looks_at_all(self._net):
            return self._least
        places: int = len(inputs) * math.prod(inputs.shape[2:])
        return max(self._least, self._most, math.ceil(places / _PART))

    def _workers(self, parts: int) -> int:
        """How many threads compute: one where random numbers are drawn in a common order."""
        if self._device.type != "cpu" or _draws(self._net):
            return 1
        return min(self._most, parts)

    def _new_pool(self, workers: int) -> ThreadPoolExecutor:
        each = max(1, self._threads // workers)
        return ThreadPoolExecutor(
            workers, "workbench-gradients", torch.set_num_threads, initargs=(each,)
        )


def _slices(count: int, parts: int) -> list[slice]:
    """A number of rows in so many parts of about the same size, none of them empty."""
    parts = min(parts, count)
    bounds = [count * part // parts for part in range(parts + 1)]
    return [slice(start, stop) for start, stop in pairwise(bounds)]


def _added(sums: list[Tensor | None], more: Sequence[Tensor | None]) -> list[Tensor | None]:
    return [
        new if old is None else old if new is None else old.add_(new)
        for old, new in zip(sums, more, strict=True)
    ]


def _looks_at_all(net: nn.Module) -> bool:
    """Whether what is said of an image depends on the others of its batch."""
    return any(isinstance(module, _BatchNorm) and module.training for module in net.modules())


def _draws(net: nn.Module) -> bool:
    """Whether a layer draws random numbers: dropout, of units or of whole paths."""
    return any(
        (isinstance(module, nn.modules.dropout._DropoutNd) and module.p > 0)
        or getattr(module, "drop_prob", 0)
        for module in net.modules()
    )
