"""Undo and redo: against a model that keeps a copy of everything at every step."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.labels.events import Source
from workbench.labels.store import LabelStore

NAMES = [*"abcdef"]
STEPS = ["commit"] * 3 + ["many"] * 2 + ["skip", "rename", "merge", "remove", "add", "reopen"]
STEPS += ["undo"] * 4 + ["redo"] * 4
OPEN = [(None, "unlabelled"), (None, "queued")]
annotators = itertools.count()


class Model:
    """An editor as everybody knows it: states in a row and a place among them."""

    def __init__(self, classes, images):
        self.states = [(classes, images)]
        self.place = 0

    @property
    def state(self):
        return self.states[self.place]

    def did(self, classes, images):
        self.states = [*self.states[: self.place + 1], (classes, images)]
        self.place += 1

    def moved(self, step):
        """One step back or forward; whether there was one."""
        there = 0 <= self.place + step < len(self.states)
        self.place += step * there
        return there

    def renamed(self, mapping, classes):
        images = {i: renamed(*image, mapping) for i, image in self.state[1].items()}
        self.did(classes, images)


def renamed(label, status, mapping):
    """What an image is after classes got other names or went (None)."""
    if label is None or not label & mapping.keys():
        return label, status
    left = frozenset(mapping.get(name, name) for name in label) - {None}
    if left or isinstance(label, Several):
        return type(label)(left), status
    return None, status if status == "skipped" else "unlabelled"


class One(frozenset):
    """A label of one class."""


class Several(frozenset):
    """A label of any number of classes."""


def images_of(stored):
    def label(truth):
        if truth is None:
            return None
        if "classifications" in truth:
            return Several(each["label"] for each in truth["classifications"])
        return One([truth["label"]])

    return {i: (label(d.get("ground_truth")), d["label_status"]) for i, d in stored().items()}


@pytest.mark.parametrize("task", ["classification", "multilabel"])
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 23)), max_size=40))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sequence_ends_where_an_editor_would(bench, stored, task, steps):
    # A new annotator has nothing to undo yet: the dataset may be as the last example left it.
    who = f"annotator {next(annotators)}"
    store = LabelStore(bench._connection, bench.dataset, who)
    model = Model(tuple(store.classes), images_of(stored))
    for step, number in steps:
        store = act(store, model, step, number, stored)
        assert (tuple(store.classes), images_of(stored)) == model.state


def act(store, model, step, number, stored):
    classes, images = model.state
    sample_id = [*images][number % 3]
    free = [name for name in NAMES if name not in classes]
    if step == "reopen":
        return LabelStore(store._recorder._connection, store._dataset, store.annotator)
    if step in ("undo", "redo"):
        there = model.moved(-1 if step == "undo" else 1)
        assert (getattr(store, step)() is not None) == there
    elif step == "skip":
        store.skip(sample_id)
        model.did(classes, images | {sample_id: (images[sample_id][0], "skipped")})
    elif step == "add" and free:
        store.add_class(free[0])
        model.did((*classes, free[0]), images)
    elif classes:
        name, other = classes[number % len(classes)], classes[number // 5 % len(classes)]
        value, label = name, One([name])
        if store.task == "multilabel":
            value = [[], [name], [other, name]][number % 3]
            label = Several(value)
        if step == "commit":
            store.commit(sample_id, value)
            model.did(classes, images | {sample_id: (label, "labelled")})
        elif step == "many":
            chosen = [*images][number % 9 : number % 9 + 3]
            given = {i: (d.get("ground_truth") or {}).get("annotator") for i, d in stored().items()}
            open_ = [i for i in chosen if images[i] in OPEN or given[i] == store.annotator]
            events = store.commit_many(chosen, value)
            assert [event.sample_id for event in events if event.applied] == open_
            if open_:
                model.did(classes, images | dict.fromkeys(open_, (label, "labelled")))
            else:
                model.states = model.states[: model.place + 1]  # recorded: it ends the redoing
        elif step == "rename" and free:
            store.rename_class(name, free[-1])
            after = tuple(free[-1] if c == name else c for c in classes)
            model.renamed({name: free[-1]}, after)
        elif step == "merge" and name != other:
            store.merge_classes([name], other)
            model.renamed({name: other}, tuple(c for c in classes if c != name))
        elif step == "remove":
            store.remove_class(name)
            model.renamed({name: None}, tuple(c for c in classes if c != name))
    return store


def test_redo_walks_forward_over_a_reopening_and_can_be_undone_again(bench, labels):
    import workbench as wb

    a, b = bench.dataset.values("id")[:2]
    bench.labels.commit(a, "cat")
    bench.labels.commit(b, "dog")
    bench.labels.commit(a, "dog")
    for _ in range(3):
        bench.labels.undo()
    later = wb.open(bench.name, annotator="ann")
    seen = []
    while (redone := later.labels.redo()) is not None:
        assert redone.event.source is Source.REDO
        seen.append(labels()[:2])
    assert seen == [["cat", None], ["cat", "dog"], ["dog", "dog"]]
    later.labels.undo()
    later.labels.undo()
    assert labels()[:2] == ["cat", None]
    later.labels.redo()
    assert labels()[:2] == ["cat", "dog"]
    assert len(later.labels.history()) == 3 + 3 + 3 + 2 + 1


@pytest.mark.parametrize("new", ["commit", "skip", "add"])
def test_anything_new_ends_it(bench, new):
    a, b = bench.dataset.values("id")[:2]
    bench.labels.commit(a, "cat")
    bench.labels.undo()
    if new == "add":
        bench.classes.add("fish")
    else:
        getattr(bench.labels, new)(b, *["dog"][: new == "commit"])
    assert bench.labels.redo() is None


def test_what_others_do_does_not_end_it_but_is_not_trampled(bench, bob, labels):
    a, b, c = bench.dataset.values("id")[:3]
    for sample_id in (a, b):
        bench.labels.commit(sample_id, "cat")
    bench.labels.undo()
    bench.labels.undo()
    bob.labels.commit(a, "dog")
    bob.labels.commit(c, "dog")
    assert bob.labels.redo() is None, "it is not his undo"
    redone = bench.labels.redo()
    assert not redone.event.applied
    assert redone.conflict.annotator == "bob"
    assert bench.labels.redo().event.sample_id == b, "it is not tried for ever"
    assert labels()[:3] == ["dog", "cat", "dog"]
    bench.labels.undo()
    assert labels()[:3] == ["dog", None, "dog"]
    assert bench.labels.undo() is None


def test_the_same_redo_sent_twice_goes_one_step_forward(bench, labels):
    a, b = bench.dataset.values("id")[:2]
    bench.labels.commit(a, "cat")
    bench.labels.commit(b, "dog")
    bench.labels.undo()
    bench.labels.undo()
    bench.labels.redo(event_id="r")
    bench.labels.redo(event_id="r")
    assert labels()[:2] == ["cat", None]


def test_a_commit_based_on_what_was_done_again_passes(bench):
    a = bench.dataset.values("id")[0]
    shown = bench.labels.commit(a, "cat").event
    bench.labels.undo()
    bench.labels.redo()
    assert bench.queue.item(a).event == shown.id
    assert bench.labels.commit(a, "dog", based_on=shown.id).conflict is None


def test_a_label_that_comes_back_is_whose_it_was(bench, bob, stored):
    a = bench.dataset.values("id")[0]
    bob.labels.commit(a, "dog", source=Source.ACCEPTED)
    bench.labels.commit(a, "cat")
    seen = []
    for step in (bench.labels.undo, bench.labels.redo):
        step()
        truth = stored()[a]["ground_truth"]
        seen.append((truth["label"], truth["annotator"], truth["source"]))
    assert seen == [("dog", "bob", "accepted"), ("cat", "ann", "human")]


def test_a_class_change_that_others_made_impossible_is_not_done_again(bench, bob, labels):
    bench.labels.commit(bench.dataset.values("id")[0], "cat")
    bench.classes.rename("cat", "Katze")
    bench.labels.undo()
    theirs = bob.classes.merge("cat", into="dog")
    redone = bench.labels.redo()
    assert not redone.event.applied
    assert redone.conflict.id == theirs.event.id
    assert labels()[0] == "dog"
    assert list(bench.classes) == ["dog", "<i>bird</i>"]
