"""Pools to pick from: a few clusters of unit vectors, with the probabilities of a plain model."""

import numpy as np
from scipy.special import softmax

from workbench.selection.types import Query

CLASSES = ["a", "<b>b</b>", "c"]


def unit(vectors):
    vectors = np.asarray(vectors, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def make_pool(n=60, *, labelled=6, count=20, model=True, seed=0):
    rng = np.random.default_rng(seed)
    centres = np.eye(3, 8)
    points = unit(
        centres[rng.integers(3, size=n + labelled)] + rng.normal(0, 0.3, (n + labelled, 8))
    )
    probabilities = softmax(4 * points @ centres.T, axis=1).astype(np.float32)
    return Query(
        points[:n],
        probabilities[:n] if model else None,
        points[n:],
        count,
        np.random.default_rng(seed),
    )
