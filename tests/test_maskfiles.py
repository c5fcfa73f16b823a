"""Masks out of a bench as a folder and into another one, on the real database."""

import uuid
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import workbench as wb
from tests.models.box_scenes import write_pictures
from workbench.errors import FormatError, MaskError

CLASSES = ["ink", "paper"]


@pytest.fixture
def benches(home, tmp_path):
    """Opens benches; all of them are gone afterwards."""
    opened = []

    def open_one(images, **options):
        name = f"folders-{uuid.uuid4().hex[:8]}"
        opened.append(name)
        return wb.open(name, images=images, task="segmentation", **options)

    yield open_one
    for name in set(opened) & set(wb.list().index):
        wb.delete(name)


@pytest.fixture
def masked(benches, tmp_path):
    """A bench with six images, five of them labelled, one of these with nothing on it; and its masks."""
    scenes = write_pictures(tmp_path / "pictures", 6)
    bench = benches(next(iter(scenes)).path.parent, classes=CLASSES)
    masks = {}
    rng = np.random.default_rng(1)
    for number, sample in enumerate(bench.dataset.iter_samples()):
        with Image.open(sample.filepath) as opened:
            shape = opened.size[::-1]
        mask = rng.integers(0, 3, shape).astype(np.uint16) if number else np.zeros(shape, np.uint16)
        if number < 5:
            bench.labels.commit(sample.id, mask)
            masks[sample.filename] = mask
    return bench, masks


def held(bench):
    done = bench.dataset.match({"label_status": "labelled"})
    return {s.filename: bench.labels.masks.indices(s.id) for s in done.iter_samples()}


def same(one, other):
    assert one.keys() == other.keys()
    for name, mask in one.items():
        assert (mask == other[name]).all(), name


def test_masks_go_out_and_come_in_again_to_the_pixel(masked, benches, tmp_path):
    bench, masks = masked
    out = tmp_path / "out"
    with pytest.warns(UserWarning, match="images that are not labelled"):
        report = bench.export(out, "masks")
    assert (report.images, report.boxes) == (5, 0)
    assert (out / "classes.txt").read_text().split() == ["background", *CLASSES]
    again = benches(out / "images", labels=out)
    assert again.labels.classes == CLASSES
    same(held(again), masks)
    assert (again.labels.history()["source"] == "import").sum() == 5
    assert again.imported.labels.images == 5
    swapped = benches(out / "images", classes=["paper", "ink"], labels=out / "classes.txt")
    same({k: np.array([0, 2, 1])[v] for k, v in held(swapped).items()}, masks)


def test_labels_that_are_there_stay_and_faults_are_told(masked, tmp_path):
    bench, masks = masked
    out = tmp_path / "out"
    with pytest.warns(UserWarning):
        bench.export(out, "masks")
    first, second, *_ = sorted(masks)
    kept = masks[first].copy()
    Image.fromarray(np.zeros((2, 2), np.uint8)).save(out / "masks" / f"{second.split('.')[0]}.png")
    with pytest.raises(FormatError, match="masks, and would be imported as images"):
        bench.add(out, labels="masks")
    report = bench.add(out / "images", labels=out).labels
    assert any("another size" in each.kind for each in report.findings), report
    same({first: held(bench)[first]}, {first: kept})
    with pytest.raises(FormatError, match="there is nothing at"):
        bench.add(out / "images", labels=out / "no-such-folder")


def test_a_class_that_is_not_in_the_list_is_a_fault_and_nothing_is_lost(masked, benches, tmp_path):
    bench, masks = masked
    out = tmp_path / "out"
    with pytest.warns(UserWarning):
        bench.export(out, "masks")
    other = benches(out / "images", classes=["ink"])
    for name in [name for name, mask in masks.items() if not mask.any()]:
        (out / "masks" / name).unlink()
    with pytest.raises(FormatError, match="class that is not in the list"):
        other.add(out / "images", labels=out)
    assert held(other) == {}
    other.classes.add("paper")
    assert other.add(out / "images", labels=out).labels.images == len(masks) - 1
    same(held(other), {name: mask for name, mask in masks.items() if mask.any()})


