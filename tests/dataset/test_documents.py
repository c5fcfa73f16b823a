"""What is kept with a dataset while other threads load it anew: the App's server does."""

import threading
import uuid

import pytest

from workbench.errors import DatasetError


@pytest.fixture
def dataset(home):
    import fiftyone as fo

    from workbench.dataset import schema
    from workbench.dataset.connection import connect

    connect(home)
    dataset = fo.Dataset(f"documents-{uuid.uuid4().hex[:8]}")
    schema.prepare(dataset, "classification", ["a"])
    yield dataset
    dataset.delete()


@pytest.fixture
def restless(dataset):
    """Another thread that does nothing but load the dataset anew."""
    done = threading.Event()

    def load():
        while not done.is_set():
            dataset.reload()

    thread = threading.Thread(target=load)
    thread.start()
    yield
    done.set()
    thread.join()


def test_rounds_and_records_are_kept_all_the_same(dataset, restless):
    from workbench.dataset.opening import record, update_record
    from workbench.dataset.rounds import record_round, rounds

    for number in range(15):
        assert record_round(dataset, value=number / 15, pool_labels=number) == number + 1
        update_record(dataset, latest=number)
        assert record(dataset)["latest"] == number
    assert rounds(dataset)["pool_labels"].tolist() == [*range(15)]


def test_what_cannot_be_kept_is_said(dataset):
    from workbench.dataset.documents import settle

    with pytest.raises(DatasetError, match="lost again and again"):
        settle(dataset, lambda: None, lambda: False)
