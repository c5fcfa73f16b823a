"""Labels of other tools, in and out of a bench, on a real mongod."""

import json
import uuid
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench.errors import FormatError

SIZE = (40, 20)


@pytest.fixture
def make(home):
    """Opens benches; they go with the test."""
    import workbench as wb

    names = []

    def open_one(task="detection", classes=("coin", "ring"), images=None, labels=None):
        names.append(f"exchange-{uuid.uuid4().hex[:8]}")
        return wb.open(
            names[-1], images=images, task=task, classes=classes, labels=labels, annotator="ann"
        )

    open_one.names = names
    yield open_one
    for name in set(names) & set(wb.list().index):
        wb.delete(name)


@pytest.fixture
def pictures(tmp_path):
    """Five pictures, no two the same."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(5):
        Image.new("RGB", SIZE, (number * 40, 0, 90)).save(folder / f"{number}.png")
    return folder


IMAGES = [{"id": n, "file_name": f"{n}.png", "width": 40, "height": 20} for n in range(4)]


def coco(**changes):
    box = {"category_id": 7, "bbox": [4, 5, 10, 10]}
    data = {
        "images": IMAGES,
        "annotations": [{"id": n, "image_id": n, **box} for n in range(3)],
        "categories": [{"id": 7, "name": "coin"}],
    }
    return json.dumps({**data, **changes})


def state(bench):
    """Status and boxes by file name."""
    from workbench.dataset.detections import read_boxes

    columns = bench.dataset.values(["id", "filepath", "label_status"])
    boxes = read_boxes(bench.dataset, columns[0])
    return {
        Path(path).name: (status, len(own))
        for _, path, status, own in zip(*columns, boxes, strict=True)
    }


@pytest.fixture
def bench(make, tmp_path):
    """A bench whose only image is none of the pictures."""
    (tmp_path / "other").mkdir()
    Image.new("RGB", SIZE, "white").save(tmp_path / "other" / "other.png")
    return make(images=tmp_path / "other")


def test_negatives_are_not_the_unlabelled(bench, pictures):
    (pictures / "labels.json").write_text(coco())
    report = bench.add(pictures, labels="coco")
    assert state(bench) == {
        "other.png": ("unlabelled", 0),
        **{f"{n}.png": ("labelled", 1) for n in range(3)},
        "3.png": ("labelled", 0),
        "4.png": ("unlabelled", 0),
    }
    assert (report.labels.images, report.labels.boxes, report.labels.negatives) == (4, 3, 1)
    assert not report.skipped
    history = bench.labels.history()
    assert set(history["source"]) == {"import"}
    assert len(history) == 4


@pytest.mark.parametrize("classes", [(), ("coin", "ring")])
def test_a_dataset_is_made_with_its_labels_in_one_step(make, pictures, classes):
    (pictures / "labels.json").write_text(coco())
    bench = make(images=pictures, classes=classes, labels="coco")
    statuses = {name: status for name, (status, _) in state(bench).items()}
    assert statuses == {**{f"{n}.png": "labelled" for n in range(4)}, "4.png": "unlabelled"}
    assert bench.labels.classes == list(classes or ["coin"])
    assert (bench.imported.labels.boxes, bench.imported.skipped) == (3, [])


@pytest.mark.parametrize(
    ("task", "classes", "text", "said"),
    [
        ("detection", (), "{", "no JSON"),
        ("detection", ("button",), coco(images=IMAGES[:3]), "'coin'"),
        (None, (), coco(), "has boxes"),
    ],
)
def test_labels_that_cannot_be_used_make_no_dataset(make, pictures, task, classes, text, said):
    import fiftyone as fo

    (pictures / "labels.json").write_text(text)
    with pytest.raises(FormatError, match=said):
        make(images=pictures, task=task, classes=classes, labels=pictures / "labels.json")
    assert not fo.dataset_exists(make.names[-1])


def cut_short(make, pictures, monkeypatch, labels):
    """An import that ends when the images are in, before their labels are."""
    from workbench.labels.store import LabelStore

    (pictures / "labels.json").write_text(coco())

    def interrupt(*args, **more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(LabelStore, "import_labels", interrupt)
        patched.chdir(pictures)
        make(images=Path(), labels=labels)


@pytest.mark.parametrize("labels", ["coco", "labels.json"])
def test_labels_that_were_cut_short_come_when_it_is_opened_again(
    make, pictures, tmp_path, monkeypatch, labels
):
    import workbench as wb

    cut_short(make, pictures, monkeypatch, labels)
    monkeypatch.chdir(tmp_path)
    bench = wb.open(make.names[-1], annotator="ann")
    assert [status for status, _ in state(bench).values()] == ["labelled"] * 4 + ["unlabelled"]
    assert bench.labels.counts()["coin"] == 3


def test_labels_that_went_while_they_were_cut_short_do_not_keep_the_images_out(
    make, pictures, monkeypatch
):
    import workbench as wb

    cut_short(make, pictures, monkeypatch, "labels.json")
    moved = (pictures / "labels.json").rename(pictures / "elsewhere.json")
    with pytest.raises(FormatError, match="gone"):
        wb.open(make.names[-1], labels=pictures / "gone.json")
    with pytest.warns(UserWarning, match="no longer be read"):
        bench = wb.open(make.names[-1], annotator="ann")
    assert {status for status, _ in state(bench).values()} == {"unlabelled"}
    bench.add(pictures, labels=moved)
    assert wb.open(make.names[-1]).labels.counts()["coin"] == 3


def test_an_image_with_a_faulty_box_is_left_out_whole(bench, pictures):
    good = {"category_id": 7, "bbox": [4, 5, 10, 10], "image_id": 0, "id": 1}
    rows = [
        good,
        {**good, "id": 2, "bbox": [0, 0, 0, 5]},
        {**good, "id": 3, "image_id": 1},
    ]
    (pictures / "labels.json").write_text(coco(annotations=rows))
    report = bench.add(pictures, labels="coco")
    assert state(bench)["0.png"] == ("unlabelled", 0)
    assert state(bench)["1.png"] == ("labelled", 1)
    assert report.labels.left_out == 1
    assert "box without a size" in str(report)
    found = report.labels.to_pandas()
    assert found.loc[found.fatal, "image"].tolist() == ["0.png"]


def test_a_class_that_is_not_in_the_list_is_said(bench, pictures):
    categories = [{"id": 7, "name": "coin"}, {"id": 8, "name": "button"}]
    rows = [{"id": n, "image_id": n, "category_id": 7 + n, "bbox": [1, 1, 5, 5]} for n in range(2)]
    (pictures / "l.json").write_text(coco(annotations=rows, categories=categories))
    report = bench.add(pictures, labels=pictures / "l.json")
    assert state(bench)["1.png"] == ("unlabelled", 0)
    assert bench.labels.classes == ["coin", "ring"]
    assert "bench.classes.add('button')" in str(report)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON"),
        ("[]", "results of a model"),
        ('{"images": []}', "annotations"),
        (coco(categories=[{"id": 7}]), "a category needs"),
        (coco(categories=[{"id": 7, "name": "a"}] * 2), "twice"),
        (coco(images=[{"id": 1}]), "file_name"),
        (coco(images=[{"id": 1, "file_name": "gone.png"}]), "no image below"),
    ],
)
def test_a_file_that_cannot_be_used_writes_nothing(bench, pictures, text, said):
    (pictures / "labels.json").write_text(text)
    with pytest.raises(FormatError, match=said):
        bench.add(pictures, labels="coco")
    assert set(state(bench)) == {"other.png"}
    assert not len(bench.labels.events)


def test_a_file_of_another_task_writes_nothing(bench, pictures):
    (pictures / "labels.csv").write_text("path,label\n0.png,coin\n")
    with pytest.raises(FormatError, match="classes of whole images"):
        bench.add(pictures, labels="csv")
    assert set(state(bench)) == {"other.png"}


def test_a_label_that_is_there_stays(bench, pictures):
    (pictures / "labels.json").write_text(coco())
    bench.add(pictures, labels="coco")
    sample = bench.dataset.match({"filepath": str(pictures / "0.png")}).first().id
    bench.labels.commit(sample, [])
    report = bench.add(pictures, labels="coco")
    assert state(bench)["0.png"] == ("labelled", 0)
    assert (report.labels.images, report.labels.already) == (0, 4)


@pytest.mark.parametrize("format", ["coco", "yolo", "voc", "cvat", "csv", "fiftyone"])
def test_what_is_exported_can_be_imported(make, bench, pictures, tmp_path, format):
    from workbench.dataset.detections import read_boxes

    (pictures / "labels.json").write_text(coco())
    bench.add(pictures, labels="coco")
    with pytest.warns(UserWarning, match=f"{format} does not carry"):
        report = bench.export(tmp_path / "out", format)
    assert (report.images, report.boxes) == (6 if format == "fiftyone" else 4, 3)
    other = make(images=tmp_path / "other")
    again = other.add(tmp_path / "out", labels=format)
    assert (again.labels.images, again.labels.boxes, again.labels.negatives) == (4, 3, 1)
    boxes = other.to_pandas("boxes")
    place = boxes[["left", "top", "width", "height"]].to_numpy()
    np.testing.assert_allclose(place, [[4, 5, 10, 10]] * 3, atol=1e-9)
    if format == "fiftyone":
        ids = bench.dataset.values("id")
        before = {box.id for own in read_boxes(bench.dataset, ids) for box in own}
        assert set(boxes["box"]) == before


def test_losses_are_said_before_they_happen(bench, pictures, tmp_path):
    (pictures / "labels.json").write_text(coco())
    bench.add(pictures, labels="coco")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match=r"does not carry 2 images that are not"):
            bench.export(tmp_path / "out", "yolo")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("format", ["folders", "pdf"])
def test_a_format_that_does_not_go_with_the_task_is_refused(bench, tmp_path, format):
    with pytest.raises(FormatError, match="detection is exported to coco"):
        bench.export(tmp_path / "out", format)


def test_an_export_that_fails_leaves_nothing(make, tmp_path, pictures):
    bench = make(images=pictures, classes=["a\x01b"])
    box = {"label": "a\x01b", "x": 0.1, "y": 0.1, "width": 0.2, "height": 0.2}
    bench.labels.commit(bench.dataset.first().id, [box])
    with pytest.raises(FormatError, match="XML cannot hold"), pytest.warns(UserWarning):
        bench.export(tmp_path / "out", "cvat")
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]


def test_a_folder_that_is_taken_is_left_alone(bench, pictures):
    with pytest.raises(FormatError, match="not empty"):
        bench.export(pictures, "coco")
    assert len(list(pictures.iterdir())) == 5


@pytest.mark.parametrize(
    ("task", "label", "formats"),
    [
        ("classification", "coin", ["folders", "csv", "fiftyone"]),
        ("multilabel", ("coin", "ring"), ["csv", "fiftyone"]),
        ("multilabel", (), ["csv", "fiftyone"]),
    ],
)
def test_labels_of_whole_images_go_out_and_in(make, pictures, tmp_path, task, label, formats):
    bench = make(task, images=pictures)
    bench.labels.commit(bench.dataset.first().id, label)
    for name in formats:
        with pytest.warns(UserWarning):
            report = bench.export(tmp_path / name, name)
        assert report.images == (5 if name == "fiftyone" else 1)
        if name == "folders":
            assert [path.name for path in (tmp_path / "folders").glob("*/*")] == ["0.png"]
            continue
        (tmp_path / "else").mkdir(exist_ok=True)
        Image.new("RGB", SIZE, "white").save(tmp_path / "else" / "else.png")
        other = make(task, images=tmp_path / "else")
        assert other.add(tmp_path / name, labels=name).labels.images == 1
        table = other.to_pandas()
        wanted = label if isinstance(label, str) else list(label)
        assert table["label"].dropna().tolist() == [wanted]


def test_images_and_boxes_as_tables(bench, pictures):
    (pictures / "labels.json").write_text(coco())
    bench.add(pictures, labels="coco")
    images = bench.to_pandas()
    assert images["boxes"].tolist() == [0, 1, 1, 1, 0, 0]
    assert images["label"].tolist() == [None, ["coin"], ["coin"], ["coin"], [], None]
    boxes = bench.to_pandas("boxes")
    assert boxes["attributes"].tolist() == [{}] * 3
    with pytest.raises(ValueError, match="images"):
        bench.to_pandas("masks")


def test_the_coins_go_into_a_bench(make, home):
    from workbench.dataset.coins import write_coins

    folder = write_coins(home)
    import workbench as wb

    bench = make(images=folder, classes=(), labels="coco")
    assert bench.imported.labels.boxes == 24
    assert bench.labels.classes == ["coin"]
    assert len(bench.to_pandas("boxes")) == 24
    assert wb.open(bench.name).labels.counts() == {"coin": 1}
