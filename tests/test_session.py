"""The bench as a whole, without a browser: real images, the real backbone, the real database."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.dataset.pictures import sort_digits
from workbench.errors import (
    BackboneError,
    DatasetError,
    ImportFolderError,
    NotEnoughImagesError,
    NotEnoughLabelsError,
)

CLASSES = [str(digit) for digit in range(10)]


@pytest.fixture(scope="module")
def folder(home, tmp_path_factory):
    """Ten of each digit."""
    return sort_digits(tmp_path_factory.mktemp("hundred"), home, CLASSES, 10)


@pytest.fixture(scope="module")
def bench(home, folder):
    """A bench that has gone three rounds."""
    import workbench as wb
    from workbench.teaching.annotators import PerfectAnnotator

    bench = wb.open("session", images=folder, classes=CLASSES)
    bench.seed(0)
    annotator = PerfectAnnotator.of_folders(folder)
    for _ in range(3):
        bench.pick(15)
        annotator.work_off(bench.queue, bench.labels)
    return bench


@pytest.fixture
def fresh(home, folder, request):
    """A bench without a label."""
    import workbench as wb

    name = f"fresh-{request.node.name[:30]}"
    yield wb.open(name, images=folder, classes=CLASSES)
    wb.delete(name)


def test_nothing_that_a_model_learns_from_is_a_test_image(bench):
    fit = bench._work.learner.fit()
    assert len(fit.rows)
    assert not fit.table.is_test[fit.rows].any()
    assert set(fit.rows) == set(np.flatnonzero(~fit.table.is_test & (fit.table.targets >= 0)))


def test_picks_mix_test_images_in_without_marking_them(bench):
    history = bench.labels.history()
    picked = dict(zip(*bench.dataset.values(["id", "pick.strategy"]), strict=True))
    reasons = dict(zip(*bench.dataset.values(["id", "pick.reason"]), strict=True))
    is_test = {
        i for i, s in zip(*bench.dataset.values(["id", "split"]), strict=True) if s == "test"
    }
    labelled = set(history["sample_id"])
    control = {i for i in labelled - is_test if picked[i] == "random"}
    assert control
    assert labelled & is_test
    assert {reasons[i] for i in labelled & is_test} == {reasons[i] for i in control}


def test_rounds_are_kept_with_their_figures(bench):
    rounds = bench.rounds
    assert rounds["strategy"].tolist() == ["uherding"] * 3
    assert rounds["pool_labels"].is_monotonic_increasing
    assert rounds["value"].isna().tolist() == [True, False, False]
    assert (rounds["low"] <= rounds["value"]).iloc[1:].all()
    assert set(rounds["provisional"].iloc[1:]) == {True}
    assert rounds["backbone"].iloc[-1].startswith("efficientnet_lite0-")


def test_figures_are_provisional_until_thirty_test_images_are_labelled(bench):
    evaluation = bench.evaluate()
    assert evaluation.provisional
    assert evaluation.test_labels < 30
    assert "provisional" in str(evaluation)
    assert evaluation.accuracy.count <= evaluation.pool_labels


def test_predictions_are_written_as_fiftyone_would(bench):
    frame = bench.predict()
    assert len(frame) == len(bench.dataset)
    assert frame["confidence"].between(0.05, 1).all()
    sample = bench.dataset.first()
    assert sample.prediction.label in CLASSES
    assert 0 <= sample.prediction.margin <= sample.prediction.confidence
    assert sample.prediction.model.startswith("efficientnet_lite0-")
    truth = [Path(path).parent.name for path in frame["path"]]
    assert (frame["label"] == truth).mean() > 0.5


def test_a_folder_is_predicted_and_its_bad_files_are_listed(bench, folder, tmp_path):
    for path in (folder / "7").glob("*.png"):
        shutil.copy(path, tmp_path)
    (tmp_path / "notes.txt").write_text("no image")
    before = len(bench.dataset)
    frame = bench.predict(tmp_path).set_index("path")
    assert frame.loc[str(tmp_path / "notes.txt"), "problem"] == "not an image"
    assert frame["label"].isna().sum() == 1
    assert (frame["label"].dropna() == "7").mean() > 0.5
    assert len(bench.dataset) == before
    with pytest.raises(ImportFolderError, match="does not exist"):
        bench.predict(tmp_path / "nowhere")


def test_without_labels_every_verb_says_what_is_missing(fresh):
    for verb in (fresh.evaluate, fresh.predict, lambda: fresh.train(minutes=0.1)):
        with pytest.raises(NotEnoughLabelsError, match="label more images"):
            verb()
    assert "0 labelled" in repr(fresh)


def test_one_class_so_far_is_picked_on_as_from_cold(fresh):
    for sample_id in fresh.dataset.match({"split": "pool"}).values("id")[:3]:
        fresh.labels.commit(sample_id, "3")
    picks = fresh.pick(5)
    assert (picks["strategy"] == "uherding").any()
    with pytest.raises(NotEnoughLabelsError, match=r"3 labels of 1 \(3\)"):
        fresh.evaluate()


def test_a_pool_smaller_than_the_batch_is_picked_whole(fresh):
    pool = fresh.status()["images"] - fresh.status()["test images"]
    picks = fresh.pick(1_000, strategy="random")
    ids = set(fresh.dataset.match({"split": "pool"}).values("id"))
    assert len(ids & set(picks.index)) == pool
    assert len(fresh.pick(10)) <= 20
    assert fresh.queue.last_batch() >= 1


def test_a_single_image_is_too_few_to_pick_from_but_can_be_labelled(home, folder, tmp_path):
    import workbench as wb

    shutil.copy(next((folder / "3").glob("*.png")), tmp_path)
    lone = wb.open("lone", images=tmp_path, classes=CLASSES, test_fraction=0)
    with pytest.raises(
        NotEnoughImagesError, match="at least 2 images in the pool, but 'lone' has 1"
    ):
        lone.pick(5)
    lone.labels.commit(lone.dataset.first().id, "3")
    assert lone.status()["pool labels"] == 1
    wb.delete("lone")


def test_an_unknown_strategy_and_an_unknown_backbone_are_said_before_anything_is_done(bench):
    with pytest.raises(ValueError, match="unknown strategy 'herding': choose one of"):
        bench.pick(5, strategy="herding")
    with pytest.raises(BackboneError, match="did you mean 'efficientnet_lite0'"):
        bench.train("efficientnet_lit0")
    with pytest.raises(DatasetError, match="labels must be None or"):
        bench.add(".", labels="csv")


def test_saliency_is_for_pool_images_alone(bench):
    bench.evaluate()
    ids, splits = bench.dataset.values(["id", "split"])
    learner = bench._work.learner
    for sample_id in [i for i, split in zip(ids, splits, strict=True) if split == "pool"][:12]:
        label, heat = learner.saliency(sample_id, (32, 48))
        assert label in CLASSES
        assert heat.shape == (32, 48)
        assert heat.min() >= 0
        assert heat.max() == pytest.approx(1, abs=0.2), "every image has a place that speaks most"
    assert learner.saliency(ids[splits.index("test")], (32, 48)) is None
    assert learner.saliency("0" * 24, (32, 48)) is None


def test_added_images_embed_alone(bench, home, tmp_path, monkeypatch):
    import workbench as wb
    from workbench.models import embedding

    asked = []
    real = embedding.embed_files
    monkeypatch.setattr(
        embedding, "embed_files", lambda b, paths: asked.extend(paths) or real(b, paths)
    )
    for path in sorted((wb.digits(home) / "3").glob("*.png"))[20:23]:
        # Upside down: the home keeps vectors by content, and other tests may have embedded the digits.
        ImageOps.flip(Image.open(path)).save(tmp_path / path.name)
    report = bench.add(tmp_path)
    bench.evaluate()
    assert len(report.added) == 3
    assert sorted(asked) == sorted(str(path) for path in tmp_path.glob("*.png"))


def test_a_fine_tuned_backbone_is_used_only_if_it_does_better(bench):
    key = bench._work.learner.key
    run = bench.train("efficientnet_lite0", minutes=0.1)
    assert bench.labels.counts()  # the kernel is free meanwhile
    run.wait()
    outcome = run.outcome
    assert (bench._work.learner.key != key) == run.used == outcome["better"]
    assert ("now in use" in str(run)) == run.used
    assert bench.runs[-1].id == run.id
    # What the weights have seen does not calibrate, nor flatter a provisional figure.
    run.use()
    assert bench._work.learner.key == outcome["key"]
    assert bench.evaluate().accuracy.count <= len(outcome["held_out"]) + 5
    with pytest.raises(ValueError, match="there is no choice named epoch in training"):
        bench.train(epoch=3)
