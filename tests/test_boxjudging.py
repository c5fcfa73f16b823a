"""A detector's boxes beside those in a dataset: figures, errors, suspects, picks."""

import shutil
import uuid

import numpy as np
import pytest

from tests.boxfinder import box, finder
from workbench.boxjudging import BoxJudge
from workbench.boxmistakes import COLUMNS
from workbench.dataset.detections import read_boxes
from workbench.dataset.predictions import write_predicted_boxes
from workbench.errors import NotEnoughLabelsError
from workbench.evaluation.intervals import Estimate
from workbench.picking import Picking
from workbench.wrongplaces import Found, WrongPlaces


@pytest.fixture
def bench(home, tmp_path):
    import workbench as wb

    folder = tmp_path / "photos"
    folder.mkdir()
    for path in sorted(wb.digits(home).glob("*/*.png"))[:60]:
        shutil.copy(path, folder)
    name = f"judged-{uuid.uuid4().hex[:8]}"
    yield wb.open(name, images=folder, task="detection", classes=["one", "two"], annotator="ann")
    wb.delete(name)


def labelled(bench, count=12):
    """Pool images with a box each."""
    table = bench._work.table()
    ids = [table.ids[row] for row in table.unlabelled_pool[:count]]
    for sample_id in ids:
        bench.labels.commit(sample_id, [box()])
    return ids


def test_figures_errors_and_suspects_are_of_images_that_the_detector_has_not_learned_from(bench):
    ids = labelled(bench)
    found = {each: (box(confidence=0.9),) for each in ids}
    found[ids[1]] = ()
    found[ids[2]] = (box("two", confidence=0.95),)
    found[ids[3]] = (box(confidence=0.9), box(x=0.6, confidence=0.95))
    table = bench._work.table()
    learned = [table.hashes[table.row_of[ids[0]]]]
    judge = BoxJudge(bench.dataset, finder(found, learned), bench.labels)

    measured = judge.evaluate(table)
    assert measured.provisional
    assert sorted(measured.cases.ids) == sorted(ids[1:])
    rows = measured.to_pandas()
    assert rows.loc[ids[1]].tolist() == [1, 0, 1, 0, False]
    assert rows.loc[ids[4], "right"]

    kinds = judge.errors(table)
    errors = WrongPlaces(kinds, {}, Found("run", "boxes", COLUMNS), None).to_pandas()
    assert errors.loc[ids[1], "kind"] == "missed"
    assert errors.loc[ids[2], "kind"] == "confused"
    assert errors.loc[ids[3], ["kind", "box"]].tolist() == ["false alarm", ""]
    assert errors.loc[ids[3], "found"] == found[ids[3]][1].id
    assert len(errors) == 3
    (missed,) = judge.errors(table, "missed").values()
    assert [each.sample_id for each in missed.places] == [ids[1]]
    WrongPlaces(kinds, {}, Found("run", "boxes", COLUMNS), None).save_views(bench.dataset)
    assert bench.dataset.load_saved_view("Boxes: confused").values("id") == [ids[2]]
    with pytest.raises(ValueError, match="no kind of errors 'lost': there are missed"):
        judge.errors(table, "lost")

    doubts = judge.doubts(table)
    frame = doubts.to_pandas()
    assert set(frame.index) == {ids[2], ids[3]}
    assert frame.loc[ids[2], ["kind", "label"]].tolist() == ["wrong class", "one"]
    assert frame.loc[ids[3], "kind"] == "overlooked"
    assert doubts.suspects.likely == frame["likely"].sum()


