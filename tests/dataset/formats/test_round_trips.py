"""What is written comes back, as far as the format has a place for it."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from workbench.dataset.boxes import Box, around, box_id
from workbench.dataset.formats import coco, cvat, tables, voc, yolo
from workbench.dataset.formats.images import Images
from workbench.dataset.formats.items import Item, distinct_names
from workbench.dataset.formats.losses import losses

SIZES = [(40, 20), (7, 333), (1000, 999)]
WITHIN = 1e-9  # of the image; doubles in pixels and back
MODULES = {"coco": coco, "yolo": yolo, "voc": voc, "cvat": cvat, "csv": tables}
PLACES = {"coco": "labels.json", "yolo": "data.yaml", "voc": "Annotations"}
PLACES |= {"cvat": "annotations.xml", "csv": "labels.csv"}

words = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=12)
names = words.map(str.strip).filter(bool)
keys = st.sampled_from(["worn", "year", "mint"])
nothing, upright = st.just({}), st.just(0.0)
values = st.one_of(st.booleans(), st.integers(-(2**40), 2**40), st.floats(-1e9, 1e9), words)


@st.composite
def boxes(draw, attributes, angles):
    # Their middles are in the image: however they are turned, so is a part of them.
    x, y = draw(st.floats(0, 0.84)), draw(st.floats(0, 0.84))
    width, height = draw(st.floats(0.001, 0.3)), draw(st.floats(0.001, 0.3))
    return Box(
        box_id(), draw(names), x, y, width, height, draw(angles), attributes=draw(attributes)
    )


def said(attributes=nothing, angles=upright):
    """Boxes of each of the three images; no two in the same place."""
    each = st.lists(boxes(attributes, angles), max_size=4, unique_by=lambda box: (box.x, box.y))
    return st.tuples(each, each, each)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for number, size in enumerate(SIZES):
        Image.new("L", size).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def there_and_back(pictures, tmp_path_factory):
    def act(format, labels):
        folder = tmp_path_factory.mktemp(format)
        items = [
            Item(pictures / f"{n}.png", f"{n}.png", size, tuple(own), test=n == 2)
            for n, (size, own) in enumerate(zip(SIZES, labels, strict=True))
        ]
        for item in items:
            place = yolo.place_of(item) if format == "yolo" else Path(item.name)
            copy = folder / "images" / place
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(item.path, copy)
        MODULES[format].write(folder, items, ["first"])
        paths = [path for path in folder.rglob("*") if path.is_file()]
        found = MODULES[format].read(folder / PLACES[format], Images(folder, paths))
        back = {path.name: own for path, own in found.labels.items()}
        shutil.rmtree(folder)
        return items, [back[item.name] for item in items], found

    return act


def same_place(one, other, within=WITHIN):
    for name in ("x", "y", "width", "height", "angle"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=within)


turned = st.floats(0, 359.99)
flags = st.dictionaries(st.sampled_from(voc.FLAGS), st.booleans())
AS_IT_IS = {
    "coco": said(st.dictionaries(keys, values)),
    "yolo": said(),
    "voc": said(flags),
    "cvat": said(
        st.fixed_dictionaries({}, optional={"worn": st.booleans(), "mint": words}), turned
    ),
    "csv": said(st.dictionaries(keys, values), turned),
}


@pytest.mark.parametrize("format", AS_IT_IS)
@given(data=st.data())
def test_what_a_format_has_a_place_for_comes_back(there_and_back, format, data):
    labels = data.draw(AS_IT_IS[format])
    items, back, found = there_and_back(format, labels)
    assert not losses(format, items)
    assert not [each for each in found.report.findings if each.fatal]
    for before, after in zip(labels, back, strict=True):
        assert [box.label for box in after] == [box.label for box in before]
        for one, other in zip(before, after, strict=True):
            same_place(one, other)
            attributes = {k: v for k, v in other.attributes.items() if k != "iscrowd"}
            assert attributes == one.attributes


@pytest.mark.parametrize("format", ["coco", "yolo", "voc"])
@given(labels=said(angles=st.floats(0.5, 359)))
def test_a_turned_box_comes_back_as_the_upright_one_around_it(there_and_back, format, labels):
    items, back, _ = there_and_back(format, labels)
    count = sum(map(len, labels))
    assert [loss.count for loss in losses(format, items)] == [count] * (count > 0)
    for item, before, after in zip(items, labels, back, strict=True):
        for one, other in zip(before, after, strict=True):
            assert not other.angle
            wanted = around(one, item.size)
            assert around(other, item.size) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(
    ("format", "lost"), [("yolo", 3), ("voc", 2), ("coco", 1), ("cvat", 0), ("csv", 0)]
)
def test_attributes_without_a_place_are_counted(format, lost):
    told = {"worn": 3, "difficult": True, "area": 2.5}
    item = Item(Path("a.png"), "a.png", (9, 9), (Box("0" * 24, "a", 0, 0, 1, 1, attributes=told),))
    assert sum(loss.count for loss in losses(format, [item])) == lost


def test_cvat_says_which_attributes_become_text():
    each = [Box("0" * 24, "a", 0, 0, 1, 1, attributes={"worn": value}) for value in (1, "very")]
    item = Item(Path("a.png"), "a.png", (9, 9), tuple(each))
    assert [loss.count for loss in losses("cvat", [item])] == [1]


def test_names_of_copies_differ_also_without_suffix_and_case():
    paths = [Path(name) for name in ("a/x.jpg", "b/X.png", "c/x.jpg", "d/x-2.jpg")]
    assert distinct_names(paths) == ["x.jpg", "X-2.png", "x-3.jpg", "x-2-2.jpg"]
