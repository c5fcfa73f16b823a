"""The model that learns while somebody labels: real images, real database, the default backbone."""

import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest

from tests.dataset.pictures import sort_digits
from tests.listening import (
    CLASSES,
    PATIENCE,
    Page,
    commit,
    hidden,
    idle,
    images,
    learned,
    picks,
)
from workbench.dataset.types import Split, Status
from workbench.errors import NotEnoughLabelsError
from workbench.feedback import Feedback, in_order
from workbench.labels.queue import BY_HAND, LabelQueue, QueueItem
from workbench.labels.store import LabelStore


@pytest.fixture(scope="module")
def folder(home, tmp_path_factory):
    """Twenty of each of three digits."""
    return sort_digits(tmp_path_factory.mktemp("sixty"), home, CLASSES, 20)


@pytest.fixture
def bench(home, folder, request):
    """A bench without a label; its images have been embedded by an earlier test, if any."""
    import workbench as wb

    name = f"feedback-{request.node.name[:30]}"
    yield wb.open(name, images=folder, classes=CLASSES)
    wb.delete(name)


@pytest.fixture
def feedback(bench):
    return Feedback(bench._work.learner, bench.labels, bench.queue)


@pytest.fixture
def page(feedback):
    page = Page(feedback)
    yield page
    page.stop()


def test_queued_pool_images_get_suggestions_and_no_others_do(bench, feedback, page):
    pool, test = images(bench, "pool"), images(bench, "test")
    queued, blind = [i for i, _ in pool[12:20]], [i for i, _ in test[:3]]
    bench.queue.add(picks([*queued, *blind]))
    commit(bench, pool[:12])
    news = page.wait_labels(12)
    assert set(news["suggestions"]) == set(queued)
    for sample_id in queued:
        suggestion = feedback.suggestion(sample_id)
        assert suggestion["label"] == max(suggestion["scores"], key=suggestion["scores"].get)
        assert set(suggestion["scores"]) <= set(CLASSES)
        assert suggestion["model"].startswith("efficientnet_lite0-")
        assert suggestion["model"].endswith("@12")
    assert all(feedback.suggestion(i) is None for i in [*blind, pool[0][0], pool[30][0]])
    truth = dict(pool)
    right = [news["suggestions"][i]["label"] == truth[i] for i in queued]
    assert np.mean(right) > 0.6


def test_a_queue_of_test_images_alone_gets_no_hint(bench, feedback, page):
    blind = [i for i, _ in images(bench, "test")[:4]]
    bench.queue.add(picks(blind, "random"))
    commit(bench, images(bench, "pool")[:6])
    news = page.wait_labels(6)
    assert news["suggestions"] == {}
    assert news["order"] == blind


def test_the_queue_is_told_in_the_order_of_the_models_doubt(bench, feedback, page):
    pool = images(bench, "pool")
    ids = [i for i, _ in pool[12:24]]
    bench.queue.add(picks(ids))
    bench.queue.add_by_hand([pool[30][0]])
    commit(bench, pool[:12])
    order = page.wait_labels(12)["order"]
    assert order[0] == pool[30][0]
    assert [item.sample_id for item in feedback.in_order(bench.queue.items())] == order
    fit = bench._work.learner.fit()
    top = np.sort(fit.at([fit.table.row_of[i] for i in order[1:]]), axis=1)
    margins = top[:, -1] - top[:, -2]
    assert margins.tolist() == sorted(margins.tolist())
    assert order[1:] != ids


def item(sample_id, batch=1, strategy="margin", split=Split.POOL):
    words = {"reason": "", "label": None, "event": "", "source": "", "note": ""}
    return QueueItem(sample_id, "", split, batch, 0, strategy, **words, status=Status.QUEUED)


def ids_of(items):
    return [each.sample_id for each in items]


def test_batches_stay_apart_and_what_is_not_the_models_pick_keeps_its_place():
    items = [
        item("hand", batch=3, strategy=BY_HAND),
        *(item("a"), item("control", strategy="random"), item("test", split=Split.TEST)),
        *(item("b"), item("new"), item("c")),
        *(item("d", batch=2), item("e", batch=2)),
    ]
    doubts = {"hand": 0.9, "a": 0.1, "control": 0.9, "b": 0.5, "c": 0.3, "d": 0.7, "e": 0.8}
    found = ids_of(in_order(items, doubts))
    assert found == ["hand", "b", "control", "test", "c", "new", "a", "e", "d"]
    assert ids_of(in_order(items, {})) == ids_of(items)
    assert in_order([], doubts) == []


