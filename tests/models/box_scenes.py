"""Small pictures with real digits in known places, for detectors."""

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from workbench.models.detectortraining import LabelledImage

SIDE = 64  # pixels, of a picture


def write_pictures(folder, count=16, seed=0):
    """Pictures of a black or a white digit on grey, two classes; every fourth has none."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    grids = load_digits().images
    images = []
    for number in range(count):
        canvas = np.full((SIDE, SIDE, 3), 128, dtype=np.uint8)
        corners, classes = [], []
        if number % 4 != 3:
            left, top = rng.integers(0, SIDE - 32, 2)
            k = number % 2
            ink = np.kron(grids[number], np.ones((4, 4))) > 6
            canvas[top : top + 32, left : left + 32][ink] = 255 * k
            rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
            box = [left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1]
            corners.append(np.array(box) / SIDE)
            classes.append(k)
        path = folder / f"{number:03}.png"
        Image.fromarray(canvas).save(path)
        shares = np.array(corners, dtype=np.float64).reshape(-1, 4)
        images.append(LabelledImage(path, shares, np.array(classes, dtype=np.int64), path.name))
    return images
