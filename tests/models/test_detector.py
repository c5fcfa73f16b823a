"""Detectors: trained, resumed, saved, opened, refused."""

import math
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load, save
from torch import nn

from tests.models.box_scenes import SIDE, write_pictures
from tests.models.folders import reseal, reweigh
from workbench.errors import BackboneError, NotEnoughLabelsError
from workbench.models import trainer
from workbench.models.backbones import load_backbone
from workbench.models.detector import Letterbox
from workbench.models.detectortrainer import DetectorTrainer
from workbench.models.detectortraining import (
    LabelledImage,
    hold_out_images,
    measure_detector,
    train_detector,
)
from workbench.models.recipe import DetectorRecipe, detector_recipe
from workbench.models.saved import load_model

CLASSES = ("black", "white")
SMALL = DetectorRecipe(
    epochs=2, batch_size=4, side=64, channels=32, convolutions=1, save_every=0, patience=99
)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def backbone():
    return load_backbone("test_resnet", weights="random", device="cpu")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, images, backbone):
    return run(backbone, images, tmp_path_factory.mktemp("trained") / "model")


def run(backbone, images, folder, recipe=SMALL, **options):
    options = {"minutes": 5, "seed": 1} | options
    return train_detector(backbone, images, CLASSES, checkpoint=folder, recipe=recipe, **options)


def test_it_learns_and_says_where_things_are(tmp_path, lite):
    images = write_pictures(tmp_path / "pictures", 40)
    recipe = DetectorRecipe(
        epochs=25, batch_size=8, side=64, channels=32, convolutions=1, augmentation=0.3, ema=0.9
    )
    result = run(lite, images, tmp_path / "model", recipe, minutes=10)
    assert result.figure_before < 0.1 and result.figure_after > 0.7
    model = load_model(result.checkpoint, "cpu")
    assert model.task == "detection" and model.classes == CLASSES
    assert measure_detector(model.detector, images, CLASSES, CLASSES) > 0.7
    place = next(i for i, image in enumerate(images) if len(image.classes))
    table = model.predict([images[place].path])
    best = table.iloc[table["confidence"].argmax()]
    corners = best[["left", "top", "right", "bottom"]].to_numpy(dtype=float)
    np.testing.assert_allclose(corners, images[place].corners[0] * SIDE, atol=10)
    assert 0 < best["confidence"] < 1


def test_held_out_images_are_never_trained_on_and_negatives_are(
    images, backbone, tmp_path, monkeypatch
):
    seen = []
    real = trainer.Trainer._learn

    def watched(self, step, rows):
        seen.extend(rows.tolist())
        return real(self, step, rows)

    monkeypatch.setattr(trainer.Trainer, "_learn", watched)
    result = run(backbone, images, tmp_path / "model")
    assert set(seen) == set(range(len(images))) - set(result.held_out.tolist())
    assert any(not len(images[row].classes) for row in seen)


def test_an_image_that_was_held_out_once_always_is(tmp_path):
    images = write_pictures(tmp_path, 60)
    _, few = hold_out_images(images[:30], DetectorRecipe())
    train, many = hold_out_images(images, DetectorRecipe())
    assert set(few) == {row for row in many if row < 30}
    assert 4 <= len(many) <= 20
    assert sorted([*train, *many]) == list(range(60))


def test_each_image_is_held_out_in_one_fold(tmp_path):
    images = write_pictures(tmp_path, 60)
    parts = [hold_out_images(images, DetectorRecipe(fold=fold))[1].tolist() for fold in range(5)]
    assert sorted(row for part in parts for row in part) == list(range(60)) and all(parts)
    with pytest.raises(ValueError, match="0 to 4"):
        DetectorRecipe(fold=5)
    assert DetectorRecipe(fold=9, held_out=0.1).fold == 9


def test_too_few_images_are_said(images):
    with pytest.raises(NotEnoughLabelsError, match="9"):
        hold_out_images(images[:9], DetectorRecipe())
    empty = [LabelledImage(i.path, np.empty((0, 4)), np.empty(0, int), i.digest) for i in images]
    with pytest.raises(NotEnoughLabelsError, match="0 with boxes"):
        hold_out_images(empty, DetectorRecipe())


def test_a_resumed_run_is_the_run_that_was_not_broken_off(images, backbone, tmp_path, monkeypatch):
    whole = run(backbone, images, tmp_path / "whole")

    class Killed(BaseException):
        pass

    real = trainer.Trainer._learn

    def killed(self, step, rows):
        if step == 4:
            raise Killed
        return real(self, step, rows)

    with monkeypatch.context() as broken, pytest.raises(Killed):
        broken.setattr(trainer.Trainer, "_learn", killed)
        run(backbone, images, tmp_path / "gone", state=tmp_path / "state")
    resumed = run(backbone, images, tmp_path / "resumed", state=tmp_path / "state")
    assert [each.loss for each in resumed.history[1:]] == [each.loss for each in whole.history[1:]]
    blobs = [(r.checkpoint / "model.safetensors").read_bytes() for r in (whole, resumed)]
    assert blobs[0] == blobs[1]


def test_a_loss_that_is_not_finite_ends_the_run(images, backbone, tmp_path, monkeypatch):
    real = trainer.Trainer._learn

    def diverged(self, step, rows):
        if step == 4:
            nn.init.constant_(next(self.head.parameters()), math.nan)
        return real(self, step, rows)

    monkeypatch.setattr(trainer.Trainer, "_learn", diverged)
    result = run(backbone, images, tmp_path / "model")
    assert "no longer finite at step 5" in result.ended
    load_model(result.checkpoint, "cpu")


