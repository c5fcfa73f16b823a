"""Annotators that are not people."""

import time
from collections.abc import Mapping
from pathlib import Path

from workbench.dataset.values import Given
from workbench.labels.queue import LabelQueue
from workbench.labels.store import LabelStore


class PerfectAnnotator:
    """Knows the truth and labels by the same commit call as the widget.

    Args:
        truth: label by file path, as `LabelStore.commit` takes it: the name of a class, in
            multi-label the names of all, boxes, or a mask.
    """

    def __init__(self, truth: Mapping[str, Given]) -> None:
        self._truth = truth

    @classmethod
    def of_folders(cls, folder: Path) -> "PerfectAnnotator":
        """One who takes the name of the folder that an image lies in for the truth."""
        return cls({str(path): path.parent.name for path in folder.rglob("*") if path.is_file()})

    def work_off(self, queue: LabelQueue, labels: LabelStore) -> int:
        """Label everything that is queued, in order.

        Returns:
            How many were labelled.

        Raises:
            KeyError: an image's truth is not known.
        """
        items = queue.items()
        for item in items:
            shown = time.perf_counter()
            labels.commit(
                item.sample_id,
                self._truth[item.filepath],
                seconds=time.perf_counter() - shown,
                based_on=item.event,
            )
        return len(items)
