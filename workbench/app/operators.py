"""Where the App's operators meet the live session.

The operators in `extensions/fiftyone/` run inside the kernel's own server, so they can call what
the session registered here. Nothing in this file needs fiftyone.
"""

import threading
from collections.abc import Callable, Sequence

from workbench.errors import AppError

VIEW_LIMIT = 200
"""Nobody means to queue a whole dataset: without a selection, only a view up to this size."""

Queue = Callable[[Sequence[str]], int]
"""Puts samples, by id, into the labelling queue; returns how many were not in it before."""

_lock = threading.Lock()
_queues: dict[str, Queue] = {}


def register(dataset_name: str, queue: Queue) -> None:
    """Let the App queue samples of a dataset; the last to register for a name is asked.

    Args:
        dataset_name: the FiftyOne dataset's name.
        queue: called from the server's thread, also while a cell runs.
    """
    with _lock:
        _queues[dataset_name] = queue


def unregister(dataset_name: str, queue: Queue) -> None:
    """Take back what was registered, unless somebody else has registered since."""
    with _lock:
        if _queues.get(dataset_name) == queue:
            del _queues[dataset_name]


def queue(dataset_name: str, sample_ids: Sequence[str]) -> int:
    """Hand samples to the session that labels this dataset.

    Args:
        dataset_name: the FiftyOne dataset's name.
        sample_ids: ids of its samples, in the order in which to label them.

    Returns:
        How many of them were not in the queue before.

    Raises:
        AppError: no session in this process labels the dataset.
    """
    with _lock:
        asked = _queues.get(dataset_name)
    if asked is None:
        raise AppError(
            f"nothing labels {dataset_name!r} in this kernel: open it in the notebook, "
            f"wb.open({dataset_name!r}), and try again"
        )
    return asked(list(sample_ids))
