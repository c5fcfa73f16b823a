"""What an image is worth to a detector, by the time that it takes."""

import numpy as np
import pytest

from tests.evaluation.boxes import table
from workbench.selection.batch import pick_batch
from workbench.selection.boxes import PER_BOX, PER_IMAGE, TOP, annotation_seconds, box_worth
from workbench.selection.types import Query

BOX = (0, 0, 10, 10)
CLASSES = ["cat", "dog"]


def said(*rows):
    return table([(image, index, score, *BOX) for image, index, score in rows])


WELL = np.array([0.2, 0.2])  # difficulty of classes that are found well


def unit(n, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(n, 8)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_worth_is_the_weighted_doubt_of_a_second():
    boxes = said((0, 0, 0.5), (0, 1, 0.9), (2, 1, 0.25))
    found = box_worth(boxes, 3, CLASSES, np.array([0.2, 0.5]), per_image=2, per_box=5)
    assert found.expected.tolist() == pytest.approx([1.4, 0, 0.25])
    assert found.seconds.tolist() == pytest.approx([9, 2, 3.25])
    expected = [(1.2 * 1 + 1.5 * 0.2) / 9, 0, 1.5 * 0.5 / 3.25]
    assert found.worth.tolist() == pytest.approx(expected)
    assert found.reasons == (
        "unsure of a box of 'cat' (50 %); about 9 s to label",
        "nothing is found in it; about 2 s to label",
        "unsure of a box of 'dog' (25 %); about 3 s to label",
    )


def test_a_heap_of_hardly_believed_boxes_is_worth_less_than_few_in_real_doubt():
    many = [(0, 0, 0.08)] * 60
    few = [(1, 0, 0.5)] * 3
    found = box_worth(said(*many, *few), 2, CLASSES, WELL)
    assert found.worth[1] > found.worth[0]
    top = TOP * 1.2 * 0.16 / found.seconds[0]
    assert found.worth[0] == pytest.approx(top), "only the most doubtful ones count"
    assert found.reasons[1].startswith("unsure of 3 boxes, such as 'cat' (50 %)")
    assert found.reasons[0].startswith("0 boxes found, none in doubt")


def test_while_a_class_is_hardly_found_what_is_found_of_it_is_worth_a_label_not_its_doubt():
    sure, unsure = [(0, 0, 0.9)] * 3, [(1, 0, 0.5)] * 3
    found = box_worth(said(*sure, *unsure), 2, CLASSES, per_image=3, per_box=7)
    assert found.worth.tolist() == pytest.approx([2 * 2.7 / (3 + 7 * 2.7), 2 * 1.5 / (3 + 7 * 1.5)])
    assert found.worth[0] > found.worth[1]
    assert found.reasons[0].startswith("likely 3 boxes, such as of 'cat', of which")
    later = box_worth(said(*sure, *unsure), 2, CLASSES, WELL)
    assert later.worth[1] > later.worth[0]


def test_how_well_classes_are_found_is_judged_together():
    boxes = said((0, 0, 0.9), (0, 1, 0.5), (1, 1, 0.5))
    found = box_worth(boxes, 2, CLASSES, np.array([0.7, 0.2]), per_image=1, per_box=0)
    assert found.worth.tolist() == pytest.approx([1.7 * 0.2 + 1.2, 1.2])
    found = box_worth(boxes, 2, CLASSES, np.array([np.nan, 0.2]), per_image=1, per_box=0)
    assert found.worth.tolist() == pytest.approx([2 * 0.9 + 1.2 * 0.5, 1.2 * 0.5])


def test_seconds_are_measured_without_pauses():
    rng = np.random.default_rng(0)
    boxes = rng.integers(0, 8, 200)
    seconds = 2.5 + 4.0 * boxes + rng.normal(0, 0.3, 200)
    seconds[:5] = 3600
    seconds[5:8] = np.nan
    per_image, per_box = annotation_seconds(seconds, boxes)
    assert (per_image, per_box) == (pytest.approx(2.5, abs=0.2), pytest.approx(4, abs=0.1))
    assert annotation_seconds(seconds[:9], boxes[:9]) == (PER_IMAGE, PER_BOX)
    alike = annotation_seconds(np.full(20, 8.0), np.full(20, 2))
    assert alike[0] + 2 * alike[1] == pytest.approx(8, abs=0.9)
    assert alike[0] > 0


def batch(worth, count, strategy="uherding", features=None, **options):
    n = len(worth.worth)
    features = unit(n) if features is None else features
    query = Query(features, None, features[:0], count, worth=worth.worth)
    ids = [f"s{row}" for row in range(n)]
    return pick_batch(query, strategy, ids, CLASSES, reasons=worth.reasons, **options)


def test_a_batch_has_a_random_tenth_and_what_is_worth_most_each_with_its_reason():
    rows = [(image, 0, 0.5 if image % 4 == 0 else 0.99) for image in range(200)]
    worth = box_worth(said(*rows), 200, CLASSES, WELL)
    picks = batch(worth, 20)
    control = [pick for pick in picks if pick.strategy == "random"]
    assert len(control) == 2
    chosen = [pick for pick in picks if pick.strategy == "uherding"]
    assert np.mean([int(pick.sample_id[1:]) % 4 == 0 for pick in chosen]) > 0.8
    for pick in chosen:
        assert pick.reason.startswith(worth.reasons[int(pick.sample_id[1:])])
    by_worth = [p for p in batch(worth, 20, "margin") if p.strategy == "margin"]
    assert all(int(pick.sample_id[1:]) % 4 == 0 for pick in by_worth)


def test_look_alikes_are_not_picked_side_by_side():
    """Twenty copies of the image that is worth most, and twenty others."""
    features = unit(40)
    features[:20] = features[0]
    rows = [(image, 0, 0.5 if image < 20 else 0.3) for image in range(40)]
    worth = box_worth(said(*rows), 40, CLASSES, WELL)
    copies = [
        int(p.sample_id[1:]) < 20 for p in batch(worth, 10, features=features, random_share=0)
    ]
    assert sum(copies) <= 2
    by_worth = batch(worth, 10, "margin", features=features, random_share=0)
    assert all(int(pick.sample_id[1:]) < 20 for pick in by_worth)


@pytest.mark.parametrize(
    "boxes",
    [said(), said(*[(k, 0, 1.0) for k in range(30)]), said(*[(k, 0, 0.5) for k in range(30)])],
    ids=["nothing predicted", "sure of everything", "all alike"],
)
@pytest.mark.parametrize("strategy", ["uherding", "margin", "random"])
def test_where_nothing_is_to_choose_by_a_batch_is_picked_all_the_same(boxes, strategy):
    worth = box_worth(boxes, 30, ["cat"])
    assert np.isfinite(worth.worth).all()
    picks = batch(worth, 12, strategy)
    assert len({pick.sample_id for pick in picks}) == 12
    assert all(pick.reason for pick in picks)
    assert [pick.rank for pick in picks] == list(range(12))


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="must take time"):
        box_worth(said(), 1, CLASSES, per_image=0)
    with pytest.raises(ValueError, match=r"difficulty must be \(2,\)"):
        box_worth(said(), 1, CLASSES, np.ones(3))
    with pytest.raises(ValueError, match=r"worth must be \(4,\)"):
        Query(unit(4), None, unit(1), 2, worth=np.array([1, -1, 0, 0], dtype=np.float32))
