"""Commit, conflict, undo, classes: on the real database."""

import threading

import pytest

from workbench.errors import LabelError
from workbench.labels.events import Source


def ids_of(bench):
    return bench.dataset.values("id")


def field(bench, sample_id, path):
    """Straight from the database, past every object that a process may hold."""
    document = bench._connection.database[bench.dataset._sample_collection_name].find_one(
        {"filepath": bench.dataset[sample_id].filepath}
    )
    for key in path.split("."):
        document = (document or {}).get(key)
    return document


def test_a_commit_is_in_the_field_and_in_the_history(bench):
    sample_id = ids_of(bench)[0]
    commit = bench.labels.commit(sample_id, "cat", seconds=1.5)

    assert field(bench, sample_id, "ground_truth.label") == "cat"
    assert field(bench, sample_id, "ground_truth.annotator") == "ann"
    assert field(bench, sample_id, "ground_truth._cls") == "Classification"
    assert field(bench, sample_id, "label_status") == "labelled"
    (row,) = bench.labels.history().to_dict("records")
    assert row["id"] == commit.event.id == field(bench, sample_id, "label_event")
    assert (row["before"], row["after"], row["seconds"]) == (None, "cat", 1.5)
    assert (row["source"], row["annotator"], row["applied"]) == ("human", "ann", True)


def test_a_commit_reaches_a_sample_that_is_held_and_moves_its_time(bench):
    sample = bench.dataset.first()
    before = sample.last_modified_at
    bench.labels.commit(sample.id, "dog")
    assert sample.ground_truth.label == "dog"
    assert sample.last_modified_at > before


def test_fiftyone_reads_the_label_as_one_of_its_own(bench):
    sample_id = ids_of(bench)[0]
    bench.labels.commit(sample_id, "dog")
    bench.dataset.reload()
    assert bench.dataset.count_values("ground_truth.label")["dog"] == 1
    label = bench.dataset[sample_id].ground_truth
    label.label = "cat"
    bench.dataset[sample_id].save()
    assert field(bench, sample_id, "ground_truth.annotator") == "ann"


@pytest.mark.parametrize(
    ("seconds", "kept"),
    [(0.0, 0.0), (3.25, 3.25), (500, 120.0), (-1, None), (float("nan"), None), (None, None)],
)
def test_seconds_are_capped_and_nonsense_is_none(bench, seconds, kept):
    event = bench.labels.commit(ids_of(bench)[0], "cat", seconds=seconds).event
    assert event.seconds == kept


def test_an_unknown_class_names_the_known_ones_and_writes_nothing(bench):
    with pytest.raises(LabelError, match=r"unknown class 'cow': the classes are 'cat', 'dog'"):
        bench.labels.commit(ids_of(bench)[0], "cow")
    assert len(bench.labels.history()) == 0


@pytest.mark.parametrize("sample_id", ["", "nonsense", "0" * 24])
def test_an_unknown_image_is_an_error(bench, sample_id):
    with pytest.raises(LabelError, match="no image has the id"):
        bench.labels.commit(sample_id, "cat")
    assert len(bench.labels.history()) == 0


def test_sending_an_event_twice_records_it_once(bench):
    sample_id = ids_of(bench)[0]
    first = bench.labels.commit(sample_id, "cat", event_id="e1")
    bench.labels.commit(sample_id, "dog", event_id="e2")
    again = bench.labels.commit(sample_id, "cat", event_id="e1")
    assert again.event.id == first.event.id
    assert field(bench, sample_id, "ground_truth.label") == "dog"
    assert len(bench.labels.history()) == 2


def test_the_second_of_two_annotators_is_told_and_both_survive(bench, home):
    import workbench as wb

    other = wb.open(bench.name, annotator="bob")
    sample_id = ids_of(bench)[0]
    theirs = other.labels.commit(sample_id, "dog", based_on="")
    mine = bench.labels.commit(sample_id, "cat", based_on="")

    assert mine.conflict is not None
    assert (mine.conflict.id, mine.conflict.annotator) == (theirs.event.id, "bob")
    assert not mine.event.applied
    assert field(bench, sample_id, "ground_truth.label") == "dog"
    assert bench.labels.history()["after"].tolist() == ["dog", "cat"]

    overruled = bench.labels.commit(sample_id, "cat", based_on=theirs.event.id)
    assert overruled.conflict is None
    assert field(bench, sample_id, "ground_truth.label") == "cat"


def test_undo_walks_back_as_new_events_over_a_reopening(bench):
    import workbench as wb

    a, b = ids_of(bench)[:2]
    bench.labels.commit(a, "cat")
    bench.labels.commit(b, "dog")
    bench.labels.commit(a, "dog")
    bench.labels.skip(b)

    later = wb.open(bench.name, annotator="ann")
    seen = []
    while (undone := later.labels.undo()) is not None:
        assert undone.event.source is Source.UNDO
        seen.append((field(bench, a, "ground_truth.label"), field(bench, b, "label_status")))
    assert seen == [
        ("dog", "labelled"),
        ("cat", "labelled"),
        ("cat", "unlabelled"),
        (None, "unlabelled"),
    ]
    assert field(bench, b, "ground_truth") is None
    assert len(bench.labels.history()) == 8


