"""Segmenters: what is learned from masks, what their figures are, how they are saved and refused."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import jaccard_score

from tests.models.box_scenes import write_pictures
from workbench.dataset.masks import write_mask
from workbench.errors import BackboneError, MaskError, NotEnoughLabelsError
from workbench.models.backbones import load_backbone
from workbench.models.maskaugmentation import augment_masks, paste_regions
from workbench.models.recipe import segmenter_recipe
from workbench.models.saved import load_model
from workbench.models.savedsegmenter import SavedSegmenter
from workbench.models.segmenter import IGNORED, confusion, mask_loss, mean_iou
from workbench.models.segmentertraining import (
    PaintedImage,
    fit_temperature,
    measure_segmenter,
    train_segmenter,
)

CLASSES = ("black", "white")
CHOICES = {"epochs": 12, "batch_size": 4, "side": 64, "channels": 32, "rate": 3e-3, "ema": 0.5}


def paint(images, folder):
    """The pictures of boxes with their masks: the boxes are what is there."""
    painted = []
    for image in images:
        width, height = Image.open(image.path).size
        mask = np.zeros((height, width), dtype=np.uint8)
        for k, box in zip(image.classes, image.corners, strict=True):
            left, top, right, bottom = np.round(box * np.tile((width, height), 2)).astype(int)
            mask[top:bottom, left:right] = 5 if k else 3  # numbers need not be in order
        path = write_mask(folder, mask)
        painted.append(PaintedImage(image.path, path, image.digest, {3: 1, 5: 2}))
    return painted


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("painted")
    return paint(write_pictures(folder / "pictures", 32), folder / "masks")


@pytest.fixture(scope="module")
def backbone():
    return load_backbone("test_resnet", weights="random", device="cpu")


def train(backbone, images, folder, **more):
    recipe = segmenter_recipe(len(images), {**CHOICES, **more.pop("choices", {})})
    parts = backbone, images, CLASSES
    return train_segmenter(*parts, minutes=5, checkpoint=folder, recipe=recipe, **more)


@pytest.fixture(scope="module")
def result(backbone, images, tmp_path_factory):
    return train(backbone, images, tmp_path_factory.mktemp("trained") / "model")


@pytest.fixture(scope="module")
def model(result):
    found = load_model(result.checkpoint, "cpu")
    assert isinstance(found, SavedSegmenter)
    return found


def test_masks_are_learned_and_judged_on_images_that_were_held_out(result, model, images):
    assert result.figure_after > 0.5 > result.figure_before
    held = [images[row] for row in result.held_out]
    figure = measure_segmenter(model.segmenter, held, CLASSES, CLASSES, side=64)
    assert figure == pytest.approx(result.figure_after, abs=0.02)
    assert 0.4 < measure_segmenter(model.segmenter, held, CLASSES, CLASSES) <= 1
    swapped = measure_segmenter(model.segmenter, held, CLASSES, ("white", "black"))
    assert swapped < 0.05, "classes are found by name"
    assert measure_segmenter(model.segmenter, held, ("other", "names"), CLASSES) == 0


def test_the_same_seed_gives_the_same_model_also_after_it_was_broken_off(
    backbone, images, tmp_path
):
    choices = {"epochs": 3, "save_every": 0.0}
    whole = train(backbone, images, tmp_path / "whole", choices=choices)
    asked = iter([False] * 9 + [True] * 99)

    def broken_off(_):
        if next(asked):
            raise KeyboardInterrupt

    parts = {"choices": choices, "state": tmp_path / "state"}
    with pytest.raises(KeyboardInterrupt):
        train(backbone, images, tmp_path / "parts", progress=broken_off, **parts)
    resumed = train(backbone, images, tmp_path / "parts", **parts)
    one, other = (load_model(each.checkpoint, "cpu") for each in (whole, resumed))
    for name, tensor in one.segmenter.head.state_dict().items():
        assert torch.equal(tensor, other.segmenter.head.state_dict()[name]), name


def test_every_pixel_gets_a_class_at_the_size_of_the_image(model, images):
    path = images[0].path
    large = np.array(Image.open(path).convert("RGB").resize((333, 217)))
    (mask,) = model.masks(large)
    assert mask.shape == (217, 333)
    assert set(np.unique(mask)) <= {0, 1, 2}
    table = model.predict([path, large, images[0].mask_path.with_name("none.png")])
    assert set(table["label"].dropna()) <= {*CLASSES}
    assert table["confidence"].dropna().between(0, 1).all()
    assert (table.groupby("image")["share"].sum() <= 1).all()
    assert table["problem"].iloc[-1]
    (said,) = model.segmenter.segment([path], [Image.open(path).size])
    assert (said.margin <= said.confidence).all()


def test_what_cannot_be_learned_from_is_told(backbone, images, tmp_path):
    with pytest.raises(NotEnoughLabelsError, match="10 labelled images"):
        train(backbone, images[:9], tmp_path / "few")
    small = write_mask(tmp_path, np.ones((4, 4), dtype=np.uint8))
    wrong = [PaintedImage(images[0].path, small, "x", {1: 1}), *images[1:]]
    with pytest.raises(MaskError, match="4 x 4 pixels, but its image"):
        train(backbone, wrong, tmp_path / "wrong")
    gone = [PaintedImage(images[0].path, tmp_path / "gone.png", "x", {}), *images[1:]]
    with pytest.raises(MaskError, match="bring the file back"):
        train(backbone, gone, tmp_path / "gone")
    vit = load_backbone("test_vit", weights="random", device="cpu")
    with pytest.raises(BackboneError, match="feature maps"):
        train(vit, images, tmp_path / "vit")


def test_folders_that_were_changed_are_refused(result, tmp_path):
    folder = shutil.copytree(result.checkpoint, tmp_path / "changed")
    path = folder / "model.json"
    for old, new in (('"panoptic"', '"fcos"'), ('"channels": 32', '"channels": 33')):
        text = path.read_text()
        assert old in text
        values = json.loads(text.replace(old, new))
        path.write_text(json.dumps(values))
        with pytest.raises(BackboneError):
            load_model(folder)
        path.write_text(text)
    assert isinstance(load_model(folder, "cpu"), SavedSegmenter)


def test_figures_of_pixels_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    truth, said = rng.integers(0, 4, (2, 500))
    counts = confusion(torch.from_numpy(truth), torch.from_numpy(said), 4)
    wanted = jaccard_score(truth, said, labels=[1, 2, 3], average="macro")
    assert mean_iou(counts) == pytest.approx(wanted)
    assert np.isnan(mean_iou(torch.tensor([[3, 0], [0, 0]])))
    ignored = torch.full((5,), IGNORED)
    assert confusion(ignored, torch.zeros(5, dtype=torch.int64), 2).sum() == 0


def test_pixels_that_are_ignored_teach_nothing():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 8, 8, generator=generator)
    truth = torch.randint(0, 3, (2, 8, 8), generator=generator)
    truth[:, 4:] = IGNORED
    moved = logits.clone()
    moved[:, :, 4:] += torch.randn(2, 3, 4, 8, generator=generator)
    assert mask_loss(logits, truth) == pytest.approx(mask_loss(moved, truth))
    perfect = torch.nn.functional.one_hot(truth.clamp_min(0), 3).permute(0, 3, 1, 2) * 50.0
    assert mask_loss(perfect, truth) < 1e-6 < mask_loss(logits, truth)


def test_a_mask_goes_where_its_image_goes():
    rng = np.random.default_rng(1)
    masks = torch.from_numpy(np.kron(rng.integers(0, 3, (6, 8, 8)), np.ones((8, 8), int)))
    pixels = (masks * 100)[:, None].repeat(1, 3, 1, 1).to(torch.uint8)
    same, still = augment_masks(pixels, masks, torch.Generator().manual_seed(0), 0.0)
    assert torch.equal(same.round().long(), pixels.long())
    assert torch.equal(still, masks)
    for mirror in (False, True):
        image, moved = augment_masks(pixels, masks, torch.Generator().manual_seed(2), 0.5, mirror)
        assert (moved == IGNORED).any()
        assert not torch.equal(moved, masks)
        inner = moved != IGNORED
        means = [float(image[:, 0][inner & (moved == k)].mean()) for k in range(3)]
        assert means[0] < means[1] < means[2], "brighter where the mask says so"


def test_regions_are_pasted_whole_with_their_pixels_and_not_beside_an_image():
    masks = torch.zeros(40, 16, 16, dtype=torch.int64)
    masks[::2, 2:5, 2:5], masks[::2, 8:12, 8:12], masks[:, :, 15] = 1, 2, IGNORED
    masks[::2, 6, 13:15] = 1
    pixels = (masks + 3.0)[:, None].repeat(1, 3, 1, 1)
    pixels[1::2] += 100
    generator = torch.Generator().manual_seed(0)
    images, truth = paste_regions(pixels, masks, generator, 0.75)
    assert torch.equal(truth[::2], masks[::2]), "there was nothing to paste"
    got = truth[1::2]
    for where in (got[:, 2:5, 2:5], got[:, 8:12, 8:12], got[:, 6, 13:15]):
        filled = (where > 0).flatten(1)
        assert torch.equal(filled.any(1), filled.all(1)), "whole regions"
        assert 0.1 < filled.all(1).float().mean() < 0.75
    assert (got[:, :, 15] == IGNORED).all()
    assert torch.equal(images[1::2, 0] < 100, got > 0), "pixels come along"
    same = paste_regions(pixels, masks, generator, 0.0)
    assert torch.equal(same[0], pixels) and torch.equal(same[1], masks)


def test_a_temperature_makes_confidences_true():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 3))
    odds = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (rng.random((len(odds), 1)) > odds.cumsum(axis=1)).sum(axis=1).clip(0, 2)
    assert fit_temperature((4 * logits).astype(np.float32), truth) == pytest.approx(4, rel=0.1)
