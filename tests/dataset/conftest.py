"""Datasets that end with the test."""

import uuid

import pytest


@pytest.fixture
def name(home):
    """A name that no dataset has; what gets it is deleted after the test."""
    import fiftyone as fo

    name = f"test-{uuid.uuid4().hex[:8]}"
    yield name
    if fo.dataset_exists(name):
        fo.delete_dataset(name)
