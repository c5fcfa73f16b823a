"""Objects with outlines from the first label to a model that is saved, on the real database and processes."""

import uuid

import numpy as np
import pytest
from PIL import Image

import workbench as wb
from workbench.dataset.boxes import outlined
from workbench.dataset.detections import read_boxes
from workbench.dataset.outlines import fill, filled, scaled, trace
from workbench.errors import NotEnoughLabelsError

CLASSES = ["disc", "ring"]
SIDE = 64  # pixels
CHOICES = {
    "epochs": 25,
    "batch_size": 4,
    "side": SIDE,
    "channels": 32,
    "convolutions": 1,
    "rate": 3e-3,
    "augmentation": 0.0,
    "ema": 0.5,
}


def draw(rng):
    """A grey picture, and the mask of each disc and ring in it."""
    picture = rng.integers(90, 130, (SIDE, SIDE)).astype(np.uint8)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    found = []
    for left in rng.permutation([0, SIDE // 2])[: rng.integers(0, 3)]:
        x, y, radius = left + 16, rng.integers(14, SIDE - 14), rng.integers(9, 14)
        away = np.hypot(rows - y, columns - x)
        kind = int(rng.integers(2))
        mask = (away < radius) & ((kind == 0) | (away > radius / 2))
        picture[mask] = 240 if kind else 15
        found.append((kind, mask))
    return picture, found


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Files, and what is in them."""
    folder, rng = tmp_path_factory.mktemp("rings"), np.random.default_rng(0)
    known = {}
    for number in range(40):
        picture, found = draw(rng)
        path = folder / f"{number:02}.png"
        Image.fromarray(picture).convert("RGB").save(path)
        known[str(path)] = [(CLASSES[k], trace(mask, (SIDE, SIDE))) for k, mask in found]
    return folder, known


@pytest.fixture(scope="module")
def bench(home, pictures):
    """A bench on which everything is labelled."""
    folder, known = pictures
    bench = wb.open(
        f"rings-{uuid.uuid4().hex[:8]}", images=folder, task="instances", classes=CLASSES
    )
    for sample_id, path in zip(*bench.dataset.values(["id", "filepath"]), strict=True):
        bench.labels.commit(sample_id, [outlined(*each) for each in known[path]])
    yield bench
    bench.runs.delete()
    wb.delete(bench.name)


@pytest.fixture(scope="module")
def trained(bench):
    return bench.train("test_resnet", weights="random", minutes=5, **CHOICES).wait()


def test_before_a_model_there_is_nothing_to_ask(home, pictures):
    name = f"rings-{uuid.uuid4().hex[:8]}"
    fresh = wb.open(name, images=pictures[0], task="instances", classes=CLASSES)
    try:
        with pytest.raises(NotEnoughLabelsError, match="no detector yet"):
            fresh.predict()
        with pytest.raises(NotEnoughLabelsError, match="10 labelled images"):
            fresh.train("test_resnet", weights="random")
        assert len(fresh.pick(5)) >= 5
    finally:
        wb.delete(name)


def test_outlines_are_learned_and_predicted(bench, trained, pictures):
    assert trained.job.measure == "mask mAP50"
    assert trained.used
    assert trained.outcome["after"] > 0.3
    bench.predict()
    ids = bench.dataset.values("id")
    stored = read_boxes(bench.dataset, ids, "prediction")
    assert dict(zip(ids, stored, strict=True)) == bench._work.detecting.predictions()
    sure = [box for boxes in stored for box in boxes if box.confidence > 0.5]
    assert sure
    assert all(box.outline for box in sure)
    bench.dataset.reload()
    lines = bench.dataset.values("prediction.polylines", unwind=True)
    assert {line.filled for line in lines} == {True}
    # What is sure of lies on an object, pixel by pixel.
    overlaps = []
    for path, boxes in zip(bench.dataset.values("filepath"), stored, strict=True):
        true = [filled(scaled(outline, (SIDE, SIDE))) for _, outline in pictures[1][path]]
        for box in boxes:
            if box.confidence > 0.5:
                own = filled(scaled(box.outline, (SIDE, SIDE)))
                overlaps.append(max([own.overlap(each) for each in true], default=0.0))
    assert np.median(overlaps) > 0.6


def test_figures_are_of_masks_and_the_app_has_them_too(bench, trained):
    evaluation = bench.evaluate()
    cases = evaluation.cases
    assert cases.truth.outlines is not None
    assert cases.said.outlines is not None
    assert evaluation.map50.low <= evaluation.map50.value <= evaluation.map50.high
    table = bench._work.table()
    bench._work.judge.keep(table)  # as with thirty test images
    assert "blind_test" in bench.dataset.list_evaluations()


def test_errors_picks_and_doubts_go_by_outlines(bench, trained, pictures):
    wrong = bench.errors()
    assert {*wrong.kinds} >= {"missed"}
    assert len(bench._work.judge.worth(bench._work.table(), np.arange(3)).worth) == 3
    doubts = bench._work.doubts()
    assert all(box.outline for boxes in doubts.labels for box in boxes)
    bench.suspects()


def test_a_saved_model_finds_outlines_elsewhere(bench, trained, tmp_path):
    folder = bench.save_model(tmp_path / "saved")
    model = wb.load_model(folder, device="cpu")
    assert model.task == "instances"
    assert "outline around each" in model.card
    table = model.predict(bench.dataset.values("filepath"))
    own = bench.predict()
    np.testing.assert_allclose(
        table[["confidence", "left"]].to_numpy(float),
        own[["confidence", "left"]].to_numpy(float),
        atol=1e-3,
    )
    assert len(table["outline"].iloc[0][0]) >= 3


def test_outlines_come_as_a_table(bench):
    table = bench.to_pandas("boxes")
    assert {*table["label"]} <= {*CLASSES}
    assert table["outline"].map(len).min() >= 1
    assert (table["angle"] == 0).all()


@pytest.mark.parametrize("format", ["coco", "fiftyone"])
def test_outlines_go_out_and_come_in_again(bench, pictures, tmp_path, format):
    folder = tmp_path / "out"
    with pytest.warns(UserWarning, match="does not carry"):
        bench.export(folder, format)
    name = f"rings-{uuid.uuid4().hex[:8]}"
    other = wb.open(name, images=folder, task="instances", labels=format)
    try:
        assert other.labels.counts() == bench.labels.counts()
        own, theirs = (
            {
                each.rpartition("/")[2]: sorted(
                    (box.label, fill(box.outline, (SIDE, SIDE)).tobytes()) for box in boxes
                )
                for each, boxes in zip(
                    one.dataset.values("filepath"),
                    read_boxes(one.dataset, one.dataset.values("id")),
                    strict=True,
                )
            }
            for one in (bench, other)
        )
        assert theirs == {each: own[each] for each in theirs}
        assert len(theirs) == len(own)
    finally:
        wb.delete(name)
