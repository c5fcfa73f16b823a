"""Runs on sixty handwritten digits, with one of timm's smallest networks, in real processes."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from workbench.models.recipe import Recipe
from workbench.runs.job import Job
from workbench.runs.runs import Runs, new_id


@pytest.fixture(scope="session")
def labelled(tmp_path_factory):
    """Sixty files of digits 0 to 3, and their classes."""
    folder = tmp_path_factory.mktemp("labelled")
    data = load_digits(n_class=4)
    paths = []
    for place, image in enumerate(data.images[:60]):
        paths.append(folder / f"{place}.png")
        Image.fromarray((image * 255 / 16).astype(np.uint8)).save(paths[-1])
    return paths, data.target[:60].tolist()


@pytest.fixture(scope="session", autouse=True)
def one_thread_each():
    """The processes begun here share the machine with all others."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    yield
    if before is None:
        del os.environ["OMP_NUM_THREADS"]
    else:
        os.environ["OMP_NUM_THREADS"] = before


@pytest.fixture
def new_job(labelled, tmp_path):
    """A function that pins a run of a network without learned weights, and what is asked of it."""
    paths, targets = labelled

    def make(recipe=None, **changes):
        name, created = new_id()
        hashes = tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)
        job = Job(
            id=name,
            created=created,
            dataset="digits",
            task="classification",
            backbone="test_resnet",
            weights="random",
            minutes=5,
            seed=0,
            recipe=(recipe or Recipe(epochs=2)).to_json(),
            classes=("0", "1", "2", "3"),
            paths=tuple(str(path) for path in paths),
            hashes=hashes,
            targets=tuple(targets),
            baseline=(None,) * len(paths),
            in_use="another",
            home=str(tmp_path),
        )
        return replace(job, **changes)

    return make


@pytest.fixture
def adopted():
    """The runs whose model was taken into use, as they come."""
    return []


@pytest.fixture
def opened():
    """The checkpoints that were there when they were taken into use."""
    return []


@pytest.fixture
def runs(tmp_path, adopted, opened):
    """The runs of a dataset, all ended when the test has."""

    def adopt(run):
        adopted.append(run)
        opened.append(run.checkpoint)

    made = Runs(tmp_path / "runs" / "dataset", adopt)
    yield made
    for run in made:
        run.stop()
    for run in made:
        until_ended(run)


def until_ended(run):
    """Wait for a run, whatever its end."""
    import time

    from workbench.runs.run import ENDED

    deadline = time.monotonic() + 120
    while run.status not in ENDED and time.monotonic() < deadline:
        time.sleep(0.05)
    return run


def sha(folder: Path) -> str:
    """Of a checkpoint's weights."""
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
