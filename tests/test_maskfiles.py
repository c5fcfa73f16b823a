"""Masks out of a bench as a folder and into another one, on the real database."""

import uuid

import numpy as np
import pytest
from PIL import Image

import workbench as wb
from tests.models.box_scenes import write_pictures
from workbench.errors import FormatError

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
    for name in opened:
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
