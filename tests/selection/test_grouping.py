"""Orders of the grid: every row once, look-alikes together, the odd and the unsure ones last."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.selection.pools import unit
from workbench.selection import grouping as module
from workbench.selection.grouping import by_cluster, by_likeness, by_prediction


def rng(seed=0):
    return np.random.default_rng(seed)


def blobs(n, classes=5, dim=16, noise=0.15, seed=0):
    """Unit vectors around orthogonal centres, and the centre of each."""
    draw = rng(seed)
    targets = draw.integers(classes, size=n)
    centres = np.eye(classes, dim)
    return unit(centres[targets] + draw.normal(0, noise, (n, dim))), targets


def probabilities_of(n, k, seed=0):
    raw = rng(seed).random((n, k)).astype(np.float32) ** 4 + 1e-3
    return raw / raw.sum(axis=1, keepdims=True)


def assert_covers(grouping, rows):
    assert grouping.order.dtype == np.int64
    assert sorted(grouping.order.tolist()) == sorted(rows)
    assert len(grouping.names) == len(grouping.starts) == len(grouping.groups())
    assert all(len(group) for group in grouping.groups())
    assert np.concatenate([*grouping.groups(), []]).tolist() == grouping.order.tolist()


def changes(targets):
    return int((np.diff(targets) != 0).sum())


@given(st.integers(0, 90), st.integers(1, 40), st.integers(0, 1_000))
@settings(max_examples=60, deadline=None)
def test_clusters_hold_every_row_once_and_no_group_is_too_large(n, size, seed):
    features, _ = blobs(n, seed=seed)
    found = by_cluster(features, rng=rng(), size=size)
    assert_covers(found, range(n))
    assert all(len(group) <= size for group in found.groups())
    assert len(set(found.names)) == len(found.names)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_images_are_no_trouble(n):
    features, _ = blobs(n)
    assert_covers(by_cluster(features, rng=rng()), range(n))
    assert_covers(by_prediction(probabilities_of(n, 3), "abc"), range(n))
    assert_covers(by_prediction(probabilities_of(n, 3), "abc", features=features), range(n))
    if n:
        assert_covers(by_likeness(features, n - 1), range(n))


def test_groups_are_of_one_kind_and_similar_groups_are_neighbours():
    features, targets = blobs(400)
    found = by_cluster(features, rng=rng(), size=30)
    mixed = [group for group in found.groups() if len(set(targets[group].tolist())) > 1]
    assert len(mixed) <= len(found.starts) / 5
    assert changes(targets[found.order]) <= 8, "each of the five kinds lies in one place, or two"
    assert len(found.starts) < 2.5 * 400 / 30, "small branches are joined"


def test_groups_follow_each_other_along_a_line_of_images():
    angles = rng().permutation(np.linspace(0, np.pi, 300))
    features = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    groups = by_cluster(features, rng=rng(), size=12).groups()
    means = np.array([angles[group].mean() for group in groups])
    assert np.abs(np.diff(means)).max() < 0.3, "no jump to another part of the line"


def test_images_that_are_like_no_other_share_groups():
    lone = np.eye(25, 40) + 0.02 * np.arange(25)[:, None]  # each a little nearer to the rest
    found = by_cluster(unit(lone), rng=rng(), size=10)
    assert_covers(found, range(25))
    assert len(found.starts) <= 5


def test_kinds_that_resemble_each_other_lie_beside_each_other():
    centres = np.zeros((4, 8))
    centres[[0, 2], 0] = centres[[1, 3], 1] = 1  # 0 is like 2, and 1 is like 3
    centres[2:, 2] = 0.6
    targets = np.repeat(np.arange(4), 30)
    features = unit(centres[targets] + rng().normal(0, 0.05, (120, 8)))
    found = by_cluster(features, rng=rng(), size=30)
    kinds = list(dict.fromkeys(targets[found.order].tolist()))
    assert {frozenset(kinds[:2]), frozenset(kinds[2:])} == {frozenset({0, 2}), frozenset({1, 3})}


@pytest.mark.parametrize("seed", range(5))
def test_the_typical_come_first_and_the_odd_ones_last(seed):
    centre = np.eye(1, 16)
    features = unit(np.repeat(centre, 25, axis=0) + rng(seed).normal(0, 0.05, (25, 16)))
    odd = [3, 11, 17]
    # Their own directions, too far from anything to be neighbours of each other.
    features[odd] = unit(np.repeat(centre, 3, axis=0) + 1.5 * np.eye(16)[[4, 7, 9]])
    order = by_cluster(features, rng=rng(), size=25).order
    assert set(order[-3:].tolist()) == set(odd)


@pytest.mark.parametrize("copies", [2, 5, 12])
def test_duplicates_lie_side_by_side(copies):
    features, _ = blobs(60, classes=3)
    features = np.concatenate([features, np.repeat(features[7:8], copies - 1, axis=0)])
    same = {7, *range(60, 59 + copies)}
    order = by_cluster(features, rng=rng(), size=80).order.tolist()
    first = min(order.index(row) for row in same)
    assert set(order[first : first + copies]) == same
    likeness = by_likeness(features, 7).order
    assert set(likeness[:copies].tolist()) == same


def test_equal_images_are_parted_by_size_alone():
    features = np.ones((70, 4), np.float32) / 2
    found = by_cluster(features, rng=rng(), size=30)
    assert_covers(found, range(70))
    assert max(len(group) for group in found.groups()) <= 30
    assert_covers(by_cluster(np.zeros((9, 4), np.float32), rng=rng()), range(9))


def test_images_that_are_not_shown_tell_where_the_kinds_lie():
    features, targets = blobs(1_200, classes=4, dim=12, noise=0.42, seed=3)
    shown = np.sort(rng(1).choice(1_200, 120, replace=False))
    found = by_cluster(features, rng=rng(), shown=shown)
    assert_covers(found, shown.tolist())
    alone = by_cluster(features[shown], rng=rng())
    assert changes(targets[found.order]) < changes(targets[shown][alone.order])


def test_nothing_shown_is_an_empty_grid():
    assert_covers(by_cluster(blobs(20)[0], rng=rng(), shown=np.empty(0, np.int64)), [])


def test_many_rows_are_parted_first_and_kinds_still_lie_together(monkeypatch):
    monkeypatch.setattr(module, "PIECE", 60)
    monkeypatch.setattr(module, "WHOLE", 120)
    features, targets = blobs(1_000)
    pieces = module._pieces(features, rng())
    assert len(pieces) > 5
    assert max(len(piece) for piece in pieces) <= 120
    found = by_cluster(features, rng=rng(), size=25)
    assert_covers(found, range(1_000))
    mixed = [group for group in found.groups() if len(set(targets[group].tolist())) > 1]
    assert len(mixed) < 0.1 * len(found.starts)
    assert changes(targets[found.order]) < 40


def test_many_equal_rows_are_parted_too(monkeypatch):
    monkeypatch.setattr(module, "PIECE", 10)
    monkeypatch.setattr(module, "WHOLE", 20)
    features = np.ones((100, 4), np.float32) / 2
    pieces = module._pieces(features, rng())
    assert sorted(np.concatenate(pieces).tolist()) == list(range(100))
    assert max(len(piece) for piece in pieces) <= 20


def test_a_group_a_predicted_class_the_surest_first():
    probabilities = probabilities_of(80, 4)
    probabilities[probabilities.argmax(axis=1) == 2] = [0.6, 0.2, 0.1, 0.1]  # nothing predicts "c"
    found = by_prediction(probabilities, "abcd")
    assert_covers(found, range(80))
    assert found.names == ["a", "b", "d"]
    for name, group in zip(found.names, found.groups(), strict=True):
        assert (probabilities[group].argmax(axis=1) == "abcd".index(name)).all()
        assert (np.diff(probabilities[group].max(axis=1)) <= 0).all()


def test_one_class_is_one_group():
    found = by_prediction(np.ones((7, 1), np.float32), ["only"], features=blobs(7)[0])
    assert_covers(found, range(7))
    assert (found.names, found.starts.tolist()) == (["only"], [0])


def test_what_the_model_got_wrong_lies_together():
    features, kinds = blobs(200, classes=4)
    # "a" is predicted for all: rightly for kind 0, unsurely for two others.
    probabilities = np.tile(np.array([0.95, 0.05], np.float32), (200, 1))
    sureness = rng().uniform(0.5, 0.7, 200).astype(np.float32)
    probabilities[kinds > 0] = np.stack([sureness, 1 - sureness], axis=1)[kinds > 0]
    alike = by_prediction(probabilities, "ab", features=features)
    assert_covers(alike, range(200))
    assert kinds[alike.order[: (kinds == 0).sum()]].tolist() == [0] * (kinds == 0).sum()
    assert changes(kinds[alike.order]) == 3
    assert changes(kinds[by_prediction(probabilities, "ab").order]) > 50


def test_large_groups_are_ordered_in_pieces_the_surest_first(monkeypatch):
    monkeypatch.setattr(module, "WHOLE", 20)
    features, _ = blobs(100)
    sure = rng().uniform(0.5, 1, 100).astype(np.float32)
    found = by_prediction(np.stack([sure, 1 - sure], axis=1), "ab", features=features)
    assert_covers(found, range(100))
    pieces = sure[found.order].reshape(5, 20)
    assert (pieces[:-1].min(axis=1) >= pieces[1:].max(axis=1)).all()


def test_likeness_falls_from_the_one_asked_for():
    features, _ = blobs(50)
    found = by_likeness(features, 13)
    assert_covers(found, range(50))
    assert found.order[0] == 13
    assert (np.diff((features @ features[13])[found.order]) <= 1e-6).all()


def test_a_zero_vector_too_comes_first_for_itself():
    features, _ = blobs(10)
    features[4] = 0
    assert by_likeness(features, 4).order[0] == 4


BAD = np.array([[1, np.nan]], np.float32)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: by_cluster(BAD, rng=rng()), ValueError, "features must be a finite"),
        (lambda: by_cluster(np.ones(3), rng=rng()), ValueError, r"but got \(3,\)"),
        (lambda: by_cluster(np.eye(3), rng=rng(), size=0), ValueError, "size must be at least 1"),
        (lambda: by_prediction(BAD, "ab"), ValueError, "probabilities must be a finite"),
        (lambda: by_prediction(np.eye(3), "ab"), ValueError, r"must be \(n, 2\).*got \(3, 3\)"),
        (
            lambda: by_prediction(np.eye(2), "ab", features=np.eye(3)),
            ValueError,
            "features must have 2 rows",
        ),
        (lambda: by_likeness(np.eye(3), 3), IndexError, "row must be within 0 and 2, but got 3"),
        (lambda: by_likeness(np.eye(3), -1), IndexError, "row must be within 0 and 2"),
    ],
)
def test_what_cannot_be_grouped_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
