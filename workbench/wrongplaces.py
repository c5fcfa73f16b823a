"""What a detector or a segmenter gets wrong, place by place: kept as a table, as a gallery, as saved views.

Wiring: `boxmistakes` and `regionmistakes` say what a place is where boxes or masks are labelled.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import pandas as pd

from workbench.dataset.outlines import Point
from workbench.dataset.types import Split

if TYPE_CHECKING:
    import fiftyone as fo

    from workbench.widgets.gallery import ErrorGallery

Lines: TypeAlias = Sequence[Sequence[Point]]
"""Closed lines, points in pixels of the image."""


class WrongPlace(Protocol):
    """One place in an image where something is wrong."""

    @property
    def sample_id(self) -> str:
        """Its image."""

    @property
    def path(self) -> str:
        """That image's file."""

    @property
    def split(self) -> Split:
        """Pool or test."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the image in pixels."""

    @property
    def reason(self) -> str:
        """What is wrong, in words."""

    @property
    def key(self) -> str:
        """Tells it from all others."""

    @property
    def names(self) -> tuple[str | None, str | None, float | None]:
        """The class that is labelled, the one that is said, and how sure; None for nothing."""

    def row(self) -> tuple[Any, ...]:
        """Of `WrongPlaces.to_pandas`, after the sample's id."""

    def lines(self) -> tuple[Lines, Lines]:
        """Around what is labelled, and around what is said."""


@dataclass(frozen=True, slots=True)
class WrongKind:
    """The places of a kind.

    Attributes:
        places: in the order in which they are to be looked at.
        total: how many there are, of which these are the first.
        gain: by how much the figure (0 to 1) would rise if this kind alone were right; NaN where that
            cannot be told.
        model: what it is that is wrong, such as "detector".
        figure: the figure's name.
    """

    places: Sequence[WrongPlace]
    total: int
    gain: float
    model: str
    figure: str

    @property
    def about(self) -> str:
        """In a sentence, what it would bring to mend them."""
        if not self.total:
            return f"None, in images that the {self.model} has not learned from."
        known = self.gain == self.gain
        gain = f" Mending all of them would change {self.figure} by {self.gain:+.3f}."
        return f"In images that the {self.model} has not learned from.{gain if known else ''}"


@dataclass(frozen=True, slots=True)
class Found:
    """What all places of a search have in common.

    Attributes:
        model: the name of what found them.
        what: what is wrong, such as "boxes".
        columns: of the table, after the sample's id.
    """

    model: str
    what: str
    columns: tuple[str, ...]


class WrongPlaces:
    """What `bench.errors()` returns of boxes and masks; in a cell it shows itself as a gallery.

    Args:
        kinds: what was found of each.
        events: the latest event of each image when it was found.
        about: what they have in common.
        gallery: makes the gallery.
    """

    def __init__(
        self,
        kinds: Mapping[Any, WrongKind],
        events: Mapping[str, str],
        about: Found,
        gallery: "Callable[[WrongPlaces], ErrorGallery] | None",
    ) -> None:
        self.kinds: Mapping[StrEnum, WrongKind] = kinds
        self.events = events
        self._about = about
        self._make_gallery = gallery

    @cached_property
    def gallery(self) -> "ErrorGallery":
        """The places, a tab a kind; a click opens the image in the labelling widget beneath."""
        if self._make_gallery is None:
            raise AssertionError("made without a gallery")
        return self._make_gallery(self)

    def __len__(self) -> int:
        return sum(len(each.places) for each in self.kinds.values())

    def __str__(self) -> str:
        lines = [f"{len(self)} {self._about.what} to look at"]
        lines += [f"{kind.value}: {each.total}. {each.about}" for kind, each in self.kinds.items()]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = self.gallery._repr_mimebundle_(**options)
        return {**bundle, "text/plain": str(self)}

    def to_pandas(self) -> pd.DataFrame:
        """A row a place, the first to be looked at first within its kind.

        Returns:
            By `sample_id`: `path`, `split`, `kind`, `score` and `reason`; of boxes the ids of the true
            `box` and of the one that was `found`, empty for none; of masks the classes `label` and
            `said`, None for none, and how many `pixels` are wrong.
        """
        rows = [
            (place.sample_id, *place.row()) for each in self.kinds.values() for place in each.places
        ]
        return pd.DataFrame(rows, columns=["sample_id", *self._about.columns]).set_index(
            "sample_id"
        )

    def save_views(self, dataset: "fo.Dataset") -> None:
        """Save a view of each kind for the App, such as "Boxes: missed"."""
        from workbench.app import save_views

        views = {
            f"{self._about.what.capitalize()}: {kind.value}": list(
                dict.fromkeys(place.sample_id for place in each.places)
            )
            for kind, each in self.kinds.items()
        }
        save_views(dataset, views)