def write_pair(folder, masks, name, shade, number):
    """An image below `folder` and its mask below `masks`, which have one number everywhere."""
    for place, picture in (
        (folder / name, Image.new("RGB", (8, 6), (shade, 9, 9))),
        (masks / name, Image.new("L", (8, 6), number)),
    ):
        place.parent.mkdir(parents=True, exist_ok=True)
        picture.save(place)


def numbers(bench):
    """Number of each labelled image's mask, by the end of its path."""
    done = bench.dataset.match({"label_status": "labelled"})
    ends = {s.id: "/".join(s.filepath.split("/")[-2:]) for s in done.iter_samples()}
    return {end: int(bench.labels.masks.indices(key).max()) for key, end in ends.items()}


@pytest.fixture
def twins(tmp_path):
    """Two images of one stem, and their masks."""
    folder, masks = tmp_path / "images", tmp_path / "masks"
    write_pair(folder, masks, "a/0.png", 10, 1)
    write_pair(folder, masks, "b/0.png", 200, 2)
    (masks / "classes.txt").write_text("background\nink\npaper\n")
    return folder, masks


def test_an_image_gets_its_mask_where_another_of_its_stem_has_one(twins, benches):
    folder, masks = twins
    bench = benches(folder, classes=CLASSES)
    first = bench.dataset.match({"filepath": str(folder / "a" / "0.png")}).first().id
    bench.labels.commit(first, np.zeros((6, 8), np.uint16))
    report = bench.add(folder, labels=masks).labels
    assert (report.images, report.already, report.left_out) == (1, 1, 0)
    assert numbers(bench) == {"a/0.png": 0, "b/0.png": 2}


def test_an_image_gets_its_mask_where_another_of_its_stem_is_left_out(twins, benches):
    folder, masks = twins
    write_pair(folder, masks, "b/0.png", 10, 2)  # the same image again
    bench = benches(folder, labels=masks)
    report = bench.imported.labels
    assert (report.images, report.left_out) == (1, 1)
    assert numbers(bench) == {"a/0.png": 1}


def test_a_mask_that_changes_after_the_check_is_not_taken_and_said(twins, benches):
    from workbench.labelfiles import read_labels, take_labels

    folder, masks = twins
    bench = benches(folder, classes=CLASSES)
    report = bench.add(folder)
    found = read_labels(folder, masks, "segmentation", None)
    write_pair(folder, masks, "a/0.png", 10, 2)
    (masks / "b" / "0.png").unlink()
    take_labels(bench.dataset, bench.labels, folder, masks, report, found)
    kinds = {each.kind for each in report.labels.findings}
    assert kinds == {"mask that changed while it was read", "image without a mask"}
    assert (report.labels.images, report.labels.left_out, numbers(bench)) == (0, 2, {})


def test_the_list_that_is_named_counts(twins, benches):
    folder, masks = twins
    (masks / "labelmap.txt").write_text("background:0,0,0::\npaper:1,1,1::\nink:2,2,2::\n")
    with pytest.raises(FormatError, match="keep one"):
        benches(folder, labels=masks)
    bench = benches(folder, labels=masks / "labelmap.txt")
    assert bench.labels.classes == ["paper", "ink"]
    assert numbers(bench) == {"a/0.png": 1, "b/0.png": 2}
    for source, said in ((masks / "a" / "0.png", "rename it"), ("coco", "does not give")):
        with pytest.raises(FormatError, match=said):
            bench.add(folder, labels=source)


def test_images_may_have_a_folder_within_that_of_the_masks(tmp_path, benches):
    write_pair(tmp_path / "all" / "images", tmp_path / "all", "0.png", 10, 1)
    (tmp_path / "all" / "classes.txt").write_text("ink\n")
    bench = benches(tmp_path / "all" / "images", labels=tmp_path / "all")
    assert numbers(bench) == {"images/0.png": 1}


def test_classes_that_were_removed_are_told_before_they_are_lost(twins, benches, tmp_path):
    folder, masks = twins
    bench = benches(folder, labels=masks)
    bench.classes.remove("paper")
    with pytest.warns(UserWarning, match="1 images with pixels of classes that were removed"):
        report = bench.export(tmp_path / "out", "masks")
    assert "removed" in str(report)
    again = benches(tmp_path / "out" / "images", labels=tmp_path / "out")
    assert sorted(numbers(again).values()) == [0, 1]


