"""Predictions in bulk: the documents that FiftyOne would write."""

import bson
import pytest

from workbench.dataset.types import Prediction

NAMES = ["cat", "$dog", "$$ROOT", "a.b", "<b>"]  # what an update would take for something else
SAMPLES = 12


@pytest.fixture(params=["classification", "multilabel"])
def dataset(request, home, name):
    import fiftyone as fo

    from workbench.dataset import schema

    dataset = fo.Dataset(name)
    schema.prepare(dataset, request.param, NAMES)
    dataset.add_samples([fo.Sample(f"/images/{number}.jpg") for number in range(SAMPLES)])
    return dataset


def write(dataset, predictions, model="$lite0"):
    from workbench.dataset.connection import connect
    from workbench.dataset.predictions import write_predictions

    write_predictions(connect(), dataset, predictions, model)


def said_of(dataset):
    """A prediction each, all different; in multi-label of none to three classes."""
    from workbench.dataset.schema import task_of

    several = task_of(dataset) == "multilabel"
    said = {}
    for place, i in enumerate(dataset.values("id")):
        first = place % len(NAMES)
        label = tuple(NAMES[first : first + place % 4]) if several else NAMES[first]
        scores = tuple(0.5 + rank / 10 for rank in range(len(label))) if several else ()
        said[i] = Prediction(label, 1 / (place + 2), place / 100, scores)
    return said


def as_fiftyones(said):
    import fiftyone as fo

    about = {"confidence": said.confidence, "margin": said.margin, "model": "$lite0"}
    if isinstance(said.label, str):
        return fo.Classification(label=said.label, **about)
    pairs = zip(said.label, said.scores, strict=True)
    each = [fo.Classification(label=name, confidence=score) for name, score in pairs]
    return fo.Classifications(classifications=each, **about)


def documents(dataset):
    """What is stored, by sample; ids and times apart."""
    found, ids, times = {}, [], []
    for document in dataset._sample_collection.find():
        said = document["prediction"]
        for label in said.get("classifications", [said]):
            ids.append(label.pop("_id"))
        times.append(document.pop("last_modified_at"))
        found[document["_id"]] = document
    return found, ids, times


def test_documents_are_those_of_set_values(dataset, monkeypatch):
    from workbench.dataset import predictions as module

    monkeypatch.setattr(module, "_BATCH", 5)
    said = said_of(dataset)
    labels = {i: as_fiftyones(prediction) for i, prediction in said.items()}
    dataset.set_values("prediction", labels, key_field="id")
    expected, _, before = documents(dataset)
    schema = list(dataset.get_field_schema(flat=True))
    write(dataset, said)
    found, ids, after = documents(dataset)
    assert found == expected
    assert len(set(ids)) == len(ids), "each label has an id of its own"
    assert all(isinstance(one, bson.ObjectId) for one in ids)
    assert min(after) > max(before), "FiftyOne and the other kernels see that they have changed"
    assert list(dataset.get_field_schema(flat=True)) == schema


def test_only_what_is_said_is_written(dataset):
    ids = dataset.values("id")
    said = said_of(dataset)
    dataset.delete_samples(ids[3])
    rest = dataset.select([ids[0], *ids[4:]])
    before = [document.to_dict() for document in rest]
    write(dataset, {i: said[i] for i in ids[1:4]})
    assert dataset.values("id") == ids[:3] + ids[4:], "one that is gone does not come back"
    assert [document.to_dict() for document in rest] == before
    assert [label is not None for label in dataset.values("prediction")][:3] == [False, True, True]


@pytest.mark.parametrize("dataset", ["multilabel"], indirect=True)
def test_many_classes_an_image_stay_below_what_a_command_may_have(dataset):
    names = tuple(f"{number:04}" + 190 * "ä" for number in range(3_000))
    every = Prediction(names, 0.9, 0.8, (0.9,) * len(names))
    write(dataset, dict.fromkeys(dataset.values("id"), every))
    assert {len(each) for each in dataset.values("prediction.classifications")} == {3_000}


def test_what_a_batch_breaks_on_is_told(dataset):
    said = said_of(dataset)
    said[dataset.values("id")[7]] = Prediction("half a \ud800", 0.5, 0.5)
    with pytest.raises(UnicodeEncodeError):
        write(dataset, said)
