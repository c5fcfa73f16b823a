"""Real vectors with real classes: the pixels of scikit-learn's handwritten digits."""

from functools import cache

import numpy as np
from sklearn.datasets import load_digits

from workbench.models.features import FeatureSpace


@cache
def digits():
    """(1797, d) unit features of the pixels, and (1797,) classes, in a shuffled order."""
    vectors, targets = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(vectors))
    vectors = vectors[order].astype(np.float32)
    return FeatureSpace.fit(vectors).transform(vectors), targets[order].astype(np.int64)


def log_loss(probabilities, targets):
    right = probabilities[np.arange(len(targets)), targets]
    return float(-np.log(np.maximum(right, 1e-12)).mean())
