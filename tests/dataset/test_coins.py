"""The photograph of the coins and its boxes."""

import json

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage import data
from skimage.filters import sobel
from skimage.measure import label, regionprops
from skimage.segmentation import watershed

from workbench.dataset.coins import write_coins


def boxes(folder):
    rows = json.loads((folder / "labels.json").read_text())["annotations"]
    return np.array([(x, y, x + w, y + h) for x, y, w, h in (row["bbox"] for row in rows)])


def test_each_coin_has_its_box(tmp_path):
    """Tight to two pixels, where an outline found by computation can tell."""
    folder = write_coins(tmp_path)
    photograph = np.asarray(Image.open(folder / "coins.png"))
    assert (photograph == data.coins()).all()
    markers = np.where(photograph < 30, 1, 0) + np.where(photograph > 150, 2, 0)
    filled = ndimage.binary_fill_holes(watershed(sobel(photograph), markers) - 1)
    found = [r.bbox for r in regionprops(label(filled)) if r.area > 200]
    outlines = np.array([(left, top, right, low) for top, left, low, right in found])
    drawn = boxes(folder)
    assert len(drawn) == len(outlines) == 24
    nearest = np.abs(drawn[:, None] - outlines[None]).max(2)
    assert (nearest.min(1) <= 2).all()
    assert len(set(nearest.argmin(1).tolist())) == 24


def test_it_is_written_once(tmp_path):
    folder = write_coins(tmp_path)
    (folder / "labels.json").write_text("mine")
    assert (write_coins(tmp_path) / "labels.json").read_text() == "mine"
    (folder / "labels.json").unlink()
    assert len(boxes(write_coins(tmp_path))) == 24