def test_undo_takes_back_ones_own_only(bench):
    import workbench as wb

    other = wb.open(bench.name, annotator="bob")
    a, b = ids_of(bench)[:2]
    bench.labels.commit(a, "cat")
    other.labels.commit(b, "dog")
    assert bench.labels.undo().event.sample_id == a
    assert bench.labels.undo() is None
    assert field(bench, b, "ground_truth.label") == "dog"


def test_undo_does_not_trample_what_somebody_did_since(bench):
    import workbench as wb

    other = wb.open(bench.name, annotator="bob")
    a = ids_of(bench)[0]
    bench.labels.commit(a, "cat")
    other.labels.commit(a, "dog")
    undone = bench.labels.undo()
    assert undone.conflict.annotator == "bob"
    assert field(bench, a, "ground_truth.label") == "dog"
    assert bench.labels.undo() is None, "it is not tried for ever"


def test_the_same_undo_sent_twice_goes_one_step_back(bench):
    a, b = ids_of(bench)[:2]
    bench.labels.commit(a, "cat")
    bench.labels.commit(b, "dog")
    bench.labels.undo(event_id="u")
    bench.labels.undo(event_id="u")
    assert field(bench, a, "ground_truth.label") == "cat"
    assert field(bench, b, "ground_truth") is None


def test_skipping_keeps_a_label_and_undo_restores_the_status(bench):
    a = ids_of(bench)[0]
    bench.labels.commit(a, "cat")
    bench.labels.skip(a)
    assert field(bench, a, "label_status") == "skipped"
    assert field(bench, a, "ground_truth.label") == "cat"
    bench.labels.undo()
    assert field(bench, a, "label_status") == "labelled"


def test_classes_are_added_undoably_and_seen_by_everybody(bench):
    import workbench as wb

    other = wb.open(bench.name, annotator="bob")
    bench.classes.add("fish")
    other.labels.commit(ids_of(bench)[0], "fish")
    with pytest.raises(LabelError, match="cannot be taken back: images are labelled with it"):
        bench.labels.undo()
    other.labels.undo()
    bench.labels.undo()
    assert list(bench.classes) == ["cat", "dog", "<i>bird</i>"]
    bench.dataset.reload()
    assert list(bench.dataset.default_classes) == list(bench.classes)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        (" cat ", "appears twice"),
        ("x" * 201, "longer than 200"),
        ("\ud83d", "half a character"),
    ],
)
def test_a_class_name_that_is_no_good(bench, name, message):
    with pytest.raises(LabelError, match=message):
        bench.classes.add(name)
    assert len(bench.labels.history()) == 0


def test_import_is_all_or_nothing_and_not_undone_by_z(bench):
    a, b = ids_of(bench)[:2]
    with pytest.raises(LabelError, match="unknown class 'cow'"):
        bench.labels.import_labels({a: "cat", b: "cow"})
    assert len(bench.labels.history()) == 0
    assert bench.labels.import_labels({a: "cat", b: "dog"}, annotator="folders") == 2
    assert set(bench.labels.history()["source"]) == {"import"}
    assert bench.labels.undo() is None


def test_many_threads_commit_at_once_and_none_is_lost(bench):
    samples = ids_of(bench)
    errors: list[Exception] = []

    def work(sample_id):
        try:
            for label in ("cat", "dog", "cat"):
                bench.labels.commit(sample_id, label)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            errors.append(error)

    threads = [threading.Thread(target=work, args=(sample_id,)) for sample_id in samples]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    history = bench.labels.history()
    assert len(history) == 3 * len(samples)
    assert history.groupby("sample_id")["after"].apply(list).map(tuple).unique().tolist() == [
        ("cat", "dog", "cat")
    ]


def test_counts_are_of_labels_that_stand(bench):
    a, b, c, d = ids_of(bench)[:4]
    for sample_id, label in ((a, "cat"), (b, "cat"), (c, "dog"), (d, "dog")):
        bench.labels.commit(sample_id, label)
    bench.labels.skip(d)
    assert bench.labels.counts() == {"cat": 2, "dog": 1}
    bench.labels.undo()
    assert bench.labels.counts() == {"cat": 2, "dog": 2}


def test_history_survives_a_rename(bench):
    bench.labels.commit(ids_of(bench)[0], "cat")
    old = bench.name
    bench.dataset.name = f"{old}-renamed"
    import workbench as wb

    assert len(wb.open(f"{old}-renamed").labels.history()) == 1
    bench.dataset.name = old


def test_listeners_hear_of_events_until_they_stop(bench):
    heard = []
    stop = bench.labels.on_event(heard.append)
    first = bench.labels.commit(ids_of(bench)[0], "cat").event
    stop()
    bench.labels.commit(ids_of(bench)[1], "cat")
    assert [event.id for event in heard] == [first.id]


def test_the_order_of_quick_commits_is_kept(bench):
    for _ in range(5):
        for label in ("cat", "dog"):
            bench.labels.commit(ids_of(bench)[0], label)
    assert bench.labels.history()["after"].tolist() == ["cat", "dog"] * 5
