"""Labels of several classes: on the real database, as FiftyOne has them."""

import fiftyone as fo
import pytest

from workbench.dataset.types import Prediction
from workbench.errors import DatasetError, LabelError
from workbench.labels import relabelling
from workbench.labels.events import Source

BIRD = "<i>bird</i>"


@pytest.fixture
def task():
    return "multilabel"


@pytest.fixture
def ids(bench):
    return bench.dataset.values("id")


@pytest.fixture
def labels(bench):
    """The first images' classes, as FiftyOne reads them."""

    def read(count=4):
        bench.dataset.reload()
        return bench.dataset.values("ground_truth.classifications.label")[:count]

    return read


def test_a_label_is_fiftyones_own_with_one_classification_a_class(bench, ids, labels):
    bench.labels.commit(ids[0], ["dog", "cat", "dog"], seconds=2, suggestion=["cat"], model="m")
    bench.labels.commit(ids[1], [])
    bench.labels.commit(ids[2], "dog")
    assert labels() == [["cat", "dog"], [], ["dog"], None], "in order, once each; none of them, too"
    truth = fo.load_dataset(bench.name)[ids[0]].ground_truth
    assert isinstance(truth, fo.Classifications)
    assert (truth.annotator, truth.source) == ("ann", "human")
    assert bench.labels.counts() == {"cat": 1, "dog": 2}
    history = bench.labels.history()
    assert history["after"].tolist() == [["cat", "dog"], [], ["dog"]]
    assert history["before"].tolist() == [None] * 3
    assert history["suggestion"].tolist()[0] == ["cat"]
    assert bench.queue.item(ids[1]).label == ()
    assert bench.queue.item(ids[3]).label is None


def test_undo_and_redo_bring_back_sets(bench, ids, labels):
    for label in (["cat"], [], ["cat", BIRD]):
        bench.labels.commit(ids[0], label)
    seen = []
    for step in (bench.labels.undo,) * 3 + (bench.labels.redo,) * 3:
        step()
        seen.append(labels(1)[0])
    assert seen == [[], ["cat"], None, ["cat"], [], ["cat", BIRD]]


def test_many_at_once_get_the_same_set_in_one_step(bench, ids, labels):
    bench.labels.commit(ids[0], ["cat"])
    events = bench.labels.commit_many(ids[:3], ["dog", BIRD])
    assert [event.applied for event in events] == [True] * 3
    assert labels() == [["dog", BIRD]] * 3 + [None]
    bench.labels.undo()
    assert labels() == [["cat"], None, None, None]


def test_classes_change_inside_of_labels(bench, ids, labels, stored, monkeypatch):
    monkeypatch.setattr(relabelling, "BATCH", 2)
    monkeypatch.setattr(relabelling, "_CHUNK", 1)
    for sample_id, label in zip(ids, (["cat", "dog"], ["dog"], ["cat", BIRD], []), strict=False):
        bench.labels.commit(sample_id, label)
    before = {i: d.get("ground_truth") for i, d in stored().items()}
    renamed = bench.classes.rename("dog", "Hund")
    assert renamed.event.images == 2
    assert labels() == [["cat", "Hund"], ["Hund"], ["cat", BIRD], []]
    assert bench.classes.merge("Hund", into="cat").event.images == 2
    assert labels() == [["cat"], ["cat"], ["cat", BIRD], []]
    assert bench.classes.remove("cat").event.images == 3
    assert labels() == [[], [], [BIRD], []], "looked at for the other classes, and still labelled"
    assert bench.dataset.values("label_status")[:4] == ["labelled"] * 4
    seen = []
    for _ in range(3):
        bench.labels.undo()
        seen.append(labels())
    assert seen == [
        [["cat"], ["cat"], ["cat", BIRD], []],
        [["cat", "Hund"], ["Hund"], ["cat", BIRD], []],
        [["cat", "dog"], ["dog"], ["cat", BIRD], []],
    ]
    assert {i: d.get("ground_truth") for i, d in stored().items()} == before, "to the letter"


def test_what_was_relabelled_since_keeps_its_label(bench, bob, ids, labels):
    bench.labels.commit(ids[0], ["cat", "dog"])
    bench.labels.commit(ids[1], ["dog"])
    bench.classes.remove("dog")
    bob.labels.commit(ids[0], [BIRD])
    bench.labels.undo()
    assert labels() == [[BIRD], ["dog"], None, None]


