"""Outlines into CVAT's files and back: polygons, masks, and what is neither."""

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from workbench.dataset.boxes import Box, box_id, outlined
from workbench.dataset.formats import cvat
from workbench.dataset.formats.images import Images
from workbench.dataset.formats.items import Item
from workbench.dataset.formats.losses import losses
from workbench.dataset.formats.shapes import is_on_pixels, outline_of, tight
from workbench.dataset.outlines import MOST_POINTS, fill, trace
from workbench.errors import FormatError

SIZE = (64, 40)
RING = ((0.25, 0.25), (0.75, 0.2), (0.6, 0.9))
HOLE = ((0.5, 0.4), (0.45, 0.5), (0.55, 0.5))
PART = ((0.8, 0.5), (0.9, 0.5), (0.9, 0.9))
THIN = (
    ((0.1, 0.1001), (0.9, 0.1002), (0.9, 0.1001)),
    ((0.1, 0.2001), (0.5, 0.2002), (0.5, 0.2001)),
)
MASK = 'left="{}" top="{}" width="{}" height="{}" rle="{}"'

shares = st.floats(0, 1)
triangles = st.tuples(*[st.tuples(shares, shares)] * 3)
masks = arrays.arrays(np.bool_, (SIZE[1], SIZE[0]), elements=st.booleans(), fill=st.just(False))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cvat")
    for name in ("a.png", "b.png"):
        Image.new("L", SIZE).save(folder / name)
    return folder


def read(folder, *, outlines=True):
    paths = sorted(folder.glob("*.png"))
    return cvat.read(folder / "annotations.xml", Images(folder, paths, outlined=outlines))


def write(folder, *objects):
    items = [
        Item(folder / "a.png", "a.png", SIZE, objects),
        Item(folder / "b.png", "b.png", SIZE, ()),
    ]
    cvat.write(folder, items, ["one", "two"])
    return items


def there_and_back(folder, *objects):
    write(folder, *objects)
    return read(folder).labels[folder / "a.png"]


def said(folder, shape, about=""):
    text = f'<annotations><image name="a.png" {about}>{shape}</image></annotations>'
    (folder / "annotations.xml").write_text(text)
    return read(folder)


def kinds(found, *, fatal=True):
    return [each.kind for each in found.report.findings if each.fatal is fatal]


def is_simple(ring):
    try:
        (own,) = outlined("one", (ring,)).outline
    except ValueError:
        return False
    (ax, ay), (bx, by), (cx, cy) = own
    return abs((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)) > 1e-6


@given(ring=triangles.filter(is_simple), flag=st.booleans())
def test_a_polygon_comes_back_to_the_last_bits(folder, ring, flag):
    one = replace(outlined("one", (ring,)), attributes={"worn": flag})
    (back,) = there_and_back(folder, one)
    np.testing.assert_allclose(back.outline, one.outline, rtol=0, atol=1e-14)
    assert (back.label, back.attributes) == ("one", {"worn": flag})


@given(mask=masks.filter(np.any))
def test_masks_come_back_pixel_by_pixel(folder, mask):
    outline = trace(mask, SIZE)
    one = outlined("two", outline)
    items = write(folder, one)
    assert not losses("cvat", items)
    (back,) = read(folder).labels[folder / "a.png"]
    assert (fill(back.outline, SIZE) == mask).all()
    tags = [each.tag for each in ElementTree.parse(folder / "annotations.xml").find("image")]
    assert tags == ["mask" if len(outline) > 1 else "polygon"]


@given(masks)
def test_points_are_counted_before_they_are_walked_to(mask):
    wanted = sum(len(ring) for ring in trace(mask, SIZE))
    if wanted:
        assert sum(len(ring) for ring in outline_of(mask, SIZE)) == wanted
    chequered = np.indices((300, 300)).sum(axis=0) % 2 == 0
    with pytest.raises(FormatError, match=f"{MOST_POINTS:,} can be kept"):
        outline_of(chequered, (300, 300))


def test_what_a_polygon_cannot_say_is_a_mask_and_the_loss_is_said(folder):
    objects = [outlined("one", rings) for rings in ((RING, HOLE), (RING, PART), (RING,), THIN)]
    items = write(folder, *objects)
    told = {loss.what.partition(",")[0]: loss.count for loss in losses("cvat", items)}
    assert told == {
        "outlines with holes or several parts": 3,
        "outlines of several rings that hold the middle of no pixel": 1,
    }
    shapes = ElementTree.parse(folder / "annotations.xml").findall("image/*")
    assert [shape.tag for shape in shapes] == ["mask", "mask", "polygon", "polygon"]
    found = read(folder)
    back = found.labels[folder / "a.png"]
    for one, other in zip(objects[:3], back[:3], strict=True):
        assert (fill(one.outline, SIZE) == fill(other.outline, SIZE)).all()
    np.testing.assert_allclose(back[3].outline, THIN[:1])
    assert found.labels[folder / "b.png"] == ()
    assert "labelled with 4 objects" in str(found.report)


def test_runs_go_row_by_row_in_a_window(folder):
    found = said(folder, f'<mask label="one" {MASK.format(10, 20, 4, 2, "5, 2, 1")}/>')
    (one,) = found.labels[folder / "a.png"]
    assert np.argwhere(fill(one.outline, SIZE)).tolist() == [[21, 11], [21, 12]]
    (part, corner) = tight(one.outline, SIZE)
    assert (part.shape, corner) == ((1, 2), (11, 21))
    assert is_on_pixels(one.outline, SIZE)


