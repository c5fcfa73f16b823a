"""Training runs in real processes: begun, queued, stopped, killed, resumed, repeated."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.runs.conftest import sha, until_ended
from workbench.dataset.vectors import vector_store
from workbench.errors import TrainingError
from workbench.models.backbones import load_backbone
from workbench.models.recipe import Recipe
from workbench.runs.job import read_job
from workbench.runs.runs import Runs

LONG = Recipe(epochs=5000, patience=5000)


def until(true, seconds=120):
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def worker_of(run):
    """Process id of what works on a run."""
    asked = subprocess.run(
        ["pgrep", "-f", f"workbench.runs.worker {run.folder}"], capture_output=True, check=False
    )
    found = asked.stdout.split()
    return int(found[0]) if found else None


def test_a_run_from_its_queue_to_its_model(runs, new_job, adopted, opened):
    job = new_job()
    run = runs.begin(job, [(job.paths[0], "f" * 64)])
    assert run.status in ("queued", "running")
    with pytest.raises(TrainingError, match="has no model"):
        _ = run.checkpoint
    assert run.wait() is run
    assert run.status == "finished"
    assert run.reason == "all 2 epochs done"
    assert list(run.history["epoch"]) == [0, 1, 2]
    assert run.history["figure"].between(0, 1).all()
    assert len(run.held_out) == 12
    assert set(run.trained_on) == {h for i, h in enumerate(job.hashes) if i not in run.held_out}
    assert not run.folder.joinpath("state.safetensors").exists()

    # The model in use could not tell any of them, so this one is better: it is taken into use,
    # and the dataset's images have their vectors before anybody asks.
    assert [each.id for each in adopted] == [run.id]
    assert opened == [run.checkpoint]
    assert run.used
    assert "now in use" in str(run)
    backbone = load_backbone("test_resnet", weights=run.checkpoint, device="cpu")
    store = vector_store(Path(job.home), backbone.key, backbone.dim)
    assert not store.missing([*job.hashes, "f" * 64])

    table = runs.to_pandas()
    assert table.loc[run.id, ["backbone", "status", "labels", "used"]].tolist() == [
        *("test_resnet", "finished", 60, True)
    ]
    assert runs.best().id == runs[-1].id == runs[run.id].id == run.id
    assert run.id in runs._repr_html_()

    again = runs.repeat(0).wait()
    assert again.id != run.id
    assert sha(again.checkpoint) == sha(run.checkpoint)
    assert list(again.history["figure"]) == list(run.history["figure"])


def test_a_model_that_is_not_better_is_not_taken_into_use(runs, new_job, adopted):
    job = new_job()
    run = runs.begin(new_job(baseline=job.targets)).wait()
    assert run.outcome["before"] == 1
    assert not adopted
    assert "not better" in str(run)
    run.use()  # all the same
    assert [each.id for each in adopted] == [run.id]
    assert runs[0].used


def test_several_classes_an_image(runs, new_job, labelled):
    several = tuple([[c for c in range(4) if c <= target] for target in labelled[1]])
    run = runs.begin(new_job(task="multilabel", targets=several, baseline=several)).wait()
    assert run.outcome["before"] == 1
    assert 0 < run.outcome["frozen"] <= 1
    assert run.view()["measure"] == "micro F1"


def test_a_second_run_queues_and_can_be_called_off(runs, new_job):
    first = runs.begin(new_job(LONG))
    second, third = runs.begin(new_job()), runs.begin(new_job())
    until(lambda: first.status == "running" and first.progress.get("phase") == "training")
    assert [run.status for run in (second, third)] == ["queued", "queued"]
    with pytest.raises(TimeoutError, match="has not ended within"):
        second.wait(timeout=0.1)
    second.stop()
    first.stop()
    third.wait()
    assert first.status == "stopped"
    assert first.reason == "by hand"
    load_backbone("test_resnet", weights=first.checkpoint)
    assert second.status == "failed"
    assert "before its turn" in second.reason
    assert [run.id for run in runs] == [first.id, second.id, third.id]
    assert first.outcome["ended_at"] <= third.outcome["begun"]


def test_deleting_runs_stops_those_at_work(runs, new_job):
    first, second = runs.begin(new_job(LONG)), runs.begin(new_job(LONG))
    until(lambda: first.progress.get("phase") == "training")
    worker = worker_of(first)
    with pytest.raises(TrainingError, match=r"still at work after 0 s: delete again"):
        runs.delete(patience=0)
    assert first.folder.is_dir(), "nothing was deleted"
    runs.delete()
    assert not first.folder.exists()
    assert not second.folder.exists()
    assert len(runs) == 0
    until(lambda: not Path(f"/proc/{worker}").exists())
    assert runs.begin(new_job()).wait().status == "finished", "the queue goes on"


def test_a_killed_process_ends_the_run_with_its_reason_and_can_be_resumed(runs, new_job, adopted):
    recipe = Recipe(epochs=15, patience=15, save_every=0)
    whole = runs.begin(new_job(recipe)).wait()
    run = runs.begin(new_job(recipe))
    until(lambda: run.folder.joinpath("state.safetensors").exists())
    until(lambda: len(run.history) > 2)
    os.kill(worker_of(run), signal.SIGKILL)
    with pytest.raises(TrainingError, match=r"killed \(signal 9\).*run.resume\(\)"):
        run.wait()
    assert run.status == "failed"
    looked = len(run.history)
    assert [each.id for each in adopted] == [whole.id]
    assert run.resume().wait().status == "finished"
    assert looked < len(run.history) == 16
    assert list(run.history["step"]) == list(whole.history["step"])
    assert sha(run.checkpoint) == sha(whole.checkpoint)
    with pytest.raises(TrainingError, match="cannot be resumed"):
        run.resume()


KERNEL = """
import os, signal, sys
from pathlib import Path
from workbench.runs.job import read_job
from workbench.runs.runs import Runs
folder, job = Path(sys.argv[1]), read_job(Path(sys.argv[2]))
run = Runs(folder, lambda run: None).begin(job)
print(run.id, flush=True)
while True:
    try:
        run.wait()
    except KeyboardInterrupt:
        print(run.status, flush=True)
