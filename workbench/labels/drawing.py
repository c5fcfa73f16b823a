"""How drafts are made in tasks in which images are drawn on: with objects, or with masks."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np

from workbench.dataset.boxes import Box
from workbench.dataset.keypoints import Skeleton
from workbench.dataset.masks import Painted, as_numbers
from workbench.dataset.values import Given, from_plain
from workbench.errors import LabelError
from workbench.labels import boxdrafts, maskdrafts
from workbench.labels.boxdrafts import BoxDraft
from workbench.labels.classlist import ClassList
from workbench.labels.drafts import Draft
from workbench.labels.events import LabelEvent, Source
from workbench.labels.maskdrafts import MaskDraft
from workbench.labels.painting import Painter, whole_tile

GivenChanges = Iterable[tuple[Any, Any]]


class Drawing(Protocol):
    """Makes drafts; `about` says everything of them but what is drawn."""

    def finished(self, about: Draft) -> Draft:
        """That what is drawn is all."""

    def changed(self, about: Draft, changes: GivenChanges) -> Draft:
        """Changes, each before and after.

        Raises:
            LabelError: they are none.
        """

    def whole(self, about: Draft, label: Given, classes: ClassList) -> Draft:
        """All that the image is to have.

        Raises:
            LabelError: it is no label of this kind.
        """

    def taken_back(self, about: Draft, event: LabelEvent) -> Draft:
        """The changes that take those of an event back."""


@dataclass(frozen=True, slots=True)
class ObjectDrawing:
    """Drafts of boxes, or of objects with outlines or points.

    Attributes:
        outlined: whether objects have outlines.
        skeleton: which points objects have, if they have any.
    """

    outlined: bool
    skeleton: Skeleton | None = None

    def finished(self, about: Draft) -> BoxDraft:
        """That the boxes are all."""
        return self._draft(about)

    def changed(self, about: Draft, changes: GivenChanges) -> BoxDraft:
        """Changes of boxes."""
        return self._draft(about, changes=boxdrafts.drawn(changes))

    def whole(self, about: Draft, label: Given, classes: ClassList) -> BoxDraft:
        """All boxes of an image; a person's have no confidence, imported ones keep theirs."""
        value = label if isinstance(label, Painted) else from_plain(label)
        boxes = (
            [each for each in value if isinstance(each, Box)] if isinstance(value, tuple) else []
        )
        if not isinstance(value, tuple) or len(boxes) != len(value):
            raise LabelError(
                f"images are labelled with boxes here, but got {label!r}: give each box its label, x, "
                "y, width and height (shares of the image), or its outline or points, in a list"
            )
        whole = boxdrafts.all_boxes(boxes, certain=about.source is not Source.IMPORT)
        return self._draft(about, whole=whole)

    def taken_back(self, about: Draft, event: LabelEvent) -> BoxDraft:
        """Boxes as they were before an event."""
        return self._draft(about, changes=boxdrafts.inverse(event), kept=event.lost)

    def _draft(self, about: Draft, **drawn: Any) -> BoxDraft:
        drawn |= {"outlined": self.outlined, "skeleton": self.skeleton}
        return BoxDraft(**_shown(about), **drawn)


@dataclass(frozen=True, slots=True)
class MaskDrawing:
    """Drafts of masks.

    Attributes:
        painter: reads and writes them.
    """

    painter: Painter

    def finished(self, about: Draft) -> MaskDraft:
        """That every pixel has its class."""
        return MaskDraft(**_shown(about), painter=self.painter)

    def changed(self, about: Draft, changes: GivenChanges) -> MaskDraft:
        """Changes of rectangles."""
        painted = maskdrafts.painted(changes)
        return MaskDraft(**_shown(about), painter=self.painter, changes=painted)

    def whole(self, about: Draft, label: Given, classes: ClassList) -> MaskDraft:
        """A whole mask of class indices, one more than the place in the class list; 0 for none."""
        if not isinstance(label, np.ndarray):
            raise LabelError(
                f"images are labelled with masks here, but got {str(label)[:80]!r}: give an array "
                "(height, width), 0 for none of the classes, 1 for the first of the list, and so on"
            )
        tile = whole_tile(as_numbers(label), classes.names)
        return MaskDraft(**_shown(about), painter=self.painter, whole=tile)

    def taken_back(self, about: Draft, event: LabelEvent) -> MaskDraft:
        """A mask as it was before an event."""
        return MaskDraft(**_shown(about), painter=self.painter, changes=maskdrafts.inverse(event))


def _shown(draft: Draft) -> dict[str, Any]:
    return {field.name: getattr(draft, field.name) for field in fields(Draft)}