def test_an_unfinished_mask_is_no_label_in_the_table_nor_in_the_folder(twins, benches, tmp_path):
    from workbench.dataset.masks import Tile

    folder, masks = twins
    bench = benches(folder, classes=CLASSES)
    begun, done = bench.dataset.values("id")
    corner = np.zeros((2, 2), np.uint16)
    tiles = Tile(0, 0, ("",), corner), Tile(0, 0, ("ink",), corner)
    bench.labels.draw(begun, [tiles])
    bench.labels.commit(done, np.full((6, 8), 2, np.uint16))
    assert bench.to_pandas().set_index("id")["label"].to_dict() == {begun: None, done: ["paper"]}
    with pytest.warns(UserWarning, match="1 images that are not labelled"):
        assert bench.export(tmp_path / "out", "masks").images == 1
    report = bench.add(folder, labels=masks).labels
    assert (report.images, report.already) == (0, 2)


def test_an_export_that_breaks_off_leaves_nothing(twins, benches, tmp_path):
    folder, masks = twins
    bench = benches(folder, labels=masks)
    Path(bench.dataset.values("ground_truth.mask_path")[1]).unlink()
    bench = wb.open(bench.name)  # which has not read the file before
    with pytest.raises(MaskError):
        bench.export(tmp_path / "out", "masks")
    assert not (tmp_path / "out").exists()
    assert not [*tmp_path.glob(".out-*")]


def test_masks_of_a_fiftyone_folder_come_in_to_the_pixel(masked, benches, tmp_path):
    bench, masks = masked
    bench.classes.rename("ink", "writing")
    out = tmp_path / "out"
    with pytest.warns(UserWarning):
        bench.export(out, "fiftyone")
    again = benches(out / "data", labels=out)
    same(held(again), masks)
    assert again.labels.classes == ["writing", "paper"]
    assert (again.labels.history()["source"] == "import").sum() == 5
    for source in ("fiftyone", out):
        with pytest.raises(FormatError, match="would be imported as images"):
            benches(out, labels=source)


def test_what_a_fiftyone_folder_lacks_is_said_before_anything_is_written(benches, tmp_path):
    import fiftyone as fo

    scenes = write_pictures(tmp_path / "pictures", 2)
    folder = next(iter(scenes)).path.parent
    dataset = fo.Dataset(f"folders-{uuid.uuid4().hex[:8]}")
    try:
        dataset.add_images_dir(str(folder))
        for sample in dataset.iter_samples(autosave=True):
            with Image.open(sample.filepath) as opened:
                shape = opened.size[::-1]
            sample["ground_truth"] = fo.Segmentation(mask=np.ones(shape, np.uint8))
        dataset.export(str(tmp_path / "nameless"), dataset_type=fo.types.FiftyOneDataset)
        dataset.default_mask_targets = {1: "ink"}
        dataset.export(str(tmp_path / "inside"), dataset_type=fo.types.FiftyOneDataset)
        for sample in dataset.iter_samples(autosave=True):
            path = tmp_path / "own" / f"{sample.id}.png"
            sample.ground_truth.export_mask(str(path), update=True)
        dataset.export(str(tmp_path / "good"), dataset_type=fo.types.FiftyOneDataset)
    finally:
        dataset.delete()
    for source, message in {
        "nameless": "does not say what the numbers",
        "inside": "lie in the dataset: give them files",
    }.items():
        with pytest.raises(FormatError, match=message):
            benches(folder, labels=tmp_path / source)
    (tmp_path / "good" / "fields" / "ground_truth").rename(tmp_path / "gone")
    with pytest.raises(FormatError, match="nothing was imported"):
        benches(folder, labels=tmp_path / "good")
    (tmp_path / "gone").rename(tmp_path / "good" / "fields" / "ground_truth")
    again = benches(folder, labels=tmp_path / "good")
    assert all((mask == 1).all() for mask in held(again).values())
    assert again.labels.classes == ["ink"] and len(held(again)) == 2
