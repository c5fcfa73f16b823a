"""What the detector gets wrong, box by box: the places to look at, by kind.

Wiring: `boxjudging` finds them; here they are kept as a table, as a gallery and as saved views.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.dataset.boxes import Box
from workbench.dataset.types import Split
from workbench.evaluation.boxerrors import BoxErrorKind

if TYPE_CHECKING:
    import fiftyone as fo

    from workbench.widgets.gallery import ErrorGallery

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
    def _found_id(self) -> str:
        return self.found.id if self.found else ""

    def row(self) -> tuple[Any, ...]:
        """Of `WrongBoxes.to_pandas`, after the sample's id."""
        said = self.path, self.split.value, self.kind.value, self.score, self.reason
        return (*said, self.label.id if self.label else "", self._found_id)


@dataclass(frozen=True, slots=True)
class WrongKind:
    """The boxes of a kind.

    Attributes:
        boxes: in the order in which they are to be looked at.
        total: how many there are, of which these are the first.
        gain: by how much mAP50 (0 to 1) would rise if this kind alone were right; NaN where that
            cannot be told.
    """

    boxes: list[WrongBox]
    total: int
    gain: float

    @property
    def about(self) -> str:
        """In a sentence, what it would bring to mend them."""
        if not self.total:
            return "None, in images that the detector has not learned from."
        known = self.gain == self.gain
        gain = f" Mending all of them would change mAP50 by {self.gain:+.3f}." if known else ""
        return f"In images that the detector has not learned from.{gain}"


class WrongBoxes:
    """What `bench.errors()` returns of boxes; in a cell it shows itself as a gallery.

    Args:
        kinds: what was found of each.
        events: the latest event of each image when it was found.
        model: what found it.
        gallery: makes the gallery.
    """

    def __init__(
        self,
        kinds: Mapping[BoxErrorKind, WrongKind],
        events: Mapping[str, str],
        model: str,
        gallery: "Callable[[WrongBoxes], ErrorGallery]",
    ) -> None:
        self.kinds = kinds
        self.events = events
        self.model = model
        self._make_gallery = gallery

    @cached_property
    def gallery(self) -> "ErrorGallery":
        """The boxes, a tab a kind; a click opens the image in the labelling widget beneath."""
        return self._make_gallery(self)

    def __len__(self) -> int:
        return sum(len(each.boxes) for each in self.kinds.values())

    def __str__(self) -> str:
        lines = [f"{len(self)} boxes to look at"]
        lines += [f"{kind.value}: {each.total}. {each.about}" for kind, each in self.kinds.items()]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = self.gallery._repr_mimebundle_(**options)
        return {**bundle, "text/plain": str(self)}

    def to_pandas(self) -> pd.DataFrame:
        """A row a box, the first to be looked at first within its kind.

        Returns:
            By `sample_id`: `path`, `split`, `kind`, `score`, `reason`, and the ids of the true `box`
            and of the one that was `found`, empty for none.
        """
        rows = [(box.sample_id, *box.row()) for each in self.kinds.values() for box in each.boxes]
        return pd.DataFrame(rows, columns=["sample_id", *COLUMNS]).set_index("sample_id")

    def save_views(self, dataset: "fo.Dataset") -> None:
        """Save a view of each kind for the App, such as "Boxes: missed"."""
        from workbench.app import save_views

        views = {
            f"Boxes: {kind.value}": list(dict.fromkeys(box.sample_id for box in each.boxes))
            for kind, each in self.kinds.items()
        }
        save_views(dataset, views)
