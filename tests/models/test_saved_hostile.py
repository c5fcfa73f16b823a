"""Folders that were damaged, changed or made up: refused with the reason, nothing executed."""

import io
import json
import os
import pickle
import resource
import shutil
import struct

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from tests.models.folders import dumped, reseal, reweigh, save_small, values_of
from workbench.errors import BackboneError
from workbench.models.backbones import load_backbone
from workbench.models.modelfolder import read_tensors, read_values
from workbench.models.saved import load_model

NAME = "test_efficientnet"
MEGABYTES = 300  # that a refusal may take; the whole model has two


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    backbone = load_backbone(NAME, weights="random", device="cpu")
    return save_small(tmp_path_factory.mktemp("original") / "saved", backbone)


@pytest.fixture
def folder(original, tmp_path):
    load_model(original)  # what it takes at first, such as timm's list of models, is not counted
    return shutil.copytree(original, tmp_path / "saved")


def refused(folder, reason):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BackboneError, match=reason) as caught:
        load_model(folder)
    assert str(folder) in str(caught.value) or "unknown backbone" in str(caught.value)
    assert len(str(caught.value)) < 3_000
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < MEGABYTES * 1024, f"{grown} kB"


# Damage


def test_any_flipped_bit_of_the_json_file_is_found(folder):
    path = folder / "model.json"
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        with pytest.raises(BackboneError, match=r"is not the file|is not JSON|has format"):
            read_values(folder)


def test_any_flipped_bit_of_the_weights_is_found(folder):
    path, values = folder / "model.safetensors", read_values(folder)
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    for place in [*range(16), *rng.integers(len(content), size=200).tolist()]:
        bit = 1 << int(rng.integers(8))
        content[place] ^= bit
        path.write_bytes(content)
        with pytest.raises(BackboneError, match="is not the file that was written"):
            read_tensors(folder, values, 10**9)
        content[place] ^= bit


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_file_that_is_cut_off_anywhere_is_found(folder, name):
    path = folder / name
    content = path.read_bytes()
    for length in {0, 1, 7, 8, 9, *np.linspace(0, len(content) - 1, 12).astype(int).tolist()}:
        path.write_bytes(content[:length])
        refused(folder, r"were written|is not JSON|is not the file")
    path.write_bytes(content + b"\0")
    refused(folder, r"were written|is not JSON")


def test_the_card_is_for_people_who_may_write_in_it(folder):
    card = folder / "README.md"
    card.write_text("# Ours\n\nNow on line 3.\n")
    assert load_model(folder).card == "# Ours\n\nNow on line 3.\n"
    card.write_bytes(b"\xff\xfe")
    assert load_model(folder).card == "\ufffd\ufffd"
    card.unlink()
    assert load_model(folder).card == ""
    card.symlink_to("/etc/passwd")
    assert load_model(folder).card == ""


# Files that are no files


def test_links_are_not_followed(folder, original):
    for name in ("model.safetensors", "model.json"):
        (folder / name).unlink()
        (folder / name).symlink_to(original / name)
        refused(folder, f"{name} is a link")
        (folder / name).unlink()
        shutil.copy(original / name, folder)


def test_pipes_and_folders_are_no_files(folder):
    for name in ("model.safetensors", "model.json"):
        content = (folder / name).read_bytes()
        (folder / name).unlink()
        os.mkfifo(folder / name)  # reading it would wait for ever
        refused(folder, "is no regular file")
        (folder / name).unlink()
        (folder / name).mkdir()
        refused(folder, "Is a directory")
        (folder / name).rmdir()
        (folder / name).write_bytes(content)


def test_no_model_at_all(tmp_path):
    refused(tmp_path, "holds no model")
    refused(tmp_path / "nowhere", "holds no model")
    (tmp_path / "file").write_text("")
    refused(tmp_path / "file", "holds no model")


