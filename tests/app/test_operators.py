"""The plugin in the kernel's own server: from the App's buttons to the live session."""

import uuid

import pytest

from tests.app.buttons import (
    ACCEPT,
    CLASSES,
    LABEL,
    QUEUE,
    REVIEW,
    SKIP,
    UNDO,
    request,
    run,
)
from workbench.app import operators
from workbench.dataset.types import Prediction
from workbench.errors import AppError
from workbench.labels import bulk

BUTTONS = [
    "Queue selected for labelling",
    "Label selected as…",
    "Accept predictions",
    "Send to review",
    "Skip selected",
    "Undo my last step",
]


@pytest.fixture
def bench(home, server, dozen):
    """A session that has offered itself to the App."""
    import workbench as wb

    name = f"operators-{uuid.uuid4().hex[:8]}"
    bench = wb.open(name, images=dozen, classes=CLASSES, annotator="ann")
    bench.dataset.set_values("split", [*["test"] * 2, *["pool"] * 10])
    from workbench.appdesk import AppDesk

    AppDesk(bench.labels, bench.queue, bench.dataset).offer()
    yield bench
    wb.delete(name)


@pytest.fixture
def ids(bench):
    return bench.dataset.values("id")


@pytest.fixture
def press(call, server, bench):
    """Press a button, as the App's page does; returns what the person is told."""

    def press(operator, *selected, view=None, dataset=bench.name, **params):
        told = [
            each["params"]
            for each in run(call, operator, selected, view, dataset, params)["requests"]
            if each["operator_uri"] == "notify"
        ]
        assert len(told) == 1
        return told[0]["message"], told[0]["variant"]

    return press


@pytest.fixture
def ask(call, server, bench):
    """What a prompt says, before anything is done: its properties by name."""

    def ask(operator, *selected):
        data = request(operator, selected, None, bench.name, {}) | {"target": "inputs"}
        answer = call("/operators/resolve-type", method="POST", data=data).json()
        return answer["type"]["properties"]

    return ask


def predict(bench, ids, label, model="m@1"):
    """Write predictions, as a model of that name does."""
    from workbench.dataset.predictions import write_predictions

    predictions = {each: Prediction(label, 0.9, 0.8) for each in ids}
    write_predictions(bench._connection, bench.dataset, predictions, model)


def statuses(bench, ids):
    items = bench.queue.look_up(ids)
    return [(items[each].label, items[each].status) for each in ids]


def test_the_buttons_are_in_the_app(call, bench):
    data = {"dataset_name": bench.name, "view": [], "filters": {}, "extended": {}}
    placements = call("/operators/resolve-placements", method="POST", data=data).json()
    ours = [each for each in placements["placements"] if "@workbench" in each["operator_uri"]]
    assert [each["placement"]["view"]["label"] for each in ours] == BUTTONS


# Queueing


def test_the_selected_samples_are_queued_in_the_order_of_the_selection(press, bench, ids):
    assert press(QUEUE, ids[5], ids[2]) == ("Queued 2 for labelling.", "success")
    assert [item.sample_id for item in bench.queue.items()] == [ids[5], ids[2]]


def test_what_is_queued_already_is_said(press, ids):
    press(QUEUE, ids[0])
    assert press(QUEUE, ids[0], ids[1])[0] == "Queued 1 for labelling. 1 was there already."
    assert press(QUEUE, ids[0])[0].startswith("Nothing to add")


def test_without_a_selection_a_small_view_is_queued(press, bench):
    view = bench.dataset.skip(3).limit(4)
    assert press(QUEUE, view=view)[0] == "Queued 4 for labelling."
    assert [item.sample_id for item in bench.queue.items()] == view.values("id")


def test_without_a_selection_a_large_view_is_not(press, bench, monkeypatch):
    monkeypatch.setattr(operators, "VIEW_LIMIT", 10)
    message, variant = press(QUEUE)
    assert variant == "warning"
    assert "holds 12 samples, more than 10: select the ones to queue" in message
    assert len(bench.queue) == 0


def test_without_a_selection_an_empty_view_is_said_to_be_empty(press, bench):
    message, _ = press(QUEUE, view=bench.dataset.match_tags("no-such-tag"))
    assert "empty" in message


