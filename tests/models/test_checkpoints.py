import json
from dataclasses import replace

import pytest
import torch

from tests.models.folders import reseal, save_small, write_format_1
from workbench.errors import BackboneError
from workbench.models.backbones import load_backbone
from workbench.models.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from workbench.models.saved import load_model

NAME = "test_efficientnet"


@pytest.fixture
def backbone():
    return load_backbone(NAME, weights="random", device="cpu")


@pytest.fixture
def folder(tmp_path, backbone):
    checkpoint = Checkpoint(
        backbone=NAME,
        config=backbone.config,
        classes=("ok", "<b>scratch</b>"),
        features=backbone.model.state_dict(),
        head_weight=torch.ones(2, backbone.dim),
        head_bias=torch.tensor([0.5, -0.5]),
        arguments={"bn_eps": 1e-2},
        metrics={"held_out_accuracy": 0.75},
    )
    write_checkpoint(tmp_path / "run", checkpoint)
    return tmp_path / "run"


def test_what_is_written_is_read(folder, backbone):
    checkpoint = read_checkpoint(folder)
    assert checkpoint.backbone == NAME
    assert checkpoint.config == backbone.config
    assert checkpoint.classes == ("ok", "<b>scratch</b>")
    assert checkpoint.metrics == {"held_out_accuracy": 0.75}
    assert checkpoint.head_weight.shape == (2, backbone.dim)
    assert checkpoint.head_bias.tolist() == [0.5, -0.5]
    for key, tensor in backbone.model.state_dict().items():
        assert torch.equal(checkpoint.features[key], tensor), key


def test_a_folder_is_three_files_without_pickle(folder):
    names = ["README.md", "model.json", "model.safetensors"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert [path.name for path in folder.parent.iterdir()] == ["run"]  # nothing half-written


def test_a_checkpoint_is_a_backbone_of_its_own(folder, backbone, photos):
    tuned = load_backbone(NAME, weights=folder)
    assert tuned.pretrained
    assert tuned.key != backbone.key  # same weights, but another epsilon
    photo = [photos / "coffee.png"]
    assert abs(tuned.embed(photo) - backbone.embed(photo)).max() > 0
    assert tuned.key == load_backbone(NAME, weights=folder).key


def test_the_bundled_weights_keep_their_meaning(tmp_path, lite, photos):
    checkpoint = Checkpoint(
        backbone=lite.name,
        config=lite.config,
        classes=("a", "b"),
        features=lite.model.state_dict(),
        head_weight=torch.zeros(2, lite.dim),
        head_bias=torch.zeros(2),
        arguments=lite.arguments,
    )
    write_checkpoint(tmp_path / "run", checkpoint)
    again = load_backbone(lite.name, weights=tmp_path / "run")
    photo = [photos / "chelsea.png"]
    assert again.key == lite.key
    assert abs(again.embed(photo) - lite.embed(photo)).max() == 0


def truncate(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def flip(folder):
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def truncate_json(folder):
    path = folder / "model.json"
    path.write_bytes(path.read_bytes()[:-30])


def change(**values):
    return lambda folder: reseal(folder, lambda found: found.update(values))


def change_backbone(**values):
    return lambda folder: reseal(folder, lambda found: found["backbone"].update(values))


DAMAGE = [
    (truncate, r"has \d+ bytes, not the \d+ that were written"),
    (flip, "is not the file that was written .*SHA-256"),
    (lambda folder: (folder / "model.safetensors").unlink(), "cannot be read .No such file"),
    (lambda folder: (folder / "model.json").unlink(), "holds no model or checkpoint"),
    (truncate_json, "is not JSON"),
    (change(format=7), "has format 7, and this version reads 2"),
    (change(preprocessing={}), "does not describe a model .it has no 'input_size'"),
    (change(weights=None), "does not describe a model"),
    (change_backbone(arguments={"colour": 1}), "wanted arguments of bn_eps, but got 'colour'"),
]


@pytest.mark.parametrize(("damage", "reason"), DAMAGE)
def test_a_damaged_checkpoint_is_refused_with_its_reason(folder, damage, reason):
    damage(folder)
    with pytest.raises(BackboneError, match=reason):
        load_backbone(NAME, weights=folder)


def test_a_checkpoint_of_another_backbone_is_refused(folder):
    with pytest.raises(BackboneError, match="holds a 'test_efficientnet', not a 'test_vit'"):
        load_backbone("test_vit", weights=folder)


def test_a_folder_that_is_taken_is_left_alone(folder):
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(BackboneError, match="is not empty"):
        write_checkpoint(folder, read_checkpoint(folder))
    assert before == {path: path.read_bytes() for path in folder.iterdir()}


def test_a_model_with_a_probe_is_a_backbone_too_but_no_checkpoint(tmp_path, backbone, photos):
    folder = save_small(tmp_path / "saved", backbone)
    again = load_backbone(NAME, weights=folder, device="cpu")
    assert again.key == backbone.key
    with pytest.raises(BackboneError, match="a model with a probe, not a checkpoint"):
        read_checkpoint(folder)


@pytest.mark.parametrize("task", ["classification", "multilabel", ""])
def test_a_checkpoint_predicts_if_it_tells_its_task(folder, tmp_path, photos, task):
    write_checkpoint(tmp_path / "told", replace(read_checkpoint(folder), task=task))
    assert read_checkpoint(tmp_path / "told").task == task
    if not task:
        with pytest.raises(BackboneError, match="not told whether its classes exclude each other"):
            load_model(tmp_path / "told")
        return
    checkpoint = read_checkpoint(folder)
    model = load_model(tmp_path / "told", "cpu")
    vector = torch.from_numpy(model.backbone.embed([photos / "coffee.png"]))
    logits = vector @ checkpoint.head_weight.T + checkpoint.head_bias
    expected = logits.softmax(1) if task == "classification" else logits.sigmoid()
    found = torch.from_numpy(model.predict_proba(photos / "coffee.png"))
    assert torch.allclose(found, expected, atol=1e-6)
    assert "## Calibration\n\nNone" in model.card
    assert "held out accuracy | 0.750" in model.card


class TestFormat1:
    """What version 0.1 wrote goes on being of use, and is as hard to damage unseen."""

    @pytest.fixture
    def old(self, tmp_path, backbone):
        return write_format_1(tmp_path / "old", backbone)

    def test_it_is_read(self, old, backbone):
        assert load_backbone(NAME, weights=old, device="cpu").key == backbone.key
        checkpoint = read_checkpoint(old)
        assert checkpoint.classes == ("a", "b")
        assert checkpoint.head_weight.shape == (2, backbone.dim)
        assert checkpoint.metrics == {"held_out_accuracy": 0.75}

    def test_it_is_not_overwritten(self, old, backbone):
        with pytest.raises(BackboneError, match="is not empty"):
            save_small(old, backbone, overwrite=True)

    @pytest.mark.parametrize(
        ("damage", "reason"),
        [
            (flip, "is not the file that was written"),
            (truncate, "is not the file that was written"),
            (lambda old: (old / "model.safetensors").unlink(), "cannot be read"),
            (lambda old: change_old(old, sha256=None), "does not describe a model"),
            (lambda old: change_old(old, format=2), "has format 2, and this version reads 1"),
            (lambda old: change_old(old, data_config={}), "does not describe a model"),
            (lambda old: change_old(old, classes=["a", "a"]), "distinct names of classes"),
        ],
    )
    def test_damage_is_refused(self, old, damage, reason):
        damage(old)
        with pytest.raises(BackboneError, match=reason):
            load_backbone(NAME, weights=old)


def change_old(folder, **values):
    path = folder / "checkpoint.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
