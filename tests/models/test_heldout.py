import numpy as np
import pytest

from workbench.errors import NotEnoughLabelsError
from workbench.models.heldout import hold_out


@pytest.mark.parametrize(
    ("counts", "share", "expected"),
    [
        ([50, 50], 0.2, [10, 10]),
        ([40, 8, 2], 0.25, [10, 2, 1]),
        ([97, 3], 0.2, [19, 1]),
        ([20, 2, 1], 0.2, [4, 1, 0]),  # a single label is for training
        ([5, 5], 0.01, [1, 1]),  # two at least, or there is nothing to judge by
        ([2, 2, 2, 2, 2], 0.9, [1, 1, 1, 1, 1]),  # each class keeps one to learn from
        ([0, 30, 0, 30], 0.5, [0, 15, 0, 15]),
    ],
)
def test_each_class_gives_its_share(counts, share, expected):
    targets = np.repeat(np.arange(len(counts)), counts)
    train, held = hold_out(targets, share, seed=3)
    assert sorted([*train, *held]) == list(range(len(targets)))
    assert np.bincount(targets[held], minlength=len(counts)).tolist() == expected


def test_the_seed_decides():
    targets = np.arange(100) % 4
    assert np.array_equal(hold_out(targets, 0.2, 1)[1], hold_out(targets, 0.2, 1)[1])
    assert not np.array_equal(hold_out(targets, 0.2, 1)[1], hold_out(targets, 0.2, 2)[1])


@pytest.mark.parametrize("targets", [[], [0] * 20, [0, 1] * 4, [*range(10)], [0] * 15 + [1]])
def test_too_few_labels(targets):
    with pytest.raises(NotEnoughLabelsError, match="at least 10 labels and 2 classes"):
        hold_out(np.array(targets, dtype=np.int64), 0.2, 0)


@pytest.mark.parametrize("share", [0, 1, -0.1, 20])
def test_impossible_shares(share):
    with pytest.raises(ValueError, match="between 0 and 1"):
        hold_out(np.arange(20) % 2, share, 0)
