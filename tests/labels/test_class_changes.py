"""Renaming, merging and removing classes: on the real database."""

import threading

import fiftyone as fo
import pytest

from workbench.dataset.types import Pick, Prediction
from workbench.errors import LabelError
from workbench.labels import relabelling
from workbench.labels.events import CLASSES

BIRD = "<i>bird</i>"


@pytest.fixture
def ids(bench):
    """Twelve images: four cats, four dogs, two birds, two without a label."""
    ids = bench.dataset.values("id")
    for sample_id, label in zip(ids, ["cat"] * 4 + ["dog"] * 4 + [BIRD] * 2, strict=False):
        bench.labels.commit(sample_id, label)
    return ids


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    """So that a dozen images are several batches."""
    monkeypatch.setattr(relabelling, "BATCH", 3)
    monkeypatch.setattr(relabelling, "_CHUNK", 1)


def names(*counted):
    return [name for name, count in counted for _ in range(count)]


def test_a_rename_reaches_every_image_and_is_one_event(bench, ids, stored, labels):
    held = bench.dataset.first()
    before, earlier = stored(), bench.labels.history()
    commit = bench.classes.rename("cat", " Katze ")

    assert labels() == names(("Katze", 4), ("dog", 4), (BIRD, 2), (None, 2))
    assert list(bench.classes) == ["Katze", "dog", BIRD], "in its old place"
    assert list(fo.load_dataset(bench.name).default_classes) == list(bench.classes)
    assert commit.event.images == 4
    history = bench.labels.history()
    assert len(history) == len(earlier) + 1
    assert history["after"].tolist()[:-1] == earlier["after"].tolist(), "it keeps the old names"
    assert history["field"].tolist()[-1] == CLASSES
    assert held.ground_truth.label == "Katze", "objects that a cell holds know it"
    for sample_id, document in stored().items():
        was = before[sample_id]
        changed = (was.get("ground_truth") or {}).get("label") == "cat"
        assert (document["last_modified_at"] > was["last_modified_at"]) == changed
        assert document.get("label_event") == was.get("label_event")
        if changed:
            assert document["ground_truth"] == {**was["ground_truth"], "label": "Katze"}


def test_a_merge_is_taken_back_exactly(bench, ids, labels, stored):
    before = stored()
    commit = bench.classes.merge("dog", "cat", into=BIRD)
    assert labels() == names((BIRD, 10), (None, 2))
    assert list(bench.classes) == [BIRD]
    assert commit.event.images == 8
    undone = bench.labels.undo()
    assert list(bench.classes) == ["cat", "dog", BIRD]
    assert undone.event.images == 8
    for sample_id, document in stored().items():
        for field in ("ground_truth", "label_status", "label_event"):
            assert document.get(field) == before[sample_id].get(field)


def test_a_removal_takes_labels_away_and_gives_them_back(bench, ids, labels, stored):
    bench.labels.skip(ids[1])
    before = stored()
    commit = bench.classes.remove("cat")
    assert commit.event.images == 4
    assert labels() == names((None, 4), ("dog", 4), (BIRD, 2), (None, 2))
    statuses = [document["label_status"] for document in stored().values()]
    assert statuses[:5] == ["unlabelled", "skipped", "unlabelled", "unlabelled", "labelled"]
    assert [d.get("label_event") for d in stored().values()] == [
        d.get("label_event") for d in before.values()
    ]
    assert bench.labels.undo().event.images == 4
    assert list(bench.classes) == ["cat", "dog", BIRD]
    for sample_id, document in stored().items():
        for field in ("ground_truth", "label_status", "label_event"):
            assert document.get(field) == before[sample_id].get(field)