"""


def test_an_interrupted_cell_leaves_it_running_and_a_dead_kernel_ends_it(runs, new_job, tmp_path):
    new_job(LONG).write(tmp_path / "job.json")
    folder = tmp_path / "runs" / "dataset"
    command = [sys.executable, "-c", KERNEL, str(folder), str(tmp_path / "job.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as kernel:
        kernel.stdout.readline()
        run = runs[-1]
        until(lambda: run.progress.get("phase") == "training")
        assert run.status == "running"  # as another kernel sees it
        worker = worker_of(run)
        os.killpg(kernel.pid, signal.SIGINT)  # as a notebook interrupts a cell
        assert kernel.stdout.readline() == b"running\n"
        step = run.progress["step"]
        until(lambda: run.progress["step"] > step)
        kernel.kill()
    until(lambda: not Path(f"/proc/{worker}").exists())
    assert run.status == "interrupted"
    assert "went down" in run.reason
    assert run.outcome is None
    run.resume(minutes=0.05)
    assert run.wait().status == "finished"
    assert run.reason == "the time was up"
    load_backbone("test_resnet", weights=run.checkpoint)


def test_an_image_that_has_changed_is_named(runs, new_job, tmp_path):
    job = new_job()
    changed = tmp_path / "changed.png"
    changed.write_bytes(Path(job.paths[0]).read_bytes() + b"\0")
    run = runs.begin(new_job(paths=(str(changed), *job.paths[1:])))
    with pytest.raises(TrainingError, match=r"changed\.png is not the image that was labelled"):
        run.wait()
    gone = runs.begin(new_job(paths=(str(tmp_path / "gone.png"), *job.paths[1:])))
    until_ended(gone)
    assert "gone.png cannot be read" in gone.reason


def test_what_goes_wrong_in_taking_it_into_use_is_said(tmp_path, new_job):
    def refuse(run):
        raise TrainingError("no room")

    run = Runs(tmp_path / "runs" / "dataset", refuse).begin(new_job()).wait()
    assert not run.used
    assert "it could not be taken into use: no room" in str(run)


def test_what_is_not_there_or_damaged_is_refused(runs, new_job, tmp_path):
    with pytest.raises(TrainingError, match="there are 0"):
        runs[-1]
    with pytest.raises(TrainingError, match="no run has ended"):
        runs.best()
    run = runs.begin(new_job(backbone="test_vit", weights=str(tmp_path / "none.safetensors")))
    with pytest.raises(TrainingError, match=r"none\.safetensors"):
        run.wait()
    path = tmp_path / "job.json"
    for content in ("", "[]", "{}", json.dumps({"format": 2})):
        path.write_text(content)
        with pytest.raises(TrainingError, match="does not describe a training run"):
            read_job(path)


@pytest.mark.parametrize("exclusive, task", [(True, "classification"), (False, "multilabel")])
def test_a_job_of_before_there_were_task_names_is_read(new_job, tmp_path, exclusive, task):
    path = tmp_path / "job.json"
    job = new_job(task=task)
    job.write(path)
    old = json.loads(path.read_text())
    del old["task"]
    path.write_text(json.dumps(old | {"exclusive": exclusive}))
    assert read_job(path) == job
    path.write_text(json.dumps(old | {"task": "unheard of"}))
    with pytest.raises(TrainingError, match="unheard of"):
        read_job(path)
