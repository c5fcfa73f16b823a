"""Datasets that end with the test, and images to be shown."""

import uuid

import pytest
from PIL import Image
from skimage import data

from workbench.dataset.display import Display


@pytest.fixture
def name(home):
    """A name that no dataset has; what gets it is deleted after the test."""
    import fiftyone as fo

    name = f"test-{uuid.uuid4().hex[:8]}"
    yield name
    if fo.dataset_exists(name):
        fo.delete_dataset(name)


@pytest.fixture
def display(tmp_path):
    display = Display(tmp_path / "home")
    yield display
    display.close()


@pytest.fixture
def photo(tmp_path):
    """A photograph that has to be scaled down, and so is worth keeping."""
    path = tmp_path / "photo.jpg"
    Image.fromarray(data.astronaut()).resize((1200, 1200)).save(path, quality=95)
    return path
