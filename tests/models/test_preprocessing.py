import numpy as np
import pytest
import timm
import torch
from PIL import Image

from workbench.models.images import read_image
from workbench.models.preprocessing import DataConfig, make_transform, normalise


def config(**changes):
    values = {
        "input_size": (3, 64, 64),
        "interpolation": "bicubic",
        "mean": (0.5, 0.4, 0.3),
        "std": (0.2, 0.25, 0.3),
        "crop_pct": 0.8,
        "crop_mode": "center",
    }
    return DataConfig(**(values | changes))


CONFIGS = [
    config(),
    config(interpolation="bilinear", crop_pct=1.0),
    config(crop_mode="squash"),
    config(crop_mode="border", crop_pct=1.0),
    config(input_size=(3, 64, 96)),
]


@pytest.mark.parametrize("wanted", CONFIGS, ids=str)
@pytest.mark.parametrize("photo", ["rocket.jpg", "chelsea.png"])
def test_pixels_are_those_of_timm(photos, wanted, photo):
    image = read_image(photos / photo)
    ours = normalise(make_transform(wanted)(image).unsqueeze(0), wanted)[0]
    timms = timm.data.create_transform(**wanted.to_json(), is_training=False)(image)
    assert ours.shape == wanted.input_size
    off = (ours - timms).abs() * torch.tensor(wanted.std).view(3, 1, 1) * 255
    assert off.max() < 1.01  # rounded the other way, where only the crop was scaled
    assert (off > 0.01).float().mean() < 2e-3


@pytest.mark.parametrize("wanted", CONFIGS, ids=str)
@pytest.mark.parametrize("size", [(300, 200), (150, 400)])
def test_crop_box_says_where_the_network_looks(wanted, size):
    # Both coordinates as 8-bit ramps: what a pixel of the crop shows is where it comes from.
    width, height = size
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    ramps = np.stack([across * 255 / width, down * 255 / height, across * 0], axis=2)
    seen = make_transform(wanted)(Image.fromarray(ramps.astype(np.uint8))).numpy()
    left, top, right, bottom = wanted.crop_box(width, height)
    rows, columns = seen.shape[1:]
    for share in (0.3, 0.5, 0.7):
        row, column = int(rows * share), int(columns * share)
        x = left + (column + 0.5) / columns * (right - left)
        y = top + (row + 0.5) / rows * (bottom - top)
        if not (0 <= x < width and 0 <= y < height):
            continue  # padding shows nothing
        assert float(seen[0, row, column]) * width / 255 == pytest.approx(x, abs=4)
        assert float(seen[1, row, column]) * height / 255 == pytest.approx(y, abs=4)


def test_config_survives_json():
    assert DataConfig.from_json(config().to_json()) == config()
    with pytest.raises((KeyError, TypeError, ValueError)):
        DataConfig.from_json({"input_size": [3, 64]})


@pytest.mark.parametrize("size", [(2, 300), (300, 2), (3, 601), (1, 1), (1, 64)])
def test_a_strip_is_cut_to_what_timm_would_show_of_it(size):
    values = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(values)
    wanted = config()
    ours = normalise(make_transform(wanted)(image).unsqueeze(0), wanted)[0]
    timms = timm.data.create_transform(**wanted.to_json(), is_training=False)(image)
    assert torch.allclose(ours, timms, atol=0.06)  # a step or three of 255


@pytest.mark.parametrize("wanted", CONFIGS, ids=str)
@pytest.mark.parametrize("size", [(1, 2_000_000), (2_000_000, 1), (50, 1_000_000)])
def test_a_strip_of_any_length_takes_no_memory_to_speak_of(wanted, size):
    shown = make_transform(wanted)(Image.new("RGB", size, (200, 30, 30)))
    assert shown.shape == wanted.input_size
    red = torch.tensor([200, 30, 30], dtype=torch.uint8).view(3, 1, 1)
    assert (shown == red).all(dim=0).any()
