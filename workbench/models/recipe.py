"""How a backbone is fine-tuned: every choice, with defaults by task and number of labels."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, get_type_hints

_LEAST_STEPS = 200  # an epoch of few labels is no time at all
_EPOCHS = 20
_BATCH = 32
_BOX_EPOCHS = 30
_LEAST_BOX_STEPS = 600
_MULTIPLE = 32  # pixels, of the widest stride; channels, of the groups that they are normalised in
_PRECISIONS = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The choices of a training run; `default_recipe` makes them.

    Attributes:
        epochs: passes over the labels at most; the learning rate falls over them, or over the
            minutes where those end sooner.
        batch_size: images a step.
        rate: learning rate of the head and the last layers, for AdamW.
        first_layer: share of it for the first layer; in between it rises geometrically.
        weight_decay: of matrices and filters, not of biases and normalisation.
        warm_up: share of the run over which the rate rises.
        gradient_norm: longer gradients are cut to this.
        label_smoothing: probability taken from the labelled class and given to all, against a
            certainty that few labels do not bear out.
        augmentation: strength of shifts, turns and tints, 1 for mild ones, 0 for none; images are
            never mirrored.
        balance: how much oftener rare classes are drawn: a class of n labels by n to the power of
            minus this, 0 as they come, 1 all classes alike. Only where the largest class has more
            than twice the labels of the smallest.
        ema: decay of the moving average of the weights, which is what is judged and kept; 0 for
            none.
        patience: epochs without a better held-out log loss after which to stop.
        held_out: share of the labels set aside to judge by.
        save_every: seconds between two states to resume from, at least; writing them takes a
            twentieth of the run at most.
        precision: `auto` takes bfloat16 where hardware multiplies in it and it pays, else float32.

    Raises:
        ValueError: a number is out of its range; the message names it.
    """

    epochs: int = _EPOCHS
    batch_size: int = _BATCH
    rate: float = 1e-4
    first_layer: float = 0.5
    weight_decay: float = 0.02
    warm_up: float = 0.05
    gradient_norm: float = 1.0
    label_smoothing: float = 0.05
    augmentation: float = 1.0
    balance: float = 0.5
    ema: float = 0.98
    patience: int = 10
    held_out: float = 0.2
    save_every: float = 20.0
    precision: str = "auto"

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self) if field.name in _RANGES):
            low, high = _RANGES[name]
            value = getattr(self, name)
            if not (isinstance(value, int | float) and low <= value <= high):
                raise ValueError(f"{name} must lie between {low} and {high}, not {value!r}")
        if self.precision not in _PRECISIONS:
            known = ", ".join(_PRECISIONS)
            raise ValueError(f"precision must be one of {known}, not {self.precision!r}")

    def to_json(self) -> dict[str, Any]:
        """As plain values by name."""
        return asdict(self)


_RANGES: Mapping[str, tuple[float, float]] = {
    "epochs": (1, 100_000),
    "batch_size": (1, 65_536),
    "rate": (0.0, 1.0),
    "first_layer": (1e-6, 1.0),
    "weight_decay": (0.0, 10.0),
    "warm_up": (0.0, 1.0),
    "gradient_norm": (1e-6, 1e6),
    "label_smoothing": (0.0, 0.9),
    "augmentation": (0.0, 3.0),
    "balance": (0.0, 1.0),
    "ema": (0.0, 0.9999),
    "patience": (1, 100_000),
    "held_out": (0.01, 0.9),
    "save_every": (0.0, 1e9),
    "side": (64, 2048),
    "channels": (32, 512),
    "convolutions": (1, 8),
    "mirror": (0, 1),
    "paste": (0.0, 1.0),
    "fold": (0, 99),
}


@dataclass(frozen=True, kw_only=True)
class DetectorRecipe(Recipe):
    """The choices of a training run on boxes; `detector_recipe` makes them.

    Of `Recipe`, `label_smoothing` and `balance` have no meaning here. `augmentation` is that of
    scale, shift and tint, and patience counts epochs without a better held-out mAP50.

    Attributes:
        side: of the square, in pixels, that images are fitted into: a multiple of 32.
        channels: of the feature pyramid and of the head's convolutions: a multiple of 32.
        convolutions: of each of the head's two branches.
        mirror: 1 where half of the images may be mirrored left to right, 0 where that would turn
            them into something else, as it does digits and text.
        fold: which part of the images is held out: 0 is the part that every detector is judged on,
            and only such a run is taken into use. One that holds out part 1, 2, … (up to 4, of a
            `held_out` of a fifth) is there to doubt the labels of that part, which the detector in
            use has learned from and repeats.
    """

    side: int = 256
    channels: int = 96
    convolutions: int = 2
    mirror: int = 0
    fold: int = 0
    batch_size: int = 8
    rate: float = 1e-3
    first_layer: float = 0.1
    gradient_norm: float = 5.0
    label_smoothing: float = 0.0
    balance: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        parts = math.floor(1 / self.held_out + 1e-9)
        if self.fold >= parts:
            raise ValueError(
                f"fold must be one of 0 to {parts - 1}, where {self.held_out:.0%} of the images are "
                f"held out, not {self.fold}"
            )
        for name in ("side", "channels"):
            if getattr(self, name) % _MULTIPLE:
                raise ValueError(
                    f"{name} must be a multiple of {_MULTIPLE}, not {getattr(self, name)}"
                )


