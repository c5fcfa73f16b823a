"""What a format has no place for, counted before anything is written."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from workbench.dataset.boxes import Box
from workbench.dataset.formats import coco, cvat, objectmasks, voc
from workbench.dataset.formats.items import Item
from workbench.dataset.formats.shapes import is_on_pixels, shape_of, tight
from workbench.dataset.outlines import has_holes

Count = Callable[[Sequence[Item]], int]


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that is not carried.

    Attributes:
        what: in words.
        count: how many of them there are.
    """

    what: str
    count: int

    def __str__(self) -> str:
        return f"{self.count:,} {self.what}"


def losses(format: str, items: Sequence[Item]) -> tuple[Loss, ...]:
    """What of these labels a format cannot carry; nothing is left unsaid, and zeros are left out.

    Args:
        format: such as `coco`.
        items: what is to be written.
    """
    found = [Loss(what, count(items)) for what, count in _LOSSES.get(format, ())]
    if format == "masks":
        found += _beneath(items)
    return tuple(loss for loss in found if loss.count)


def _of_boxes(lost: Callable[[Box], bool]) -> Count:
    return lambda items: sum(lost(box) for item in items for box in item.boxes)


def _of_attributes(lost: Callable[[str, object], bool]) -> Count:
    return lambda items: sum(
        lost(name, value)
        for item in items
        for box in item.boxes
        for name, value in box.attributes.items()
    )


def _turned(box: Box) -> bool:
    return box.angle != 0


def _holed(box: Box) -> bool:
    return has_holes(box.outline)


def _masked_by_cvat(items: Sequence[Item]) -> int:
    return sum(
        len(box.outline) > 1 and not is_on_pixels(box.outline, item.size)
        for item in items
        for box in item.boxes
    )


def _too_thin_for_cvat(items: Sequence[Item]) -> int:
    return sum(
        len(box.outline) > 1 and tight(box.outline, item.size) is None
        for item in items
        for box in item.boxes
    )


def _between_pixels(items: Sequence[Item]) -> int:
    return sum(
        not is_on_pixels(shape_of(box, item.size), item.size)
        for item in items
        for box in item.boxes
    )


def _beneath(items: Sequence[Item]) -> list[Loss]:
    """What is lost because a pixel has one number."""
    hidden = gone = 0
    # Where no object is, there is nothing to paint, which takes time and memory by the pixel.
    for item in (each for each in items if each.boxes):
        painting = objectmasks.paint(item)
        gone += int((painting.left == 0).sum())
        hidden += int(((painting.left > 0) & (painting.left < painting.whole)).sum())
    return [
        Loss("objects that lose the pixels that a smaller one has too", hidden),
        Loss("objects without a pixel of their own, which are left out", gone),
    ]


def _not_in_voc(name: str, value: object) -> bool:
    if name not in voc.CARRIED:
        return True
    return not isinstance(value, bool) if name in voc.FLAGS else not isinstance(value, str)


def _not_in_coco(name: str, value: object) -> bool:
    if name == "iscrowd":
        return value not in (0, 1)
    return name in coco.TAKEN


def _of_several_types(items: Sequence[Item]) -> int:
    return sum(1 for _ in _mixed([box for item in items for box in item.boxes]))


def _mixed(boxes: Sequence[Box]) -> Iterator[str]:
    """Attributes that CVAT makes text of, for not all boxes of a class have the same type there."""
    kinds: dict[tuple[str, str], set[str]] = {}
    for box in boxes:
        for name, value in box.attributes.items():
            kinds.setdefault((box.label, name), set()).add(cvat.kind(value))
    for box in boxes:
        for name, value in box.attributes.items():
            if len(kinds[box.label, name]) > 1 and not isinstance(value, str):
                yield name


_UPRIGHT = "turned boxes, of which the upright ones around them are written"
_LOSSES: dict[str, tuple[tuple[str, Count], ...]] = {
    "coco": (
        (f"{_UPRIGHT}, with their corners as outlines", _of_boxes(_turned)),
        ("outlines with holes, which become masks of whole pixels", _of_boxes(_holed)),
        ("attributes that are called as something of COCO's own", _of_attributes(_not_in_coco)),
    ),
    "yolo": (
        (_UPRIGHT, _of_boxes(_turned)),
        ("attributes of boxes", _of_attributes(lambda _name, _value: True)),
    ),
    "voc": (
        (_UPRIGHT, _of_boxes(_turned)),
        (
            "attributes of boxes other than pose (a text), truncated, difficult, occluded (yes/no)",
            _of_attributes(_not_in_voc),
        ),
    ),
    "cvat": (
        (
            "outlines with holes or several parts, which become masks of whole pixels",
            _masked_by_cvat,
        ),
        (
            "outlines of several rings that hold the middle of no pixel, of which the largest ring "
            "is written",
            _too_thin_for_cvat,
        ),
        ("attributes that become text, for their type is not always the same", _of_several_types),
    ),
    "masks": (("outlines that become masks of whole pixels", _between_pixels),),
}
