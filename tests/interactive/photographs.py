"""What the magic tools are tried on."""

import numpy as np

BLANKS = {
    "one pixel": np.full((1, 1, 3), 90, np.uint8),
    "a row": np.arange(40, dtype=np.uint8).reshape(1, 40),
    "a column": np.arange(40, dtype=np.uint8).reshape(40, 1),
    "two by two": np.arange(4, dtype=np.uint8).reshape(2, 2),
    "one colour": np.full((50, 60, 3), 128, np.uint8),
    "white": np.full((50, 60), 255, np.uint8),
}


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


def box_of(mask, margin=0):
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    left, right = columns[0] - margin, columns[-1] + 1 + margin
    return left, rows[0] - margin, right, rows[-1] + 1 + margin
