"""Boxes to look at again: where a detector speaks against labels that it has not learned from.

Wiring between `boxjudging`, which finds them, and `review`, which walks through them. An image is on
the list once, with all that is doubted of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from workbench.dataset.boxes import Box
from workbench.dataset.values import Value
from workbench.evaluation.boxcases import BoxCases
from workbench.quality.boxes import BoxSuspect, BoxSuspectKind, BoxSuspects

COLUMNS = ("path", "kind", "label", "score", "likely", "reason", "box", "found")
SHOWN = 0.0  # of confidence: all that is doubted is to be seen, however sure the model is


@dataclass(frozen=True)
class BoxDoubts:
    """What is doubted of the boxes of some images; `review.Evidence`.

    Attributes:
        suspects: single boxes, and places without one, by image.
        cases: the boxes that they are rows of, for n images.
        paths: (n,) the images' files.
        labels: (n,) their labelled boxes.
        found: (n,) those that a model finds.
        models: (n,) names of the models.
    """

    suspects: BoxSuspects
    cases: BoxCases
    paths: list[str]
    labels: Sequence[tuple[Box, ...]]
    found: Sequence[tuple[Box, ...]]
    models: Sequence[str]

    @property
    def ids(self) -> Sequence[str]:
        """(n,) sample ids of the images."""
        return self.cases.ids

    def to_pandas(self) -> pd.DataFrame:
        """A row a suspect, by `sample_id`, the most suspicious first.

        `path`, `kind`, `label` (its class, empty for what is overlooked), `score`, `likely`,
        `reason`, and the ids of the labelled `box` and of the one `found` there.
        """
        rows = []
        for one in self.suspects.suspects:
            box = self._labelled(one)
            rows.append(
                (
                    *(self.ids[one.image], self.paths[one.image], one.kind.value),
                    *(box.label if box else "", one.score, one.likely, one.reason),
                    *(box.id if box else "", self.cases.said.ids[one.said]),
                )
            )
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
        """The boxes that were judged."""
        return self.labels[row]

    def evidence(self, row: int) -> dict[str, Any]:
        """What speaks against an image's boxes, as a page gets it: suggestions, and why."""
        doubted = self._by_image[row]
        boxes = [{**self._instead(one), "reason": one.reason} for one in doubted]
        return {
            "reason": "; ".join(one.reason for one in doubted),
            "suggestion": {"boxes": boxes, "model": self.models[row], "threshold": SHOWN},
        }

    @cached_property
    def _by_image(self) -> dict[int, list[BoxSuspect]]:
        found: dict[int, list[BoxSuspect]] = {}
        for one in self.suspects.suspects:
            found.setdefault(one.image, []).append(one)
        return found

    def _labelled(self, one: BoxSuspect) -> Box | None:
        """The labelled box that is doubted; None where one is overlooked."""
        if one.label < 0:
            return None
        return _by_id(self.labels[one.image], self.cases.truth.ids[one.label])

    def _instead(self, one: BoxSuspect) -> dict[str, Any]:
        """The box that the model would have, and in place of which labelled one."""
        said = _by_id(self.found[one.image], self.cases.said.ids[one.said])
        only_class = one.kind is BoxSuspectKind.WRONG_CLASS
        return in_place_of(said, self._labelled(one), only_class=only_class)


def in_place_of(said: Box, label: Box | None, *, only_class: bool) -> dict[str, Any]:
    """A predicted box as a page gets it: as a suggestion to put into the place of a labelled one.

    Args:
        said: the predicted box.
        label: the labelled one; None where it would be one more.
        only_class: whether the label's place is right, and only its class is not.
    """
    if label is None:
        return said.to_plain()
    if only_class:
        said = replace(label, id=said.id, label=said.label, confidence=said.confidence)
    return {**said.to_plain(), "instead": label.id}


def _by_id(boxes: Sequence[Box], box_id: str) -> Box:
    return next(box for box in boxes if box.id == box_id)