def test_taking_back_leaves_alone_what_was_relabelled_since(bench, bob, ids, labels, stored):
    bench.classes.merge("cat", into="dog")
    bob.labels.commit(ids[0], BIRD)  # another label
    bob.labels.commit(ids[1], "dog")  # the same, but somebody looked
    bob.labels.commit(ids[2], BIRD)  # looked and thought better of it
    bob.labels.undo()
    sample = bench.dataset[ids[3]]  # past our API
    sample.ground_truth.label = BIRD
    sample.save()
    assert bench.labels.undo().event.images == 1
    assert labels()[:4] == [BIRD, "dog", "cat", BIRD]


def test_what_was_removed_and_queued_again_leaves_the_queue_with_its_label(bench, ids, stored):
    bench.classes.remove("cat")
    bench.queue.add([Pick(ids[0], 0, 0.5, "margin", "why")])
    bench.labels.undo()
    assert stored()[ids[0]]["label_status"] == "labelled"


def test_changes_of_two_annotators_can_be_taken_back_in_any_order(bench, bob, ids, labels):
    bench.classes.merge("cat", into="dog")
    bob.classes.merge("dog", into=BIRD)
    bob.classes.rename(BIRD, "animal")
    bench.labels.undo()
    assert labels() == names(("cat", 4), ("animal", 6), (None, 2))
    assert list(bench.classes) == ["cat", "animal"]
    bob.labels.undo()
    bob.labels.undo()
    assert labels() == names(("cat", 4), ("dog", 4), (BIRD, 2), (None, 2))
    assert list(bob.classes) == ["cat", "dog", BIRD]


def test_what_cannot_be_taken_back_any_more_is_recorded_and_not_tried_for_ever(
    bench, bob, ids, labels
):
    bench.labels.commit(ids[10], "cat")
    bench.classes.rename("cat", "Katze")
    theirs = bob.classes.merge("Katze", into="dog")
    undone = bench.labels.undo()
    assert not undone.event.applied
    assert undone.conflict.id == theirs.event.id
    assert labels()[:8] == ["dog"] * 8
    bench.labels.undo()
    assert labels()[10] is None, "the step before"


@pytest.mark.parametrize(
    ("changes", "becomes"),
    [
        ([("rename", "cat", "Katze")], "Katze"),
        ([("rename", "cat", "Katze"), ("rename", "Katze", "chat")], "chat"),
        ([("rename", "cat", "Katze"), ("merge", "Katze", "dog")], "dog"),
        ([("merge", "cat", "dog"), ("rename", "dog", "pet")], "pet"),
        ([("merge", "cat", "dog"), ("undo",), ("rename", "cat", "chat")], "chat"),
        ([("rename", "cat", "Katze"), ("merge", "Katze", "dog"), ("undo",)], "Katze"),
        ([("rename", "cat", "x"), ("undo",)], "cat"),
        ([("remove", "cat"), ("add", "cat")], "cat"),
    ],
)
def test_a_late_commit_is_applied_under_the_new_name(bench, bob, labels, changes, becomes):
    change(bob, changes)
    commit = bench.labels.commit(bench.dataset.first().id, "cat", based_on="")
    assert commit.event.applied
    assert commit.event.after == labels()[0] == becomes


def test_a_late_commit_of_a_name_that_was_taken_back(bench, bob, labels):
    change(bob, [("rename", "cat", "chat"), ("undo",), ("rename", "cat", "Katze")])
    bench.labels.commit(bench.dataset.first().id, "chat")
    assert labels()[0] == "Katze"


@pytest.mark.parametrize(
    "changes", [[("remove", "cat")], [("merge", "cat", "dog"), ("remove", "dog")]]
)
def test_a_late_commit_of_a_removed_class_is_refused(bench, bob, labels, changes):
    change(bob, changes)
    with pytest.raises(LabelError, match="the class 'cat' was removed: choose another one"):
        bench.labels.commit(bench.dataset.first().id, "cat")
    assert labels() == [None] * 12


