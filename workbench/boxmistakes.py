"""One box that a detector gets wrong. `boxjudging` finds them, `wrongplaces` keeps them."""

from dataclasses import dataclass
from typing import Any

from workbench.dataset.boxes import Box, rings_of
from workbench.dataset.types import Split
from workbench.evaluation.boxerrors import BoxErrorKind
from workbench.wrongplaces import Lines

COLUMNS = ("path", "split", "kind", "score", "reason", "box", "found")


@dataclass(frozen=True, slots=True)
class WrongBox:
    """One box that is wrong.

    Attributes:
        sample_id: its image.
        path: that image's file.
        split: pool or test.
        size: width and height of the image in pixels.
        kind: what is wrong.
        score: as in `evaluation.boxerrors.BoxError`.
        reason: what is wrong, in words.
        label: the labelled box that it has to do with; None for a false alarm.
        found: the box that the detector found; None for a missed one.
    """

    sample_id: str
    path: str
    split: Split
    size: tuple[int, int]
    kind: BoxErrorKind
    score: float
    reason: str
    label: Box | None
    found: Box | None

    @property
    def key(self) -> str:
        """Tells it from all others."""
        return f"{self.sample_id} {self.label.id if self.label else ''} {self._found_id}"

    @property
    def names(self) -> tuple[str | None, str | None, float | None]:
        """The classes of both, and how sure the detector is."""
        label, found = self.label, self.found
        names = [box.label if box else None for box in (label, found)]
        return names[0], names[1], found.confidence if found else None

    @property
    def _found_id(self) -> str:
        return self.found.id if self.found else ""

    def row(self) -> tuple[Any, ...]:
        """Of the table, after the sample's id."""
        said = self.path, self.split.value, self.kind.value, self.score, self.reason
        return (*said, self.label.id if self.label else "", self._found_id)

    def lines(self) -> tuple[Lines, Lines]:
        """Around what is labelled, and around what was found."""
        label, found = (rings_of(box, self.size) if box else [] for box in (self.label, self.found))
        return label, found
