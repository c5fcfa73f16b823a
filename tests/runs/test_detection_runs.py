"""Runs on boxes, in processes of their own."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.models.box_scenes import write_pictures
from tests.runs.conftest import until_ended
from workbench.errors import TrainingError
from workbench.models.detectortraining import measure_detector
from workbench.models.recipe import DetectorRecipe
from workbench.models.saved import load_model
from workbench.runs.detection import baseline_of_boxes, labelled_images
from workbench.runs.job import read_job

RECIPE = DetectorRecipe(
    epochs=12,
    batch_size=4,
    side=64,
    channels=32,
    convolutions=1,
    rate=3e-3,
    augmentation=0.0,
    ema=0.5,
    save_every=0,
    patience=99,
)


@pytest.fixture
def box_job(new_job, tmp_path):
    """A function that pins a run on boxes."""
    images = write_pictures(tmp_path / "pictures", 24)

    def make(recipe=RECIPE, **changes):
        about = {
            "task": "detection",
            "recipe": recipe,
            "classes": ("black", "white"),
            "paths": tuple(str(each.path) for each in images),
            "hashes": tuple(hashlib.sha256(i.path.read_bytes()).hexdigest() for i in images),
            "targets": tuple(
                [[int(k), *box] for k, box in zip(i.classes, i.corners.tolist(), strict=True)]
                for i in images
            ),
            "baseline": (None,) * len(images),
            "in_use": "",
        }
        return new_job(**(about | changes))

    return make


def test_a_run_ends_with_a_detector_and_a_curve_of_map(runs, adopted, box_job):
    run = runs.begin(box_job()).wait()
    until_ended(run)
    outcome = run.outcome
    assert run.status == "finished" and outcome["before"] == 0
    assert outcome["after"] == run.history["figure"].max() > 0
    assert adopted == [run] and run.used and outcome["better"]
    assert run.view()["measure"] == "mAP50"
    assert run.view()["best"] == run.history["figure"].argmax()
    assert "mAP50" in run.plot().axes[1].get_title()
    model = load_model(run.checkpoint, "cpu")
    assert model.task == "detection"
    assert model.description.trained_on["dataset"] == "digits"
    job = read_job(run.folder / "job.json")
    held = [labelled_images(job)[row] for row in run.held_out]
    known = job.classes
    told = measure_detector(model.detector, held, known, known)
    assert told == pytest.approx(outcome["after"], abs=0.02)  # fitted boxes, cut at the edges

    # The next one has to better it, on the very same images.
    assert (
        baseline_of_boxes(box_job(in_use=str(run.checkpoint)), labelled_images(job), RECIPE) == told
    )
    other = box_job(
        DetectorRecipe(**(RECIPE.to_json() | {"epochs": 1})), in_use=str(run.checkpoint)
    )
    second = runs.begin(other).wait()
    assert second.outcome["before"] == told
    assert not second.used and second.outcome["after"] <= told


def test_a_run_that_holds_out_others_is_there_to_doubt_and_not_to_be_used(runs, adopted, box_job):
    short = RECIPE.to_json() | {"epochs": 3}
    first = runs.begin(box_job(DetectorRecipe(**short))).wait()
    until_ended(first)
    recipe = DetectorRecipe(**(short | {"fold": 1}))
    run = runs.begin(box_job(recipe, in_use=str(first.checkpoint))).wait()
    until_ended(run)
    assert not {*run.held_out} & {*first.held_out} and run.held_out
    assert run not in adopted and not run.used and run.outcome["before"] is None
    assert "bench.suspects()" in str(run) and "before" not in str(run)
    assert run.plot() and run.view()["verdict"]
    with pytest.raises(TrainingError, match="without fold"):
        run.use()
    assert runs.best().id == first.id
    assert runs.to_pandas()["before"].isna().tolist() == [False, True]


def test_a_detector_in_use_that_has_gone_finds_nothing(box_job, tmp_path):
    job = box_job(in_use=str(tmp_path / "gone"))
    assert baseline_of_boxes(job, labelled_images(job), RECIPE) == 0


def test_a_run_is_stopped_and_keeps_the_best_so_far(runs, box_job):
    recipe = DetectorRecipe(**(RECIPE.to_json() | {"epochs": 10_000}))
    run = runs.begin(box_job(recipe))
    while len(run.history) < 3:
        assert run.status in ("queued", "running")
    run.stop()
    until_ended(run)
    assert run.status == "stopped" and run.reason == "by hand"
    load_model(run.checkpoint, "cpu")


def test_an_image_that_has_changed_is_not_learned_from(runs, box_job):
    job = box_job()
    with Path(job.paths[3]).open("ab") as file:
        file.write(b"more")
    run = until_ended(runs.begin(job))
    assert run.status == "failed" and "is not the image that was labelled" in run.reason


def test_boxes_survive_the_job_file(box_job, tmp_path):
    job = box_job()
    job.write(tmp_path / "job.json")
    again = labelled_images(read_job(tmp_path / "job.json"))
    for one, other in zip(labelled_images(job), again, strict=True):
        assert (one.corners == other.corners).all() and (one.classes == other.classes).all()
    assert json.loads((tmp_path / "job.json").read_text())["task"] == "detection"
