"""Boxes from the first label to a detector that is saved, on the real database and real processes."""

import uuid

import numpy as np
import pytest

import workbench as wb
from tests.models.box_scenes import SIDE, write_pictures
from workbench.dataset.boxes import Box, box_id
from workbench.dataset.detections import read_boxes
from workbench.errors import BackboneError, NotEnoughLabelsError

CLASSES = ["black", "white"]
CHOICES = {
    "epochs": 12,
    "batch_size": 4,
    "side": 64,
    "channels": 32,
    "convolutions": 1,
    "rate": 3e-3,
    "augmentation": 0.0,
    "ema": 0.5,
}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return {i.path.name: i for i in write_pictures(tmp_path_factory.mktemp("pictures"), 32)}


@pytest.fixture(scope="module")
def bench(home, images):
    """A bench on which everything is labelled."""
    folder = next(iter(images.values())).path.parent
    name = f"boxes-{uuid.uuid4().hex[:8]}"
    bench = wb.open(name, images=folder, task="detection", classes=CLASSES)
    for sample_id, path in zip(*bench.dataset.values(["id", "filepath"]), strict=True):
        known = images[path.rpartition("/")[2]]
        boxes = [
            Box(box_id(), CLASSES[k], left, top, right - left, bottom - top)
            for k, (left, top, right, bottom) in zip(known.classes, known.corners, strict=True)
        ]
        bench.labels.commit(sample_id, boxes)
    yield bench
    bench.runs.delete()
    bench.dataset.delete()


@pytest.fixture(scope="module")
def trained(bench):
    return bench.train("test_resnet", weights="random", minutes=5, **CHOICES).wait()


def test_before_a_detector_there_is_nothing_to_ask(home, images):
    folder = next(iter(images.values())).path.parent
    name = f"boxes-{uuid.uuid4().hex[:8]}"
    fresh = wb.open(name, images=folder, task="detection", classes=CLASSES)
    try:
        with pytest.raises(NotEnoughLabelsError, match="no detector yet"):
            fresh.predict()
        with pytest.raises(NotEnoughLabelsError, match="10 labelled images"):
            fresh.train("test_resnet", weights="random")
        with pytest.raises(BackboneError, match="feature maps"):
            fresh.train("test_vit", weights="random")
        with pytest.raises(ValueError, match="no choice named sides"):
            fresh.train("test_resnet", weights="random", sides=64)
        assert len(fresh.runs) == 0
    finally:
        fresh.dataset.delete()


def test_what_is_learned_is_what_was_drawn(bench, trained, images):
    job = trained.job
    table = bench._work.table()
    assert {*job.hashes} == {table.hashes[row] for row in table.labelled_pool}
    assert not {*job.hashes} & {table.hashes[row] for row in table.labelled_test}
    assert any(not boxes for boxes in job.targets)  # a real negative
    for path, boxes in zip(job.paths, job.targets, strict=True):
        known = images[path.rpartition("/")[2]]
        assert [box[0] for box in boxes] == known.classes.tolist()
        np.testing.assert_allclose(
            np.array([box[1:] for box in boxes]).reshape(-1, 4), known.corners, atol=1e-12
        )


def test_a_better_run_is_taken_into_use_and_predicts(bench, trained, tmp_path):
    assert trained.used and trained.outcome["after"] > 0
    assert bench._work.detecting.folder == trained.checkpoint
    table = bench.predict()
    assert {*table["label"]} <= {*CLASSES} and table["confidence"].between(0, 1).all()
    assert (table["right"] <= SIDE + 1e-9).all() and (table["left"] < table["right"]).all()
    ids = bench.dataset.values("id")
    stored = read_boxes(bench.dataset, ids, "prediction")
    assert sum(map(len, stored)) == len(table) > 0
    predicted = bench._work.detecting.predictions()
    assert dict(zip(ids, stored, strict=True)) == predicted
    bench.dataset.reload()
    detections = bench.dataset[ids[0]].prediction.detections
    assert all(0 <= each.confidence <= 1 for each in detections)

    folder = bench.save_model(tmp_path / "saved")
    evaluation, saved = bench.evaluate(), wb.load_model(folder, device="cpu")
    assert saved.metrics["figures"]["map50"]["low"] == evaluation.map50.low
    assert saved.metrics["per_class"][0]["ap50"] == evaluation.per_class["ap50"].iloc[0]
    for wanted in ("mAP50", "boxes measured on", "Provisional", "in the pool", "kept for the test"):
        assert wanted in saved.card, saved.card
    elsewhere = wb.load_model(folder, device="cpu").predict(bench.dataset.values("filepath"))
    np.testing.assert_allclose(
        elsewhere[["confidence", "left", "bottom"]].to_numpy(float),
        table[["confidence", "left", "bottom"]].to_numpy(float),
        atol=1e-4,
    )


def test_what_the_detector_has_learned_from_is_doubted_by_a_run_that_has_not(bench, trained):
    run = bench.train("test_resnet", weights="random", fold=1, **(CHOICES | {"epochs": 2})).wait()
    assert bench._work.detecting.folder == trained.checkpoint
    doubts = bench._work.doubts()
    table = bench._work.table()
    digest = {each: table.hashes[table.row_of[each]] for each in doubts.ids}
    by = {name: {digest[i] for i, m in zip(doubts.ids, doubts.models, strict=True) if m == name}
          for name in doubts.models}  # fmt: skip
    assert by == {
        each.id: {each.job.hashes[row] for row in each.held_out} for each in (trained, run)
    }
    bench.suspects()


def test_a_class_that_is_renamed_is_predicted_under_its_new_name(bench, trained, tmp_path):
    detecting = bench._work.detecting
    said = {box.label for boxes in detecting.predictions().values() for box in boxes}
    assert said
    name = sorted(said)[0]
    bench.classes.rename(name, "other")
    try:
        after = {box.label for boxes in detecting.predictions().values() for box in boxes}
        assert after == said - {name} | {"other"}
        saved = wb.load_model(bench.save_model(tmp_path / "renamed"), device="cpu")
        assert {*saved.classes} == {*CLASSES} - {name} | {"other"}
        assert "| other |" in saved.card and f"| {name} |" not in saved.card
    finally:
        bench.classes.rename("other", name)
