"""Which labelled images are held out: decided by their content, once and for all."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.errors import NotEnoughLabelsError
from workbench.models.recipe import DetectorRecipe

Ints = NDArray[np.int64]
LEAST_IMAGES = 10


def split_by_content(
    digests: Sequence[str], full: NDArray[np.bool_], recipe: DetectorRecipe, model: str, what: str
) -> tuple[Ints, Ints]:
    """Split images into those to train on and those to judge by, by a hash of their content.

    So an image that was held out once always is, however many are labelled by then, and no earlier
    model has learned from what a later one is compared with it on.

    Args:
        digests: of the images' contents.
        full: whether there is anything to find in each.
        recipe: tells the share to hold out, and which part.
        model: what learns, in words: "detector".
        what: it learns: "boxes".

    Returns:
        (train, held): indices, sorted.

    Raises:
        NotEnoughLabelsError: fewer than ten images are labelled, or fewer than two have anything.
    """
    if len(digests) < LEAST_IMAGES or full.sum() < 2:
        raise NotEnoughLabelsError(
            f"a {model} needs at least {LEAST_IMAGES} labelled images, 2 of them with {what}, but "
            f"there are {len(digests)}, {int(full.sum())} with {what}: label more, bench.label()"
        )
    drawn = np.array([_lot(digest) for digest in digests])
    lots = (drawn - recipe.fold * recipe.held_out) % 1.0
    held = lots < recipe.held_out
    order = np.flatnonzero(full)[np.argsort(lots[full], kind="stable")]
    held[order[0]], held[order[-1]] = True, False  # something to judge by, something to learn from
    return np.flatnonzero(~held), np.flatnonzero(held)


def _lot(digest: str) -> float:
    """A number from 0 to 1 that only the content decides; not the one that decides on test images."""
    drawn = hashlib.sha256(f"held out {digest}".encode()).digest()
    return int.from_bytes(drawn[:8], "big") / 2.0**64