def test_chosen_by_hand_comes_first_before_the_model_has_judged_it(bench, feedback, page):
    pool = images(bench, "pool")
    bench.queue.add(picks([i for i, _ in pool[12:18]]))
    commit(bench, pool[:12])
    page.wait_labels(12)
    feedback.enabled = False
    bench.queue.add_by_hand([pool[40][0]])
    feedback._enabled = True  # as it was told last, without waking it
    assert ids_of(feedback.in_order(bench.queue.items()))[0] == pool[40][0]


def test_what_is_queued_meanwhile_gets_its_suggestion_without_another_label(bench, feedback, page):
    pool = images(bench, "pool")
    commit(bench, pool[:6])
    page.wait_labels(6)
    late = pool[20][0]
    bench.queue.add(picks([late]))
    assert page.wait(lambda news: late in news.get("suggestions", {}))["order"] == [late]


def test_a_label_given_while_it_refits_is_in_the_next_one(bench, feedback, page, monkeypatch):
    pool = images(bench, "pool")
    fitting, go_on = threading.Event(), threading.Event()
    real = bench._work.learner.fit

    def slow_fit(table=None):
        fitting.set()
        assert go_on.wait(PATIENCE)
        return real(table)

    monkeypatch.setattr(bench._work.learner, "fit", slow_fit)
    commit(bench, pool[:6])
    assert fitting.wait(PATIENCE)
    commit(bench, pool[6:7])
    go_on.set()
    page.wait_labels(7)


def test_labels_from_many_threads_are_all_learned_from(bench, feedback, page):
    pool = images(bench, "pool")
    threads = [
        threading.Thread(target=commit, args=(bench, pool[start:24:4])) for start in range(4)
    ]
    for thread in threads:
        thread.start()
    bench.pick(5)  # a cell, at the same time
    for thread in threads:
        thread.join()
    page.wait_labels(24)


def test_off_means_off_until_it_is_switched_on(bench, feedback, page):
    pool = images(bench, "pool")
    queued = [i for i, _ in pool[12:18]]
    bench.queue.add(picks(queued))
    commit(bench, pool[:6])
    page.wait_labels(6)
    idle(feedback)
    feedback.enabled = False
    told = len(page.heard)
    commit(bench, pool[6:12])
    assert feedback._thread is None, "nobody is at work"
    assert len(page.heard) == told
    assert feedback.suggestion(queued[0]) is None
    assert ids_of(feedback.in_order(bench.queue.items())) == queued
    feedback.enabled = True
    page.wait_labels(12)
    assert feedback.suggestion(queued[0]) is not None


def test_switched_off_in_mid_refit_nothing_is_told(bench, feedback, page, monkeypatch):
    real = bench._work.learner.fit

    def fit(table=None):
        feedback.enabled = False
        return real(table)

    monkeypatch.setattr(bench._work.learner, "fit", fit)
    commit(bench, images(bench, "pool")[:6])
    idle(feedback)
    assert not feedback.enabled
    assert not any("suggestions" in news for news in page.heard)


def test_it_does_not_work_while_nobody_listens(bench, feedback, monkeypatch):
    pool = images(bench, "pool")
    asked = []
    real = bench._work.learner.live_table
    monkeypatch.setattr(bench._work.learner, "live_table", lambda: asked.append(1) or real())
    commit(bench, pool[:6])
    assert feedback._thread is None
    assert asked == []
    page = Page(feedback)  # and what was labelled meanwhile is learned from at once
    page.wait_labels(6)
    page.stop()
    page.stop()  # a widget may be closed twice
    idle(feedback)
    before = len(asked)
    commit(bench, pool[6:12])
    assert feedback._thread is None
    assert len(asked) == before


def test_nothing_is_done_before_the_first_label(bench, feedback, page):
    bench.queue.add(picks([images(bench, "pool")[0][0]]))
    bench.classes.add("more")
    assert feedback._thread is None
    assert page.heard == []


def test_a_widget_that_is_closed_twice_is_closed(bench):
    widget = bench.label(4)
    widget.close()
    widget.close()
    assert bench._work.desks.feedback._listeners == []
    assert bench.queue._listeners == [bench._work.desks.feedback._note_queue]


def test_undo_takes_its_point_of_the_curve_back(bench, feedback, page):
    pool = images(bench, "pool")
    commit(bench, pool[:6])
    page.wait_labels(6)
    commit(bench, pool[6:9])
    page.wait_labels(9)
    assert {point["labels"] for point in feedback.curve} >= {6, 9}
    page.heard.clear()
    bench.labels.undo()
    news = page.wait_labels(8)
    assert [point["labels"] for point in news["curve"]][-2:] != [9, 8]
    assert max(point["labels"] for point in feedback.curve) == 8
    for point in feedback.curve:
        assert point["low"] <= point["value"] <= point["high"]
        assert point["provisional"]