def test_of_patches_the_samples_are_meant(press, bench, ids):
    import fiftyone as fo

    sample = bench.dataset.first()
    sample["objects"] = fo.Detections(
        detections=[fo.Detection(label=each, bounding_box=[0, 0, 1, 1]) for each in "ab"]
    )
    sample.save()
    patches = bench.dataset.to_patches("objects")
    chosen = patches.values("id")
    assert press(QUEUE, *chosen, view=patches)[0] == "Queued 1 for labelling."
    assert press(LABEL, *chosen, view=patches, label="cat")[0] == "Labelled 1 image as 'cat'."
    assert statuses(bench, ids[:1]) == [("cat", "labelled")]


# Labelling


def test_labelled_from_the_app_like_from_the_widget(press, bench, ids):
    widget = bench.label(2)
    heard = []
    widget._desk.on_change(heard.append)
    assert press(LABEL, ids[0], ids[3], label="dog") == ("Labelled 2 images as 'dog'.", "success")
    history = bench.labels.history()
    assert history[["sample_id", "after", "annotator", "source"]].values.tolist() == [
        [ids[0], "dog", "ann", "human"],
        [ids[3], "dog", "ann", "human"],
    ]
    assert history["group"].nunique() == 1
    assert bench.labels.counts() == widget._desk.state()["counts"] == {"dog": 2}
    assert [news["sample"] for news in heard if news["news"] == "label"] == [ids[0], ids[3]]


def test_what_has_a_label_gets_the_new_one_and_the_prompt_says_so(press, ask, bench, ids):
    bench.labels.commit(ids[4], "cat")
    bench.labels.skip(ids[5])
    asked = ask(LABEL, *ids[4:8])
    assert asked["label"]["type"]["values"] == CLASSES
    assert "1 of them is labelled already" in asked["there"]["view"]["label"]
    press(LABEL, *ids[4:8], label="dog")
    assert statuses(bench, ids[4:8]) == [("dog", "labelled")] * 4
    assert press(UNDO) == ("Taken back: labelling 4 images as 'dog'.", "success")
    assert statuses(bench, ids[4:8]) == [
        ("cat", "labelled"),
        (None, "skipped"),
        *[(None, "unlabelled")] * 2,
    ]
    assert "there" not in ask(LABEL, *ids[6:8])


def test_a_prompt_without_a_selection_cannot_be_submitted(ask, press):
    for operator in (LABEL, ACCEPT):
        asked = ask(operator)
        assert asked["problem"]["invalid"]
        assert "Nothing is selected" in asked["problem"]["view"]["label"]
    assert press(SKIP) == ("Nothing is selected: select images in the grid first.", "warning")


# Accepting


def test_predictions_become_labels_that_name_their_model(press, bench, ids):
    predict(bench, ids[2:4], "dog", "lite0@30")
    message = "Accepted the prediction of 2 images. Left out: 1 without a prediction."
    assert press(ACCEPT, *ids[2:5]) == (message, "success")
    history = bench.labels.history()
    columns = ["sample_id", "after", "source", "suggestion", "model"]
    assert history[columns].values.tolist() == [
        [each, "dog", "accepted", "dog", "lite0@30"] for each in ids[2:4]
    ]
    assert bench.dataset[ids[2]].ground_truth.source == "accepted"
    assert press(UNDO)[0] == "Taken back: labelling 2 images as 'dog'."
    assert bench.labels.counts() == {}


def test_what_a_model_says_of_the_test_split_never_becomes_the_truth(press, ask, bench, ids):
    predict(bench, ids[:3], "dog")
    asked = ask(ACCEPT, *ids[:3])
    assert "2 of the blind test split" in asked["left_out"]["view"]["label"]
    assert asked["will"]["view"]["label"].startswith("1 image will be labelled")
    assert "2 of the blind test split" in press(ACCEPT, *ids[:3])[0]
    assert bench.labels.history()["sample_id"].tolist() == [ids[2]]
    assert ask(ACCEPT, *ids[:2])["problem"]["invalid"]


def test_a_prediction_replaces_another_label_and_leaves_its_own_alone(press, ask, bench, ids):
    bench.labels.commit(ids[2], "cat")
    bench.labels.commit(ids[3], "dog")
    predict(bench, ids[2:5], "dog")
    will = ask(ACCEPT, *ids[2:5])["will"]["view"]["label"]
    assert will.startswith("2 images will be labelled as predicted; 1 of them had another label")
    assert "1 labelled so already" in press(ACCEPT, *ids[2:5])[0]
    assert [bench.dataset[each].ground_truth.source for each in ids[2:4]] == ["accepted", "human"]


