"""Images with any number of classes, through all the rooms: real sheets of handwritten digits."""

import numpy as np
import pytest

from tests.dataset.pictures import write_sheets
from tests.listening import Page
from workbench.dataset.types import Pick
from workbench.errors import NotEnoughLabelsError
from workbench.labels.events import Source
from workbench.review import Review, SentReview, find_doubts

CLASSES = ["0", "1", "2"]


def classes_of(path):
    return [name for name in CLASSES if name in path.rsplit("/", 1)[1].split()[1].split("+")]


@pytest.fixture(scope="module")
def folder(home, tmp_path_factory):
    """Ninety sheets with none to all of three digits."""
    return write_sheets(tmp_path_factory.mktemp("ninety"), home, CLASSES, 90)


@pytest.fixture
def bench(home, folder, request):
    import workbench as wb

    name = f"several-{request.node.name[:30]}"
    yield wb.open(name, images=folder, task="multilabel", classes=CLASSES, annotator="ann")
    wb.delete(name)


def images(bench, split):
    found = bench.dataset.match({"split": split}).values(["id", "filepath"])
    return [(sample_id, classes_of(path)) for sample_id, path in zip(*found, strict=True)]


def label(bench, pairs):
    bench.labels.import_labels(dict(pairs), annotator="crowd")


def test_the_flywheel_turns(bench, tmp_path):
    from workbench.app.views import least_sure, wrong_on_test

    with pytest.raises(NotEnoughLabelsError, match="a class that some images have and others do"):
        bench.evaluate()
    label(bench, images(bench, "test"))
    label(bench, images(bench, "pool")[:50])
    evaluation = bench.evaluate()
    assert evaluation.provisional == (len(images(bench, "test")) < 30)
    assert 0.5 < evaluation.micro_f1.value <= 1
    assert evaluation.headline == evaluation.micro_f1
    batch = bench.pick(10)
    assert len(batch) >= 10
    assert bench.rounds[["measure", "value"]].to_numpy().tolist()[-1] == [
        "micro F1",
        evaluation.micro_f1.value,
    ]
    predicted = bench.predict()
    assert {name for names in predicted["label"] for name in names} <= set(CLASSES)
    bench.dataset.reload()
    said = bench.dataset.values("prediction.classifications.label")
    assert said == predicted["label"].tolist()
    truth = bench.dataset.values("ground_truth.classifications.label")
    split = bench.dataset.values("split")
    wrong = sum(
        t is not None and set(t) != set(s) and where == "test"
        for t, s, where in zip(truth, said, split, strict=True)
    )
    assert len(wrong_on_test(bench.dataset)) == wrong
    margins = least_sure(bench.dataset).values("prediction.margin")
    assert margins == sorted(margins)
    run = bench.train("test_resnet", weights="random", epochs=1).wait()
    assert run.job.classes == tuple(bench.classes)
    assert 0 <= run.outcome["after"] <= 1


def test_a_table_says_which_images_are_labelled_and_with_what(bench):
    (a, _), (b, _), (c, _), (d, _) = images(bench, "pool")[:4]
    bench.labels.commit(a, ["2", "0"])
    bench.labels.commit(b, [])
    bench.labels.commit(c, ["1"])
    bench.labels.skip(c)
    live = bench._work.learner.live_table()
    bench.labels.commit(d, ["1"])
    for table in (bench._work.learner.live_table(), bench._work.learner.table()):
        rows = [table.row_of[i] for i in (a, b, c, d)]
        assert table.labelled[rows].tolist() == [True, True, False, True]
        assert table.targets[rows].tolist() == [
            [True, False, True],
            [False] * 3,
            [False] * 3,
            [False, True, False],
        ]
    assert not live.labelled[live.row_of[d]], "a table that somebody holds stays as it was"
    sample = bench.dataset[b]
    sample.ground_truth = sample.ground_truth.__class__(
        classifications=[bench.dataset[d].ground_truth.classifications[0].__class__(label="0")]
    )
    sample.save()
    live = bench._work.learner.live_table()
    assert live.targets[live.row_of[b]].tolist() == [True, False, False], "past our API, too"


def test_where_there_is_nothing_to_measure_no_figure_is_given(home, folder):
    import workbench as wb

    bench = wb.open(
        "none there", images=folder, task="multilabel", classes=CLASSES, test_fraction=0.5
    )
    test, pool = images(bench, "test"), images(bench, "pool")
    label(bench, [(i, []) for i, _ in test + pool[1:]] + [(pool[0][0], ["0"])])
    evaluation = bench.evaluate()
    assert not evaluation.provisional
    assert np.isnan(evaluation.headline.value)
    with pytest.raises(
        NotEnoughLabelsError, match="have none of the classes, and none is predicted"
    ):
        bench._work.learner.figure(bench._work.learner.fit())
    assert bench.pick(5).empty, "all are labelled, and that alone is why"
    wb.delete("none there")


