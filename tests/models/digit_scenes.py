"""Real multi-label pictures: up to three of scikit-learn's handwritten digits side by side."""

from functools import cache

import numpy as np
from sklearn.datasets import load_digits

from workbench.models.features import FeatureSpace

CLASSES = [str(digit) for digit in range(10)]
BLANK = 0.25  # share of the places that stay empty
FALL = 0.85  # each digit is that much as frequent as the one before it


def draw_scenes(count, seed=0, places=3):
    """(count, 8, 8 * places) pictures and (count, 10) which digits are there, 9 the rarest."""
    data = load_digits()
    rng = np.random.default_rng(seed)
    pictures = np.zeros((count, 8, 8 * places))
    targets = np.zeros((count, 10), dtype=np.bool_)
    odds = FALL ** np.arange(10)
    by_digit = [np.flatnonzero(data.target == digit) for digit in range(10)]
    for row in range(count):
        for place in range(places):
            if rng.random() < BLANK:
                continue
            digit = rng.choice(10, p=odds / odds.sum())
            pictures[row, :, 8 * place : 8 * place + 8] = data.images[rng.choice(by_digit[digit])]
            targets[row, digit] = True
    return pictures, targets


@cache
def scenes():
    """(2000, d) unit features of the pixels, and (2000, 10) which digits are there."""
    pictures, targets = draw_scenes(2_000)
    vectors = pictures.reshape(len(pictures), -1).astype(np.float32)
    return FeatureSpace.fit(vectors).transform(vectors), targets


def different(count):
    """Scenes no two of which look the same, as the empty ones do."""
    features, targets = scenes()
    rows = np.flatnonzero(targets.any(axis=1))[:count]
    return features[rows], targets[rows]


def log_loss(probabilities, targets):
    """Mean over all cells."""
    right = np.where(targets, probabilities, 1 - probabilities)
    return float(-np.log(np.maximum(right, 1e-7)).mean())
