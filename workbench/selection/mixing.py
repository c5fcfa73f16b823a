"""Putting batches together so that nothing gives away what an image was queued for."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from workbench.dataset.types import Pick

CONTROL_REASON = "picked at random: the control arm, which keeps estimates honest"


def as_control(sample_ids: Sequence[str]) -> list[Pick]:
    """Picks of the control arm, ranked as given.

    Test images are queued in the same words, for whoever labels must not know which they are.
    """
    return [
        Pick(sample_id, rank, math.nan, "random", CONTROL_REASON)
        for rank, sample_id in enumerate(sample_ids)
    ]


def mix_in(picks: Sequence[Pick], others: Sequence[Pick], rng: np.random.Generator) -> list[Pick]:
    """Insert `others` at random places, keeping the order of `picks`; ranks are dealt anew."""
    mixed = list(picks)
    for other in others:
        mixed.insert(int(rng.integers(len(mixed) + 1)), other)
    return [replace(pick, rank=rank) for rank, pick in enumerate(mixed)]


def reorder(fixed: Sequence[bool], scores: Sequence[float]) -> list[int]:
    """Put a queue into the order of its scores, highest first, around what has to stay.

    The control arm keeps its places: were it sorted by a model's doubt, a batch that is left half
    done would have its easy control images unlabelled, and the arm would no longer be random.

    Args:
        fixed: (n,) what stays where it is.
        scores: (n,) of each, for the rest; equal ones stay in their order.

    Returns:
        (n,) positions in the old order.
    """
    free = [position for position, stays in enumerate(fixed) if not stays]
    best = iter(sorted(free, key=lambda position: -scores[position]))
    return [position if stays else next(best) for position, stays in enumerate(fixed)]
