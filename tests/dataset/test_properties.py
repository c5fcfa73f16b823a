"""What else a dataset says of its images."""

import uuid
from datetime import UTC, date, datetime

import pytest

from tests.dataset.pictures import write_digits


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_digits(tmp_path_factory.mktemp("properties"), range(20))


@pytest.fixture
def dataset(home, images):
    import fiftyone as fo

    from workbench.dataset import schema

    dataset = fo.Dataset(f"properties-{uuid.uuid4().hex[:8]}")
    schema.prepare(dataset, "classification", ["a", "b"])
    samples = []
    for number, path in enumerate(images):
        sample = fo.Sample(str(path), tags=["wet", "night"] if number % 2 else [])
        sample["ground_truth"] = fo.Classification(label="a", confidence=0.5)
        sample["prediction"] = fo.Classification(label="b", confidence=0.1 * number)
        sample["label_status"] = "labelled"
        sample["weather"] = fo.Classification(label="rain" if number < 5 else "sun")
        sample["exposure"] = None if number == 3 else number / 10
        sample["height_m"] = number
        sample["camera"] = number % 3
        sample["indoors"] = number < 4
        sample["site"] = f"site {number % 2}"
        sample["seen"] = date(2024, 1 + number % 2, 3)
        sample["taken"] = datetime(2024, 5, 1 + number, tzinfo=UTC)
        sample["boxes"] = fo.Detections(detections=[fo.Detection(label="x")])
        sample["vector"] = [0.1, 0.2]
        sample["empty"] = None
        samples.append(sample)
    dataset.add_samples(samples, dynamic=True, progress=False)
    dataset.compute_metadata(progress=False)
    yield dataset
    dataset.delete()


def read(dataset, ids):
    from workbench.dataset.properties import read_properties

    return read_properties(dataset, ids)


def test_numbers_words_and_tags_are_read_and_what_is_ours_is_not(dataset):
    numbers, words = read(dataset, dataset.values("id"))
    assert set(numbers) == {"exposure", "height_m", "metadata.size_bytes"}
    assert set(words) == {
        *("tags", "weather.label", "camera", "indoors", "site", "seen", "taken"),
        *("metadata.mime_type", "metadata.num_channels"),
    }
    assert numbers["exposure"][3] is None
    assert numbers["exposure"][4] == 0.4
    assert words["tags"][:2] == [(), ("wet", "night")]
    assert words["weather.label"][4:6] == [("rain",), ("sun",)]
    assert words["camera"][:4] == [("0",), ("1",), ("2",), ("0",)]
    assert words["indoors"][3:5] == [("True",), ("False",)]
    assert words["seen"][:2] == [("2024-01",), ("2024-02",)]
    assert words["taken"][0] == ("2024-05",)


def test_rows_are_in_the_order_asked_for(dataset):
    ids = dataset.values("id")
    numbers, words = read(dataset, [ids[15], ids[2]])
    assert numbers["exposure"] == [1.5, 0.2]
    assert words["site"] == [("site 1",), ("site 0",)]


def test_an_image_that_is_gone_has_nothing(dataset):
    ids = dataset.values("id")
    dataset.delete_samples(ids[:1])
    numbers, words = read(dataset, ids)
    assert numbers["exposure"][:2] == [None, 0.1]
    assert words["site"][:2] == [(), ("site 1",)]


def test_the_result_of_an_evaluation_is_no_property(dataset):
    from workbench.dataset.evaluations import record_evaluation

    dataset.set_values("split", ["test"] * 20)
    dataset.set_values("content_hash", [uuid.uuid4().hex for _ in range(20)])
    assert record_evaluation(dataset, ["a", "b"])
    _, words = read(dataset, dataset.values("id"))
    assert "blind_test" not in words
