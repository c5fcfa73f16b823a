"""A dataset as columns, its rounds, and the predictions that are written into it."""

import uuid

import numpy as np
import pytest

from tests.dataset.pictures import write_digits
from workbench.dataset import fields
from workbench.dataset.types import Prediction

CLASSES = ["a", "b"]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_digits(tmp_path_factory.mktemp("table"), range(8))


@pytest.fixture
def dataset(home, name, images):
    import fiftyone as fo

    from workbench.dataset import schema

    dataset = fo.Dataset(name)
    schema.prepare(dataset, "classification", CLASSES)
    dataset.add_samples([fo.Sample(str(path), content_hash=uuid.uuid4().hex) for path in images])
    return dataset


def table(dataset):
    from workbench.dataset.table import read_table

    return read_table(dataset, CLASSES, "classification")


def test_rows_are_sorted_into_what_may_be_done_with_them(dataset):
    import fiftyone as fo

    #          0        1       2       3       4        5       6       7
    splits = ["pool", "test", "pool", "test", "pool", "pool", "pool", "test"]
    labels = ["a", "b", None, None, "b", None, "gone", "a"]
    statuses = [
        "labelled",
        "labelled",
        "unlabelled",
        None,
        "skipped",
        "queued",
        "labelled",
        "queued",
    ]
    dataset.set_values(fields.SPLIT, splits)
    dataset.set_values(fields.STATUS, statuses)
    dataset.set_values(
        fields.GROUND_TRUTH, [fo.Classification(label=label) if label else None for label in labels]
    )
    found = table(dataset)
    assert len(found) == 8
    assert found.ids == dataset.values("id")
    assert found.paths == dataset.values("filepath")
    assert found.hashes == dataset.values(fields.HASH)
    # A skipped image keeps its label and is not used; a class that is not in the list is none.
    assert found.targets.tolist() == [0, 1, -1, -1, -1, -1, -1, 0]
    assert found.labelled_pool.tolist() == [0]
    assert found.labelled_test.tolist() == [1, 7]
    assert found.unlabelled_pool.tolist() == [2]
    assert found.unlabelled_test.tolist() == [3]
    assert found.queued.tolist() == [5, 7]


def test_images_that_could_not_be_used_are_passed_over(dataset):
    hashes = dataset.values(fields.HASH)
    dataset.set_values(fields.HASH, [None, *hashes[1:5], None, *hashes[6:]])
    assert table(dataset).hashes == [*hashes[1:5], *hashes[6:]]


def test_an_empty_dataset_is_an_empty_table(dataset):
    dataset.clear()
    found = table(dataset)
    assert len(found) == 0
    for rows in (found.labelled_pool, found.labelled_test, found.unlabelled_pool, found.queued):
        assert rows.tolist() == []


def test_rounds_are_numbered_and_survive(dataset):
    import fiftyone as fo

    from workbench.dataset.rounds import COLUMNS, record_round, rounds

    assert rounds(dataset).empty
    dataset.register_run("round_of_mine", dataset.init_run(note="not ours"))
    dataset.register_run("clean", dataset.init_run())
    numbers = [
        record_round(dataset, backbone="lite0", pool_labels=n, value=n / 20, picked=10)
        for n in range(11)
    ]
    assert numbers == [*range(1, 12)]
    dataset.reload()
    found = rounds(fo.load_dataset(dataset.name))
    assert found.index.tolist() == numbers, "in order of number, not of name"
    assert found.reset_index().columns.tolist() == COLUMNS
    assert found["pool_labels"].tolist() == [*range(11)]
    assert found["value"].tolist() == [n / 20 for n in range(11)]
    assert found["strategy"].isna().all()
    assert found["time"].notna().all()


def test_rounds_of_before_there_were_two_measures_are_read(dataset):
    from workbench.dataset.rounds import learning_curve, rounds

    dataset.register_run("round_1", dataset.init_run(accuracy=0.7, pool_labels=20))
    assert rounds(dataset)[["measure", "value"]].to_numpy().tolist() == [["accuracy", 0.7]]
    assert [point["value"] for point in learning_curve(dataset)] == [0.7]


def test_predictions_are_written_as_fiftyone_would(home, dataset, monkeypatch):
    import fiftyone as fo

    from workbench.dataset import predictions as module
    from workbench.dataset.connection import connect

    monkeypatch.setattr(module, "_BATCH", 3)
    held = dataset.first()  # an object that somebody holds in a cell
    ids = dataset.values("id")
    values = np.linspace(0.5, 0.9, 7)
    predicted = {i: Prediction("<b>b</b>", v, v / 2) for i, v in zip(ids[:7], values, strict=True)}
    module.write_predictions(connect(), dataset, predicted, "lite0")
    assert dataset.values("prediction.label") == ["<b>b</b>"] * 7 + [None]
    assert dataset.values("prediction.confidence")[:7] == values.tolist()
    assert dataset.values("prediction.margin")[:7] == (values / 2).tolist()
    assert set(dataset.values("prediction.model")[:7]) == {"lite0"}
    assert isinstance(held.prediction, fo.Classification)
    assert held.prediction.id
    module.write_predictions(connect(), dataset, {ids[0]: Prediction("a", 1, 1)}, "vit")
    assert dataset.values("prediction.label")[:2] == ["a", "<b>b</b>"]
    module.write_predictions(connect(), dataset, {}, "vit")
