"""Where a backbone's weights come from: the bundle, the hub, a file, a checkpoint, or chance."""

import difflib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import timm
import torch
from torch import Tensor, nn

from workbench.errors import BackboneError
from workbench.models.bundled import BUNDLED, BUNDLED_ARGUMENTS, load_bundled
from workbench.models.checkpoints import read_checkpoint
from workbench.models.hub import load_from_hub
from workbench.models.preprocessing import DataConfig
from workbench.models.tensors import fill, read_tensors

Weights = Literal["pretrained", "random"] | Path
_SEED = 0  # of random weights, so that they too are the same tomorrow


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
        model = _untrained(name)
        return LoadedModel(model, DataConfig.of_model(model), pretrained=False)
    if weights != "pretrained":
        raise BackboneError(
            f"weights must be 'pretrained', 'random' or a pathlib.Path, not {weights!r}"
        )
    if name == BUNDLED:
        return LoadedModel(*load_bundled(), pretrained=True, arguments=BUNDLED_ARGUMENTS)
    model = load_from_hub(name)
    return LoadedModel(model, DataConfig.of_model(model), pretrained=True)


def require_known(name: str) -> None:
    """Check that timm has a model of this name and, where it has a tag, weights of that tag.

    Raises:
        BackboneError: it has not; the message names the nearest one.
    """
    architecture, _, tag = name.partition(".")
    if not timm.is_model(architecture):
        nearest = difflib.get_close_matches(architecture, timm.list_models(), n=1)
        guess = f" did you mean {nearest[0]!r}?" if nearest else ""
        raise BackboneError(f"unknown backbone {name!r}:{guess} timm.list_models() has them all")
    if tag and name not in (tagged := timm.list_pretrained(f"{architecture}.*")):
        known = ", ".join(repr(other) for other in tagged) or "no weights at all"
        raise BackboneError(
            f"unknown weights {tag!r} of backbone {architecture!r}: timm has {known}"
        )


def _untrained(name: str, arguments: Mapping[str, float] | None = None) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        model: nn.Module = timm.create_model(
            name, pretrained=False, num_classes=0, **(arguments or {})
        )
    return model


def _from_folder(name: str, folder: Path) -> LoadedModel:
    checkpoint = read_checkpoint(folder)
    if checkpoint.backbone != name:
        raise BackboneError(
            f"{folder} holds a {checkpoint.backbone!r}, not a {name!r}: ask for it by its own name"
        )
    try:
        model = _untrained(name, checkpoint.arguments)
    except TypeError as error:
        raise BackboneError(
            f"{folder} was made with arguments that {name!r} does not take here ({error}): use the "
            "version of timm that its checkpoint.json names"
        ) from error
    fill(model, checkpoint.features, folder)
    return LoadedModel(model, checkpoint.config, True, checkpoint.arguments)


def _from_file(name: str, path: Path) -> LoadedModel:
    model = _untrained(name)
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
