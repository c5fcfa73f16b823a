"""Undo and redo of a step that is named: two pages of one annotator, each with its own last step."""

from random import Random

import pytest

from workbench.errors import LabelError


@pytest.fixture
def ids(bench):
    return bench.dataset.values("id")


def test_each_page_takes_back_its_own_last_step(bench, ids, labels):
    store = bench.labels
    store.commit(ids[0], "cat", event_id="left")
    store.commit(ids[1], "dog", event_id="right")
    assert store.undo(step="left").event.undoes == "left"
    assert labels()[:2] == [None, "dog"]
    assert store.undo(step="left") is None, "it is taken back already"
    assert store.undo(step="right").event.undoes == "right"
    assert labels()[:2] == [None, None]


def test_what_never_was_or_did_not_pass_is_not_taken_back(bench, bob, ids, labels):
    store = bench.labels
    store.commit(ids[0], "cat", event_id="stands")
    with pytest.raises(LabelError):
        store.commit(ids[1], "no such class", event_id="refused")
    assert store.undo(step="refused") is None, "and not the step before it"
    bob.labels.commit(ids[2], "dog")
    store.commit(ids[2], "cat", based_on="", event_id="late")
    assert store.undo(step="late") is None
    assert bob.labels.undo(step="stands") is None, "somebody else's"
    assert labels()[:3] == ["cat", None, "dog"]


def test_a_step_that_was_overruled_since_is_only_recorded(bench, bob, ids, labels):
    bench.labels.commit(ids[0], "cat", event_id="first")
    bob.labels.commit(ids[0], "dog")
    taken = bench.labels.undo(step="first")
    assert (taken.event.applied, taken.conflict.annotator) == (False, "bob")
    assert labels()[0] == "dog"


def test_a_label_on_what_was_taken_back_meanwhile_is_told(bench, bob, ids, labels):
    bench.labels.commit(ids[0], "cat", event_id="first")
    bench.labels.undo(step="first")
    bob.labels.note(ids[0], "torn")
    late = bob.labels.commit(ids[0], "dog", based_on="first")
    assert (late.event.applied, late.conflict.annotator) == (False, "ann")
    assert (late.conflict.source, late.conflict.after) == ("undo", None)
    assert bob.labels.commit(ids[0], "dog", based_on="").event.applied
    assert labels()[0] == "dog"


def test_who_lost_is_told_again_when_the_answer_got_lost(bench, bob, ids):
    bench.labels.commit(ids[0], "cat")
    for _ in range(2):
        late = bob.labels.commit(ids[0], "dog", based_on="", event_id="late")
        assert (late.event.applied, late.conflict.annotator) == (False, "ann")
    own = bob.labels.commit(ids[1], "dog", event_id="own")
    bench.labels.commit(ids[1], "cat")
    for _ in range(2):
        undone = bob.labels.undo(event_id="undone", step=own.event.id)
        assert (undone.event.applied, undone.conflict.annotator) == (False, "ann")
    assert bob.labels.commit(ids[1], "dog", event_id="own").conflict is None, "it was applied"


def test_a_step_of_many_is_named_by_its_own_id(bench, bob, ids, labels):
    bob.labels.commit(ids[0], "dog")
    bench.labels.commit_many(ids[:4], "cat", event_id="many")  # the first of them stays bob's
    bench.labels.commit(ids[5], "dog", event_id="after")
    undone = bench.labels.undo(event_id="back", step="many")
    assert undone.event.group == "back"
    assert labels()[:6] == ["dog", None, None, None, None, "dog"]
    assert bench.labels.undo(step="many") is None
    bench.labels.redo(step="back")
    assert labels()[:6] == ["dog", "cat", "cat", "cat", None, "dog"]


def test_an_undo_is_done_again_whatever_the_other_page_did_since(bench, ids, labels):
    store = bench.labels
    store.commit(ids[0], "cat", event_id="left")
    store.undo(event_id="back", step="left")
    store.commit(ids[1], "dog", event_id="right")
    assert store.redo() is None, "something new was done since"
    assert store.redo(event_id="again", step="back").event.undoes == "back"
    assert store.redo(step="back") is None
    assert labels()[:2] == ["cat", "dog"]
    store.undo(step="again")
    assert labels()[:2] == [None, "dog"]


@pytest.mark.parametrize("seed", range(4))
def test_two_hands_in_any_order_end_where_each_thinks_it_is(bench, ids, labels, seed):
    """Each hand has its own half of the images, and a list of steps that it takes back and redoes."""
    random = Random(seed)
    halves = ids[:6], ids[6:12]
    pasts, futures = ([], []), ([], [])  # of (image, label, event), each hand's
    for number in range(40):
        hand = random.randrange(2)
        past, future = pasts[hand], futures[hand]
        kind = random.choice(["label", "label", "undo", "undo", "redo"])
        own = f"{seed}.{number}"
        if kind == "label":
            image, label = random.choice(halves[hand]), random.choice(["cat", "dog"])
            bench.labels.commit(image, label, event_id=own)
            past.append((image, label, own))
            future.clear()
        elif kind == "undo" and past:
            image, label, event = past.pop()
            assert bench.labels.undo(event_id=own, step=event).event.applied
            future.append((image, label, own))
        elif kind == "redo" and future:
            image, label, event = future.pop()
            assert bench.labels.redo(event_id=own, step=event).event.applied
            past.append((image, label, own))
    expected = {image: label for past in pasts for image, label, _ in past}
    assert labels()[:12] == [expected.get(image) for image in ids]
