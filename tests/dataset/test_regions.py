"""Parts of an image from its full resolution, to zoom into."""

import numpy as np
import pytest
from PIL import Image

from tests.dataset.pictures import is_green, opened, spoil
from workbench.errors import ImageError


@pytest.fixture
def plan(tmp_path):
    """A large picture, each of whose pixels says where it is, turned by its EXIF."""
    across, down = np.meshgrid(np.arange(1500) % 251, np.arange(1000) % 241)
    pixels = np.stack([across, down, np.zeros_like(across)], axis=-1).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 8  # seen turned a quarter counter-clockwise
    stored = Image.fromarray(pixels).transpose(Image.Transpose.ROTATE_270)
    stored.save(tmp_path / "plan.png", exif=exif, compress_level=1)
    return tmp_path / "plan.png", pixels


def test_a_region_has_the_originals_pixels(display, plan):
    path, pixels = plan
    proxy = display.region(path, (700, 300, 800, 360), 1000)
    assert (proxy.width, proxy.height) == (1500, 1000)
    found = opened(proxy)
    assert found.size == (100, 60)  # not enlarged
    assert np.abs(np.subtract(found, pixels[300:360, 700:800], dtype=float)).mean() < 3


def test_a_region_is_scaled_down_and_cut_off_at_the_edge(display, plan):
    path, pixels = plan
    found = opened(display.region(path, (-500, -50, 1000, 500), 200))
    assert found.size == (200, 100)
    wanted = Image.fromarray(pixels[:500, :1000]).resize((200, 100), Image.Resampling.LANCZOS)
    assert np.abs(np.subtract(found, wanted, dtype=float)).mean() < 6


def test_a_region_outside_is_refused(display, plan):
    with pytest.raises(ValueError, match=r"1500 x 1000, got \(1500, 0, 1600, 100\)"):
        display.region(plan[0], (1500, 0, 1600, 100), 100)


def test_the_next_region_of_an_image_needs_no_decoding(display, plan, photo):
    path, _ = plan
    first = display.region(path, (0, 0, 300, 200), 1000)
    spoil(path)
    assert display.region(path, (0, 0, 300, 200), 1000) == first
    display.region(photo, (0, 0, 300, 200), 1000)  # one image is kept, not two
    with pytest.raises(ImageError):
        display.region(path, (0, 0, 300, 200), 1000)


def test_a_region_of_an_edited_image_is_new(display, photo):
    display.region(photo, (0, 0, 300, 200), 1000)
    Image.new("RGB", (1200, 1200), "green").save(photo)
    assert is_green(display.region(photo, (0, 0, 300, 200), 1000))


def test_an_image_beyond_the_bound_is_not_kept(display, plan, monkeypatch):
    path, _ = plan
    monkeypatch.setattr("workbench.dataset.display.KEPT_BYTES", 1500 * 1000 * 4 - 1)
    display.region(path, (0, 0, 300, 200), 1000)
    spoil(path)
    with pytest.raises(ImageError):
        display.region(path, (0, 0, 300, 200), 1000)


def test_a_deep_image_is_stretched_as_a_whole(display, tmp_path):
    """A region is as bright as the same place in the proxy."""
    values = np.tile(np.linspace(0, 4095, 1000), (800, 1)).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "scan.tif")
    proxy = display.region(tmp_path / "scan.tif", (450, 0, 550, 100), 1000)
    assert proxy.stretched
    assert 120 < np.asarray(opened(proxy)).mean() < 135
