"""What one act does to many images: an event each, one step to undo and to redo."""

import pytest

from workbench.errors import LabelError
from workbench.labels.events import Source


@pytest.fixture
def ids(bench):
    return bench.dataset.values("id")


@pytest.fixture
def look(stored):
    """Label, annotator, source and status of each image, straight from the database."""

    def look(*ids):
        return [facts(stored()[each]) for each in ids]

    return look


def facts(document):
    label = document.get("ground_truth") or {}
    return (
        *(label.get(key) for key in ("label", "annotator", "source")),
        document["label_status"],
    )


def test_relabelling_many_is_one_step(bench, ids, look):
    bench.labels.commit(ids[0], "cat", source=Source.ACCEPTED)
    bench.labels.skip(ids[1])
    before = look(*ids[:3])
    events = bench.labels.many.label(ids[:3], "dog", relabel=True)
    assert all(event.applied for event in events)
    after = [("dog", "ann", "human", "labelled")] * 3
    assert look(*ids[:3]) == after
    bench.labels.undo()
    assert look(*ids[:3]) == before
    bench.labels.redo()
    assert [each[0] for each in look(*ids[:3])] == ["dog"] * 3


def test_without_relabelling_what_others_gave_stays(bench, bob, ids, look):
    bob.labels.commit(ids[0], "cat")
    events = bench.labels.many.label(ids[:2], "dog")
    assert [event.applied for event in events] == [False, True]
    assert [each[0] for each in look(*ids[:2])] == ["cat", "dog"]


def test_each_is_accepted_with_its_own_class_and_model(bench, ids, look):
    bench.labels.many.accept({ids[0]: ("cat", "m@1"), ids[1]: ("dog", None)})
    said = [(e.after, e.suggestion, e.model, e.source) for e in bench.labels.events]
    assert said == [("cat", "cat", "m@1", "accepted"), ("dog", "dog", None, "accepted")]
    bench.labels.undo()
    assert look(*ids[:2]) == [(None, None, None, "unlabelled")] * 2


def test_one_class_that_is_none_stops_the_whole_step(bench, ids, labels):
    with pytest.raises(LabelError, match="wolf"):
        bench.labels.many.accept({ids[0]: ("cat", None), ids[1]: ("wolf", None)})
    assert labels() == [None] * 12
    with pytest.raises(LabelError, match="1 to 5,000 images"):
        bench.labels.many.accept({})


def test_sent_to_review_a_label_stays_whose_it_was(bench, bob, ids, look):
    bob.labels.commit(ids[0], "cat", source=Source.ACCEPTED)
    events = bench.labels.many.send_to_review(ids[:2])
    assert [event.applied for event in events] == [True, False], "one has no label to review"
    assert look(*ids[:2]) == [
        ("cat", "bob", "accepted", "in review"),
        (None, None, None, "unlabelled"),
    ]
    assert bench.labels.counts() == {"cat": 1}
    bench.labels.commit(ids[0], "dog", source=Source.REVIEWED)
    assert look(ids[0]) == [("dog", "ann", "reviewed", "labelled")]
    bench.labels.undo()
    assert look(ids[0]) == [("cat", "bob", "accepted", "in review")]
    bench.labels.undo()
    assert look(ids[0]) == [("cat", "bob", "accepted", "labelled")]
    bench.labels.redo()
    assert look(ids[0]) == [("cat", "bob", "accepted", "in review")]


def test_a_label_that_came_with_the_dataset_is_left_as_it_came(bench, ids, stored):
    import fiftyone as fo

    sample = bench.dataset[ids[0]]
    sample["ground_truth"] = fo.Classification(label="cat", confidence=0.5)
    sample["label_status"] = "labelled"
    sample.save()
    came = stored()[ids[0]]["ground_truth"]
    for act in (bench.labels.many.send_to_review, bench.labels.many.skip):
        act(ids[:1])
        bench.labels.undo()
        bench.labels.redo()
        bench.labels.undo()
        assert stored()[ids[0]]["ground_truth"] == came
        assert stored()[ids[0]]["label_status"] == "labelled"


def test_one_skip_of_such_a_label_is_taken_back_so_too(bench, ids, stored):
    import fiftyone as fo

    bench.dataset.set_values("ground_truth", [fo.Classification(label="cat"), *[None] * 11])
    came = stored()[ids[0]]["ground_truth"]
    bench.labels.skip(ids[0])
    bench.labels.undo()
    assert stored()[ids[0]]["ground_truth"] == came


def test_removing_a_class_takes_its_images_out_of_review(bench, ids, look):
    bench.labels.commit(ids[0], "cat")
    bench.labels.many.send_to_review(ids[:1])
    bench.classes.remove("cat")
    assert look(ids[0]) == [(None, None, None, "unlabelled")]
    bench.labels.undo()
    assert look(ids[0]) == [("cat", "ann", "human", "in review")]


def test_undo_into_review_of_a_class_that_was_removed_leaves_no_label(bench, bob, ids, look):
    bench.labels.commit(ids[0], "cat")
    bench.labels.many.send_to_review(ids[:1])
    bench.labels.commit(ids[0], "dog")
    bob.classes.remove("cat")
    bench.labels.undo()
    assert look(ids[0]) == [(None, None, None, "unlabelled")]


def test_skipping_many_is_one_step(bench, ids, look):
    bench.labels.commit(ids[0], "cat")
    bench.labels.many.skip(ids[:2])
    assert [each[3] for each in look(*ids[:2])] == ["skipped"] * 2
    assert bench.labels.counts() == {}
    bench.labels.undo()
    assert bench.labels.counts() == {"cat": 1}


def test_a_step_that_is_sent_twice_is_recorded_once(bench, ids):
    bench.labels.commit(ids[0], "cat")
    for _ in range(2):
        events = bench.labels.many.send_to_review(ids[:1], event_id="step")
    assert [event.id for event in events] == ["step.0"]
    assert len(list(bench.labels.events)) == 2


def test_a_listener_that_fails_does_not_fail_what_is_on_disk(bench, labels, caplog):
    def fail(event):
        raise RuntimeError("no more room on this page")

    heard = []
    bench.labels.on_event(fail)
    bench.labels.on_event(heard.append)
    commit = bench.labels.commit(bench.dataset.values("id")[0], "cat")
    assert heard == [commit.event], "others hear it all the same"
    assert labels()[0] == "cat"
    assert "no more room on this page" in caplog.text
