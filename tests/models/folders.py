"""Small saved models, and what somebody may do to their folders."""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

from workbench.models.features import FeatureSpace
from workbench.models.multiprobe import fit_multiprobe
from workbench.models.probe import fit_probe
from workbench.models.saved import save_model
from workbench.models.savedheads import ProbeHead

CLASSES = ("ok", "scratch", "dent")


def fitted_head(backbone, task="classification", seed=0):
    """A head on made-up vectors of the backbone's size, for three classes."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 3, 60)
    centres = rng.normal(0, 1, (3, backbone.dim))
    vectors = (centres[targets] + rng.normal(0, 1, (60, backbone.dim))).astype(np.float32)
    space = FeatureSpace.fit(vectors)
    features = space.transform(vectors)
    if task == "classification":
        return ProbeHead(space, fit_probe(features, targets), 3)
    several = np.stack([targets == 0, targets != 1, rng.random(60) < 0.4], axis=1)
    return ProbeHead(space, fit_multiprobe(features, several), 3)


def save_small(folder, backbone, task="classification", seed=0, **options):
    """Save a small model; returns the folder."""
    about = {
        "classes": CLASSES,
        "threshold": 0.5,
        "calibration": {},
        "metrics": {},
        "trained_on": {},
        **options,
    }
    save_model(
        folder, task=task, backbone=backbone, head=fitted_head(backbone, task, seed), **about
    )
    return folder


def values_of(folder):
    return json.loads((folder / "model.json").read_text())


def reseal(folder, change):
    """Change what the JSON file says, as somebody would who knows how it is sealed."""
    path = folder / "model.json"
    values = values_of(folder)
    del values["sha256"]
    change(values)
    seal = hashlib.sha256(dumped(values)).hexdigest()
    path.write_bytes(dumped(values | {"sha256": seal}))


def dumped(values):
    return json.dumps(values, indent=1).encode() + b"\n"


def reweigh(folder, blob):
    """Put other weights there, as somebody would who knows where their hash is kept."""
    (folder / "model.safetensors").write_bytes(blob)
    digest = hashlib.sha256(blob).hexdigest()
    reseal(folder, lambda values: values["weights"].update(bytes=len(blob), sha256=digest))


def write_format_1(folder: Path, backbone, classes=("a", "b")):
    """A checkpoint as workbench 0.1 wrote it."""
    folder.mkdir()
    tensors = {f"features.{key}": each for key, each in backbone.model.state_dict().items()}
    generator = torch.Generator().manual_seed(0)
    tensors["head.weight"] = torch.randn(len(classes), backbone.dim, generator=generator)
    tensors["head.bias"] = torch.zeros(len(classes))
    blob = save({key: tensor.contiguous() for key, tensor in tensors.items()})
    card = {
        "format": 1,
        "backbone": backbone.name,
        "arguments": dict(backbone.arguments),
        "data_config": backbone.config.to_json(),
        "classes": list(classes),
        "metrics": {"held_out_accuracy": 0.75},
        "versions": {"timm": "1.0.20", "torch": "2.14.0"},
        "sha256": {"model.safetensors": hashlib.sha256(blob).hexdigest()},
    }
    (folder / "model.safetensors").write_bytes(blob)
    (folder / "checkpoint.json").write_text(json.dumps(card, indent=2))
    return folder
