"""The simulated person of `benchmarks.grid` does what its actions can do, and all of them count."""

import numpy as np
import pytest

from benchmarks._grid_person import Hand, fewest_actions, plain, work_on


@pytest.mark.parametrize("tactic", [fewest_actions, plain])
@pytest.mark.parametrize(
    "page, actions",
    [
        ("aaaaaaaa", {"page": 1, "drag": 1, "key": 1}),
        ("aaaabaaa", {"page": 1, "drag": 1, "key": 2, "click": 1}),
        ("aaaabbaa", {"page": 1, "drag": 2, "key": 2}),
        ("aaaabaaacccbccc", {"page": 1, "drag": 2, "key": 3, "click": 2}),
    ],
)
def test_the_person_at_the_grid_labels_all_of_it_and_every_action_counts(tactic, page, actions):
    truth = np.array(["abc".index(each) for each in page])
    shown = np.random.default_rng(0).permutation(len(page))
    truth[shown] = truth.copy()
    hand = Hand(len(page))
    work_on(hand, shown, truth, tactic, finish=True)
    assert hand.labels.tolist() == truth.tolist()
    assert dict(hand.actions) == actions


@pytest.mark.parametrize("tactic", [fewest_actions, plain])
def test_the_person_leaves_what_is_mixed_and_labels_the_rest_right(tactic):
    truth = np.array([*[0] * 20, 1, 2, 3, 4, 3, 2, *[1] * 20])
    hand = Hand(len(truth))
    work_on(hand, np.arange(len(truth)), truth, tactic, finish=False)
    assert hand.labels.tolist() == [*[0] * 20, *[-1] * 6, *[1] * 20]
    assert dict(hand.actions) == {"page": 1, "drag": 2, "key": 2}
