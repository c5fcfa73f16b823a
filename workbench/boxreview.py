"""Boxes to look at again: where a detector that has not learned from them, or an image, speaks against.

Wiring between `boxjudging`, which finds them, and `review`, which walks through them. Outlines are
doubted by the edges of their image, too. An image is on the list once, with all that is doubted of it.
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
EDGES = "edges of the image"  # what doubts an outline that no model does
SHOWN = 0.0  # of confidence: all that is doubted is to be seen, however sure the model is


@dataclass(frozen=True, slots=True)
class Doubted:
    """One object that may be wrong, or missing, and what would be there in its place.

    Attributes:
        image: row of its image.
        kind: what is doubted.
        label: the labelled box; None where one is overlooked.
        said: the box that speaks against it.
        score: 0 to 1, the higher the likelier an error.
        likely: whether it counts as one.
        reason: the evidence, in a sentence.
        only_class: whether the label's place is right, and only its class is not.
        model: what speaks against it.
    """

    image: int
    kind: str
    label: Box | None
    said: Box
    score: float
    likely: bool
    reason: str
    only_class: bool
    model: str


@dataclass(frozen=True)
class BoxDoubts:
    """What is doubted of the boxes of some images; `review.Evidence`.

    Attributes:
        suspects: single boxes, and places without one, by image, that a model speaks against.
        cases: the boxes that they are rows of, for n images.
        paths: (n,) the images' files.
        labels: (n,) their labelled boxes.
        found: (n,) those that a model finds.
        models: (n,) names of the models; empty where none was asked.
        edges: outlines that the edges of their image speak against.
    """

    suspects: BoxSuspects
    cases: BoxCases
    paths: list[str]
    labels: Sequence[tuple[Box, ...]]
    found: Sequence[tuple[Box, ...]]
    models: Sequence[str]
    edges: Sequence[Doubted] = ()

    @property
    def ids(self) -> Sequence[str]:
        """(n,) sample ids of the images."""
        return self.cases.ids

    def to_pandas(self) -> pd.DataFrame:
        """A row a suspect, by `sample_id`, the most suspicious first.

        `path`, `kind`, `label` (its class, empty for what is overlooked), `score`, `likely`,
        `reason`, and the ids of the labelled `box` and of the one `found` there.
        """
        rows = [
            (
                *(self.ids[one.image], self.paths[one.image], one.kind),
                *(one.label.label if one.label else "", one.score, one.likely, one.reason),
                *(one.label.id if one.label else "", one.said.id),
            )
            for one in self.doubted
        ]
        return pd.DataFrame(rows, columns=["sample_id", *COLUMNS]).set_index("sample_id")

    @cached_property
    def doubted(self) -> list[Doubted]:
        """All of it, the most suspicious first; a label is doubted for one thing alone."""
        every = [*map(self._by_model, self.suspects.suspects), *self.edges]
        every.sort(key=lambda one: -one.score)
        kept, seen = [], set()
        for one in every:
            key = (one.image, one.label.id) if one.label else None
            if key not in seen:
                kept.append(one)
            if key is not None:
                seen.add(key)
        return kept

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
        boxes = [
            {**in_place_of(one.said, one.label, only_class=one.only_class), "reason": one.reason}
            for one in doubted
        ]
        model = ", ".join(dict.fromkeys(one.model for one in doubted))
        return {
            "reason": "; ".join(one.reason for one in doubted),
            "suggestion": {"boxes": boxes, "model": model, "threshold": SHOWN},
        }

    @cached_property
    def _by_image(self) -> dict[int, list[Doubted]]:
        found: dict[int, list[Doubted]] = {}
        for one in self.doubted:
            found.setdefault(one.image, []).append(one)
        return found

    def _by_model(self, one: BoxSuspect) -> Doubted:
        labelled, said = self.cases.truth.ids, self.cases.said.ids[one.said]
        return Doubted(
            image=one.image,
            kind=one.kind.value,
            label=_by_id(self.labels[one.image], labelled[one.label]) if one.label >= 0 else None,
            said=_by_id(self.found[one.image], said),
            score=one.score,
            likely=one.likely,
            reason=one.reason,
            only_class=one.kind is BoxSuspectKind.WRONG_CLASS,
            model=self.models[one.image],
        )


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
