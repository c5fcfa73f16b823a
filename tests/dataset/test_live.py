"""A table kept in step is the table that would be read."""

import uuid
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tests.dataset.pictures import write_digits
from workbench.dataset import fields

CLASSES = ["a", "b"]


@pytest.fixture
def dataset(home, name, tmp_path):
    import fiftyone as fo

    from workbench.dataset import schema

    dataset = fo.Dataset(name)
    schema.prepare(dataset, "classification", CLASSES)
    dataset.add_samples([sample(path) for path in write_digits(tmp_path, range(6))])
    return dataset


def sample(path):
    import fiftyone as fo

    return fo.Sample(
        str(path), content_hash=uuid.uuid4().hex, split="pool", label_status="unlabelled"
    )


@pytest.fixture
def live(dataset):
    from workbench.dataset.live import LiveTable

    return LiveTable(dataset, "classification")


@pytest.fixture
def full_reads(monkeypatch):
    """How often all of the dataset was read."""
    from workbench.dataset import live

    reads = []
    real = live.read_table
    monkeypatch.setattr(live, "read_table", lambda *args: reads.append(1) or real(*args))
    return reads


def label(dataset, row, name, status="labelled"):
    import fiftyone as fo

    sample = dataset[dataset.values("id")[row]]
    sample["ground_truth"] = fo.Classification(label=name) if name else None
    sample["label_status"] = status
    sample.save()


def assert_in_step(live, dataset, classes=CLASSES):
    from workbench.dataset.table import read_table

    ours, read = live.read(classes), read_table(dataset, classes, "classification")
    assert (ours.ids, ours.paths, ours.hashes) == (read.ids, read.paths, read.hashes)
    assert ours.classes == read.classes
    for name in ("is_test", "statuses", "targets"):
        assert np.array_equal(getattr(ours, name), getattr(read, name)), name
    return ours


def test_labels_come_in_and_go_without_reading_it_all(dataset, live, full_reads):
    first = assert_in_step(live, dataset)
    assert live.read(CLASSES) is first, "nothing has changed"
    changes = [(0, "a", "labelled"), (1, "b", "labelled"), (0, "b", "labelled")]
    changes += [(1, "b", "skipped"), (2, "gone", "labelled"), (0, None, "queued")]
    for change in changes:
        label(dataset, *change)
        assert_in_step(live, dataset)
    assert first.targets.tolist() == [-1] * 6, "a table that was handed out stays as it is"
    assert len(full_reads) == 1


def test_what_was_queued_is_in_it(dataset, live, home, full_reads):
    from workbench.dataset.connection import connect
    from workbench.dataset.types import Pick
    from workbench.labels.queue import LabelQueue

    live.read(CLASSES)
    ids = dataset.values("id")
    LabelQueue(connect(), dataset).add([Pick(ids[3], 0, 0.5, "margin", "why")])
    assert assert_in_step(live, dataset).queued.tolist() == [3]
    assert len(full_reads) == 1


def test_a_label_that_is_seen_late_or_by_a_slow_clock_is_found_later(
    dataset, live, full_reads, monkeypatch
):
    from workbench.dataset import live as module

    live.read(CLASSES)
    live.read(CLASSES)
    label(dataset, 0, "a")
    late = datetime.now(UTC) - timedelta(seconds=30)
    dataset._sample_collection.update_many(
        {}, {"$set": {"last_modified_at": late, fields.EVENT: "id"}}
    )
    assert live.read(CLASSES).targets.tolist() == [-1] * 6
    monkeypatch.setattr(module, "_WIDE_EVERY", timedelta(0))  # the time has come
    assert_in_step(live, dataset)
    assert len(full_reads) == 1


def test_images_that_come_and_go_are_noticed(dataset, live, tmp_path):
    live.read(CLASSES)
    (path,) = write_digits(tmp_path / "more", [7])
    dataset.add_samples([sample(path)])
    assert len(assert_in_step(live, dataset)) == 7
    dataset.delete_samples(dataset.values("id")[:2])
    assert len(assert_in_step(live, dataset)) == 5
    # One came and one went.
    (path,) = write_digits(tmp_path / "more", [8])
    dataset.add_samples([sample(path)])
    dataset.delete_samples(dataset.values("id")[:1])
    assert len(assert_in_step(live, dataset)) == 5


def test_an_image_without_a_hash_is_in_no_table(dataset, live, tmp_path, full_reads):
    import fiftyone as fo

    (path,) = write_digits(tmp_path / "more", [7])
    dataset.add_samples([fo.Sample(str(path))])
    assert len(live.read(CLASSES)) == 6
    assert len(assert_in_step(live, dataset)) == 6
    assert len(full_reads) == 1


@pytest.mark.parametrize(
    "field, value", [("filepath", "/moved.png"), (fields.SPLIT, "test"), (fields.HASH, "0" * 64)]
)
def test_another_file_or_split_is_noticed(dataset, live, field, value):
    live.read(CLASSES)
    sample = dataset.first()
    sample[field] = value
    sample.save()
    assert_in_step(live, dataset)


def test_other_classes_are_other_indices(dataset, live):
    label(dataset, 0, "a")
    label(dataset, 1, "b")
    assert live.read(CLASSES).targets.tolist()[:2] == [0, 1]
    assert assert_in_step(live, dataset, ["b", "c", "a"]).targets.tolist()[:2] == [2, 0]
