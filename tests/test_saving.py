"""What the bench saves is what the bench says: with a real database here, without any elsewhere."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.dataset.pictures import sort_digits, write_sheets
from workbench.errors import BackboneError, NotEnoughLabelsError

ROOT = Path(__file__).resolve().parents[1]
DIGITS = ["0", "1", "2", "3"]


@pytest.fixture(scope="module")
def folder(home, tmp_path_factory):
    return sort_digits(tmp_path_factory.mktemp("digits"), home, DIGITS, 25)


@pytest.fixture(scope="module")
def sheets(home, tmp_path_factory):
    return write_sheets(tmp_path_factory.mktemp("sheets"), home, DIGITS[:3], 50)


@pytest.fixture(scope="module")
def bench(home, folder):
    """Digits, labelled but for a few, and a class that no image has."""
    import workbench as wb

    classes = [*DIGITS, "<none> | of\nthese"]
    bench = wb.open("saving", images=folder, classes=classes, test_fraction=0.4)
    ids = bench.dataset.values(["id", "filepath"])
    labels = {i: Path(path).parent.name for i, path in zip(*ids, strict=True)}
    bench.labels.import_labels(dict(list(labels.items())[:-8]), annotator="crowd")
    bench.labels.commit(ids[0][0], Path(ids[1][0]).parent.name)
    return bench


@pytest.fixture(scope="module")
def several(home, sheets):
    import workbench as wb

    bench = wb.open("saving several", images=sheets, task="multilabel", classes=DIGITS[:3])
    ids, paths = bench.dataset.values(["id", "filepath"])
    names = [Path(path).stem.split()[1].split("+") for path in paths]
    labels = {
        i: [name for name in DIGITS[:3] if name in each] for i, each in zip(ids, names, strict=True)
    }
    bench.labels.import_labels(labels, annotator="crowd")
    return bench


@pytest.fixture(scope="module")
def saved(bench, tmp_path_factory):
    return bench.save_model(tmp_path_factory.mktemp("saved") / "digits")


@pytest.fixture(scope="module")
def saved_several(several, tmp_path_factory):
    return several.save_model(tmp_path_factory.mktemp("saved") / "sheets")


def agree(said, expected):
    """Two tables say the same: labels to the letter, confidences to what float16 can hold."""
    assert said["path"].tolist() == expected["path"].tolist()
    assert said["label"].tolist() == expected["label"].tolist()
    np.testing.assert_allclose(said["confidence"], expected["confidence"], atol=2e-4)
    assert said["problem"].tolist() == expected["problem"].tolist()


@pytest.mark.parametrize("task", ["classification", "multilabel"])
def test_a_saved_model_says_what_the_bench_says(request, task):
    import workbench as wb

    one = task == "classification"
    bench = request.getfixturevalue("bench" if one else "several")
    model = wb.load_model(request.getfixturevalue("saved" if one else "saved_several"))
    images = request.getfixturevalue("folder" if one else "sheets")
    assert (model.task, list(model.classes)) == (task, list(bench.classes))
    own = bench.predict().sort_values("path", ignore_index=True)
    agree(model.predict(own["path"].tolist()), own)
    agree(model.predict(images), bench.predict(images))
    learner = bench._work.learner
    fit = learner.fit()
    probabilities = model.predict_proba(fit.table.paths)
    np.testing.assert_allclose(probabilities, fit.probabilities, atol=2e-4)
    opened = [Image.open(path) for path in fit.table.paths[:40]]
    np.testing.assert_allclose(model.predict_proba(opened), probabilities[:40], atol=2e-4)
    arrays = [np.asarray(image.convert("RGB")) for image in opened]
    np.testing.assert_allclose(model.predict_proba(arrays), probabilities[:40], atol=2e-4)


def test_bad_files_are_listed_as_the_bench_does(bench, saved, folder, tmp_path):
    import workbench as wb

    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "empty.png").touch()
    (tmp_path / "good.png").write_bytes(next((folder / "2").glob("*.png")).read_bytes())
    (tmp_path / "cut.png").write_bytes((tmp_path / "good.png").read_bytes()[:60])
    said = wb.load_model(saved).predict(tmp_path)
    assert said["label"].isna().tolist() == [True, True, False, True]
    agree(said.dropna(subset="label"), bench.predict(tmp_path).dropna(subset="label"))
    assert said["problem"].tolist() == bench.predict(tmp_path)["problem"].tolist()


ALONE = """
import sys
import workbench as wb
model = wb.load_model(sys.argv[1])
frame = model.predict(sys.argv[2])
print(frame.to_json(orient="records"))
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_without_fiftyone_or_a_database(bench, saved, folder, tmp_path):
    """A process of its own, whose data home is empty and stays so."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    environment |= {"WORKBENCH_HOME": str(tmp_path / "home")}
    ran = subprocess.run(
        [sys.executable, "-c", ALONE, saved, folder],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    said, modules = ran.stdout.splitlines()
    unwanted = {"fiftyone", "pymongo", "bson", "mongoengine", "motor", "IPython", "ipywidgets"}
    assert not unwanted & set(modules.split())
    assert not (tmp_path / "home").exists()
    expected = bench.predict(folder)
    rows = json.loads(said)
    assert [row["label"] for row in rows] == expected["label"].tolist()
    found = [row["confidence"] for row in rows]
    np.testing.assert_allclose(found, expected["confidence"], atol=2e-4)


def test_what_it_was_made_of_is_kept(bench, saved):
    import workbench as wb

    model = wb.load_model(saved)
    fit = bench._work.learner.fit()
    about = model.description.trained_on
    status = bench.status()
    assert about["dataset"] == "saving"
    assert about["pool"]["labels"] == status["pool labels"] == len(fit.rows)
    assert about["test"] == {"images": status["test images"], "labels": status["test labels"]}
    assert sum(about["labels_per_class"].values()) == len(fit.rows)
    assert about["labels_per_class"]["<none> | of\nthese"] == 0
    latest = bench.labels.history()["time"].max()
    assert about["latest_label"].startswith(latest.isoformat()[:19])
    assert about["backbone"] is None
    evaluation = bench.evaluate()
    accuracy = model.metrics["figures"]["accuracy"]
    assert accuracy["value"] == evaluation.accuracy.value
    assert (accuracy["low"], accuracy["high"]) == (
        evaluation.accuracy.low,
        evaluation.accuracy.high,
    )
    assert model.metrics["provisional"] == evaluation.provisional
    calibration = model.description.calibration
    assert not evaluation.provisional
    assert calibration["found"] == pytest.approx(evaluation.accuracy.value)
    assert calibration["images"] == evaluation.accuracy.count
    found = calibration["expected_calibration_error"]
    assert (found["value"], found["high"]) == (evaluation.ece.value, evaluation.ece.high)
    assert "expected calibration error" in model.card
    assert {"timm", "torch", "workbench"} <= model.description.versions.keys()


def test_one_label_more_is_another_snapshot(bench, saved, tmp_path):
    import workbench as wb

    before = wb.load_model(saved).description.trained_on
    same = wb.load_model(bench.save_model(tmp_path / "same")).description.trained_on
    assert same == before
    table = bench._work.learner.table()
    row = int(table.labelled_pool[0])
    label = table.classes[int(table.targets[row])]
    other = next(name for name in DIGITS if name != label)
    bench.labels.commit(table.ids[row], other)
    try:
        bench.save_model(tmp_path / "same", overwrite=True)
        after = wb.load_model(tmp_path / "same").description.trained_on
    finally:
        bench.labels.undo()
    assert after["labels_sha256"] != before["labels_sha256"]
    assert after["latest_label"] > before["latest_label"]


def test_the_card_tells_a_stranger(bench, saved, saved_several):
    card = (saved / "README.md").read_text()
    for wanted in (
        'wb.load_model("digits")',
        "which one of 5 classes an image shows",
        "## How good it is",
        "95 % interval",
        "## Calibration",
        "## What it was not tested on",
        "&lt;none&gt; \\| of these: without a label, never predicted",
        "Images that show none of the classes",
        "`efficientnet_lite0` of timm, images of 224 x 224 pixels",
        "Latest label: 20",
        "torch 2.",
    ):
        assert wanted in card, card
    assert all(line.count(" | ") == 5 for line in card.splitlines() if line.startswith("| 1 "))
    assert "<none>" not in card
    per_class = bench.evaluate().per_class
    for name in DIGITS:
        row = next(line for line in card.splitlines() if line.startswith(f"| {name} "))
        assert ("too few images" in row) == (per_class.loc[name, "support"] < 10)
    several = (saved_several / "README.md").read_text()
    assert "which of 3 classes an image has: any number of them, or none" in several
    assert "A class is said to be there from 50.0 % on" in several
    assert "micro f1" in several


def test_a_folder_that_is_taken_is_said_before_anything_is_computed(bench, saved, tmp_path):
    before = {path: path.read_bytes() for path in saved.iterdir()}
    with pytest.raises(BackboneError, match="is not empty"):
        bench.save_model(saved)
    assert before == {path: path.read_bytes() for path in saved.iterdir()}
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BackboneError, match="what is no model"):
        bench.save_model(tmp_path, overwrite=True)


def test_without_labels_there_is_nothing_to_save_and_no_folder_is_left(home, folder, tmp_path):
    import workbench as wb

    fresh = wb.open("saving fresh", images=folder, classes=DIGITS)
    with pytest.raises(NotEnoughLabelsError, match="label more images"):
        fresh.save_model(tmp_path / "m")
    assert not (tmp_path / "m").exists()
    wb.delete("saving fresh")


def test_a_model_too_young_to_be_measured_can_be_saved_and_says_so(home, folder, tmp_path):
    import workbench as wb

    young = wb.open("saving young", images=folder, classes=DIGITS)
    pool = young.dataset.match({"split": "pool"})
    for sample_id, label in zip(pool.values("id")[:2], ["0", "1"], strict=True):
        young.labels.commit(sample_id, label)
    young.save_model(tmp_path / "m")
    model = wb.load_model(tmp_path / "m")
    agree(model.predict(folder), young.predict(folder))
    assert "Not measured: too few labels" in model.card
    wb.delete("saving young")
