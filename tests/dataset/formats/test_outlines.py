"""Outlines into COCO's files and back, and masks as pycocotools has them."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from pycocotools import mask as theirs

from workbench.dataset.boxes import outlined
from workbench.dataset.formats import coco
from workbench.dataset.formats.images import Images
from workbench.dataset.formats.items import Item
from workbench.dataset.formats.losses import losses
from workbench.dataset.formats.rle import decode, encode
from workbench.dataset.outlines import fill, scaled, trace
from workbench.errors import FormatError

SIZE = (64, 40)
RING = ((0.25, 0.25), (0.75, 0.2), (0.6, 0.9))
HOLE = ((0.5, 0.4), (0.45, 0.5), (0.55, 0.5))
masks = arrays.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9)))


@pytest.fixture
def folder(tmp_path):
    for name in ("a.png", "b.png"):
        Image.new("L", SIZE).save(tmp_path / name)
    return tmp_path


def read(folder, *, outlines=True):
    paths = sorted(folder.glob("*.png"))
    return coco.read(folder / "labels.json", Images(folder, paths, outlined=outlines))


def written(folder, *objects):
    items = [
        Item(folder / "a.png", "a.png", SIZE, objects),
        Item(folder / "b.png", "b.png", SIZE, ()),
    ]
    coco.write(folder, items, ["one", "two"])
    return items


def said(folder, segmentation):
    """A file with one annotation."""
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 5, 5]}
    data = {
        "images": [{"id": 1, "file_name": "a.png"}],
        "annotations": [annotation | {"segmentation": segmentation}],
        "categories": [{"id": 1, "name": "one"}],
    }
    (folder / "labels.json").write_text(json.dumps(data))


@given(masks)
def test_masks_are_written_and_read_as_pycocotools_does(mask):
    height, width = mask.shape
    own = encode(mask)
    assert (theirs.decode(theirs.frPyObjects(own, height, width)) == mask).all()
    assert (decode(own, (width, height)) == mask).all()
    packed = theirs.encode(np.asfortranarray(mask.astype(np.uint8)))
    text = {"size": list(packed["size"]), "counts": packed["counts"].decode()}
    assert (decode(text, (width, height)) == mask).all()


def test_polygons_come_back_and_what_has_a_hole_as_its_pixels(folder):
    parts = scaled((RING,), (0.25, 0.25))[0], ((0.5, 0.5), (0.9, 0.5), (0.9, 0.9))
    plain, several, holed = (
        outlined("one", (RING,)),
        outlined("two", parts),
        outlined("one", (RING, HOLE)),
    )
    items = written(folder, plain, several, holed)
    assert [loss.count for loss in losses("coco", items)] == [1]
    found = read(folder)
    (own, other, pixels) = found.labels[folder / "a.png"]
    np.testing.assert_allclose(own.outline, plain.outline, atol=1e-14)
    assert [len(ring) for ring in other.outline] == [3, 3]
    assert pixels.outline == trace(fill(holed.outline, SIZE), SIZE)
    assert found.labels[folder / "b.png"] == ()
    rows = json.loads((folder / "labels.json").read_text())["annotations"]
    assert rows[2]["area"] == fill(holed.outline, SIZE).sum()
    assert rows[0]["area"] == pytest.approx(fill(plain.outline, SIZE).sum(), rel=0.05)
    # Another reader has the same pixels.
    flat = theirs.decode(theirs.frPyObjects(rows[2]["segmentation"], SIZE[1], SIZE[0]))
    assert (flat == fill(holed.outline, SIZE)).all()


def test_where_boxes_are_labelled_only_those_are_taken(folder):
    written(folder, outlined("one", (RING,)))
    found = read(folder, outlines=False)
    (box,) = found.labels[folder / "a.png"]
    assert box.outline == ()
    assert "segmentation that is not taken, only its box" in str(found.report.to_pandas())


def test_an_annotation_with_its_box_alone_gets_its_corners(folder):
    said(folder, [])
    found = read(folder)
    (box,) = found.labels[folder / "a.png"]
    assert box.outline == ()  # `BoxDraft` makes its corners an outline
    assert "gets its corners" in str(found.report.to_pandas())


@pytest.mark.parametrize(
    ("segmentation", "fault"),
    [
        ([[1, 2, 3, 4]], "at least 3 points"),
        ([[1, 2, 3, 4, 5]], "no list of coordinates"),
        ([[1, 1, 2, 2, 3, 3]], "on one line"),
        ([["a", 1, 2, 2, 3, 3]], "no list of coordinates"),
        ("everywhere", "no list of coordinates"),
        ({"size": [2, 2], "counts": [4]}, "wanted a mask of [40, 64]"),
        ({"size": [40, 64], "counts": [4]}, "do not add up"),
        ({"size": [40, 64], "counts": [-1, 2561]}, "whole numbers"),
        ({"size": [40, 64], "counts": "\x07"}, "no character"),
        ({"size": [40, 64], "counts": [2560]}, "1 to 20,000 points, not 0"),
        ([[900, 900, 950, 900, 950, 950]], "outside of its image"),
    ],
)
def test_what_is_no_outline_is_a_fault_and_the_image_stays_unlabelled(folder, segmentation, fault):
    said(folder, segmentation)
    found = read(folder)
    assert folder / "a.png" not in found.labels
    assert fault in found.report.to_pandas().to_string()


def test_a_mask_of_no_size_is_refused():
    with pytest.raises(FormatError, match="wanted a mask"):
        decode(None, SIZE)
    assert scaled((RING,), (2, 1))[0][0] == (0.5, 0.25)
