"""A small real dataset to label."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

CLASSES = ["cat", "dog", "<i>bird</i>"]


@pytest.fixture(scope="session")
def dozen(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve of the bundled digits in a folder."""
    import workbench as wb

    folder = tmp_path_factory.mktemp("dozen")
    for path in sorted(wb.digits(home).glob("*/*.png"))[:12]:
        shutil.copy(path, folder)
    return folder


@pytest.fixture
def bench(home: Path, dozen: Path) -> Iterator:
    """A bench of its own for each test."""
    import workbench as wb

    name = f"labels-{uuid.uuid4().hex[:8]}"
    yield wb.open(name, images=dozen, classes=CLASSES, annotator="ann")
    wb.delete(name)
