"""Changes of FiftyOne's own document of a dataset, while other threads may load it anew.

What was changed in a document that has been replaced meanwhile is lost, or raises; the App's server
and a change of the classes replace it at any time.
"""

from collections.abc import Callable

import fiftyone as fo

from workbench.errors import DatasetError

_TRIES = 100


def settle(dataset: fo.Dataset, change: Callable[[], None], is_there: Callable[[], bool]) -> None:
    """Make a change until it is on disk.

    Args:
        dataset: whose document is changed.
        change: makes it and saves it; may be called again.
        is_there: whether it has been made.

    Raises:
        DatasetError: it is gone after every try.
    """
    last: Exception | None = None
    for _ in range(_TRIES):
        try:
            change()
            dataset.reload()
            if is_there():
                return
        except (ReferenceError, RuntimeError) as error:
            last = error  # of a dictionary whose document is gone, or is just being filled
    raise DatasetError(
        f"dataset {dataset.name!r} is changed by others all the time: what was to be kept with it "
        "was lost again and again; run the cell again when nobody else is at it"
    ) from last