def test_a_batch_that_memory_does_not_hold_goes_through_in_parts(
    images, backbone, tmp_path, monkeypatch
):
    real = DetectorTrainer._loss_of

    def greedy(self, inputs, truth):
        if len(inputs) > 2:
            raise torch.OutOfMemoryError("too much")
        return real(self, inputs, truth)

    monkeypatch.setattr(DetectorTrainer, "_loss_of", greedy)
    result = run(backbone, images, tmp_path / "model")
    assert "2 parts" in result.notes[0] and result.ended == "all 2 epochs done"


@pytest.mark.parametrize("name", ["test_efficientnet", "test_convnext"])
def test_any_backbone_with_feature_maps_does(name, images, tmp_path):
    backbone = load_backbone(name, weights="random", device="cpu")
    recipe = detector_recipe(
        16, {"epochs": 1, "side": 64, "channels": 32, "convolutions": 1, "batch_size": 4}
    )
    result = run(backbone, images, tmp_path / "model", recipe)
    load_model(result.checkpoint, "cpu").predict(images[0].path)


def test_a_backbone_without_feature_maps_is_refused(images, tmp_path):
    backbone = load_backbone("test_vit", weights="random", device="cpu")
    with pytest.raises(BackboneError, match="feature maps at strides of 8, 16, 32"):
        run(backbone, images, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_recipe_is_checked():
    assert detector_recipe(400).epochs == 30 and detector_recipe(10).epochs > 30
    with pytest.raises(ValueError, match="no choice named sid"):
        detector_recipe(10, {"sid": 3})
    with pytest.raises(ValueError, match="side must be a multiple of 32"):
        detector_recipe(10, {"side": 100})
    with pytest.raises(ValueError, match="whole number"):
        detector_recipe(10, {"side": 96.0})


def test_pictures_of_every_kind_are_answered(trained, images, tmp_path):
    model = load_model(trained.checkpoint, "cpu")
    (tmp_path / "none.png").write_text("no image")
    picture = Image.open(images[0].path)
    wide = Image.new("RGB", (200, 20), "white")
    table = model.predict(
        [images[0].path, picture, np.asarray(picture), wide, tmp_path / "none.png"]
    )
    by_image = [table[table["image"] == place] for place in range(5)]
    columns = ["label", "confidence", "left", "top", "right", "bottom"]
    for other in by_image[1:3]:
        assert other[columns].values.tolist() == by_image[0][columns].values.tolist()
    assert (by_image[3]["right"] <= 200).all() and (by_image[3]["bottom"] <= 20).all()
    assert len(by_image[4]) == 1 and by_image[4]["label"].isna().all()
    assert "image" in by_image[4]["problem"].iloc[0]


def test_an_image_keeps_its_shape_in_the_square():
    square = Letterbox(64).preprocess(Image.new("RGB", (100, 50), "white"))
    assert square.shape == (3, 64, 64)
    assert (square[:, :32] == 255).all() and (square[:, 32:] == 114).all()
    assert Letterbox(64).fitted((1, 10_000)) == (1, 64)


def test_its_backbone_serves_as_any_other(trained):
    assert load_backbone("test_resnet", weights=trained.checkpoint).pretrained


def test_the_card_says_what_it_is(trained):
    card = load_model(trained.checkpoint, "cpu").card
    for wanted in (
        "a box around each",
        "logistic curve",
        "| black |",
        "boxes learned from",
        "squares of 64 x 64 pixels",
        "FCOS's head",
        "more chose when training ended",
        "SHA-256",
    ):
        assert wanted in card, card
    assert "None" not in card.split("## How it was made")[1]


@pytest.mark.parametrize(
    "change",
    [
        {"side": 100},
        {"side": 1 << 20},
        {"channels": 1 << 20},
        {"convolutions": 0},
        {"convolutions": 2},  # another network than the weights are of
        {"more": 1},
    ],
)
def test_a_description_that_cannot_be_is_refused(trained, tmp_path, change):
    folder = tmp_path / "model"
    shutil.copytree(trained.checkpoint, folder)
    reseal(folder, lambda values: values["postprocessing"]["detector"].update(change))
    with pytest.raises(BackboneError, match=str(folder)):
        load_model(folder, "cpu")


def test_a_head_of_another_kind_is_refused(trained, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(trained.checkpoint, folder)
    reseal(folder, lambda values: values["postprocessing"].update(head="probe"))
    with pytest.raises(BackboneError, match="a head of fcos"):
        load_model(folder, "cpu")


@pytest.mark.parametrize(
    "name, value",
    [
        ("calibration.curve", torch.tensor([-1.0, 0.0], dtype=torch.float64)),
        ("calibration.curve", torch.tensor([1.0, math.nan], dtype=torch.float64)),
        ("calibration.curve", torch.zeros(3)),
        ("detector.fcos.head.classification_head.cls_logits.bias", torch.full((2,), math.nan)),
        ("detector.fcos.head.classification_head.cls_logits.bias", torch.zeros(3)),
        ("detector.more", torch.zeros(3)),
        ("features.conv1.0.weight", torch.zeros(3)),
    ],
)
def test_weights_that_cannot_be_are_refused(trained, tmp_path, name, value):
    folder = tmp_path / "model"
    shutil.copytree(trained.checkpoint, folder)
    blob = save(load((folder / "model.safetensors").read_bytes()) | {name: value})
    reweigh(folder, blob)
    with pytest.raises(BackboneError, match=str(folder)):
        load_model(folder, "cpu")
