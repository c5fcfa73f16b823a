"""Masks to look at again: what a segmenter that has not learned from them says against their regions.

Wiring: `quality.masks` doubts regions; here the doubts are kept by image, as a table and for a page.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.dataset.values import Value
from workbench.labels.queue import QueueItem
from workbench.models.segmenter import Segmented
from workbench.quality.masks import MaskSuspect, MaskSuspects, doubt_regions, rank_mask_suspects

COLUMNS = ("path", "kind", "label", "suggested", "score", "likely", "reason", "pixels", "model")


@dataclass(frozen=True)
class RegionDoubts:
    """What is doubted of the masks of some images; `review.Evidence`.

    Attributes:
        items: n images as they were when they were judged.
        suspects: regions of them, by row.
        classes: names by index, the first has 1.
        said: of each image the file of the mask that speaks against it, its name alone; empty where it
            holds none of the classes.
        models: what said it, of each image.
    """

    items: Sequence[QueueItem]
    suspects: MaskSuspects
    classes: Sequence[str]
    said: Sequence[str]
    models: Sequence[str]

    @property
    def ids(self) -> Sequence[str]:
        """(n,) sample ids of the images."""
        return [item.sample_id for item in self.items]

    def to_pandas(self) -> pd.DataFrame:
        """A row a region, by `sample_id`, the most suspicious first.

        `path`, `kind`, `label` and `suggested` (classes, empty for none), `score`, `likely`, `reason`,
        `pixels`, and `model`: the run of the segmenter that was asked.
        """
        names = ["", *self.classes]
        rows = [
            (
                *(self.ids[one.image], self.items[one.image].filepath, one.kind.value),
                *(names[one.label], names[one.said], one.score, one.likely, one.reason),
                *(one.pixels, self.models[one.image]),
            )
            for one in self.suspects.suspects
        ]
        return pd.DataFrame(rows, columns=["sample_id", *COLUMNS]).set_index("sample_id")

    @cached_property
    def order(self) -> list[int]:
        """Rows of the images with a suspect, that with the most suspicious first."""
        return list(self._by_image)

    @cached_property
    def ranks(self) -> dict[str, int]:
        """Places in `order`, by sample id."""
        return {self.ids[row]: rank for rank, row in enumerate(self.order)}

    def is_likely(self, row: int) -> bool:
        """Whether an image has a likely error."""
        return any(one.likely for one in self._by_image[row])

    def label(self, row: int) -> Value:
        """The mask that was judged."""
        label = self.items[row].label
        if label is None:
            raise AssertionError("labelled images were judged")
        return label

    def evidence(self, row: int) -> dict[str, Any]:
        """What speaks against an image's regions, as a page gets it: what is said, and why."""
        reason = "; ".join(one.reason for one in self._by_image[row])
        shown = {"mask": self.said[row], "model": self.models[row]}
        return {"reason": reason, "suggestion": shown if self.said[row] else None}

    @cached_property
    def _by_image(self) -> dict[int, list[MaskSuspect]]:
        found: dict[int, list[MaskSuspect]] = {}
        for one in self.suspects.suspects:
            found.setdefault(one.image, []).append(one)
        return found


def doubt_masks(
    items: Sequence[QueueItem],
    labelled: Callable[[str], NDArray[np.uint16]],
    said: Iterable[Segmented],
    classes: Sequence[str],
    models: Sequence[str],
    keep: Callable[[Segmented], str],
) -> RegionDoubts:
    """Judge the masks of some images.

    Args:
        items: labelled images.
        labelled: the class indices of one of them, by its id.
        said: what a segmenter that has not learned from it says of each, in their order.
        classes: names by index, the first has 1.
        models: what says it, of each.
        keep: writes what is said to a file, and returns its name; empty where nothing is said.

    Raises:
        MaskError: a mask is missing, damaged, or of another size than its image.
    """
    doubted, kept = [], []
    for item, each in zip(items, said, strict=True):
        mask = labelled(item.sample_id)
        doubted.append(doubt_regions(mask, each.mask, each.confidence, len(classes)))
        kept.append(keep(each))
    return RegionDoubts(items, rank_mask_suspects(doubted, classes), classes, kept, models)
