import json

import pytest
import torch

from workbench.errors import BackboneError
from workbench.models.backbones import load_backbone
from workbench.models.checkpoints import Checkpoint, read_checkpoint, write_checkpoint

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


def test_a_folder_is_two_files_without_pickle(folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        "checkpoint.json",
        "model.safetensors",
    ]
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


def truncate_card(folder):
    path = folder / "checkpoint.json"
    path.write_bytes(path.read_bytes()[:-30])


def change_card(**values):
    def change(folder):
        path = folder / "checkpoint.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    return change


DAMAGE = [
    (truncate, "is not the file that was written .*SHA-256"),
    (flip, "is not the file that was written .*SHA-256"),
    (lambda folder: (folder / "model.safetensors").unlink(), "cannot be read .No such file"),
    (lambda folder: (folder / "checkpoint.json").unlink(), "holds no checkpoint"),
    (truncate_card, "is not JSON"),
    (change_card(format=7), "has format 7, and this version reads 1"),
    (change_card(data_config={}), "does not describe a checkpoint"),
    (change_card(sha256=None), "does not describe a checkpoint"),
    (change_card(arguments={"colour": 1}), "made with arguments that .* does not take"),
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
