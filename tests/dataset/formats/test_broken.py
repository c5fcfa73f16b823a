"""Files of labels that are broken, hostile, or speak of what is not there."""

import json

import pytest
from PIL import Image

from workbench.dataset.formats import coco, cvat, tables, voc, yolo
from workbench.dataset.formats.finding import find_labels
from workbench.dataset.formats.images import Images
from workbench.errors import FormatError

GOOD = [1, 2, 10, 5]
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><annotation>&b;</annotation>'


@pytest.fixture
def folder(tmp_path):
    for name in ("images/a.png", "images/b.png", "images/deep/a.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (40, 20)).save(path)
    (tmp_path / "images" / "broken.png").write_bytes(b"no image")
    return tmp_path


@pytest.fixture
def read(folder):
    def act(module, name, text):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        paths = [path for path in folder.rglob("*") if path.is_file()]
        return module.read(folder / name, Images(folder, paths))

    return act


def coco_file(*boxes, images=("images/b.png",), **more):
    data = {
        "images": [{"id": n, "file_name": name} for n, name in enumerate(images)],
        "annotations": [
            {"id": n, "image_id": 0, "category_id": 1, **box} for n, box in enumerate(boxes)
        ],
        "categories": [{"id": 1, "name": "coin"}],
    }
    return json.dumps({**data, **more})


def kinds(found, *, fatal=True):
    return [each.kind for each in found.report.findings if each.fatal is fatal]


@pytest.mark.parametrize(
    ("bbox", "kind"),
    [
        ([1, 2, 0, 5], "box without a size"),
        ([1, 2, 10, -5], "box without a size"),
        ([1, 2, 1e-300, 5], "box without a size"),
        ([float("nan"), 2, 10, 5], "box whose place is not finite"),
        ([1, 2, float("inf"), 5], "box whose place is not finite"),
        ([10**400, 2, 3, 5], "box whose place is not finite"),
        (["1", 2, 10, 5], "box whose place is not in numbers"),
        ([True, 2, 10, 5], "box whose place is not in numbers"),
        ([None, 2, 10, 5], "box whose place is not in numbers"),
        ([41, 2, 10, 5], "box outside of its image"),
        ([1, -9, 10, 5], "box outside of its image"),
        ([1, 2, 10], "annotation without a box of four numbers"),
        ("1 2 3 4", "annotation without a box of four numbers"),
        (None, "annotation without a box of four numbers"),
    ],
)
def test_a_faulty_box_keeps_its_image_out(read, bbox, kind):
    found = read(coco, "labels.json", coco_file({"bbox": GOOD}, {"bbox": bbox}))
    assert kinds(found) == [kind]
    assert not found.labels
    assert "1 left without a label" in str(found.report)


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"category_id": 2}, "category that the file does not define"),
        ({"category_id": [1]}, "category that the file does not define"),
        ({"category_id": True}, "category that the file does not define"),
    ],
)
def test_a_class_that_is_none_is_a_fault(read, more, kind):
    assert kinds(read(coco, "labels.json", coco_file({"bbox": GOOD, **more}))) == [kind]


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"bbox": [30, 2, 20, 5]}, "box kept that reaches beyond its image"),
        ({"segmentation": [[1, 2, 3, 4, 5, 6]]}, "segmentation that is not taken, only its box"),
        ({"worn": [1]}, "attribute of a box that cannot be kept"),
        ({"$where": 1}, "attribute of a box that cannot be kept"),
        ({"attributes": 3}, "attributes that are no object, passed over"),
        ({"attributes": {"_id": 3}}, "attribute of a box that cannot be kept"),
    ],
)
def test_what_is_not_taken_of_a_box_is_noted(read, more, kind):
    found = read(coco, "labels.json", coco_file({"bbox": GOOD, **more}))
    assert kinds(found, fatal=False) == [kind]
    assert [len(said) for said in found.labels.values()] == [1]


def test_a_box_that_is_there_twice_is_kept_once(read):
    found = read(coco, "labels.json", coco_file({"bbox": GOOD}, {"bbox": GOOD}))
    assert [len(said) for said in found.labels.values()] == [1]
    assert kinds(found, fatal=False) == ["box that is there twice, kept once"]


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["gone.png"], "image that is not there"),
        (["../../../etc/passwd"], "image that is not there"),
        (["images/broken.png"], "image that cannot be read"),
        (["a.png"], "name that several images have"),
        (["b.png", "b.png"], "name that two images of the file have"),
        (["b.png", "images/b.png"], "image that the file lists twice"),
    ],
)
def test_an_image_that_cannot_be_told_gets_no_label(read, names, kind):
    found = read(coco, "labels.json", coco_file(images=names))
    assert set(kinds(found)) == {kind}
    assert not found.labels


def test_a_name_with_its_folder_tells_images_apart(read, folder):
    found = read(coco, "labels.json", coco_file(images=["deep/a.png", "x/images/b.png"]))
    assert set(found.labels) == {folder / "images/deep/a.png", folder / "images/b.png"}


def test_unknown_keys_are_noted(read):
    found = read(coco, "labels.json", coco_file(videos=[]))
    assert kinds(found, fatal=False) == ["key that is not COCO's, passed over"]


@pytest.mark.parametrize("text", ["[" * 100_000, "{}", "\x00", '{"images": 3}', '{"images": [1]}'])
def test_what_is_no_coco_is_refused(read, text):
    with pytest.raises(FormatError):
        read(coco, "labels.json", text)


