"""Pretrained weights from the Hugging Face hub, by way of timm; quick to say when they are not."""

import threading
import urllib.error
import urllib.request
from pathlib import Path

import timm
from huggingface_hub import constants, try_to_load_from_cache
from safetensors.torch import load_file
from torch import nn

from workbench.errors import BackboneError

_FILENAME = "model.safetensors"
_PATIENCE = 5.0  # seconds; the hub's own client retries for 48 s before it gives up


def load_from_hub(name: str) -> nn.Module:
    """Make a timm model with its pretrained weights: from the hub's local cache, else downloaded.

    Args:
        name: a timm model name, with or without a tag.

    Returns:
        The model without its classifier.

    Raises:
        BackboneError: timm knows no weights for the name, or they are neither in the cache nor to
            be had from the hub. Nothing has then been written.
    """
    entry = timm.get_pretrained_cfg(name)
    if entry is None or not entry.has_weights:
        raise BackboneError(
            f"there are no pretrained weights for {name!r}: timm.list_pretrained() names the "
            f"backbones that have some; else {_OTHERWISE}"
        )
    cached = _cached_file(entry.hf_hub_id, entry.hf_hub_filename)
    try:
        if cached is not None:  # asking the hub first would cost a minute where it is unreachable
            overlay = {"state_dict": load_file(cached)}
            return _create(name, pretrained_cfg_overlay=overlay)
        if not _reachable(constants.ENDPOINT):
            raise BackboneError(
                f"the weights of {name!r} are not in the hub cache ({constants.HF_HUB_CACHE}) and "
                f"{constants.ENDPOINT} cannot be reached: connect and try again, copy the cache "
                f"folder of a machine that has them, or {_OTHERWISE}"
            )
        return _create(name)
    except (OSError, RuntimeError, ValueError) as error:  # network, disk, or a file that won't fit
        raise BackboneError(
            f"the pretrained weights of {name!r} could not be loaded ({error}): try again, or "
            f"{_OTHERWISE}"
        ) from error


_OTHERWISE = "pass a file as weights=Path(...), or ask for an untrained net with weights='random'"


def _create(name: str, **options: object) -> nn.Module:
    model: nn.Module = timm.create_model(name, pretrained=True, num_classes=0, **options)
    return model


def _cached_file(repository: str | None, filename: str | None) -> Path | None:
    """Find a model's safetensors file in the hub's cache, without touching the network."""
    filename = filename or _FILENAME
    if repository is None or not filename.endswith(".safetensors"):
        return None
    repository, _, revision = repository.partition("@")
    found = try_to_load_from_cache(repository, filename, revision=revision or None)
    return Path(found) if isinstance(found, str) else None


def _reachable(address: str) -> bool:
    """Say whether a web server answers, within `_PATIENCE` whatever the resolver does."""
    if constants.HF_HUB_OFFLINE:
        return False
    answers: list[bool] = []

    def ask() -> None:
        request = urllib.request.Request(address, method="HEAD")
        try:
            urllib.request.urlopen(request, timeout=_PATIENCE).close()
        except urllib.error.HTTPError:  # it answered, if grumpily
            answers.append(True)
        except OSError:
            return
        else:
            answers.append(True)

    # In a thread, because a timeout does not cover the look-up of the name.
    asking = threading.Thread(target=ask, daemon=True, name="workbench-hub")
    asking.start()
    asking.join(_PATIENCE)
    return bool(answers)
