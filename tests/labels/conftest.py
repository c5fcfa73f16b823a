"""A small real dataset to label."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

CLASSES = ["cat", "dog", "<i>bird</i>"]
SKELETON = {"labels": ["head", "paw", "tail"], "edges": [["head", "paw"], ["head", "tail"]]}


@pytest.fixture(scope="session")
def dozen(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve of the bundled digits in a folder."""
    import workbench as wb

    folder = tmp_path_factory.mktemp("dozen")
    for path in sorted(wb.digits(home).glob("*/*.png"))[:12]:
        shutil.copy(path, folder)
    return folder


@pytest.fixture
def task() -> str:
    """What is labelled; a test can parametrize it."""
    return "classification"


@pytest.fixture
def bench(home: Path, dozen: Path, task: str) -> Iterator:
    """A bench of its own for each test."""
    import workbench as wb

    name = f"labels-{uuid.uuid4().hex[:8]}"
    skeleton = SKELETON if task == "keypoints" else None
    about = {"classes": CLASSES, "annotator": "ann", "skeleton": skeleton}
    yield wb.open(name, images=dozen, task=task, **about)
    wb.delete(name)


@pytest.fixture
def bob(bench):
    """The same dataset on the bench of somebody else, who has read its classes already."""
    import workbench as wb

    return wb.open(bench.name, annotator="bob")


@pytest.fixture
def stored(bench):
    """The documents straight from the database, by sample id, past every object in this process."""

    def read():
        samples = bench._connection.database[bench.dataset._sample_collection_name]
        return {str(document["_id"]): document for document in samples.find()}

    return read


@pytest.fixture
def labels(stored):
    """Who has which label, in the order of import."""

    def read():
        return [(d.get("ground_truth") or {}).get("label") for d in stored().values()]

    return read
