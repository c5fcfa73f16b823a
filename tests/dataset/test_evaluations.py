"""The blind test as a run that FiftyOne's own panel opens."""

import uuid

import numpy as np
import pytest

from tests.dataset.pictures import write_digits

CLASSES = ["cat", "dog", "bird"]
PANEL = "@voxel51/panels/model_evaluation_panel_builtin"

#         test images; the last four do not count       pool
TRUTH = ["cat", "cat", "dog", "dog", "bird", "dog", None, "cat", "gone", "cat"]
SAID = ["cat", "dog", "dog", "dog", "cat", "dog", "cat", None, "cat", "dog"]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_digits(tmp_path_factory.mktemp("evaluations"), range(len(TRUTH)))


@pytest.fixture
def dataset(home, images):
    import fiftyone as fo

    from workbench.dataset import schema

    dataset = fo.Dataset(f"evaluations-{uuid.uuid4().hex[:8]}")
    schema.prepare(dataset, "classification", CLASSES)
    samples = []
    for number, (path, truth, said) in enumerate(zip(images, TRUTH, SAID, strict=True)):
        sample = fo.Sample(str(path), content_hash=uuid.uuid4().hex, label_status="labelled")
        sample["split"] = "pool" if number == len(TRUTH) - 1 else "test"
        if truth:
            sample["ground_truth"] = fo.Classification(label=truth)
        if said:
            sample["prediction"] = fo.Classification(label=said, confidence=0.5 + number / 20)
        samples.append(sample)
    samples[5]["label_status"] = "skipped"
    dataset.add_samples(samples, progress=False)
    yield dataset
    dataset.delete()


def record(dataset):
    from workbench.dataset.evaluations import record_evaluation

    return record_evaluation(dataset, CLASSES)


def moved(dataset):
    dataset.reload()
    return dataset.last_modified_at, dataset.values("last_modified_at")


def test_the_run_holds_what_is_measured_and_nothing_else(dataset):
    assert record(dataset)
    results = dataset.load_evaluation_results("blind_test")
    np.testing.assert_array_equal(
        results.confusion_matrix(classes=CLASSES), [[1, 1, 0], [0, 2, 0], [1, 0, 0]]
    )
    assert results.metrics()["accuracy"] == pytest.approx(3 / 5)
    assert results.confs.tolist() == [0.5, 0.55, 0.6, 0.65, 0.7]
    right = [True, False, True, True, False, *[None] * 5]
    assert dataset.values("blind_test") == right
    view = dataset.load_evaluation_view("blind_test")
    assert view.values("id") == dataset.values("id")[:5]
    assert dataset.get_evaluation_info("blind_test").config.gt_field == "ground_truth"


def test_what_is_kept_already_moves_nothing(dataset):
    record(dataset)
    before = moved(dataset)
    assert not record(dataset)
    assert moved(dataset) == before


def test_a_run_anew_marks_only_the_images_that_it_judges_as_changed(dataset):
    record(dataset)
    _, before = moved(dataset)
    dataset.limit(1).set_values("prediction.label", ["bird"])
    key = dataset._doc.evaluations["blind_test"].id
    assert record(dataset)
    assert dataset.values("blind_test")[0] is False
    assert dataset.load_evaluation_results("blind_test").metrics()["accuracy"] == 0.4
    _, after = moved(dataset)
    assert [a == b for a, b in zip(after, before, strict=True)] == [False] * 5 + [True] * 5
    # The panel keeps what it has shown by this.
    assert dataset._doc.evaluations["blind_test"].id != key


def test_an_image_whose_label_is_gone_is_neither_right_nor_wrong(dataset):
    record(dataset)
    dataset.limit(1).set_values("label_status", ["skipped"])
    assert record(dataset)
    assert dataset.values("blind_test") == [None, False, True, True, False, *[None] * 5]


def test_other_classes_are_another_run(dataset):
    from workbench.dataset.evaluations import record_evaluation

    record(dataset)
    assert record_evaluation(dataset, [*CLASSES, "fish"])
    results = dataset.load_evaluation_results("blind_test")
    assert results.classes.tolist() == [*CLASSES, "fish"]


def test_nothing_to_judge_is_no_run(dataset):
    dataset.set_values("split", ["pool"] * len(TRUTH))
    assert not record(dataset)
    assert dataset.list_evaluations() == []


def test_the_sidebar_is_left_to_whoever_arranges_it(dataset):
    record(dataset)
    dataset.reload()
    assert not dataset.app_config.sidebar_groups


def panel(dataset, method, **params):
    """What FiftyOne's own panel hands its page when a method of it is called."""
    import fiftyone.operators as foo

    told = foo.execute_operator(
        PANEL,
        ctx={"dataset": dataset},
        params={"panel_id": "p", "__method__": method, "panel_state": {}, **params},
    )
    found = {}
    for request in told.executor.to_json()["requests"]:
        found |= request["params"].get("state", {}) | request["params"].get("data", {})
    return found


def test_fiftyones_panel_lists_it_and_opens_it(dataset):
    record(dataset)
    (listed,) = panel(dataset, "on_load")["evaluations"]
    assert (listed["key"], listed["type"]) == ("blind_test", "classification")
    opened = panel(dataset, "load_evaluation", key=listed["key"], id=listed["id"])
    shown = opened["evaluation_blind_test"]
    assert shown["metrics"]["accuracy"] == pytest.approx(3 / 5)
    assert (shown["metrics"]["correct"], shown["metrics"]["incorrect"]) == (3, 2)
    matrix = np.array(shown["confusion_matrix"]["matrix"])
    assert shown["confusion_matrix"]["classes"] == [*CLASSES, "(none)"]
    np.testing.assert_array_equal(matrix[:3, :3], [[1, 1, 0], [0, 2, 0], [1, 0, 0]])
    assert not matrix[3].any()
    assert not matrix[:, 3].any()
    assert shown["per_class_metrics"]["dog"]["recall"] == 1
