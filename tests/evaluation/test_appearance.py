"""What pixels say of an image, on real photographs."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from workbench.evaluation.appearance import appearance


@pytest.fixture(scope="module")
def photo():
    from skimage.data import chelsea

    image = Image.fromarray(chelsea()).convert("L")
    image.thumbnail((256, 256))
    return image


def look(image, width=451, height=300):
    return appearance(np.asarray(image), width, height)


def test_a_darker_photo_is_darker_and_a_blurred_one_less_sharp(photo):
    there = look(photo)
    assert look(photo.point(lambda value: value // 2)).brightness == pytest.approx(
        there.brightness / 2, abs=0.01
    )
    sharpness = [look(photo.filter(ImageFilter.GaussianBlur(r))).sharpness for r in (0, 1, 2, 4)]
    assert sharpness == sorted(sharpness, reverse=True)
    assert sharpness[0] > 10 * sharpness[-1] > 0
    assert look(photo.point(lambda value: 64 + value // 2)).contrast < 0.6 * there.contrast


def test_size_and_aspect_are_the_originals(photo):
    found = look(photo, 4000, 3000)
    assert (found.megapixels, found.aspect) == (12, pytest.approx(4 / 3))


@pytest.mark.parametrize("value, brightness", [(0, 0), (255, 1)])
def test_a_single_pixel_and_a_flat_image(value, brightness):
    for shape in ((1, 1), (1, 9), (20, 20)):
        found = appearance(np.full(shape, value, dtype=np.uint8), shape[1], shape[0])
        assert (found.brightness, found.contrast, found.sharpness) == (brightness, 0, 0)
