"""From a strategy's choice to a batch: the random tenth, the order, the reasons."""

import math
from collections.abc import Sequence

import numpy as np

from workbench.dataset.types import Pick
from workbench.selection.mixing import as_control, mix_in
from workbench.selection.strategies import BY_DOUBT, STRATEGIES, OwnStrategy, find_strategy
from workbench.selection.types import Array, Ints, Query

RANDOM_SHARE = 0.1
FAR = 0.9  # distance to the nearest labelled image, as a quantile of the pool's, called "unlike"
SURE = 50  # percentage points of margin between the best answer and the next
TOLD = 2  # classes in doubt that a reason names


_STANDS = {  # what a pick is for of which a model is sure, or says nothing
    "uherding": "stands for others like it",
    "maxherding": "stands for others like it",
    "typiclust": "typical of images that few labels are for",
    "kcenter": "far from everything labelled",
    "badge": "would change the model in a way of its own",
}


def pick_batch(
    query: Query,
    strategy: str | OwnStrategy,
    ids: Sequence[str],
    classes: Sequence[str],
    random_share: float = RANDOM_SHARE,
    reasons: Sequence[str] | None = None,
) -> list[Pick]:
    """Choose a batch: a random tenth first, the rest by the strategy, interleaved.

    The random part is drawn before the strategy chooses, uniformly from all candidates, so that
    its inclusion probability is known and the same for each.

    Args:
        query: what to pick from; `query.count` picks are made, or as many as there are.
        strategy: name of the strategy, or a function of the user's own.
        ids: (n,) sample ids of the candidates.
        classes: the full class list, for the reasons.
        random_share: share of the batch that is picked at random, rounded up.
        reasons: (n,) what speaks for each candidate, in words; by default what its probabilities
            say.

    Returns:
        The picks, ranked in the order in which they should be labelled.

    Raises:
        ValueError: the strategy is unknown, or `random_share` is not within 0 to 1.
        StrategyError: the user's own failed, or picked what cannot be picked.
    """
    if not 0 <= random_share <= 1:
        raise ValueError(f"random_share must be within 0 and 1, but got {random_share}")
    found = find_strategy(strategy)
    if found.name in BY_DOUBT and query.probabilities is None and query.worth is None:
        found = find_strategy("random")  # which it falls back to: so the picks have to be marked so
    name, is_random = found.name, found.choose is STRATEGIES["random"]
    n = len(query.candidates)
    count = min(query.count, n)
    control = 0 if is_random else min(count, math.ceil(random_share * count))
    drawn = query.rng.choice(n, control, replace=False)
    control_arm = as_control([ids[row] for row in drawn])
    if control == count:
        return control_arm
    left = np.setdiff1d(np.arange(n), drawn)
    # What the control arm takes counts as covered: the strategy should not pick it twice.
    rest = Query(
        query.candidates[left],
        None if query.probabilities is None else query.probabilities[left],
        np.concatenate([query.anchors(), query.points(drawn)]),
        count - control,
        query.rng,
        query.exclusive,
        None if query.worth is None else query.worth[left],
    )
    picked = found.choose(rest)
    if is_random:
        return as_control([ids[left[index]] for index in picked.indices])
    far = _is_far(rest, picked.indices)
    chosen = [
        Pick(
            ids[left[index]],
            rank,
            float(score),
            name,
            _reason(rest, index, is_far, classes, name)
            if reasons is None
            else _with_far(reasons[left[index]], is_far),
        )
        for rank, (index, score, is_far) in enumerate(
            zip(picked.indices, picked.scores, far, strict=True)
        )
    ]
    # Anywhere in the batch, so that nobody can tell the control arm by its place.
    return mix_in(chosen, control_arm, query.rng)


def _is_far(query: Query, rows: Ints) -> list[bool]:
    """Whether each row lies farther from every labelled image than nine tenths of the pool do."""
    if len(query.labelled) == 0:
        return [False] * len(rows)
    n, labelled = len(query.candidates), query.anchors()
    sample = query.points(np.arange(0, n, max(1, n // 500)))
    threshold = float(np.quantile(_nearest(sample, labelled), FAR))
    return [bool(d > threshold) for d in _nearest(query.points(rows), labelled)]


def _nearest(points: Array, others: Array) -> Array:
    """Distance of each unit vector to the nearest of `others`."""
    nearest: Array = np.sqrt(np.maximum(2 - 2 * (points @ others.T).max(axis=1), 0))
    return nearest


def _reason(query: Query, row: int, far: bool, classes: Sequence[str], strategy: str) -> str:
    stands = _STANDS.get(strategy)
    if query.probabilities is None:
        if strategy not in STRATEGIES:
            return f"picked by {strategy}"
        if stands and strategy in ("kcenter", "typiclust"):
            return stands
        return "stands for many images that nothing labelled resembles yet"
    say = _one_of if query.exclusive else _any_of
    text, sure = say(100 * query.probabilities[row], classes)
    if sure and stands:
        text += f", and {stands}"
    return _with_far(text, far)


def _with_far(text: str, far: bool) -> str:
    return f"{text}; unlike anything labelled yet" if far else text


def _one_of(percent: Array, classes: Sequence[str]) -> tuple[str, bool]:
    """What a model says where one class is there, and whether it is sure of it."""
    ranked = np.argsort(percent)[::-1]
    best = classes[ranked[0]]
    if len(ranked) > 1 and percent[ranked[0]] - percent[ranked[1]] < SURE:
        odds = f"{percent[ranked[0]]:.0f} : {percent[ranked[1]]:.0f}"
        return f"unsure between {best} and {classes[ranked[1]]} ({odds})", False
    return f"probably {best} ({percent[ranked[0]]:.0f} %)", True


def _any_of(percent: Array, classes: Sequence[str]) -> tuple[str, bool]:
    """What a model says where any number of classes may be there, and whether it is sure of it."""
    unsure = [place for place in np.argsort(np.abs(percent - 50)) if _is_unsure(percent[place])]
    told = [f"'{classes[place]}' ({percent[place]:.0f} %)" for place in unsure[:TOLD]]
    if len(unsure) == 1:
        return f"unsure whether '{classes[unsure[0]]}' is there ({percent[unsure[0]]:.0f} %)", False
    if unsure:
        more = f", and of {len(unsure) - TOLD} more" if len(unsure) > TOLD else ""
        return f"unsure whether {' and '.join(told)} are there{more}", False
    there = [place for place in np.argsort(-percent) if percent[place] >= 50]
    if not there:
        most = percent.max(initial=0)
        return f"probably none of the classes (at most {most:.0f} % for any)", True
    return f"probably {' + '.join(f'{classes[p]} ({percent[p]:.0f} %)' for p in there)}", True


def _is_unsure(percent: float) -> bool:
    return abs(2 * percent - 100) < SURE