def desk_of(bench, **options):
    widget = bench.label(**options)
    return widget._desk


def test_the_page_labels_by_lists_and_accepts_what_is_suggested(bench):
    pool = images(bench, "pool")
    label(bench, pool[:40])
    bench.queue.add([Pick(i, n, 0.5, "margin", "why") for n, (i, _) in enumerate(pool[40:46])])
    desk = desk_of(bench)
    page = Page(bench._work.desks.feedback)
    state = desk.state()
    assert (state["task"], state["measure"]) == ("multilabel", "micro F1")
    (first, truth), (second, _), (third, _) = pool[40:43]
    ack = desk.apply({"id": "op-1", "kind": "label", "sample": first, "label": truth})
    assert ack["ok"]
    assert ack["item"]["label"] == truth
    news = page.wait(lambda news: second in news.get("suggestions", {}))
    page.stop()
    suggested = news["suggestions"][second]
    assert isinstance(suggested["label"], list)
    assert all(suggested["scores"][name] >= 0.5 for name in suggested["label"])
    accepted = {
        "id": "op-2",
        "kind": "label",
        "sample": second,
        "label": suggested["label"],
        "suggestion": suggested["label"],
        "model": suggested["model"],
        "accepted": True,
    }
    assert desk.apply(accepted)["ok"]
    event = bench.labels.events.get("op-2")
    assert event.source is Source.ACCEPTED
    assert event.after == event.suggestion == suggested["label"]
    ack = desk.apply({"id": "op-3", "kind": "labels", "samples": [third], "label": ["2", "0"]})
    assert ack == {"id": "op-3", "ok": True, "left": []}
    assert bench.queue.item(third).label == ("0", "2")
    wrong = desk.apply({"id": "op-4", "kind": "label", "sample": third, "label": ["0", "cow"]})
    assert (wrong["ok"], wrong["final"]) == (False, True)
    assert "unknown class 'cow'" in wrong["error"]
    desk.apply({"id": "op-5", "kind": "undo"})
    assert bench.queue.item(third).label is None
    assert desk.state()["counts"] == bench.labels.counts()


def test_groups_of_the_grid_are_sets_of_classes(bench):
    label(bench, images(bench, "pool")[:50])
    groups, ids = desk_of(bench, count=1).arrange("prediction", None, lambda *_: None)
    left = len(bench._work.learner.table().open_pool)
    assert sum(group["count"] for group in groups) == left == len(ids) // 12
    names = {name for group in groups for name in group["name"].split(" + ")}
    assert names <= {*CLASSES, "none of the classes", "sets of few images"}


def test_a_class_too_many_or_too_few_is_doubted_and_settled(bench):
    pool = images(bench, "pool")
    label(bench, pool)
    rng = np.random.default_rng(0)
    spoiled = [pool[row] for row in rng.choice(len(pool), 4, replace=False)]
    for sample_id, truth in spoiled:
        bench.labels.commit(sample_id, sorted({*truth} ^ {CLASSES[rng.integers(3)]}))
    doubts = find_doubts(bench._work.learner)
    frame = bench.suspects()
    assert frame["score"].is_monotonic_decreasing
    places = [frame.index.get_loc(sample_id) for sample_id, _ in spoiled]
    assert np.mean(places) < len(frame) / 3, "well before the middle, where chance would put them"
    worklist = Review(doubts, bench.queue, 3)
    item = worklist.items()[0]
    evidence = worklist.extras(item)
    assert evidence["suggestion"]["label"] == frame["suggested"].iloc[0]
    assert all(isinstance(each["label"], list) for each in evidence["neighbours"])
    bench.labels.commit(item.sample_id, evidence["suggestion"]["label"], source=Source.REVIEWED)
    assert item.sample_id not in [each.sample_id for each in worklist.items()]
    sent = SentReview(doubts, bench.queue)
    other = worklist.items()[0]
    bench.labels.many.send_to_review([other.sample_id])
    (in_review,) = sent.items()
    assert sent.extras(in_review)["reason"] == evidence_of(doubts, other.sample_id)


def evidence_of(doubts, sample_id):
    return doubts.to_pandas().loc[sample_id, "reason"]


def test_saliency_is_of_the_likeliest_class_alone(bench):
    label(bench, images(bench, "pool")[:40])
    bench.evaluate()
    sample_id = images(bench, "pool")[41][0]
    name, heat = bench._work.learner.saliency(sample_id, (32, 32))
    assert name in CLASSES
    assert heat.shape == (32, 32)
    assert 0 <= heat.min() < heat.max() <= 1


def test_predictions_for_other_images_are_lists(bench, folder):
    label(bench, images(bench, "pool")[:40])
    (folder / "broken.png").write_bytes(b"no image")
    predicted = bench.predict(folder)
    (folder / "broken.png").unlink()
    assert predicted["problem"].astype(bool).sum() == 1
    assert sum(isinstance(each, list) for each in predicted["label"]) == len(predicted) - 1