def test_labels_are_taken_back_to_the_names_that_classes_have_now(bench, bob, labels):
    a, b = bench.dataset.values("id")[:2]
    bench.labels.commit(a, "cat")
    bench.labels.commit(a, "dog")
    bench.labels.commit(b, BIRD)
    bench.labels.commit(b, "dog")
    bob.classes.rename("cat", "Katze")
    bob.classes.remove(BIRD)
    bench.labels.undo()
    bench.labels.undo()
    bench.labels.undo()
    assert labels()[:2] == ["Katze", None]
    assert bench.dataset[b].label_status == "unlabelled"


def test_sending_a_change_twice_makes_it_once(bench, ids, labels):
    bench.labels.rename_class("cat", "Katze", event_id="r")
    bench.labels.merge_classes(["Katze"], "dog", event_id="m")
    bench.labels.remove_class(BIRD, event_id="d")
    bench.labels.add_class("fish", event_id="a")
    length = len(bench.labels.history())
    again = [
        bench.labels.rename_class("cat", "Katze", event_id="r"),
        bench.labels.merge_classes(["Katze"], "dog", event_id="m"),
        bench.labels.remove_class(BIRD, event_id="d"),
        bench.labels.add_class("fish", event_id="a"),
    ]
    assert [commit.event.images for commit in again] == [4, 4, 2, 0]
    assert len(bench.labels.history()) == length
    assert list(bench.classes) == ["dog", "fish"]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (("rename", "cat", "dog"), r"there is a class 'dog' already: .*merge\('cat', into='dog'\)"),
        (("rename", "cat", "cat "), "is called that already"),
        (("rename", "cat", " "), "is empty"),
        (("rename", "cat", "x" * 201), "longer than 200"),
        (("rename", "cow", "ox"), "there is no class 'cow': the classes are 'cat', 'dog'"),
        (("merge", "cat", "cow"), "there is no class 'cow'"),
        (("merge", "cow", "cat"), "there is no class 'cow'"),
        (("merge", "cat", "cat"), "nothing to merge into 'cat'"),
        (("remove", "cow"), "there is no class 'cow'"),
    ],
)
def test_a_change_that_is_not_possible_writes_nothing(bench, ids, labels, action, message):
    before = labels(), len(bench.labels.history())
    with pytest.raises(LabelError, match=message):
        change(bench, [action])
    assert (labels(), len(bench.labels.history())) == before
    assert list(bench.classes) == ["cat", "dog", BIRD]


def test_predictions_follow_their_class(bench, ids):
    from workbench.dataset.predictions import write_predictions

    def guesses():
        bench.dataset.reload()
        return bench.dataset.values("prediction.label")[:6]

    guessed = dict(zip(ids, ["cat", "dog", BIRD, "cat", "dog", BIRD], strict=False))
    predictions = {i: Prediction(label, 0.9, 0.8) for i, label in guessed.items()}
    write_predictions(bench._connection, bench.dataset, predictions, "lite0")
    bench.classes.rename("cat", "Katze")
    assert guesses() == ["Katze", "dog", BIRD, "Katze", "dog", BIRD]
    bench.classes.merge("Katze", into="dog")
    assert guesses() == ["dog", "dog", BIRD, "dog", "dog", BIRD]
    assert bench.dataset.first().prediction.confidence == 0.9
    bench.classes.remove(BIRD)
    assert guesses() == ["dog", "dog", None, "dog", "dog", None]
    write_predictions(bench._connection, bench.dataset, {ids[3]: Prediction("dog", 1, 1)}, "new")
    for _ in range(3):
        bench.labels.undo()
    assert guesses() == ["cat", "dog", BIRD, "dog", "dog", BIRD], "a newer prediction stays"


