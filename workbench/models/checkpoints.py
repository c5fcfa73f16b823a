"""A trained model on disk: a folder with one safetensors file and one JSON file, no pickle."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors.torch import load, save
from torch import Tensor

from workbench.errors import BackboneError
from workbench.models.preprocessing import DataConfig

_FORMAT = 1
_CARD = "checkpoint.json"
_TENSORS = "model.safetensors"
_FEATURES = "features."
_HEAD_WEIGHT = "head.weight"
_HEAD_BIAS = "head.bias"


@dataclass(frozen=True)
class Checkpoint:
    """A fine-tuned backbone and its head.

    Attributes:
        backbone: the timm model's name.
        config: its preprocessing.
        classes: the classes, in the order of the head's rows.
        features: state dict of the backbone.
        head_weight: (classes, dim), float32.
        head_bias: (classes,), float32. Logits of an embedding x are `head_weight @ x + head_bias`.
        arguments: what `timm.create_model` has to be told beyond the name.
        metrics: figures to keep with it, by name.
    """

    backbone: str
    config: DataConfig
    classes: tuple[str, ...]
    features: Mapping[str, Tensor]
    head_weight: Tensor
    head_bias: Tensor
    arguments: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


def require_free(folder: Path) -> None:
    """Check that a checkpoint can be written to a folder, before the work that fills it.

    Raises:
        BackboneError: something is there already, or the folder cannot be made.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackboneError(f"{folder} is not empty: choose a new folder for the checkpoint")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BackboneError(
            f"the checkpoint folder {folder} cannot be made ({error.strerror}): choose another"
        ) from error


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; it is there whole or not at all.

    Args:
        folder: where to; must not exist, or be empty.
        checkpoint: what to write.

    Raises:
        BackboneError: the folder is taken or cannot be written to.
    """
    require_free(folder)
    tensors = {_FEATURES + key: value for key, value in checkpoint.features.items()}
    tensors[_HEAD_WEIGHT] = checkpoint.head_weight
    tensors[_HEAD_BIAS] = checkpoint.head_bias
    blob = save({key: value.detach().cpu().contiguous() for key, value in tensors.items()})
    card = {
        "format": _FORMAT,
        "backbone": checkpoint.backbone,
        "arguments": dict(checkpoint.arguments),
        "data_config": checkpoint.config.to_json(),
        "classes": list(checkpoint.classes),
        "metrics": dict(checkpoint.metrics),
        "versions": {"timm": timm.__version__, "torch": str(torch.__version__)},
        "sha256": {_TENSORS: hashlib.sha256(blob).hexdigest()},
    }
    partial = folder.with_name(f".{folder.name}.partial-{os.getpid()}")
    try:
        partial.mkdir()
        _write(partial / _TENSORS, blob)
        _write(partial / _CARD, json.dumps(card, indent=2).encode())
        partial.replace(folder)  # POSIX renames onto an empty folder
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise BackboneError(
            f"the checkpoint {folder} could not be written ({error.strerror}): free some space or "
            "choose another folder"
        ) from error


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint that `write_checkpoint` wrote.

    Raises:
        BackboneError: the folder holds no checkpoint, or a file in it was damaged or changed.
    """
    card = _read_card(folder)
    try:
        expected = card["sha256"][_TENSORS]
        blob = (folder / _TENSORS).read_bytes()
        if hashlib.sha256(blob).hexdigest() != expected:
            raise BackboneError(
                f"{folder / _TENSORS} is not the file that was written (its SHA-256 differs from "
                f"the one in {_CARD}): it was damaged or changed; restore it, or train again"
            )
        tensors = load(blob)
        return Checkpoint(
            backbone=str(card["backbone"]),
            config=DataConfig.from_json(card["data_config"]),
            classes=tuple(str(name) for name in card["classes"]),
            features={
                key.removeprefix(_FEATURES): value
                for key, value in tensors.items()
                if key.startswith(_FEATURES)
            },
            head_weight=tensors[_HEAD_WEIGHT],
            head_bias=tensors[_HEAD_BIAS],
            arguments={str(key): float(value) for key, value in card["arguments"].items()},
            metrics={str(key): float(value) for key, value in card["metrics"].items()},
        )
    except OSError as error:
        raise BackboneError(
            f"{folder / _TENSORS} cannot be read ({error.strerror}): restore it, or train again"
        ) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BackboneError(
            f"{folder / _CARD} does not describe a checkpoint ({error!r}): restore it, or train "
            "again"
        ) from error


def _read_card(folder: Path) -> dict[str, Any]:
    try:
        card: Any = json.loads((folder / _CARD).read_bytes())
    except OSError as error:
        raise BackboneError(
            f"{folder} holds no checkpoint ({_CARD}: {error.strerror}): pass the folder that "
            "fine-tuning wrote"
        ) from error
    except ValueError as error:
        raise BackboneError(
            f"{folder / _CARD} is not JSON ({error}): it was damaged; restore it, or train again"
        ) from error
    if not isinstance(card, dict) or card.get("format") != _FORMAT:
        found = card.get("format") if isinstance(card, dict) else None
        raise BackboneError(
            f"{folder / _CARD} has format {found!r}, and this version reads {_FORMAT}: open it "
            "with the version that wrote it, or train again"
        )
    return card


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
