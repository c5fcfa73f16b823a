"""Boxes go where their pixels go."""

import pytest
import torch

from workbench.models.boxaugmentation import augment_boxes

SIDE = 64


def scene(*boxes):
    """A grey picture with a white rectangle for each box, and the boxes."""
    pixels = torch.full((1, 3, SIDE, SIDE), 114, dtype=torch.uint8)
    for left, top, right, bottom in boxes:
        pixels[:, :, top:bottom, left:right] = 255
    corners = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    return pixels, [{"boxes": corners, "labels": torch.arange(len(boxes))}]


def extent(image):
    """Left, top, right and bottom of what is bright."""
    bright = image[0].mean(dim=0) > image.max() * 0.75
    rows, columns = bright.any(1).nonzero()[:, 0], bright.any(0).nonzero()[:, 0]
    return torch.tensor([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=torch.float32)


@pytest.mark.parametrize("mirror", [False, True])
def test_a_box_stays_around_what_it_was_around(mirror):
    kept = 0
    for seed in range(40):
        pixels, truth = scene((10, 20, 34, 36))
        generator = torch.Generator().manual_seed(seed)
        moved, found = augment_boxes(pixels, truth, generator, 1.0, mirror)
        assert moved.shape == pixels.shape and moved.min() >= 0 and moved.max() <= 255
        if len(found[0]["boxes"]):
            kept += 1
            torch.testing.assert_close(found[0]["boxes"][0], extent(moved), atol=1.5, rtol=0)
    assert kept > 30


def test_what_leaves_the_picture_is_cut_or_dropped():
    left = [(0, 0, 16, 16), (24, 24, 40, 40)]
    seen = set()
    for seed in range(40):
        generator = torch.Generator().manual_seed(seed)
        _, found = augment_boxes(*scene(*left), generator)
        corners = found[0]["boxes"]
        assert ((corners >= 0) & (corners <= SIDE)).all()
        assert (corners[:, 2:] > corners[:, :2]).all()
        seen.add(tuple(found[0]["labels"].tolist()))
    assert seen == {(0, 1), (1,)}


def test_the_generator_decides_and_no_strength_changes_nothing():
    pixels, truth = scene((10, 20, 34, 36))
    one, other = (augment_boxes(pixels, truth, torch.Generator().manual_seed(3)) for _ in "ab")
    assert torch.equal(one[0], other[0]) and torch.equal(one[1][0]["boxes"], other[1][0]["boxes"])
    same, still = augment_boxes(pixels, truth, torch.Generator(), 0.0)
    assert torch.equal(same, pixels.float())
    assert torch.equal(still[0]["boxes"], truth[0]["boxes"])


def test_an_image_without_boxes_stays_one():
    _, found = augment_boxes(*scene(), torch.Generator().manual_seed(0))
    assert found[0]["boxes"].shape == (0, 4)