def test_a_prediction_of_a_class_that_was_removed_is_none(ask, bench, ids):
    predict(bench, ids[2:3], "wolf")
    asked = ask(ACCEPT, ids[2])
    assert asked["left_out"]["view"]["label"] == "Left out: 1 without a prediction."
    assert asked["problem"]["invalid"]


# Review, skipping, undoing


def test_in_review_a_label_keeps_counting(press, bench, ids):
    bench.labels.commit(ids[2], "cat")
    bench.labels.commit(ids[3], "dog")
    message = "Sent 2 images to review. Left out: 1 without a label."
    assert press(REVIEW, *ids[2:5]) == (message, "success")
    assert statuses(bench, ids[2:4]) == [("cat", "in review"), ("dog", "in review")]
    assert bench.labels.counts() == {"cat": 1, "dog": 1}
    assert bench.status()["pool labels"] == 2
    assert wb_list(bench.name) == 2
    assert "2 there already" in press(REVIEW, *ids[2:4])[0]
    assert press(UNDO)[0] == "Taken back: sending 2 images to review."
    assert statuses(bench, ids[2:4]) == [("cat", "labelled"), ("dog", "labelled")]
    assert bench.dataset[ids[2]].ground_truth.source == "human"


def wb_list(name):
    import workbench as wb

    return wb.list().loc[name, "labelled"]


def test_skipped_ones_leave_the_queue_and_come_back(press, bench, ids):
    press(QUEUE, *ids[2:4])
    bench.labels.skip(ids[4])
    message = "Skipped 2 images. Left out: 1 skipped already."
    assert press(SKIP, *ids[2:5]) == (message, "success")
    assert len(bench.queue) == 0
    assert press(UNDO)[0] == "Taken back: skipping 2 images."
    assert len(bench.queue) == 2


def test_undo_takes_back_what_was_done_in_the_notebook_too(press, bench, ids):
    bench.classes.add("wolf")
    bench.labels.commit(ids[2], "wolf")
    bench.labels.note(ids[2], "blurred")
    assert press(UNDO)[0] == "Taken back: a note."
    assert press(UNDO)[0] == "Taken back: labelling 1 image as 'wolf'."
    assert press(UNDO)[0] == "Taken back: a change to the classes."


def test_there_may_be_nothing_to_undo(press, bench):
    while press(UNDO)[1] == "success":
        pass
    assert press(UNDO) == ("There is nothing of yours to take back.", "warning")


def test_what_somebody_else_has_changed_since_is_not_taken_back(press, bench, ids):
    import workbench as wb

    bench.labels.commit(ids[2], "cat")
    wb.open(bench.name, annotator="bob").labels.commit(ids[2], "dog")
    assert press(UNDO) == ("Somebody has changed it since: nothing was taken back.", "warning")
    assert statuses(bench, ids[2:3]) == [("dog", "labelled")]


# Sessions


def test_without_a_live_session_the_person_is_told_what_to_do(press, ask, bench, dataset):
    message, variant = press(QUEUE, dataset.first().id, dataset=dataset.name)
    assert variant == "warning"
    assert "nothing labels 'app-tests' in this kernel" in message.lower()


def test_a_session_that_refuses_is_quoted(press, bench, ids, monkeypatch):
    monkeypatch.setattr(bulk, "LARGEST", 2)
    message, variant = press(SKIP, *ids[:3])
    assert message == "1 to 2 images can be changed at once, but got 3"
    assert variant == "warning"
    assert len(bench.labels.events) == 0


def test_opening_a_widget_or_the_app_offers_the_session(press, bench, ids):
    operators.register(bench.name, None)
    bench.label(1)
    assert press(LABEL, ids[0], label="cat")[1] == "success"
    operators.register(bench.name, None)
    bench.inspect()
    assert press(LABEL, ids[0], label="dog")[1] == "success"


def test_the_last_to_register_is_asked_and_only_it_can_leave(bench):
    from workbench.appdesk import AppDesk

    first, second = (AppDesk(bench.labels, bench.queue, bench.dataset) for _ in range(2))
    operators.register("d", first)
    operators.register("d", second)
    operators.unregister("d", first)
    assert operators.session_of("d") is second
    operators.unregister("d", second)
    with pytest.raises(AppError, match=r"wb\.open\('d'\)"):
        operators.session_of("d")
