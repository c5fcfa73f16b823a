"""timm's architectures by name: whether there is one, an untrained network, and its size."""

import difflib
from collections.abc import Mapping

import timm
import torch
from torch import nn

from workbench.errors import BackboneError

_SEED = 0  # of random weights, so that they too are the same tomorrow


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


def untrained(name: str, arguments: Mapping[str, float] | None = None) -> nn.Module:
    """Make a network without its classifier, with the same random weights each time.

    Args:
        name: a timm model name that is known.
        arguments: what `timm.create_model` is told beyond it.

    Raises:
        TypeError: the architecture takes no such argument.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        model: nn.Module = timm.create_model(
            name, pretrained=False, num_classes=0, **(arguments or {})
        )
    return model


def skeleton(name: str, arguments: Mapping[str, float]) -> nn.Module:
    """The same without any values: its tensors have names, shapes and types, and take no memory.

    Raises:
        TypeError: the architecture takes no such argument.
    """
    with torch.device("meta"):
        return untrained(name, arguments)


def room_for(model: nn.Module, num_classes: int) -> int:
    """Bytes that the weights of a network and of a head on it can take.

    Args:
        model: the network, or its skeleton.
        num_classes: K, of the head: a linear map of the vectors, or of a space of no more dimensions.
    """
    features: int = sum(each.numel() * each.element_size() for each in model.state_dict().values())
    dim = max(int(model.num_features), int(getattr(model, "head_hidden_size", None) or 0))
    return features + 4 * (dim + 1) * (dim + num_classes + 1) + 8 * num_classes
