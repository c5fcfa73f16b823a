"""What a format has no place for, counted before anything is written."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from workbench.dataset.boxes import Box
from workbench.dataset.formats import coco, cvat, voc
from workbench.dataset.formats.items import Item
from workbench.dataset.outlines import has_holes


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
    boxes = [box for item in items for box in item.boxes]
    found = [Loss(what, count(boxes)) for what, count in _LOSSES.get(format, ())]
    return tuple(loss for loss in found if loss.count)


def _turned(boxes: Sequence[Box]) -> int:
    return sum(box.angle != 0 for box in boxes)


def _holed(boxes: Sequence[Box]) -> int:
    return sum(has_holes(box.outline) for box in boxes)


def _attributes(lost: Callable[[str, object], bool]) -> Callable[[Sequence[Box]], int]:
    def count(boxes: Sequence[Box]) -> int:
        return sum(lost(name, value) for box in boxes for name, value in box.attributes.items())

    return count


def _not_in_voc(name: str, value: object) -> bool:
    if name not in voc.CARRIED:
        return True
    return not isinstance(value, bool) if name in voc.FLAGS else not isinstance(value, str)


def _not_in_coco(name: str, value: object) -> bool:
    if name == "iscrowd":
        return value not in (0, 1)
    return name in coco.TAKEN


def _of_several_types(boxes: Sequence[Box]) -> int:
    return sum(1 for _ in _mixed(boxes))


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
_LOSSES: dict[str, tuple[tuple[str, Callable[[Sequence[Box]], int]], ...]] = {
    "coco": (
        (f"{_UPRIGHT}, with their corners as outlines", _turned),
        ("outlines with holes, which become masks of whole pixels", _holed),
        ("attributes that are called as something of COCO's own", _attributes(_not_in_coco)),
    ),
    "yolo": (
        (_UPRIGHT, _turned),
        ("attributes of boxes", _attributes(lambda _name, _value: True)),
    ),
    "voc": (
        (_UPRIGHT, _turned),
        (
            "attributes of boxes other than pose (a text), truncated, difficult, occluded (yes/no)",
            _attributes(_not_in_voc),
        ),
    ),
    "cvat": (
        ("attributes that become text, for their type is not always the same", _of_several_types),
    ),
}
