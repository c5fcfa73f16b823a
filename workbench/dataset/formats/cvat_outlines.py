"""Outlines in CVAT's XML: a polygon each, or a mask where one polygon has no way to say it.

Source:
    https://docs.cvat.ai/docs/other/xml_format/ and its page on run-length encoding: the points of a
    `polygon` are pixels; a `mask` has the runs of the pixels of a window, row by row, first of those
    that are outside. A polygon is one ring: holes and several parts need a mask.
"""

from xml.etree.ElementTree import Element

from workbench.dataset.boxdocuments import Size
from workbench.dataset.formats.rle import runs, spread
from workbench.dataset.formats.shapes import outline_of, tight
from workbench.dataset.formats.xmlfile import number, plain
from workbench.dataset.outlines import Outline, area, outline_from_plain, scaled
from workbench.errors import FormatError

TAGS = ("polygon", "mask")
_WINDOW = ("left", "top", "width", "height")


def read_outline(shape: Element, size: Size) -> Outline:
    """The outline that a `polygon` or a `mask` says, in shares of an image of (width, height) pixels.

    Raises:
        FormatError: its points, its window or its runs are none, or it has too many points.
        LabelError: it holds nothing, or a point is not finite.
    """
    return _of_polygon(shape, size) if shape.tag == "polygon" else _of_mask(shape, size)


def outline_place(outline: Outline, size: Size) -> tuple[str, dict[str, str]]:
    """The tag that says an outline, with what says where it is.

    One of several rings in which the middle of no pixel lies is written as its largest ring, for a
    mask of it would be empty.
    """
    found = tight(outline, size) if len(outline) > 1 else None
    if found is None:
        ring = max(outline, key=lambda each: area((each,), size))
        points = [f"{plain(x)},{plain(y)}" for x, y in scaled((ring,), size)[0]]
        return "polygon", {"points": ";".join(points)}
    mask, corner = found
    place = dict(zip(_WINDOW, map(str, (*corner, mask.shape[1], mask.shape[0])), strict=True))
    return "mask", {"rle": ", ".join(map(str, runs(mask.ravel()))), **place}


def _of_polygon(shape: Element, size: Size) -> Outline:
    text = shape.get("points") or ""
    try:
        pairs = [pair.split(",") for pair in text.split(";")]
        ring = [(float(x) / size[0], float(y) / size[1]) for x, y in pairs]
    except ValueError as error:
        raise FormatError(f"points of a polygon are 'x,y;x,y', but got {text[:40]!r}") from error
    return outline_from_plain([ring])


def _of_mask(shape: Element, size: Size) -> Outline:
    left, top, width, height = (_whole(shape, name) for name in _WINDOW)
    fits = left + width <= size[0] and top + height <= size[1]
    if min(left, top) < 0 or min(width, height) < 1 or not fits:
        raise FormatError(
            f"the window of a mask must lie in its image of {size[0]} x {size[1]} pixels, but is "
            f"{width:.6g} x {height:.6g} at {left:.6g}, {top:.6g}"
        )
    text = shape.get("rle") or ""
    try:
        counts = [int(each) for each in text.split(",")]
    except ValueError as error:
        raise FormatError(f"the runs of a mask are '3, 5, 7', but got {text[:40]!r}") from error
    mask = spread(counts, width * height).reshape(height, width)
    return outline_of(mask, size, (left, top))


def _whole(shape: Element, name: str) -> int:
    value = number(shape.get(name))
    if not isinstance(value, float) or not value.is_integer():
        raise FormatError(
            f"{name} of a mask is a whole number of pixels, but got {str(value)[:40]}"
        )
    return int(value)
