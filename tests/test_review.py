"""Reviewing likely label errors: real digits, some of them labelled wrongly on purpose."""

import numpy as np
import pytest

from tests.dataset.pictures import sort_digits
from workbench.dataset.types import Split
from workbench.errors import NotEnoughLabelsError
from workbench.labels.events import Source
from workbench.labels.store import LabelStore
from workbench.review import Review, find_doubts

CLASSES = ["0", "1", "2"]
WRONG = 4


@pytest.fixture
def bench(home, tmp_path, request):
    """Twenty of each of three digits, all labelled, four of the pool wrongly."""
    import workbench as wb

    sort_digits(tmp_path, home, CLASSES, 20)
    name = f"review-{request.node.name[:30]}"
    bench = wb.open(name, images=tmp_path, classes=CLASSES, labels="folders")
    for sample_id in pool(bench)[::11][:WRONG]:
        truth = bench.dataset[sample_id].ground_truth.label
        bench.labels.commit(sample_id, CLASSES[(CLASSES.index(truth) + 1) % 3])
    yield bench
    wb.delete(name)


def pool(bench):
    return bench.dataset.match({"split": "pool"}).values("id")


def wrong(bench):
    found = zip(*bench.dataset.values(["id", "filepath", "ground_truth.label"]), strict=True)
    return {i for i, path, label in found if path.split("/")[-2] != label}


@pytest.fixture
def doubts(bench):
    return find_doubts(bench._work.learner)


def review(bench, doubts, count=None):
    return Review(doubts, bench.queue, count)


def ids(worklist):
    return [item.sample_id for item in worklist.items()]


def test_every_label_of_the_pool_is_judged_and_no_test_image_is(bench, doubts):
    assert sorted(doubts.ids) == sorted(pool(bench))
    frame = doubts.to_pandas()
    assert set(frame.index) == set(doubts.ids)
    assert frame["score"].is_monotonic_decreasing
    assert all(item.split is Split.POOL for item in review(bench, doubts, len(doubts.ids)).items())


def test_labels_that_are_wrong_come_first_with_what_speaks_against_them(bench, doubts):
    first = ids(review(bench, doubts, 2 * WRONG))
    assert len(wrong(bench) & set(first)) >= WRONG - 1
    worklist = review(bench, doubts, WRONG)
    (item, *_) = worklist.items()
    extras = worklist.extras(item)
    assert item.label in extras["reason"]
    assert extras["suggestion"]["label"] != item.label
    assert extras["suggestion"]["model"].endswith(f"@{len(doubts.ids)}, out of fold")
    near = extras["neighbours"]
    assert [each["similarity"] for each in near] == sorted(
        (each["similarity"] for each in near), reverse=True
    )
    assert {each["id"] for each in near} <= set(doubts.ids) - {item.sample_id}
    test_image = next(i for i in bench.dataset.values("id") if i not in doubts.ids)
    assert worklist.extras(bench.queue.item(test_image)) == {}


def test_without_a_count_those_that_are_likely_wrong_are_on_it(bench, doubts):
    likely = int(np.sum(doubts.suspects.likely))
    assert len(review(bench, doubts)) == likely > 0
    assert len(review(bench, doubts, 7)) == 7
    assert len(review(bench, doubts, 0)) == 0
    assert len(review(bench, doubts, 1_000)) == len(doubts.ids)


def test_what_is_settled_does_not_come_back_and_what_is_undone_does(bench, doubts):
    worklist = review(bench, doubts, 5)
    first, second, *rest = ids(worklist)
    kept = bench.queue.item(first).label
    bench.labels.commit(first, kept, source=worklist.source(first, accepted=False))
    source = worklist.source(second, accepted=True)
    event = bench.labels.commit(second, "0", source=source).event
    assert not worklist.holds(event)
    assert ids(worklist) == rest
    assert len(worklist) == 3
    assert not {first, second} & set(ids(review(bench, doubts, 1_000))), "nor on a later list"
    undone = bench.labels.undo()
    assert worklist.holds(undone.event)
    assert ids(worklist) == [second, *rest], "at its old place"
    bench.labels.undo()
    assert ids(worklist) == [first, second, *rest]
    assert bench.queue.item(first).label == kept


def test_what_another_kernel_has_settled_is_settled_here(bench, doubts):
    from workbench.dataset.connection import connect

    worklist = review(bench, doubts, 5)
    first, *rest = ids(worklist)
    other = LabelStore(connect(), bench.dataset, "somebody else")
    other.commit(first, "1", source=Source.REVIEWED)
    assert ids(worklist) == rest


def test_an_image_that_lost_its_label_or_is_gone_is_not_asked_about(bench, doubts):
    worklist = review(bench, doubts, 5)
    first, second, *rest = ids(worklist)
    bench.dataset.delete_samples([first])
    sample = bench.dataset[second]
    sample["ground_truth"] = None
    sample.save()
    assert ids(worklist) == rest


def test_too_few_labels_to_doubt_any_are_said(home, bench, tmp_path):
    import workbench as wb

    fresh = wb.open("review-fresh", images=tmp_path / "0", classes=CLASSES)
    with pytest.raises(NotEnoughLabelsError, match="at least 2 classes"):
        find_doubts(fresh._work.learner)
    wb.delete("review-fresh")