# JSON


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe{", "is not JSON"),
        (b"[" * 1_000_000, "is not JSON"),
        (b'{"format": 2, "x": NaN}', "is not JSON .NaN is no number"),
        (b'{"format": 2, "x": -Infinity}', "is not JSON .-Infinity is no number"),
        (b'{"format": 2, "x": 1e999}', "is not JSON"),
        (b'{"format": 2, "x": ' + b"9" * 10_000 + b"}", "is not JSON"),
        (b"[]", "has format None, and this version reads 2"),
        (b"2", "has format None"),
        (b'{"format": 3}', "has format 3"),
        (b'{"format": true}', "has format True"),
        (b'{"format": 2}', "is not the file that was written"),
        (b'{"format": 2, "sha256": "0"}', "is not the file that was written"),
    ],
)
def test_json_that_is_none_of_ours(folder, content, reason):
    (folder / "model.json").write_bytes(content)
    refused(folder, reason)


def test_a_json_file_of_ten_gigabytes_is_not_read(folder):
    os.truncate(folder / "model.json", 10 << 30)
    refused(folder, "where at most 67108864 belong")


def change(*keys, to):
    def changed(values):
        for key in keys[:-1]:
            values = values[key]
        values[keys[-1]] = to

    return changed


def remove(key):
    return lambda values: values.pop(key)


SIZE = ("preprocessing", "input_size")
LIES = [
    (
        change("task", to="captioning"),
        "wanted a task of classification, multilabel, detection, instances, segmentation, but got",
    ),
    (change("task", to=None), "wanted a text"),
    (change("classes", to=["ok", "scratch"]), r"probe.classes must be 1 to 2 int64"),
    (change("classes", to=[]), "distinct names"),
    (change("classes", to=["a", "a", "b"]), "distinct names"),
    (change("classes", to=["a", " ", "b"]), "distinct names"),
    (change("classes", to=["a", 1, "b"]), "wanted a text, but got 1"),
    (change("classes", to={"a": 1}), "wanted a list"),
    (change("classes", to="abc"), "wanted a list"),
    (change("backbone", to="test_efficientnet"), "does not describe a model"),
    (change("backbone", "name", to="no_such_net"), "unknown backbone 'no_such_net'"),
    (change("backbone", "name", to="hf-hub:evil/net"), "unknown backbone 'hf-hub:evil/net'"),
    (change("backbone", "name", to="local-dir:/tmp"), "unknown backbone"),
    (change("backbone", "name", to="x" * 100_000), "the name of a backbone"),
    (change("backbone", "name", to="test_resnet"), "do not fit the backbone"),
    (change("backbone", "name", to="vit_gigantic_patch14_224"), "do not fit|were written"),
    (change("backbone", "name", to=["test_efficientnet"]), "wanted a text"),
    (change("backbone", "key", to="test_efficientnet-000000000000"), "was saved with a backbone"),
    (change("backbone", "arguments", to={"num_classes": 10**9}), "wanted arguments of bn_eps"),
    (change("backbone", "arguments", to={"checkpoint_path": "x"}), "wanted a finite number"),
    (change("backbone", "arguments", to={"pretrained": 1}), "wanted arguments of bn_eps"),
    (change("backbone", "arguments", to={"bn_eps": 10**9}), "bn_eps between 0 and 1"),
    (change("backbone", "arguments", to={"bn_eps": True}), "wanted a finite number"),
    (change("preprocessing", to={}), "it has no 'input_size'"),
    (change(*SIZE, to=[3, -1, 160]), "wanted sides of 1 to 2048 pixels"),
    (change(*SIZE, to=[3, 0, 160]), "wanted sides"),
    (change(*SIZE, to=[3, 10**9, 10**9]), "wanted sides"),
    (change(*SIZE, to=[3, 160]), "does not describe a model"),
    (change(*SIZE, to=[10**9, 160, 160]), "images of 3 channels"),
    (change(*SIZE, to=[3, 10**400, 160]), "does not describe a model|is not JSON"),
    (change("preprocessing", "crop_pct", to=0), "wanted a usual crop"),
    (change("preprocessing", "crop_pct", to=1e-9), "wanted a usual crop"),
    (change("preprocessing", "crop_pct", to=-1), "wanted a usual crop"),
    (change("preprocessing", "crop_mode", to="middle"), "wanted a crop mode"),
    (change("preprocessing", "interpolation", to="random"), "wanted a resampling filter"),
    (change("preprocessing", "mean", to=[0, 0]), "3 finite numbers as mean"),
    (change("preprocessing", "std", to=[0, 1, 1]), "a std above 0"),
    (change("preprocessing", "mean", to=[0.1, 0.2, 0.3]), "was saved with a backbone"),
    (change("postprocessing", "head", to="forest"), "a probe or a linear head"),
    (change("postprocessing", "head", to="linear"), "wanted the tensors .'head.bias', 'head.wei"),
    (change("postprocessing", "threshold", to=0), "a threshold between 0 and 1"),
    (change("postprocessing", "threshold", to="0.5"), "wanted a finite number"),
    (change("metrics", to=[]), "wanted an object"),
    (change("weights", to=None), "does not describe a model"),
    (change("weights", "file", to="/etc/passwd"), "its weights are in '/etc/passwd'"),
    (change("weights", "file", to="../saved/model.safetensors"), "its weights are in"),
    (change("weights", "file", to=["model.safetensors"]), "its weights are in"),
    (change("weights", "bytes", to=10 << 30), r"bytes, not the 10737418240 that were written"),
    (change("weights", "bytes", to=-1), "not the -1 that were written"),
    (change("weights", "bytes", to="many"), "does not describe a model"),
    (change("weights", "sha256", to="0" * 64), "is not the file that was written"),
    *((remove(key), f"it has no '{key}'") for key in ("task", "classes", "backbone", "saved")),
]