def test_boxes_turned_or_not_are_taken_and_told(folder):
    sides = 'xtl="10" ytl="10" xbr="20" ybr="20"'
    found = said(folder, f'<box label="one" {sides}/><box label="two" rotation="30" {sides}/>')
    assert [box.angle for box in found.labels[folder / "a.png"]] == [0, 30]
    assert set(kinds(found, fatal=False)) == {"box without an outline, which gets its corners"}
    plain = Box(box_id(), "one", 0.1, 0.1, 0.5, 0.5)
    assert there_and_back(folder, plain)[0].outline == ()


def test_groups_are_told_and_objects_stay_apart(folder):
    one = '<polygon label="one" group_id="{}" points="1,1;9,1;9,{}"/>'
    found = said(folder, one.format(3, 9) + one.format(3, 8) + one.format(0, 7))
    assert len(found.labels[folder / "a.png"]) == 3
    assert kinds(found, fatal=False) == ["group of shapes, taken as objects of their own"] * 2


@pytest.mark.parametrize(
    ("shape", "fault"),
    [
        ('<polygon label="one"/>', "points of a polygon"),
        ('<polygon label="one" points="1,2;3,4"/>', "at least 3 points"),
        ('<polygon label="one" points="1,2;3,4;5"/>', "points of a polygon"),
        ('<polygon label="one" points="1,2,3;3,4,3;5,6,3"/>', "points of a polygon"),
        ('<polygon label="one" points="1,1;2,2;3,3"/>', "on one line"),
        ('<polygon label="one" points="1,1;nan,2;3,4"/>', "finite"),
        ('<polygon label="one" points="1,1;1e999,2;3,4"/>', "finite"),
        ('<polygon label="one" points="900,900;950,900;950,950"/>', "outside of its image"),
        (f'<polygon label="one" points="{"1,2;2,1;" * 10_001}3,3"/>', "simplify it"),
        ('<polygon points="1,1;9,1;9,9"/>', "without a class name"),
        (f"<mask {MASK.format(0, 0, 2, 1, '0, 2')}/>", "without a class name"),
        ('<mask label="one"/>', "left of a mask"),
        (f'<mask label="one" {MASK.format(0, 0, 2, 1, "")}/>', "the runs of a mask are"),
        (f'<mask label="one" {MASK.format(0, 0, 2, 1, "0, 2, x")}/>', "the runs of a mask are"),
        (f'<mask label="one" {MASK.format(0, 0, 2, 1, "0, 3")}/>', "do not add up"),
        (f'<mask label="one" {MASK.format(0, 0, 2, 1, "-1, 3")}/>', "at least 0"),
        (f'<mask label="one" {MASK.format(0, 0, 2, 1, f"0, {10**30}")}/>', "do not add up"),
        (f'<mask label="one" {MASK.format(0, 0, 2, 1, "9" * 5_000)}/>', "the runs of a mask are"),
        (f'<mask label="one" {MASK.format(0, 0, 2, 1, "2")}/>', "1 to 20,000 points"),
        (f'<mask label="one" {MASK.format(0, 0, "1e300", "1e300", "0, 2")}/>', "must lie in its"),
        (f'<mask label="one" {MASK.format(0, 0, "inf", 1, "0, 2")}/>', "width of a mask"),
        (f'<mask label="one" {MASK.format(0, 0, 1.5, 1, "0, 2")}/>', "width of a mask"),
        (f'<mask label="one" {MASK.format(-1, 0, 2, 1, "0, 2")}/>', "must lie in its"),
        (f'<mask label="one" {MASK.format(63, 0, 2, 1, "0, 2")}/>', "must lie in its"),
        (f'<mask label="one" {MASK.format(0, 0, 0, 1, "0")}/>', "must lie in its"),
        ('<polyline label="one" points="1,1;9,1;9,9"/>', "no polygon, mask or box"),
        ('<ellipse label="one" cx="9" cy="9" rx="3" ry="3"/>', "no polygon, mask or box"),
    ],
)
def test_what_is_no_outline_is_a_fault_and_the_image_stays_unlabelled(folder, shape, fault):
    good = '<polygon label="one" points="1,1;9,1;9,9"/>'
    found = said(folder, good + shape)
    assert not found.labels
    assert fault in found.report.to_pandas().to_string(max_colwidth=None)


def test_more_points_than_an_image_can_have_are_a_fault(folder):
    comb = ";".join(f"{n % 60},{1 + n % 2 * 30}" for n in range(15_000))
    shapes = [f'<polygon label="{n}" points="{comb}"/>' for n in range(7)]
    assert kinds(said(folder, "".join(shapes))) == ["objects with too many points"]


@pytest.mark.parametrize("about", ['width="40" height="64"', 'width="x"', 'height="1e999"'])
def test_an_image_of_another_size_is_a_fault(folder, about):
    found = said(folder, '<polygon label="one" points="1,1;9,1;9,9"/>', about)
    assert kinds(found) == ["image of another size"]


def test_where_boxes_are_labelled_outlines_are_faults_as_before(folder):
    write(folder, outlined("one", (RING,)))
    found = read(folder, outlines=False)
    assert kinds(found) == ["shape that is no box"]


def test_entities_are_not_read(folder):
    bomb = '<!DOCTYPE x [<!ENTITY a "1,1;9,1;9,9">]>'
    shape = '<image name="a.png"><polygon label="one" points="&a;"/></image>'
    (folder / "annotations.xml").write_text(f"{bomb}<annotations>{shape}</annotations>")
    with pytest.raises(FormatError, match="entities"):
        read(folder)