def test_a_label_taken_back_over_a_removal_comes_without_the_class(bench, bob, ids, labels):
    bench.labels.commit(ids[0], ["cat", "dog"])
    bench.labels.commit(ids[0], [BIRD])
    bob.classes.remove("dog")
    bench.labels.undo()
    assert labels(1) == [["cat"]]
    with pytest.raises(LabelError, match="'dog' was removed"):
        bench.labels.commit(ids[1], ["cat", "dog"])
    assert labels(2) == [["cat"], None]


def test_predictions_follow_their_classes(bench, ids):
    from workbench.dataset.predictions import read_predictions, write_predictions

    def guesses():
        return [
            value for value, _ in read_predictions(bench.dataset, ids[:4], "multilabel").values()
        ]

    def write(sample_ids, model):
        said = Prediction(("cat", "dog"), 0.7, 0.4, (0.8, 0.7))
        everything = dict.fromkeys(sample_ids, said)
        write_predictions(bench._connection, bench.dataset, everything, model)

    write(ids[:3], "lite0")
    write_predictions(bench._connection, bench.dataset, {ids[3]: Prediction((), 0.9, 0.8)}, "lite0")
    assert guesses() == [("cat", "dog")] * 3 + [()]
    stored = fo.load_dataset(bench.name)[ids[0]].prediction
    assert [each.confidence for each in stored.classifications] == [0.8, 0.7]
    assert (stored.margin, stored.confidence, stored.model) == (0.4, 0.7, "lite0")
    bench.classes.merge("cat", into="dog")
    assert guesses() == [("dog",)] * 3 + [()]
    bench.dataset.reload()
    (merged,) = bench.dataset[ids[0]].prediction.classifications
    assert merged.confidence == 0.8, "at least as probable as the likelier of the two"
    write_predictions(
        bench._connection, bench.dataset, {ids[0]: Prediction(("dog",), 1, 1, (1,))}, "new"
    )
    bench.labels.undo()
    assert guesses() == [("dog",), ("cat", "dog"), ("cat", "dog"), ()], "a newer one stays"


def test_one_class_an_image_refuses_several(home, dozen):
    import workbench as wb

    bench = wb.open("one-class", images=dozen, classes=["cat", "dog"])
    first = bench.dataset.first().id
    for write in (
        lambda: bench.labels.commit(first, ["cat"]),
        lambda: bench.labels.commit_many([first], ["cat", "dog"]),
        lambda: bench.labels.import_labels({first: ["cat"]}),
    ):
        with pytest.raises(LabelError, match=r"one class here, but got \['cat'"):
            write()
    assert len(bench.labels.events) == 0, "nothing was written"
    wb.delete("one-class")


def test_labels_of_others_are_imported(bench, bob, ids, labels):
    count = bench.labels.import_labels({ids[0]: ["dog", "cat"], ids[1]: []}, annotator="crowd")
    assert count == 2
    assert labels() == [["cat", "dog"], [], None, None]
    conflict = bob.labels.commit(ids[0], ["cat"], based_on="").conflict
    assert conflict.after == ["cat", "dog"]
    assert conflict.source is Source.IMPORT


def test_a_dataset_that_fiftyone_has_labelled_is_taken_over(home, dozen):
    import workbench as wb

    dataset = fo.Dataset("somebody-elses")
    for path, names in zip(sorted(dozen.iterdir()), (["a", "b"], [], ["b"]), strict=False):
        truth = fo.Classifications(classifications=[fo.Classification(label=n) for n in names])
        dataset.add_sample(fo.Sample(filepath=str(path), ground_truth=truth))
    dataset.add_sample(fo.Sample(filepath=str(sorted(dozen.iterdir())[5])))
    with pytest.raises(DatasetError, match="'ground_truth' that holds something else"):
        wb.open(dataset.name, task="classification")
    bench = wb.open(dataset.name)
    assert bench.labels.task == "multilabel"
    assert list(bench.classes) == ["a", "b"]
    assert bench.dataset.values("label_status") == ["labelled"] * 3 + ["unlabelled"]
    bench.labels.commit(bench.dataset.first().id, ["b"])
    bench.labels.undo()
    assert bench.dataset.first().ground_truth.classifications[0].label == "a"
    wb.delete(dataset.name)
