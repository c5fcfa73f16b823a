"""Where a backbone's weights come from: the bundle, the hub, a file, a checkpoint, or chance."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import timm
from torch import Tensor, nn

from workbench.errors import BackboneError
from workbench.models.architectures import require_known, untrained
from workbench.models.bundled import BUNDLED, BUNDLED_ARGUMENTS, load_bundled
from workbench.models.hub import load_from_hub
from workbench.models.preprocessing import DataConfig
from workbench.models.stored import Stored, read_stored
from workbench.models.tensors import fill, read_tensors

Weights = Literal["pretrained", "random"] | Path


def as_weights(text: str) -> Weights:
    """Weights as they were asked for in text: a name of some, or else a path."""
    if text == "pretrained":
        return "pretrained"
    return "random" if text == "random" else Path(text)


@dataclass(frozen=True)
class LoadedModel:
    """A network and how to feed it.

    Attributes:
        model: the timm model without its classifier, on the CPU.
        config: its preprocessing.
        pretrained: whether the weights were learned from data.
        arguments: what `timm.create_model` was told beyond the name; the weights mean nothing
            without it.
    """

    model: nn.Module
    config: DataConfig
    pretrained: bool
    arguments: Mapping[str, float] = field(default_factory=dict)


def load_model(name: str, weights: Weights) -> LoadedModel:
    """Make a timm model without its classifier and fill it with weights.

    Args:
        name: a timm model name, with or without a tag.
        weights: `"pretrained"`, `"random"`, a checkpoint folder, or a file of weights
            (safetensors, or a PyTorch file of tensors) of that very architecture.

    Raises:
        BackboneError: the name is unknown, or the weights cannot be had or do not fit.
    """
    require_known(name)
    if isinstance(weights, Path):
        return _from_folder(name, weights) if weights.is_dir() else _from_file(name, weights)
    if weights == "random":
        model = untrained(name)
        return LoadedModel(model, DataConfig.of_model(model), pretrained=False)
    if weights != "pretrained":
        raise BackboneError(
            f"weights must be 'pretrained', 'random' or a pathlib.Path, not {weights!r}"
        )
    if name == BUNDLED:
        return LoadedModel(*load_bundled(), pretrained=True, arguments=BUNDLED_ARGUMENTS)
    model = load_from_hub(name)
    return LoadedModel(model, DataConfig.of_model(model), pretrained=True)


def load_stored(stored: Stored, folder: Path) -> LoadedModel:
    """Make the backbone of a model's folder.

    Args:
        stored: what `read_stored` read.
        folder: where, for the message.

    Raises:
        BackboneError: the weights do not fit the network that the folder names.
    """
    description = stored.description
    model = untrained(description.backbone, description.arguments)
    fill(model, stored.features, folder)
    return LoadedModel(model, description.config, True, description.arguments)


def _from_folder(name: str, folder: Path) -> LoadedModel:
    stored = read_stored(folder)
    if stored.description.backbone != name:
        raise BackboneError(
            f"{folder} holds a {stored.description.backbone!r}, not a {name!r}: ask for it by its "
            "own name"
        )
    return load_stored(stored, folder)


def _from_file(name: str, path: Path) -> LoadedModel:
    model = untrained(name)
    state = read_tensors(path)
    # Architectures whose published files use other names or shapes bring a function for it.
    adapt = getattr(sys.modules[type(model).__module__], "checkpoint_filter_fn", None)
    if adapt is not None:
        state = adapt(state, model)
    fill(model, _without_classifier(name, state), path)
    return LoadedModel(model, DataConfig.of_model(model), pretrained=True)


def _without_classifier(name: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    entry = timm.get_pretrained_cfg(name)
    modules = entry.classifier if entry is not None else None
    modules = (modules,) if isinstance(modules, str) else tuple(modules or ())
    return {key: value for key, value in state.items() if key.rpartition(".")[0] not in modules}