def test_no_label_slips_through_while_a_class_is_renamed(bench, bob, stored):
    """Commits of others race against the change, and whoever comes second uses the new name."""
    ids = bench.dataset.values("id")
    errors: list[Exception] = []
    done = threading.Event()

    def label():
        try:
            while not done.is_set():
                for sample_id in ids:
                    bob.labels.commit(sample_id, "cat")
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            errors.append(error)

    thread = threading.Thread(target=label)
    thread.start()
    for i in range(20):
        bench.classes.rename(bench.classes[0], f"cat {i}")
        used = {(d.get("ground_truth") or {}).get("label") for d in stored().values()}
        assert used <= {f"cat {i}", None}
    done.set()
    thread.join()
    assert not errors


@pytest.mark.parametrize("step", ["relabel", "give_back"])
def test_a_change_that_was_cut_short_is_carried_on(bench, ids, labels, monkeypatch, step):
    import workbench as wb

    whole, calls = getattr(relabelling.Relabelling, step), []

    def die(*arguments, **options):
        calls.append(step)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(*arguments, **options)

    if step == "give_back":
        bench.classes.merge("dog", "cat", into=BIRD)
    with monkeypatch.context() as context:
        context.setattr(relabelling.Relabelling, step, die)
        with pytest.raises(KeyboardInterrupt):
            bench.labels.undo() if step == "give_back" else bench.classes.remove("dog")
    reached = labels()[:8].count("cat" if step == "give_back" else None)
    assert reached == 3, "some have it, some not yet"
    wb.open(bench.name, annotator="bob")
    if step == "relabel":
        assert labels() == names(("cat", 4), (None, 4), (BIRD, 2), (None, 2))
        assert bench.labels.history()["images"].tolist()[-1] == 4
        assert bench.labels.undo().event.images == 4
    assert labels() == names(("cat", 4), ("dog", 4), (BIRD, 2), (None, 2))
    assert list(bench.labels.classes) == ["cat", "dog", BIRD]


def test_what_others_changed_is_seen_by_whoever_learns_from_the_labels(bench, bob, ids):
    before = bench._work.learner.table()
    bob.classes.rename("cat", "Katze")
    after = bench._work.learner.table()
    assert after.classes == ["Katze", "dog", BIRD]
    assert after.targets.tolist() == before.targets.tolist()
    bob.classes.remove("Katze")
    after = bench._work.learner.table()
    assert (after.targets >= 0).sum() == 6
    assert set(after.targets) == {-1, 0, 1}


def test_a_resumed_notebook_does_not_bring_back_what_was_renamed_or_removed(bench, bob):
    import workbench as wb

    change(bob, [("rename", "cat", "Katze"), ("remove", "dog")])
    again = wb.open(bench.name, classes=["cat", "dog", BIRD, "fish"])
    assert list(again.classes) == ["Katze", BIRD, "fish"]


def test_folders_give_the_classes_as_they_are_now(bench, dozen, tmp_path):
    from tests.dataset.pictures import write_digits

    write_digits(tmp_path / "cat", [40])
    write_digits(tmp_path / "dog", [41])
    write_digits(tmp_path / "fish", [42])
    change(bench, [("rename", "cat", "Katze"), ("remove", "dog")])
    bench.add(tmp_path, labels="folders")
    assert bench.labels.counts() == {"Katze": 1, "fish": 1}
    assert list(bench.classes) == ["Katze", BIRD, "fish"]


def test_deleting_a_dataset_leaves_nothing_behind(home, dozen):
    import workbench as wb

    bench = wb.open("labels-left", images=dozen, classes=["cat", "dog"], annotator="ann")
    bench.labels.commit(bench.dataset.first().id, "cat")
    bench.classes.remove("cat")
    database, key = bench._connection.database, bench.labels.dataset_id
    wb.delete("labels-left")
    assert not any(
        database[name].find_one({field: key})
        for name in database.list_collection_names()
        if name.startswith("workbench.")
        for field in ("_id", "dataset")
    )


def change(bench, changes):
    for kind, *arguments in changes:
        if kind == "undo":
            bench.labels.undo()
        elif kind == "merge":
            bench.classes.merge(arguments[0], into=arguments[1])
        else:
            getattr(bench.classes, kind)(*arguments)
