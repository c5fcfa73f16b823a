"""Labels set aside: a stratified part that training never sees."""

import math

import numpy as np
from numpy.typing import NDArray

from workbench.errors import NotEnoughLabelsError

Ints = NDArray[np.int64]
_LEAST_LABELS = 10
_LEAST_CLASSES = 2  # with two labels each: one to learn from, one to judge by


def require_enough(targets: Ints) -> None:
    """Check that there are labels enough to train on some and judge by others.

    Raises:
        NotEnoughLabelsError: fewer than 10 labels, or fewer than two classes with two labels.
    """
    paired = int((np.bincount(targets) >= 2).sum()) if len(targets) else 0
    if len(targets) < _LEAST_LABELS or paired < _LEAST_CLASSES:
        raise NotEnoughLabelsError(
            f"fine-tuning needs at least {_LEAST_LABELS} labels and {_LEAST_CLASSES} classes with "
            f"two or more, but there are {len(targets)} labels and {paired} such classes: label "
            "more first"
        )


def hold_out(targets: Ints, share: float, seed: int) -> tuple[Ints, Ints]:
    """Split labels into a part to train on and a part to judge by, class by class.

    Each class gives its share, rounded so that the sum is right (largest remainders), and keeps at
    least one label to train on.

    Args:
        targets: (n,) class indices.
        share: part to hold out, above 0 and below 1.
        seed: of the draw.

    Returns:
        (train, held): indices into `targets`, sorted, at least two held out.

    Raises:
        NotEnoughLabelsError: see `require_enough`.
        ValueError: `share` is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"the share to hold out must lie between 0 and 1, not {share}")
    require_enough(targets)
    rng = np.random.default_rng(seed)
    counts = np.bincount(targets)
    wanted = counts * share
    quota = np.floor(wanted).astype(np.int64)
    short = max(2, math.floor(share * len(targets) + 0.5)) - int(quota.sum())
    spare = np.maximum(counts - 1, 0)
    # Ties in the remainder fall by lot, or the first classes would always be favoured.
    order = np.lexsort((rng.random(len(counts)), -(wanted - quota)))
    for target in order[quota[order] < spare[order]][: max(0, short)]:
        quota[target] += 1
    quota = np.minimum(quota, spare)
    held = np.concatenate(
        [
            rng.permutation(np.flatnonzero(targets == target))[:count]
            for target, count in enumerate(quota)
        ]
    )
    train = np.setdiff1d(np.arange(len(targets)), held)
    return train, np.sort(held)
