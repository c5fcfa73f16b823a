"""Notes on images, and guidelines of classes."""

import fiftyone as fo
import pytest

from workbench.errors import LabelError


@pytest.fixture
def ids(bench):
    return bench.dataset.values("id")


def notes(bench):
    bench.dataset.reload()
    return bench.dataset.values("note")


def test_a_note_is_in_the_field_and_in_the_history_and_leaves_the_label_alone(bench, ids, stored):
    held = bench.dataset.first()
    bench.queue.add_by_hand(ids[:1])
    shown = bench.labels.commit(ids[0], "cat").event
    before = stored()[ids[0]]
    bench.labels.note(ids[0], "blurred, $5 <b>\n")

    assert held.note == "blurred, $5 <b>\n"
    assert isinstance(bench.dataset.get_field("note"), fo.StringField)
    after = stored()[ids[0]]
    changed = {key for key in after if after[key] != before.get(key)}
    assert changed == {"note", "last_modified_at"}
    assert bench.labels.commit(ids[0], "dog", based_on=shown.id).conflict is None
    _, event, _ = bench.labels.events
    assert (event.field, event.before, event.after) == ("note", None, "blurred, $5 <b>\n")
    assert event.seconds is None


def test_notes_labels_and_skips_are_undone_and_done_again_in_turn(bench, ids, labels):
    bench.labels.note(ids[0], "one")
    bench.labels.commit(ids[0], "cat")
    bench.labels.note(ids[0], "two")
    bench.labels.note(ids[0], " ")
    seen = []
    for step in ["undo"] * 4 + ["redo"] * 4:
        getattr(bench.labels, step)()
        seen.append((notes(bench)[0], labels()[0]))
    forward = [("one", None), ("one", "cat"), ("two", "cat"), (None, "cat")]
    assert seen == [forward[2], forward[1], forward[0], (None, None), *forward]


def test_taking_a_note_back_does_not_trample_what_somebody_wrote_since(bench, bob, ids):
    bench.labels.note(ids[0], "mine")
    theirs = bob.labels.note(ids[0], "theirs")
    undone = bench.labels.undo()
    assert not undone.event.applied
    assert undone.conflict.id == theirs.event.id
    assert notes(bench)[0] == "theirs"
    assert bench.labels.undo() is None


def test_a_note_does_not_bring_back_what_a_review_has_settled(bench, ids):
    from workbench.labels.events import Source
    from workbench.review import Review, find_doubts

    for place, sample_id in enumerate(ids):
        bench.labels.commit(sample_id, ["cat", "dog"][place % 2])
    review = Review(find_doubts(bench._work.learner), bench.queue, count=3)
    first = review.items()[0].sample_id
    bench.labels.commit(first, "cat", source=Source.REVIEWED)
    left = review.items()
    bench.labels.note(first, "sure of it")
    assert review.items() == left


def test_a_note_sent_twice_is_recorded_once(bench, ids):
    bench.labels.note(ids[0], "one", event_id="n1")
    bench.labels.note(ids[0], "two", event_id="n2")
    bench.labels.note(ids[0], "one", event_id="n1")
    assert notes(bench)[0] == "two"
    assert len(bench.labels.history()) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x" * 10_001, "at most 10,000 characters, but got 10,001: shorten it"),
        (None, "a note must be text, but got None"),
        ("\ud800", "half a character at 0"),
    ],
)
def test_a_note_that_is_no_good(bench, ids, text, message):
    with pytest.raises(LabelError, match=message):
        bench.labels.note(ids[0], text)
    assert len(bench.labels.history()) == 0


@pytest.mark.parametrize("sample_id", ["", "0" * 24])
def test_a_note_on_no_image(bench, sample_id):
    with pytest.raises(LabelError, match="no image has the id"):
        bench.labels.note(sample_id, "text")
    assert len(bench.labels.history()) == 0


def test_the_longest_note_fits(bench, ids):
    bench.labels.note(ids[0], "ä" * 10_000)
    assert len(notes(bench)[0]) == 10_000


def test_a_dataset_of_an_earlier_version_gets_the_field_when_it_is_opened(bench, ids):
    import workbench as wb

    bench.dataset.delete_sample_field("note")
    again = wb.open(bench.name, annotator="ann")
    again.labels.note(ids[0], "text")
    assert notes(again)[0] == "text"


def test_guidelines_survive_and_follow_their_class(bench, bob, ids):
    import workbench as wb

    assert bench.classes.guidelines() == {}
    said = bench.classes.describe("cat", "has whiskers", examples=[ids[1], ids[0], ids[1]])
    assert said == {"text": "has whiskers", "examples": [ids[1], ids[0]]}
    bench.classes.describe("dog", "barks")
    assert bench.classes.describe("cat", text="purrs")["examples"] == [ids[1], ids[0]]
    assert bench.classes.describe("dog", examples=[ids[2]])["text"] == "barks"
    dog = {"text": "barks", "examples": [ids[2]]}
    cat = {"text": "purrs", "examples": [ids[1], ids[0]]}
    assert wb.open(bench.name).classes.guidelines() == {"cat": cat, "dog": dog}

    bench.classes.rename("cat", "Katze")
    assert list(bench.classes.guidelines()) == ["Katze", "dog"]
    bob.classes.describe("cat", "miaows")  # a late one, under the old name
    cat["text"] = "miaows"
    bench.classes.merge("Katze", into="dog")
    assert bench.classes.guidelines() == {"dog": dog}
    bench.classes.remove("dog")
    assert bench.classes.guidelines() == {}
    bench.classes.add("dog")
    assert bench.classes.guidelines() == {}, "another class of the same name"
    seen = []
    for _ in range(4):
        bench.labels.undo()
        seen.append(bench.classes.guidelines())
    assert seen == [{}, {"dog": dog}, {"Katze": cat, "dog": dog}, {"cat": cat, "dog": dog}]
    for _ in range(2):
        bench.labels.redo()
    assert bench.classes.guidelines() == {"dog": dog}
    bench.labels.undo()
    assert bench.classes.guidelines() == {"Katze": cat, "dog": dog}


def test_what_was_described_anew_is_not_overwritten_when_the_old_class_returns(bench, bob):
    bench.classes.describe("cat", "old")
    bench.classes.remove("cat")
    bob.classes.add("cat")
    bob.classes.describe("cat", "new")
    bench.labels.undo()
    assert bench.classes.guidelines()["cat"]["text"] == "new"


def test_examples_that_were_deleted_are_left_out(bench, ids):
    bench.classes.describe("cat", examples=ids[:2])
    bench.dataset.delete_samples(ids[:1])
    assert bench.classes.guidelines()["cat"]["examples"] == ids[1:2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cow", "text"), "unknown class 'cow'"),
        (("cat", "x" * 10_001), "at most 10,000 characters"),
        (("cat", None, ["0" * 24]), "no image has the id"),
        (("cat", None, "0" * 24), "must be a list of sample ids"),
        (("cat", None, [f"{i:024x}" for i in range(101)]), "at most 100 examples, but got 101"),
    ],
)
def test_a_guideline_that_is_no_good(bench, arguments, message):
    with pytest.raises(LabelError, match=message):
        bench.classes.describe(*arguments)
    assert bench.classes.guidelines() == {}
