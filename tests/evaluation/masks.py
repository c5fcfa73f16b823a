"""Painted masks for tests."""

import cv2
import numpy as np


def painted(seed, shape=(40, 60), classes=3, noise=0.02, miss=0.1):
    """A truth of rectangles, and what is said of it: moved, renamed, missed, with specks."""
    rng = np.random.default_rng(seed)
    truth, said = np.zeros((2, *shape), dtype=np.uint16)
    for _ in range(int(rng.integers(1, 5))):
        top, left = (int(rng.integers(0, size - 6)) for size in shape)
        height, width = (int(each) for each in rng.integers(4, 20, 2))
        index = int(rng.integers(1, classes + 1))
        cv2.rectangle(truth, (left, top), (left + width, top + height), index, -1)
        if rng.random() > miss:
            x, y = (int(each) for each in np.add(rng.integers(-2, 3, 2), (left, top)))
            named = index if rng.random() > 0.15 else int(rng.integers(1, classes + 1))
            cv2.rectangle(said, (x, y), (x + width, y + height), named, -1)
    specks = rng.random(shape) < noise
    said[specks] = rng.integers(0, classes + 1, int(specks.sum()))
    return truth, said
