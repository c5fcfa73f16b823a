"""A fine-tuned backbone on disk, in the folder that every saved model has (`modelfolder`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from torch import Tensor

from workbench.errors import BackboneError
from workbench.models.description import BIAS, LINEAR, WEIGHT, Description
from workbench.models.modelcard import render
from workbench.models.modelfolder import require_free, write_folder
from workbench.models.preprocessing import DataConfig
from workbench.models.stored import FEATURES, read_stored
from workbench.versions import versions

__all__ = ["Checkpoint", "read_checkpoint", "require_free", "write_checkpoint"]


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
        task: `classification` or `multilabel`; only a checkpoint that tells it can predict by
            itself, as others serve as backbones alone.
    """

    backbone: str
    config: DataConfig
    classes: tuple[str, ...]
    features: Mapping[str, Tensor]
    head_weight: Tensor
    head_bias: Tensor
    arguments: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    task: str = ""


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; it is there whole or not at all.

    Args:
        folder: where to; must not exist, or be empty.
        checkpoint: what to write.

    Raises:
        BackboneError: the folder is taken or cannot be written to.
        ValueError: the checkpoint is of a kind that could not be read again.
    """
    description = Description(
        task=checkpoint.task,
        classes=checkpoint.classes,
        backbone=checkpoint.backbone,
        arguments=checkpoint.arguments,
        config=checkpoint.config,
        head=LINEAR,
        metrics=checkpoint.metrics,
        versions=versions(),
        saved=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    tensors = {FEATURES + key: value for key, value in checkpoint.features.items()}
    tensors |= {WEIGHT: checkpoint.head_weight, BIAS: checkpoint.head_bias}
    write_folder(folder, description.to_json(), tensors, render(description, folder.name))


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint that `write_checkpoint` wrote, now or as format 1.

    Raises:
        BackboneError: the folder holds no checkpoint, or a file in it was damaged or changed.
    """
    stored = read_stored(folder)
    description = stored.description
    if description.head != LINEAR or not {WEIGHT, BIAS} <= stored.head.keys():
        raise BackboneError(
            f"{folder} holds a model with a {description.head}, not a checkpoint with a linear "
            "head: workbench.load_model(folder) opens it"
        )
    return Checkpoint(
        backbone=description.backbone,
        config=description.config,
        classes=description.classes,
        features=stored.features,
        head_weight=stored.head[WEIGHT],
        head_bias=stored.head[BIAS],
        arguments=description.arguments,
        metrics=description.metrics,
        task=description.task,
    )
