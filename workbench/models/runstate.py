"""A training run on disk, to go on from after it was broken off: one safetensors file, no pickle."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from workbench.errors import BackboneError

_FORMAT = "1"
_PLAIN = (
    *("step", "seconds", "head_scale", "history", "best_entry", "losses", "loss_seconds"),
    *("looking", "training"),
)
_GROUPS = ("weights", "average", "best")


@dataclass(frozen=True, kw_only=True)
class RunState:
    """Everything that a run needs besides its images, labels, seed and recipe.

    Attributes:
        step: the next one.
        seconds: that the run has taken.
        head_scale: of the linear head.
        history: looks at the held-out labels, as plain values.
        best_entry: place of the best of them.
        losses: of this epoch's steps.
        loss_seconds: that these took.
        looking: seconds that a look takes.
        training: seconds before the first step.
        weights: state dict of backbone and head.
        average: of their moving average; empty where there is none.
        best: of what was best.
        moments: the optimiser's, by the place of the parameter.
    """

    step: int
    seconds: float
    head_scale: float
    history: list[dict[str, Any]]
    best_entry: int
    losses: list[float]
    loss_seconds: float
    looking: float
    training: float
    weights: Mapping[str, Tensor]
    average: Mapping[str, Tensor]
    best: Mapping[str, Tensor]
    moments: Mapping[int, Mapping[str, Tensor]]


def write_state(path: Path, state: RunState) -> None:
    """Write a state in the place of the one before it, which stays whole until this one is.

    Raises:
        OSError: there is no room, say; the state before is as it was.
    """
    tensors = {
        f"{group}/{key}": value.detach().cpu().contiguous()
        for group in _GROUPS
        for key, value in getattr(state, group).items()
    }
    for place, moments in state.moments.items():
        for name, value in moments.items():
            tensors[f"moments/{place}/{name}"] = value.detach().cpu().contiguous()
    plain = {name: getattr(state, name) for name in _PLAIN}
    # Tensors that share memory (a best state that is the weights) are written twice: no aliases.
    blob = save(
        {key: value.clone() for key, value in tensors.items()},
        {"format": _FORMAT, "state": json.dumps(plain)},
    )
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(blob)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def read_state(path: Path) -> RunState:
    """Read what `write_state` wrote.

    Raises:
        BackboneError: there is none, or it is damaged.
    """
    try:
        blob = path.read_bytes()
        length = int.from_bytes(blob[:8], "little")
        about = json.loads(blob[8 : 8 + length])["__metadata__"]
        if about["format"] != _FORMAT:
            raise ValueError(f"its format is {about['format']}, not {_FORMAT}")
        plain = json.loads(about["state"])
        groups: dict[str, dict[str, Tensor]] = {name: {} for name in _GROUPS}
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in load(blob).items():
            group, _, rest = key.partition("/")
            if group == "moments":
                place, _, name = rest.partition("/")
                moments.setdefault(int(place), {})[name] = value
            else:
                groups[group][rest] = value
        return RunState(**(plain | groups), moments=moments)
    except OSError as error:
        raise BackboneError(
            f"{path} cannot be read ({error.strerror}): the run has nothing to go on from; train "
            "anew"
        ) from error
    except (KeyError, TypeError, ValueError, SafetensorError) as error:
        raise BackboneError(
            f"{path} is damaged ({error}): the run cannot go on from it; train anew"
        ) from error
