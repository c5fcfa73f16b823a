"""Objects as masks of their numbers, with a table of what they are."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from workbench.dataset.boxes import Box, box_id, outlined
from workbench.dataset.formats import objectmasks
from workbench.dataset.formats.finding import find_labels
from workbench.dataset.formats.images import Images
from workbench.dataset.formats.items import Item
from workbench.dataset.formats.losses import losses
from workbench.dataset.outlines import fill, trace
from workbench.errors import FormatError

SIZE = (24, 16)
WHOLE = "outlines that become masks of whole pixels"
HIDDEN = "objects that lose the pixels that a smaller one has too"
GONE = "objects without a pixel of their own, which are left out"

numbered = arrays.arrays(np.uint8, (SIZE[1], SIZE[0]), elements=st.integers(0, 5))
words = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=9)
names = words.map(str.strip).filter(bool)
attributes = st.dictionaries(
    st.sampled_from(["worn", "year"]), st.one_of(st.booleans(), st.integers(-9, 9), words)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("objects")
    for name in ("images/a.png", "images/b.png", "images/deep/a.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", SIZE).save(folder / name)
    return folder


def read(folder, *, outlines=True):
    paths = sorted((folder / "images").rglob("*.png"))
    return objectmasks.read(folder / "objects.csv", Images(folder, paths, outlined=outlines))


def clear(folder):
    for path in (folder / "masks").glob("*"):
        path.unlink()
    if (folder / "masks").exists():
        (folder / "masks").rmdir()


def write(folder, *objects):
    clear(folder)
    items = [
        Item(folder / "images/b.png", "b.png", SIZE, objects),
        Item(folder / "images/deep/a.png", "deep/a.png", SIZE, ()),
    ]
    objectmasks.write(folder, items, ["one"])
    return items


def said(folder, rows, mask=None, head="path,object,label,attributes"):
    """A table of the image b, and its mask."""
    clear(folder)
    (folder / "masks").mkdir()
    (folder / "objects.csv").write_text("\n".join([head, *rows]) + "\n")
    if mask is not None:
        (folder / "masks" / "b.png").write_bytes(mask)
    return read(folder)


def png(numbers, dtype=np.uint16):
    return cv2.imencode(".png", np.asarray(numbers, dtype))[1].tobytes()


def a_mask(**places):
    mask = np.zeros((SIZE[1], SIZE[0]), np.uint16)
    for number, place in places.items():
        mask[place, place : place + 2] = int(number[1:])
    return png(mask)


def kinds(found, *, fatal=True):
    return [each.kind for each in found.report.findings if each.fatal is fatal]


def pixels(box):
    return fill(box.outline, SIZE)


@given(numbers=numbered, data=st.data())
def test_what_does_not_overlap_comes_back_pixel_by_pixel(folder, numbers, data):
    there = [number for number in range(1, 6) if (numbers == number).any()]
    objects = [
        replace(
            outlined(data.draw(names), trace(numbers == number, SIZE)),
            attributes=data.draw(attributes),
        )
        for number in there
    ]
    items = write(folder, *objects)
    assert not losses("masks", items)
    found = read(folder)
    assert not found.report.findings
    back = found.labels[folder / "images/b.png"]
    assert [(box.label, box.attributes) for box in back] == [
        (box.label, box.attributes) for box in objects
    ]
    for number, box in zip(there, back, strict=True):
        assert (pixels(box) == (numbers == number)).all()
    assert found.labels[folder / "images/deep/a.png"] == ()


def square(left, top, side, label="one"):
    x, y = left / SIZE[0], top / SIZE[1]
    right, bottom = (left + side) / SIZE[0], (top + side) / SIZE[1]
    return outlined(label, (((x, y), (right, y), (right, bottom), (x, bottom)),))


def test_small_objects_lie_on_large_ones_and_what_is_lost_is_said_before(folder):
    small, large = square(4, 4, 3, "small"), square(2, 2, 10, "large")
    twin, dot = square(4, 4, 3, "twin"), square(20.1, 12.1, 0.2, "dot")
    items = write(folder, small, large, twin, dot)
    assert {loss.what: loss.count for loss in losses("masks", items)} == {
        WHOLE: 1,
        HIDDEN: 1,
        GONE: 2,
    }
    found = read(folder)
    back = {box.label: pixels(box) for box in found.labels[folder / "images/b.png"]}
    assert {label: int(mask.sum()) for label, mask in back.items()} == {"twin": 9, "large": 91}
    assert cv2.imread(str(folder / "masks/b.png"), cv2.IMREAD_UNCHANGED).dtype == np.uint16


def test_an_image_whose_objects_are_all_lost_is_not_said_to_be_empty(folder):
    items = write(folder, square(20.1, 12.1, 0.2))
    assert [loss.what for loss in losses("masks", items)] == [WHOLE, GONE]
    assert folder / "images/b.png" not in read(folder).labels


def test_boxes_without_an_outline_are_their_corners(folder):
    turned = Box(box_id(), "one", 0.25, 0.25, 0.5, 0.5, 90.0)
    items = write(folder, turned)
    assert not losses("masks", items)
    (back,) = read(folder).labels[folder / "images/b.png"]
    assert int(pixels(back).sum()) == 12 * 8


def test_where_boxes_are_labelled_only_those_are_taken(folder):
    write(folder, square(2, 3, 4))
    found = read(folder, outlines=False)
    (box,) = found.labels[folder / "images/b.png"]
    assert box.outline == ()
    assert (box.x * SIZE[0], box.y * SIZE[1], box.width * SIZE[0]) == pytest.approx((2, 3, 4))
    assert kinds(found, fatal=False) == ["outline that is not taken, only its box"]


def test_a_number_is_said_of_pixels_of_eight_bits_too(folder):
    mask = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    mask[1, 1] = 200
    found = said(folder, ["b.png,200,one,"], png(mask, np.uint8))
    assert len(found.labels[folder / "images/b.png"]) == 1


@pytest.mark.parametrize(
    ("rows", "mask", "fault"),
    [
        (["b.png,1,one,"], None, "image without its mask"),
        (["b.png,1,one,"], b"", "mask that cannot be read"),
        (["b.png,1,one,"], b"no image", "mask that cannot be read"),
        (["b.png,1,one,"], a_mask(n1=1)[:60], "mask that cannot be read"),
        (["b.png,1,one,"], png(np.zeros((16, 24, 3)), np.uint8), "mask that cannot be read"),
        (["b.png,1,one,"], png(np.ones((24, 16))), "mask of another size than its image"),
        (["b.png,1,one,"], png(np.ones((9_000, 30_000))), "mask that cannot be read"),
        (["b.png,1,one,"], a_mask(n1=1, n2=3), "object number without a row"),
        (["b.png"], a_mask(n2=3), "object number without a row"),
        (["b.png,1,one,", "b.png,2,one,"], a_mask(n1=1), "object without a pixel in the mask"),
        (["b.png,1,one,", "b.png,1,two,"], a_mask(n1=1), "object number that the table has twice"),
        (["b.png,,one,"], a_mask(n1=1), "object without a number"),
        (["b.png,0,one,"], a_mask(n1=1), "object without a number"),
        (["b.png,-1,one,"], a_mask(n1=1), "object without a number"),
        (["b.png,65536,one,"], a_mask(n1=1), "object without a number"),
        ([f"b.png,{'9' * 5000},one,"], a_mask(n1=1), "object without a number"),
        (["b.png,1.0,one,"], a_mask(n1=1), "object without a number"),
        (["b.png,1,,"], a_mask(n1=1), "box without a class name"),
        (["b.png,1"], a_mask(n1=1), "box without a class name"),
        (["b.png,1,one,[1]"], a_mask(n1=1), "attributes that are no JSON object"),
        (["gone.png,1,one,"], a_mask(n1=1), "image that is not there"),
        (["../objects.csv,1,one,"], a_mask(n1=1), "image that is not there"),
        (["a.png,1,one,"], a_mask(n1=1), "name that several images have"),
        (["images/b.png,1,one,", "b.png,1,one,"], a_mask(n1=1), "image that has its mask from"),
        (["images/a.png,1,one,", "deep/a.png,1,one,"], None, "image that has its mask from"),
    ],
)
def test_what_is_wrong_keeps_the_image_out(folder, rows, mask, fault):
    found = said(folder, rows, mask)
    assert not found.labels
    assert any(kind.startswith(fault) for kind in kinds(found)), kinds(found)


def test_a_mask_with_too_many_points_is_a_fault(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    Image.new("L", (300, 300)).save(tmp_path / "images" / "b.png")
    mask = png(np.indices((300, 300)).sum(axis=0) % 2)
    (tmp_path / "masks" / "b.png").write_bytes(mask)
    (tmp_path / "objects.csv").write_text("path,object,label\nb.png,1,one\n")
    assert kinds(read(tmp_path)) == ["outline that cannot be used"]


def test_what_is_not_taken_is_noted(folder):
    rows = ["b.png,1,one,,x", ",1,one,,"]
    found = said(folder, rows, a_mask(n1=1), "path,object,label,attributes,more")
    assert len(found.labels) == 1
    assert kinds(found, fatal=False) == [
        "column that is passed over",
        "row without a path, passed over",
    ]


@pytest.mark.parametrize("head", ["path,label", "object,label", ""])
def test_a_table_without_its_columns_is_refused(folder, head):
    with pytest.raises(FormatError, match="needs the columns"):
        said(folder, ["b.png,1"], None, head)


def test_the_format_shows_in_the_table_and_its_folder(tmp_path):
    (tmp_path / "objects.csv").write_text("path,object,label\n")
    (tmp_path / "labels.csv").write_text("path,label\n")
    wanted = "masks", tmp_path / "objects.csv"
    assert find_labels(tmp_path / "objects.csv", tmp_path) == wanted
    assert find_labels("masks", tmp_path) == wanted
    assert find_labels(tmp_path, tmp_path / "images")[0] == "masks"
    assert find_labels(tmp_path / "labels.csv", tmp_path)[0] == "csv"