@pytest.mark.parametrize(("lie", "reason"), LIES)
def test_lies_under_a_right_seal_are_refused(folder, lie, reason):
    reseal(folder, lie)
    refused(folder, reason)


def test_a_seal_by_hand_is_a_seal(folder):
    """The lies above are not refused for how they were sealed."""
    before = (folder / "model.json").read_bytes()
    reseal(folder, lambda values: None)
    assert (folder / "model.json").read_bytes() == before == dumped(values_of(folder))
    assert json.loads(before)["format"] == 2
    load_model(folder)


# Weights


def header(text, length=None, data=b""):
    encoded = text.encode()
    return struct.pack("<Q", len(encoded) if length is None else length) + encoded + data


BLOBS = [
    (b"", "is no safetensors file"),
    (b"\xff" * 64, "is no safetensors file"),
    (header("{}", 2**63), "is no safetensors file"),
    (header("{}", 2**40), "is no safetensors file"),
    (header("{}"), "do not fit the backbone"),
    (header("not json"), "is no safetensors file"),
    (
        header('{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}', None, bytes(4)),
        "no s",
    ),
    (
        header('{"a": {"dtype": "F32", "shape": [2684354560], "data_offsets": [0, 10737418240]}}'),
        "is no safetensors file",
    ),
    (
        header(
            '{"a": {"dtype": "F32", "shape": [99999999999, 99999999999], "data_offsets": [0, 4]}}'
        ),
        "is no safetensors file",
    ),
    (
        header('{"a": {"dtype": "F4", "shape": [8], "data_offsets": [0, 4]}}', None, bytes(4)),
        "is no safetensors file",
    ),
]


@pytest.mark.parametrize(("blob", "reason"), BLOBS)
def test_weights_that_are_none(folder, blob, reason):
    reweigh(folder, blob)
    refused(folder, reason)


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (self.path,))