@pytest.mark.parametrize("module", [cvat, voc])
@pytest.mark.parametrize("text", [BOMB, "<a>", "", "<html></html>", "\x00" * 9])
def test_hostile_and_foreign_xml_is_refused(read, module, text):
    with pytest.raises(FormatError):
        read(module, "labels.xml", text)


def test_xml_reads_no_other_file(read, folder):
    (folder / "secret").write_text("secret")
    entity = f'<!DOCTYPE x [<!ENTITY a SYSTEM "file://{folder}/secret">]>'
    text = f'{entity}<annotations><image name="b.png">&a;</image></annotations>'
    with pytest.raises(FormatError, match="entities"):
        read(cvat, "labels.xml", text)


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ('<box label="a" xtl="5" ytl="1" xbr="2" ybr="9"/>', "box without a size"),
        ('<box label="a" xtl="x" ytl="1" xbr="2" ybr="9"/>', "box whose place is not in numbers"),
        ('<box label="a" xtl="nan" ytl="1" xbr="2" ybr="9"/>', "box whose place is not finite"),
        ('<box label=" " xtl="1" ytl="1" xbr="2" ybr="9"/>', "box without a class name"),
        ('<polygon label="a" points="1,2;3,4"/>', "shape that is no box"),
    ],
)
def test_a_faulty_shape_of_cvat_keeps_its_image_out(read, shape, kind):
    text = f'<annotations><image name="b.png">{shape}</image></annotations>'
    found = read(cvat, "labels.xml", text)
    assert kinds(found) == [kind]
    assert not found.labels


def test_an_object_of_voc_without_a_box_keeps_its_image_out(read):
    text = "<annotation><filename>b.png</filename><object><name>a</name></object></annotation>"
    assert kinds(read(voc, "b.xml", text)) == ["object without a box"]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("0 .5 .5 .2", "line that is no `class cx cy w h`"),
        ("0 .1 .1 .2 .1 .2 .2 .1 .2", "line that is no `class cx cy w h`"),
        ("coin .5 .5 .2 .2", "line that is not of numbers"),
        ("7 .5 .5 .2 .2", "class that the yaml does not name"),
        ("0 .5 .5 0 .2", "box without a size"),
        ("0 nan .5 .1 .2", "box whose place is not finite"),
        ("0 9 9 .1 .1", "box outside of its image"),
    ],
)
def test_a_faulty_line_of_yolo_keeps_its_image_out(read, folder, line, kind):
    (folder / "labels").mkdir()
    (folder / "labels" / "b.txt").write_text(f"0 .5 .5 .2 .2\n{line}\n")
    found = read(yolo, "data.yaml", "names: [coin]")
    assert kinds(found) == [kind]
    assert not found.labels


def test_yolo_tells_negatives_from_the_unlabelled(read, folder):
    (folder / "labels").mkdir()
    (folder / "labels" / "b.txt").write_text("")
    (folder / "labels" / "gone.txt").write_text("")
    found = read(yolo, "data.yaml", "names: {0: coin}")
    assert dict(found.labels) == {folder / "images/b.png": ()}
    assert kinds(found) == ["text file without its one image"]


@pytest.mark.parametrize(
    "text", ["names: 3", "- a", "names: []", "a: [", "!!python/name:os.system"]
)
def test_a_yaml_without_names_is_refused(read, folder, text):
    (folder / "labels").mkdir()
    (folder / "labels" / "b.txt").write_text("")
    with pytest.raises(FormatError):
        read(yolo, "data.yaml", text)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("b.png,a,1,2,0,4,", "box without a size"),
        ("b.png,a,1,2,,4,", "box whose place is not in numbers"),
        ("b.png,,1,2,3,4,", "box without a class name"),
        ("b.png,a,1,2,3,4,[1]", "attributes that are no JSON object"),
        ("gone.png,a,1,2,3,4,", "image that is not there"),
    ],
)
def test_a_faulty_row_keeps_its_image_out(read, row, kind):
    head = "path,label,left,top,width,height,attributes"
    found = read(tables, "labels.csv", f"{head}\n{row}\n")
    assert kinds(found) == [kind]
    assert not found.labels


@pytest.mark.parametrize("text", ["", "file,label\n", "path,label,left\n"])
def test_a_table_without_its_columns_is_refused(read, text):
    with pytest.raises(FormatError, match="columns"):
        read(tables, "labels.csv", text)


def test_a_table_that_is_no_text_is_refused(folder):
    (folder / "labels.csv").write_bytes(b"path,label\n\xff\xfe,a\n")
    with pytest.raises(FormatError, match="UTF-8"):
        tables.read(folder / "labels.csv", Images(folder, []))


def test_the_format_shows_in_the_file(folder):
    (folder / "x.json").write_text("{}")
    (folder / "y.xml").write_text("<annotations/>")
    (folder / "z.xml").write_text("<annotation/>")
    found = [find_labels(folder / name, folder)[0] for name in ("x.json", "y.xml", "z.xml")]
    assert found == ["coco", "cvat", "voc"]
    assert find_labels("coco", folder) == ("coco", folder / "x.json")
    (folder / "w.json").write_text("{}")
    with pytest.raises(FormatError, match=r"several: w\.json, x\.json"):
        find_labels("coco", folder)
    with pytest.raises(FormatError, match="no file"):
        find_labels("cocoa", folder)
