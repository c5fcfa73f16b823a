import numpy as np
import torch
from PIL import Image

from workbench.models.augmentation import augment


def batch(photos, count):
    photo = np.asarray(Image.open(photos / "chelsea.png").resize((96, 96)))
    return torch.from_numpy(photo.copy()).permute(2, 0, 1).repeat(count, 1, 1, 1)


def test_images_change_a_little_and_stay_images(photos):
    pixels = batch(photos, 16)
    changed = augment(pixels, torch.Generator().manual_seed(0))
    assert changed.shape == pixels.shape
    assert changed.dtype == torch.float32
    assert changed.min() >= 0
    assert changed.max() <= 255
    difference = (changed - pixels).abs().mean(dim=(1, 2, 3))
    assert difference.min() > 1
    # Each is still closer to the image itself than to its mirror image.
    mirrored = (changed - pixels.flip(3)).abs().mean(dim=(1, 2, 3))
    assert (difference < mirrored).all()
    assert len(set(difference.tolist())) == 16


def test_the_generator_decides(photos):
    pixels = batch(photos, 2)
    first, second = (augment(pixels, torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, augment(pixels, torch.Generator().manual_seed(5)))
