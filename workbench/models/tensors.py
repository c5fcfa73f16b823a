"""Named tensors: read from files without ever running code, loaded strictly, hashed."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from workbench.errors import BackboneError

_WRAPPERS = ("state_dict_ema", "model_ema", "state_dict", "model")  # keys training scripts use


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a weight file: safetensors, or a PyTorch file that holds tensors only.

    Raises:
        BackboneError: the file is missing, damaged, or would have to run code to be read.
    """
    try:
        content: Any = (
            load_file(path)
            if path.suffix == ".safetensors"
            else torch.load(path, map_location="cpu", weights_only=True)
        )
    except FileNotFoundError as error:
        raise BackboneError(f"there is no weight file {path}: check the path") from error
    except Exception as error:  # a damaged file surfaces as almost anything
        reason = str(error).partition("\n")[0]
        raise BackboneError(
            f"{path} cannot be read as weights ({reason}): pass a safetensors file, or a PyTorch "
            "file that holds tensors only"
        ) from error
    for wrapper in _WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(wrapper), dict):
            content = content[wrapper]
            break
    if not isinstance(content, dict) or not all(isinstance(v, Tensor) for v in content.values()):
        raise BackboneError(f"{path} holds no dictionary of named tensors: pass a state dict")
    return {re.sub(r"^module\.", "", key): value for key, value in content.items()}


def fill(model: nn.Module, state: Mapping[str, Tensor], origin: Path) -> None:
    """Load a state dict strictly: a network that is half filled looks alive and is not.

    Raises:
        BackboneError: names or shapes differ from the model's; the message says which and where
            they came from.
    """
    try:
        model.load_state_dict(state, strict=True)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines()[1:]]
        reason = " ".join(lines)[:600]
        raise BackboneError(
            f"the weights in {origin} do not fit the backbone asked for: {reason}; name the "
            "architecture that they belong to"
        ) from error


def fingerprint(model: nn.Module) -> str:
    """Hash every parameter and buffer of a model: the same digits mean the same weights."""
    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(memoryview(flat.view(torch.uint8).numpy()))
    return digest.hexdigest()
