"""Folds for out-of-fold fits that may go on from fit to fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Ints = NDArray[np.int64]

FIVE_FOLDS_UP_TO = 2_000  # labels; beyond, three folds say the same in less time


@dataclass(frozen=True, slots=True)
class Folds:
    """What out-of-fold logits came from, for a later fit to go on from.

    A row keeps its fold for as long as fits go on from each other, also while it is left out: so
    none of the fits that a fold's head goes back to has ever seen a row of that fold.

    Attributes:
        of: fold number by name of a row.
        heads: (d + 1, k) logistic head by fold number, fitted without the rows of that fold.
    """

    of: Mapping[int, int]
    heads: Mapping[int, Array]

    def go_on(self, names: Ints | None, folds: Ints, heads: Mapping[int, Array]) -> "Folds":
        """What a fit that began from these leaves for the next: rows keep their folds."""
        rows = [] if names is None else names.tolist()
        return Folds({**self.of, **dict(zip(rows, folds.tolist(), strict=False))}, heads)


def deal(groups: Ints, names: Ints | None, before: Folds | None, seed: int) -> tuple[Ints, Folds]:
    """Deal rows into folds, each group evenly, going on from an earlier fit's where that can be.

    Args:
        groups: (n,) what is to be spread over the folds, such as class indices.
        names: (n,) what tells the rows apart from fit to fit, or None.
        before: the folds of an earlier fit of the same columns, or None.
        seed: of the folds, where they are new.

    Returns:
        (n,) fold numbers, and what they go on from: `before`, or nothing.
    """
    count = 5 if len(groups) <= FIVE_FOLDS_UP_TO else 3
    if before is not None and names is not None and before.of and len(before.heads) == count:
        known = [before.of.get(row, -1) for row in names.tolist()]
        return continued_folds(groups, known, count), before
    return stratified_folds(groups, count, seed), Folds({}, {})


def stratified_folds(targets: Ints, folds: int, seed: int) -> Ints:
    """Fold number of each row, every class dealt evenly over the folds: (n,)."""
    order = np.random.default_rng(seed).permutation(len(targets))
    order = order[np.argsort(targets[order], kind="stable")]
    fold = np.empty(len(targets), dtype=np.int64)
    fold[order] = np.arange(len(targets)) % folds
    return fold


def continued_folds(targets: Ints, known: Sequence[int], folds: int) -> Ints:
    """Fold numbers where some are known: the others go to where their class is rarest: (n,).

    Args:
        targets: (n,) class indices.
        known: (n,) fold numbers, -1 for none.
        folds: how many there are.
    """
    fold = np.array(known, dtype=np.int64)
    for row in np.flatnonzero(fold < 0):
        dealt = fold >= 0
        alike = np.bincount(fold[dealt & (targets == targets[row])], minlength=folds)
        fold[row] = np.lexsort((np.bincount(fold[dealt], minlength=folds), alike))[0]
    return fold