@dataclass(frozen=True, kw_only=True)
class SegmenterRecipe(DetectorRecipe):
    """The choices of a training run on masks; `segmenter_recipe` makes them.

    As those of boxes, but that `convolutions` has no meaning here, and patience counts epochs without a
    better held-out mean IoU.

    Attributes:
        paste: share of the images that get some labelled regions of another one pasted in.
    """

    channels: int = 64
    rate: float = 2e-3
    paste: float = 0.0


def segmenter_recipe(images: int, changes: Mapping[str, Any] | None = None) -> SegmenterRecipe:
    """The recipe for masks of a number of labelled images, with some choices made otherwise.

    Raises:
        ValueError: there is no such choice, or it is out of its range.
    """
    return SegmenterRecipe(**_of_drawn(SegmenterRecipe, images, changes))


def detector_recipe(images: int, changes: Mapping[str, Any] | None = None) -> DetectorRecipe:
    """The recipe for boxes in a number of labelled images, with some choices made otherwise.

    Raises:
        ValueError: there is no such choice, or it is out of its range.
    """
    return DetectorRecipe(**_of_drawn(DetectorRecipe, images, changes))


def _of_drawn(
    kind: type[DetectorRecipe], images: int, changes: Mapping[str, Any] | None
) -> dict[str, Any]:
    wanted = _checked(kind, changes)
    held_out = float(wanted.get("held_out", kind.held_out))
    batch = int(wanted.get("batch_size", kind.batch_size))
    steps_an_epoch = max(1, math.ceil(images * (1 - held_out) / max(1, batch)))
    epochs = wanted.get("epochs", max(_BOX_EPOCHS, math.ceil(_LEAST_BOX_STEPS / steps_an_epoch)))
    defaults = {"epochs": epochs, "patience": max(1, math.ceil(epochs / 2))}
    return defaults | wanted


def default_recipe(
    exclusive: bool, labels: int, changes: Mapping[str, Any] | None = None
) -> Recipe:
    """The recipe for a task and a number of labels, with some choices made otherwise.

    Args:
        exclusive: whether an image has one class only.
        labels: how many images have a label.
        changes: choices by name.

    Raises:
        ValueError: there is no such choice, or it is out of its range.
    """
    wanted = _checked(Recipe, changes)
    held_out = float(wanted.get("held_out", Recipe.held_out))
    batch = int(wanted.get("batch_size", Recipe.batch_size))
    steps_an_epoch = max(1, math.ceil(labels * (1 - held_out) / max(1, batch)))
    epochs = wanted.get("epochs", max(_EPOCHS, math.ceil(_LEAST_STEPS / steps_an_epoch)))
    defaults: dict[str, Any] = {"epochs": epochs, "patience": max(1, math.ceil(epochs / 2))}
    if not exclusive:  # yes-or-no answers: no class takes another's place, none is drawn oftener
        defaults |= {"label_smoothing": 0.0, "balance": 0.0}
    return Recipe(**(defaults | wanted))


def _checked(kind: type[Recipe], changes: Mapping[str, Any] | None) -> dict[str, Any]:
    """Choices of a recipe, by name.

    Raises:
        ValueError: there is no such choice, or it is no whole number where it has to be.
    """
    wanted = dict(changes or {})
    known = [field.name for field in fields(kind)]
    if unknown := sorted(set(wanted) - set(known)):
        raise ValueError(
            f"there is no choice named {', '.join(unknown)} in training: choose among "
            f"{', '.join(known)}"
        )
    kinds = get_type_hints(kind)
    whole = [name for name in wanted if kinds[name] is int and not isinstance(wanted[name], int)]
    if whole:
        raise ValueError(f"{whole[0]} must be a whole number, not {wanted[whole[0]]!r}")
    return wanted