def test_the_blind_test_is_an_evaluation_run_of_fiftyone_with_the_same_figures(bench, monkeypatch):
    monkeypatch.setattr("workbench.boxjudging.TEST_LABELS_NEEDED", 5)
    table = bench._work.table()
    ids = [table.ids[row] for row in table.unlabelled_test[:8]]
    assert len(ids) >= 5
    rng = np.random.default_rng(0)
    found = {}
    for place, sample_id in enumerate(ids):
        there = [box("two" if place % 3 else "one", x) for x in (0.1, 0.5)][: place % 4]
        bench.labels.commit(sample_id, there)
        seen = [
            box(each.label, each.x + rng.normal(0, 0.04), confidence=rng.random()) for each in there
        ]
        found[sample_id] = (*seen, box("one", 0.6, confidence=rng.random() / 2))
    found[ids[2]] = ()
    told = finder(found)
    told.write = lambda: write_predicted_boxes(
        bench._connection, bench.dataset, {**found}, "detector"
    )
    before = read_boxes(bench.dataset, ids)
    judge = BoxJudge(bench.dataset, told, bench.labels)
    measured = judge.evaluate(bench._work.table())
    assert not measured.provisional
    results = bench.dataset.load_evaluation_results("blind_test")
    assert results.mAP() == pytest.approx(measured.headline.value, abs=1e-6)
    assert read_boxes(bench.dataset, ids) == before, "marks are no attributes of a box"
    judge.evaluate(bench._work.table())
    assert bench.dataset.list_evaluations() == ["blind_test"]


def test_without_a_detector_or_an_unseen_label_it_says_what_to_do(bench):
    table = bench._work.table()
    with pytest.raises(NotEnoughLabelsError, match="no figure can be given yet: label images"):
        BoxJudge(bench.dataset, finder({}), bench.labels).evaluate(table)
    labelled(bench)
    with pytest.raises(NotEnoughLabelsError, match="there is no detector yet"):
        bench.evaluate()
    with pytest.raises(NotEnoughLabelsError, match="there is no detector yet"):
        bench.suspects()


def test_an_image_takes_what_those_before_it_took(bench):
    table = bench._work.table()
    ids = [table.ids[row] for row in table.unlabelled_pool[:12]]
    for place, sample_id in enumerate(ids):
        for x in (0.1, 0.6)[: 2 * (place % 2)]:
            bench.labels.draw(sample_id, [(None, box(x=x))], seconds=10)
        bench.labels.done(sample_id, seconds=10)
    assert bench.status()["seconds a label"] == 20, "of images of 10 and of 30"
    table = bench._work.table()
    found = {each: (box(confidence=0.5),) for each in table.ids}
    worth = BoxJudge(bench.dataset, finder(found), bench.labels).worth(table, table.unlabelled_pool)
    assert worth.seconds == pytest.approx(10 + 10 * 0.5)


def test_a_batch_goes_by_doubt_with_its_reasons_and_by_cover_before_a_detector(bench):
    labelled(bench)
    table = bench._work.table()
    free = table.unlabelled_pool
    unsure = {table.ids[row] for row in free[:10]}
    found = {each: (box(confidence=0.5 if each in unsure else 0.99),) for each in table.ids}
    judge = BoxJudge(bench.dataset, finder(found), bench.labels)
    queue, learner = bench._work._queue, bench._work.learner
    rng = np.random.default_rng(0)
    asked = [
        learner.pick(20, "random", rng, judge.worth, Estimate(0.5, 0.5 - width, 0.5 + width, 10))
        for width in (0.06, 0.02)  # 15 test images are needed, or 2 are enough
    ]
    mixed_in = [sum(table.is_test[table.row_of[e.sample_id]] for e in each) for each in asked]
    assert mixed_in == [5, 2], "one in five, while they are needed"
    picks = Picking(bench.dataset, queue, learner, judge.worth, judge.measure).pick(10, "margin")
    (kept,) = bench.rounds.to_dict("records")
    figure = judge.measure(table).headline
    assert (kept["measure"], kept["provisional"]) == ("mAP", True)
    assert [kept[each] for each in ("value", "low", "high")] == pytest.approx(
        [figure.value, figure.low, figure.high]
    )
    chosen = picks[picks["strategy"] == "margin"]
    assert set(chosen.index) <= unsure
    assert chosen["reason"].str.startswith("unsure of a box of 'one' (50 %); about").all()

    worth = judge.worth(table, free)
    assert np.isfinite(worth.worth).all()
    cold = bench.pick(5)
    assert (cold["strategy"] == "uherding").any(), "no detector yet: by cover, as for images"
