import numpy as np
import pytest
from PIL import Image

from workbench.errors import BackboneError
from workbench.models.backbones import load_backbone
from workbench.models.bundled import load_bundled
from workbench.models.saliency import saliency

TABBY = 281  # ImageNet's class


@pytest.fixture(scope="module")
def catness():
    """The direction in feature space in which ImageNet's classifier looks for tabby cats."""
    weight = load_bundled(classifier=True)[0].classifier.weight.detach().numpy()
    return weight[TABBY] - weight.mean(axis=0)


def beside(left, right, side=224):
    canvas = Image.new("RGB", (2 * side, side))
    for place, image in enumerate((left, right)):
        canvas.paste(image.resize((side, side)), (place * side, 0))
    return canvas


def test_the_cat_is_where_the_evidence_is(lite, photos, catness):
    cat = Image.open(photos / "chelsea.png").crop((90, 0, 390, 300))
    other = Image.open(photos / "coffee.png").convert("RGB")
    # Not cropped away: the pictures fill a square, one half each.
    for order, half in ((0, slice(0, 112)), (1, slice(112, 224))):
        pair = (cat, other) if order == 0 else (other, cat)
        heat = saliency(lite, beside(*pair).resize((224, 224)), catness)
        assert heat[:, half].sum() > 2 / 3 * heat.sum()


def test_map_covers_the_image_and_is_empty_outside_the_crop(lite, photos, catness):
    image = Image.open(photos / "chelsea.png")  # 451 x 300, wider than the network looks
    heat = saliency(lite, image, catness)
    assert heat.shape == (300, 451)
    assert heat.dtype == np.float32
    assert (heat.min(), heat.max()) == (0, pytest.approx(1, abs=0.05))
    left, top, right, bottom = lite.config.crop_box(*image.size)
    assert not heat[:, : round(left)].any()
    assert not heat[:, round(right) :].any()
    assert not heat[: round(top)].any()
    assert not heat[round(bottom) :].any()


def test_a_size_can_be_asked_for(lite, photos, catness):
    path = photos / "chelsea.png"
    small = saliency(lite, path, catness, size=(60, 90))
    assert small.shape == (60, 90)
    whole = Image.fromarray(saliency(lite, path, catness)).resize((90, 60))
    assert np.abs(np.asarray(whole) - small).mean() < 0.03


def test_nothing_speaks_for_it(lite, photos):
    # Features of this network are not negative, so nothing points against them all.
    assert not saliency(lite, photos / "chelsea.png", -np.ones(lite.dim)).any()


def test_a_vision_transformer_has_a_map_too(photos):
    backbone = load_backbone("vit_tiny_patch16_224", weights="random")
    direction = np.random.default_rng(0).normal(size=backbone.dim)
    heat = saliency(backbone, photos / "chelsea.png", direction)
    assert heat.shape == (300, 451)
    assert heat.max() > 0.5


def test_what_cannot_be_is_refused(lite, photos):
    with pytest.raises(ValueError, match=r"weights must have shape \(1280,\)"):
        saliency(lite, photos / "chelsea.png", np.ones(7))
    backbone = load_backbone("pit_ti_224", weights="random")
    with pytest.raises(BackboneError, match="keeps no map of places"):
        saliency(backbone, photos / "chelsea.png", np.ones(backbone.dim))