def test_with_one_class_left_suggestions_are_withdrawn(bench, feedback, page):
    pool = images(bench, "pool")
    queued = pool[20][0]
    bench.queue.add(picks([queued]))
    zeros = [each for each in pool if each[1] == "0"]
    commit(bench, [*zeros[:4], *[each for each in pool if each[1] == "1"][:2]])
    page.wait(lambda news: queued in news.get("suggestions", {}) and learned(news) == 6)
    page.heard.clear()
    for _ in range(2):
        bench.labels.undo()
    page.wait(lambda news: news.get("suggestions") == {})
    idle(feedback)
    assert feedback.suggestion(queued) is None
    assert all(point["labels"] < 4 for point in feedback.curve)
    with pytest.raises(NotEnoughLabelsError):
        bench.evaluate()


def test_two_labels_suggest_though_nothing_can_be_measured_yet(bench, feedback, page):
    pool = images(bench, "pool")
    queued = pool[20][0]
    bench.queue.add(picks([queued]))
    commit(bench, pool[:2])
    news = page.wait(lambda news: queued in news.get("suggestions", {}))
    assert news["curve"] == []


def test_labels_of_other_kernels_come_in(bench, feedback, page):
    from workbench.dataset.connection import connect

    pool = images(bench, "pool")
    commit(bench, pool[:6])
    page.wait_labels(6)
    # Another store on the same database: nothing of this process tells the feedback about it.
    other = LabelStore(connect(), bench.dataset, "somebody else")
    for sample_id, label in pool[6:9]:
        other.commit(sample_id, label)
    sample = bench.dataset[pool[9][0]]  # and one past the stores altogether
    import fiftyone as fo

    sample["ground_truth"] = fo.Classification(label=pool[9][1])
    sample["label_status"] = "labelled"
    sample.save()
    commit(bench, pool[10:11])
    page.wait_labels(11)


def test_classes_and_images_of_other_kernels_come_in(bench, feedback, page, home, tmp_path):
    import workbench as wb
    from workbench.dataset.connection import connect

    pool = images(bench, "pool")
    commit(bench, pool[:6])
    page.wait_labels(6)
    for path in sorted((wb.digits(home) / "7").glob("*.png"))[:8]:
        shutil.copy(path, tmp_path)
    added = set(bench.add(tmp_path).added.values())
    other = LabelStore(connect(), bench.dataset, "somebody else")
    other.add_class("7")
    sevens = [i for i in bench.dataset.match({"split": "pool"}).values("id") if i in added]
    LabelQueue(connect(), bench.dataset).add(picks(sevens[3:4]))
    for sample_id in sevens[:3]:
        other.commit(sample_id, "7")
    commit(bench, pool[6:7])
    news = page.wait_labels(10)
    assert "7" in news["suggestions"][sevens[3]]["scores"]


def test_what_is_no_label_or_was_not_applied_is_passed_over(bench, feedback, page):
    pool = images(bench, "pool")
    commit(bench, pool[:6])
    page.wait_labels(6)
    idle(feedback)
    told = len(page.heard)
    event = bench.labels.commit(pool[0][0], "2", based_on="nothing that was ever there")
    assert event.conflict is not None
    # A kind of event that there may be one day.
    feedback._note(replace(event.event, field="note", before=None, after="blurred", applied=True))
    assert feedback._thread is None
    assert len(page.heard) == told


def test_a_listener_that_fails_is_logged_and_stops_nothing(bench, feedback, caplog):
    def fail(news):
        raise RuntimeError("the page is gone")

    stop = feedback.on_news(fail)
    page = Page(feedback)
    pool = images(bench, "pool")
    commit(bench, pool[:6])
    page.wait_labels(6)
    commit(bench, pool[6:7])
    page.wait_labels(7)
    stop()
    page.stop()
    assert "the page is gone" in caplog.text


def test_an_image_that_cannot_be_read_is_said_and_labelling_goes_on(
    bench, feedback, page, home, tmp_path
):
    import workbench as wb

    for path in sorted((wb.digits(home) / "8").glob("*.png"))[:3]:
        shutil.copy(path, tmp_path)
    bench.add(tmp_path)
    pool = images(bench, "pool")
    gone = sorted(tmp_path.glob("*.png"))[1]
    with hidden(gone):
        commit(bench, pool[:6])
        news = page.wait(lambda news: "no suggestions" in news.get("working", ""))
        assert gone.name in news["working"]
        commit(bench, pool[6:7])
        assert len(bench.labels.history()) == 7
    commit(bench, pool[7:8])
    page.wait_labels(8)
    assert page.heard[-1]["working"] == ""
