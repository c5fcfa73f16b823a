"""A change to the mask of an image before it is applied: which pixels, and whether it may be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
from bson import ObjectId
from numpy.typing import NDArray

from workbench.dataset import fields
from workbench.dataset.masks import (
    BACKGROUND,
    IdMask,
    Tile,
    as_numbers,
    difference,
    tile_from_plain,
)
from workbench.dataset.types import FINISHED
from workbench.errors import LabelError
from workbench.labels.drafts import Draft
from workbench.labels.events import Changes, LabelEvent
from workbench.labels.painting import Painter, in_numbers, names_in, tile_of

if TYPE_CHECKING:
    from workbench.labels.classlist import ClassList

TileChange: TypeAlias = tuple[Tile, Tile]
LARGEST = 12_000_000  # characters of an event's runs: its document stays below MongoDB's 16 MB


@dataclass(frozen=True, slots=True)
class MaskDraft(Draft):
    """A change to the mask of an image; with no changes, that it is complete (`done`).

    Attributes:
        painter: reads and writes masks.
        changes: rectangles before and after.
        whole: the mask that the image is to have, in the place of `changes`.
        mask: what the mask comes to; known once the draft is `against` an image.
        told: with it, `changes` as the event has them.
    """

    painter: Painter | None = None
    changes: tuple[TileChange, ...] = ()
    whole: Tile | None = None
    mask: IdMask | None = None
    told: Changes = ()

    @property
    def writes_a_class(self) -> bool:
        """Whether it changes the mask."""
        return bool(self.changes) or self.whole is not None

    @property
    def needs_image(self) -> bool:
        """It does: pixels are painted over others."""
        return True

    def with_classes(self, classes: "ClassList") -> "MaskDraft":
        """The draft with its classes under the names that they have now.

        Raises:
            LabelError: one was removed, and the draft is not one that takes an event back: in that,
                nothing is where the class was.
        """
        # A class that has no number yet gets one here: it is written to the document that the
        # transaction holds, and would in there wait for itself.
        self._painter().names()

        def left(name: str) -> str:
            now = classes.left_of(name) if name else name
            return now if isinstance(now, str) else BACKGROUND

        def called(name: str) -> str:
            if self.undoes is not None:
                return left(name)
            return classes.class_of(name) if name else name

        told = tuple(
            (
                _named(before, [left(name) for name in before.names]),
                _named(after, [*map(called, after.names)]),
            )
            for before, after in self.changes
        )
        whole = self.whole and _named(self.whole, [called(name) for name in self.whole.names])
        return replace(self, changes=told, whole=whole)

    def against(self, sample: Mapping[str, Any]) -> Self:
        """The draft with what the image's mask comes to by it.

        What takes an event back passes over pixels that somebody has painted over since.

        Raises:
            LabelError: a rectangle lies outside of the image, or is not what it is to be changed
                from; or a whole mask is of another size than the image.
            MaskError: the mask's file is missing or damaged.
        """
        painter = self._painter()
        now = painter.mask_in(sample)
        names = painter.names()
        if self.whole is None:
            mask, changes = self._painted(now, names), self.changes
        else:
            mask, changes = _replaced(now, self.whole, names)
        return replace(self, changes=changes, whole=None, mask=mask, told=_told(changes))

    def _painted(self, now: IdMask, names: Mapping[int, str]) -> IdMask:
        """The mask with the changes of rectangles; itself where there are none."""
        mask = now.copy() if self.changes else now
        for before, after in self.changes:
            _require_inside(before, after, mask)
            there = in_numbers(tile_of(now, before.window, names), names)
            was, to = in_numbers(before, names), in_numbers(after, names)
            stands = there == was
            if self.undoes is None and not stands.all():
                raise LabelError(
                    f"the mask is not what it is to be changed from, at {before.x}, {before.y}, for "
                    "it was painted meanwhile: look at the image as it is now"
                )
            mask = mask.astype(np.promote_types(mask.dtype, to.dtype), copy=False)
            np.copyto(mask[before.window], to, where=stands & (was != to))
        return as_numbers(mask)

    def _label_update(self, sample: Mapping[str, Any], about: Mapping[str, str]) -> dict[str, Any]:
        painter = self._painter()
        mask = self.mask
        if mask is None:
            raise AssertionError("a mask is written as it comes to against an image")
        numbers, names = names_in(mask, painter.names())
        status = sample.get(fields.STATUS) if self.status is None else self.status.value
        if not numbers and status not in FINISHED:
            return {fields.GROUND_TRUTH: None}
        label = sample.get(fields.GROUND_TRUTH) or {
            **{"_id": ObjectId(), "_cls": "Segmentation", "tags": []}
        }
        own = {"mask": None, "mask_path": painter.write(mask), "numbers": numbers, "classes": names}
        return {fields.GROUND_TRUTH: {**label, **own, **about}}

    def _painter(self) -> Painter:
        if self.painter is None:
            raise AssertionError("masks are drafted with what paints them")
        return self.painter

    def _changes(self) -> Changes:
        if self.mask is not None:
            return self.told
        if self.whole is not None:  # it lost against another's: what was asked for
            return ((None, self.whole.to_plain()),)
        return tuple((before.to_plain(), after.to_plain()) for before, after in self.changes)


def painted(changes: Iterable[tuple[Any, Any]]) -> tuple[TileChange, ...]:
    """Changes as somebody gives them, checked as far as that needs no image.

    Raises:
        LabelError: there are none, or one is no pair of the same rectangle.
    """
    read = tuple((_read(before), _read(after)) for before, after in changes)
    if not read:
        raise LabelError("no pixel is changed: give at least one rectangle (before, after)")
    for before, after in read:
        if before.window != after.window:
            raise LabelError("a rectangle of a mask stays where it is: give it before and after")
    return read


def inverse(event: LabelEvent) -> tuple[TileChange, ...]:
    """The changes that take those of an event back."""
    return tuple(
        (_read(after), _read(before)) for before, after in reversed(event.changes) if before
    )


def _read(given: Any) -> Tile:
    if isinstance(given, Tile):
        if given.values.size and int(given.values.max()) >= len(given.names):
            raise LabelError(f"a tile has a value that none of its {len(given.names)} names is for")
        return given
    if not isinstance(given, Mapping):
        raise LabelError(f"a rectangle of a mask is given as Tile or plain, not {given!r}")
    return tile_from_plain(given)


def _named(tile: Tile, names: list[str]) -> Tile:
    return tile if tuple(names) == tile.names else replace(tile, names=tuple(names))


def _require_inside(before: Tile, after: Tile, mask: NDArray[Any]) -> None:
    rows, columns = before.window
    if rows.stop > mask.shape[0] or columns.stop > mask.shape[1]:
        raise LabelError(
            f"a rectangle to {columns.stop}, {rows.stop} is not inside of an image of "
            f"{mask.shape[1]} x {mask.shape[0]} pixels"
        )


def _replaced(
    now: IdMask, whole: Tile, names: Mapping[int, str]
) -> tuple[IdMask, tuple[TileChange, ...]]:
    """What a whole mask comes to in the place of another, and what that changes."""
    if whole.values.shape != now.shape:
        height, width = whole.values.shape
        raise LabelError(
            f"the mask has {width} x {height} pixels, but its image has {now.shape[1]} x "
            f"{now.shape[0]}: give a class for each pixel of the upright image"
        )
    mask = as_numbers(in_numbers(whole, names))
    window = difference(now, mask)
    if window is None:
        return mask, ()
    return mask, ((tile_of(now, window, names), tile_of(mask, window, names)),)


def _told(changes: Iterable[TileChange]) -> Changes:
    """Changes as the event has them, which has to fit into a document."""
    told = tuple((before.to_plain(), after.to_plain()) for before, after in changes)
    length = sum(len(tile["runs"]) for change in told for tile in change)
    if length > LARGEST:
        raise LabelError(
            f"what changes is too ragged to be kept in the history ({length:,} characters of at most "
            f"{LARGEST:,}): smooth the mask, or change a part at a time"
        )
    return told
