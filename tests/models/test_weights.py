import pickle
from pathlib import Path

import huggingface_hub.constants
import pytest
import timm
import torch
from safetensors.torch import save_file

from workbench.errors import BackboneError
from workbench.models.bundled import load_bundled, timm_key
from workbench.models.images import read_image
from workbench.models.preprocessing import make_transform, normalise
from workbench.models.tensors import fingerprint
from workbench.models.weights import load_model

TINY = "test_resnet"


@pytest.mark.parametrize(
    ("photo", "expected"),
    [("chelsea.png", "cat"), ("coffee.png", "espresso"), ("rocket.jpg", "missile")],
)
def test_bundled_weights_know_imagenet(photos, photo, expected):
    model, config = load_bundled(classifier=True)
    pixels = make_transform(config)(read_image(photos / photo)).unsqueeze(0)
    with torch.inference_mode():
        best = int(model.eval()(normalise(pixels, config)).argmax())
    assert expected in timm.data.ImageNetInfo().index_to_description(best)


@pytest.mark.parametrize(
    ("theirs", "timms"),
    [
        ("_conv_stem.weight", "conv_stem.weight"),
        ("_bn0.running_mean", "bn1.running_mean"),
        ("_blocks.0._project_conv.weight", "blocks.0.0.conv_pw.weight"),
        ("_blocks.1._project_conv.weight", "blocks.1.0.conv_pwl.weight"),
        ("_blocks.2._bn0.bias", "blocks.1.1.bn1.bias"),
        ("_blocks.15._bn2.weight", "blocks.6.0.bn3.weight"),
    ],
)
def test_names_of_tensors_are_translated(theirs, timms):
    assert timm_key(theirs) == timms


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "efficientnet_lit0",
            r"'efficientnet_lit0': did you mean 'efficientnet_lite0'\? timm\.lis",
        ),
        ("qqqqqqqq", r"'qqqqqqqq': timm\.list_models\(\) has them all"),
        ("vit_small_patch14_dinov2.lvd", r"timm has 'vit_small_patch14_dinov2\.lvd142m'"),
        ("hf-hub:someone/something", "unknown backbone"),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(name, message):
    with pytest.raises(BackboneError, match=message):
        load_model(name, "random")


def test_untrained_weights_are_the_same_each_time_and_leave_the_seed_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, second = (load_model(TINY, "random") for _ in range(2))
    assert torch.rand(1) == expected
    assert not first.pretrained
    assert fingerprint(first.model) == fingerprint(second.model)


@pytest.fixture
def trained():
    """A model with its classifier, and weights unlike the untrained ones of load_model."""
    torch.manual_seed(99)
    return timm.create_model(TINY, pretrained=False)


def save_plain(state, path):
    torch.save(state, path)


def save_wrapped(state, path):
    torch.save({"state_dict": {f"module.{k}": v for k, v in state.items()}, "epoch": 3}, path)


@pytest.mark.parametrize(
    ("suffix", "save"),
    [(".safetensors", save_file), (".pth", save_plain), (".pt", save_wrapped)],
)
def test_weights_from_a_file(tmp_path, trained, suffix, save):
    path = tmp_path / f"weights{suffix}"
    save(trained.state_dict(), path)
    loaded = load_model(TINY, path)
    assert loaded.pretrained
    trained.reset_classifier(0)
    assert fingerprint(loaded.model) == fingerprint(trained)


def test_a_file_of_another_architecture_is_refused(tmp_path, trained):
    path = tmp_path / "weights.safetensors"
    save_file(trained.state_dict(), path)
    with pytest.raises(BackboneError, match=r"weights\.safetensors do not fit .* Missing key"):
        load_model("test_vit", path)


class Bomb:
    def __reduce__(self):
        return Path.touch, (Path("exploded"),)


def test_a_file_that_would_run_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": Bomb()}, "bad.pth")
    Path("worse.pth").write_bytes(pickle.dumps(Bomb(), protocol=2))
    for name in ("bad.pth", "worse.pth"):
        with pytest.raises(BackboneError, match="tensors only"):
            load_model(TINY, Path(name))
    assert not Path("exploded").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "there is no weight file"), (b"", "cannot be read"), (b"\x00" * 99, "cannot be read")],
)
def test_files_that_are_no_weights(tmp_path, content, message):
    path = tmp_path / "weights.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BackboneError, match=message):
        load_model(TINY, path)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty hub cache, and a hub at which nothing answers."""
    cache = tmp_path / "hub"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    return cache


def test_weights_that_cannot_be_had_are_said_so_and_leave_nothing_behind(hub):
    with pytest.raises(BackboneError, match=r"cannot be reached.*weights=Path.*weights='random'"):
        load_model("resnet18", "pretrained")
    assert not hub.exists()


def test_backbones_without_pretrained_weights(hub):
    with pytest.raises(BackboneError, match="no pretrained weights"):
        load_model("cspresnet50d", "pretrained")


def test_weights_in_the_hub_cache_need_no_hub(hub, trained):
    entry = timm.get_pretrained_cfg(TINY)
    folder = hub / f"models--{entry.hf_hub_id.replace('/', '--')}"
    (folder / "snapshots" / "abc").mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("abc")
    save_file(trained.state_dict(), folder / "snapshots" / "abc" / "model.safetensors")
    loaded = load_model(TINY, "pretrained")
    trained.reset_classifier(0)
    assert fingerprint(loaded.model) == fingerprint(trained)


def test_weights_must_be_one_of_three_kinds():
    with pytest.raises(BackboneError, match="must be 'pretrained', 'random' or a pathlib"):
        load_model(TINY, "pretraind")