def test_a_pickle_is_not_executed(folder, tmp_path):
    stream = io.BytesIO()
    torch.save({"a": Payload(str(tmp_path / "made"))}, stream)
    for blob in (stream.getvalue(), pickle.dumps(Payload(str(tmp_path / "made")))):
        reweigh(folder, blob)
        refused(folder, "is no safetensors file")
    (folder / "model.json").write_bytes(pickle.dumps(Payload(str(tmp_path / "made"))))
    refused(folder, "is not JSON")
    assert not (tmp_path / "made").exists()
    pickle.loads(pickle.dumps(Payload(str(tmp_path / "made"))))
    assert (tmp_path / "made").exists(), "the payload would have worked"


def test_a_sparse_file_of_ten_gigabytes_is_not_read(folder):
    os.truncate(folder / "model.safetensors", 10 << 30)
    refused(folder, "bytes, not the .* that were written")
    reseal(folder, lambda values: values["weights"].update(bytes=10 << 30))
    refused(folder, "has 10737418240 bytes, where at most .* belong")


def wrong(name, make):
    def changed(tensors):
        tensors[name] = make(tensors[name])

    return changed


CONV = "features.conv_stem.weight"
NAN = float("nan")
SPOILED = [
    (wrong("space.mean", lambda t: t[:-1]), "space.mean must be float32 of shape"),
    (wrong("space.mean", lambda t: t[None]), "space.mean must be float32 of shape"),
    (wrong("space.mean", lambda t: t.double()), "space.mean must be float32 .*float64"),
    (wrong("space.mean", lambda t: t * NAN), "space.mean holds NaN"),
    (wrong("space.projection", lambda t: t[:-1]), "space.projection must be"),
    (wrong("space.projection", lambda t: t[:, :0]), "space.projection must be"),
    (wrong("space.projection", lambda t: t[:, :-1]), "probe.coefficients must be"),
    (wrong("space.projection", lambda t: t / 0), "space.projection holds NaN or infinity"),
    (wrong("probe.coefficients", lambda t: t[:, :-1]), "probe.coefficients must be"),
    (wrong("probe.coefficients", lambda t: t.T.contiguous()), "probe.coefficients must be"),
    (wrong("probe.coefficients", lambda t: t * NAN), "probe.coefficients holds NaN"),
    (wrong("probe.classes", lambda t: t + 1), "probe.classes must rise from 0 to 2"),
    (wrong("probe.classes", lambda t: t - 1), "probe.classes must rise"),
    (wrong("probe.classes", lambda t: t * 0), "probe.classes must rise"),
    (wrong("probe.classes", lambda t: t[:0]), "probe.classes must be 1 to 3"),
    (wrong("probe.classes", lambda t: t.int()), "probe.classes must be 1 to 3 int64"),
    (wrong("probe.classes", lambda t: torch.arange(10**6)), "probe.classes must be|at most"),
    (lambda tensors: tensors.pop("space.mean"), "wanted the tensors"),
    (lambda tensors: tensors.update(extra=torch.zeros(1)), "wanted the tensors"),
    (lambda tensors: tensors.pop(CONV), "do not fit the backbone"),
    (wrong(CONV, lambda t: t[:, :, :-1].contiguous()), "do not fit the backbone"),
    (wrong(CONV, lambda t: t * NAN), "not finite|was saved with a backbone"),
    (wrong(CONV, lambda t: t + 1), "was saved with a backbone"),
]


@pytest.mark.parametrize(("spoil", "reason"), SPOILED)
def test_weights_that_do_not_fit_what_is_said_of_them(folder, spoil, reason):
    tensors = load((folder / "model.safetensors").read_bytes())
    spoil(tensors)
    reweigh(folder, save({name: tensor.contiguous() for name, tensor in tensors.items()}))
    refused(folder, reason)


def test_a_size_that_the_network_does_not_take_is_said_when_it_is_opened(tmp_path):
    vit = load_backbone("test_vit", weights="random", device="cpu")
    folder = save_small(tmp_path / "saved", vit)

    def change_size(values):
        values["preprocessing"]["input_size"] = [3, 100, 100]
        values["backbone"]["key"] = ""

    reseal(folder, change_size)
    refused(folder, "holds a model that does not work")
