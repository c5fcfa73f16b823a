"""Kinds of images that a model is worse at than at the rest, with multiplicity accounted for."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaln

from workbench.evaluation.intervals import CONFIDENCE, wilson

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVEL = 1 - CONFIDENCE  # chance of reporting any slice where there is none
RESAMPLES = 4_000
COLUMNS = ["images", "errors", "error_rate", "low", "high", "rest", "difference", "p_value"]
NEW = "new_errors"
_CHUNK = 4_000_000  # permuted cells at a time


def find_slices(
    wrong: Mask, candidates: Mapping[str, Mask], *, level: float = LEVEL, seed: int = 0
) -> pd.DataFrame:
    """The candidates in which more goes wrong than in the rest of the images.

    Each candidate is tested by Fisher's exact test, one-sided. To try hundreds of them is to find
    some by chance, so that p-values are adjusted: to the share of random permutations of the errors
    over the images in which the smallest p-value of all candidates is as small. As all candidates
    are counted in the same permutations, those that overlap, or say nearly the same, cost next to
    nothing, and the chance of reporting any where there is none is `level`, however many are tried.
    A candidate that shares images with a bad slice is rightly found too: `new_errors` tells which
    say something more.

    Args:
        wrong: (n,) which images are wrong.
        candidates: by name, (n,) which images are in it.
        level: p-value up to which a slice is reported; 1 lists all that were tried.
        seed: of the permutations.

    Returns:
        A row a slice, by name, the smallest p-value first: `images` and `errors` in it,
        `error_rate` with its own Wilson interval `low` and `high` (which knows nothing of the
        search, so that the worst of many look worse than they are), the error rate of the `rest`,
        their `difference`, `p_value`, adjusted, and `new_errors`, those in no slice above it.

    Raises:
        ValueError: a mask has another length, or holds no image, or all of them.

    Source:
        Westfall and Young 1993, "Resampling-based multiple testing", step-down minP.
    """
    n, errors = len(wrong), int(wrong.sum())
    for name, mask in candidates.items():
        if mask.shape != (n,) or not 0 < mask.sum() < n:
            raise ValueError(
                f"a slice must be ({n},) and hold some of the images, but not all: {name!r} is "
                f"{mask.shape} and holds {int(mask.sum())}"
            )
    masks = np.array(list(candidates.values()), dtype=np.bool_).reshape(len(candidates), n)
    exact, adjusted = _p_values(wrong, masks, seed)
    rows = []
    for mask, p_value in zip(masks, adjusted.tolist(), strict=True):
        images, inside = int(mask.sum()), int((mask & wrong).sum())
        rate, rest = wilson(inside, images), (errors - inside) / (n - images)
        difference = rate.value - rest
        rows.append((images, inside, rate.value, rate.low, rate.high, rest, difference, p_value))
    table = pd.DataFrame(rows, index=pd.Index(list(candidates), name="slice"), columns=COLUMNS)
    # Of those that the permutations do not tell apart, the exact test says which is the worse.
    table = table.iloc[np.lexsort((exact, adjusted))]
    table = table[table["p_value"] <= level]
    return table.assign(
        **{NEW: _new_errors(wrong, [candidates[str(name)] for name in table.index])}
    )


def _new_errors(wrong: Mask, masks: Sequence[Mask]) -> list[int]:
    """Of each slice, the errors that are in none before it."""
    left = wrong.copy()
    found = []
    for mask in masks:
        found.append(int((mask & left).sum()))
        left &= ~mask
    return found


def _p_values(wrong: Mask, masks: Mask, seed: int) -> tuple[Floats, Floats]:
    """(c,) exact p-values of each slice by itself, and adjusted ones."""
    if not len(masks):
        return np.empty(0), np.empty(0)
    n = len(wrong)
    sizes, which = np.unique(masks.sum(axis=1), return_inverse=True)
    tails = _tails(n, int(wrong.sum()), sizes)
    columns = masks.T.astype(np.float32)
    exact = tails[which, (masks & wrong).sum(axis=1)]
    order = np.argsort(exact, kind="stable")
    bar = exact[order] * (1 + 1e-9)  # the same counts have to count as equal
    as_small = np.ones(len(masks))
    rng = np.random.default_rng(seed)
    step = max(1, _CHUNK // max(n, len(masks)))
    for start in range(0, RESAMPLES, step):
        shape = (min(step, RESAMPLES - start), n)
        drawn = rng.permuted(np.broadcast_to(wrong, shape), axis=1).astype(np.float32)
        found = tails[which, (drawn @ columns).astype(np.int64)][:, order]
        # What is the smallest of those that are no better placed.
        smallest = np.minimum.accumulate(found[:, ::-1], axis=1)[:, ::-1]
        as_small += (smallest <= bar).sum(axis=0)
    adjusted = np.empty(len(masks))
    adjusted[order] = np.maximum.accumulate(as_small / (RESAMPLES + 1))
    return exact, adjusted


def _tails(n: int, errors: int, sizes: Ints) -> Floats:
    """(s, errors + 1) chance of so many errors, or more, in a slice of such a size."""
    k, size = np.arange(errors + 1), sizes[:, None]
    most, least = np.minimum(size, errors), np.maximum(0, size - (n - errors))
    possible = (k >= least) & (k <= most)
    inside = np.clip(k, least, most)
    logs = _choose(errors, inside) + _choose(n - errors, size - inside) - _choose(n, size)
    chance = np.where(possible, np.exp(logs), 0)
    tails: Floats = np.minimum(1, np.cumsum(chance[:, ::-1], axis=1)[:, ::-1])
    return tails


def _choose(n: int, k: Ints) -> Floats:
    """Logarithm of the binomial coefficient."""
    out: Floats = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return out
