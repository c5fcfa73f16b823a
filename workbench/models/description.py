"""What a saved model's JSON file says, and whether that can be so."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from workbench.errors import BackboneError
from workbench.models.modelfolder import read_values
from workbench.models.preprocessing import DataConfig

TASKS = ("classification", "multilabel", "detection", "instances", "segmentation")
LINEAR, PROBE, FCOS, CENTERMASK = "linear", "probe", "fcos", "centermask"
PANOPTIC = "panoptic"
DETECTORS: Mapping[str, str] = MappingProxyType({"detection": FCOS, "instances": CENTERMASK})
"""Heads that find objects, by task."""
SPATIAL: Mapping[str, str] = MappingProxyType({**DETECTORS, "segmentation": PANOPTIC})
"""Heads that say where something is, by task."""
WEIGHT, BIAS = "head.weight", "head.bias"  # names of a linear head's tensors
THRESHOLD = 0.5
_LARGEST_SIDE = 2_048  # pixels; timm's own reach 1,024
_LEAST = {"side": 32, "channels": 32, "convolutions": 1}  # what the others are multiples of
_MOST = {"side": 2_048, "channels": 512, "convolutions": 8}
_CROPS = (0.25, 4.0)  # share of the side that a crop keeps; timm's own go from .875 to 1.15
_ARGUMENTS = ("bn_eps",)  # of `timm.create_model`; sizes and files are not for a folder to choose


@dataclass(frozen=True, kw_only=True)
class Description:
    """A saved model without its weights.

    Attributes:
        task: one of `TASKS`; empty for a linear head whose task was not told.
        classes: K names, in the order of probabilities.
        backbone: the timm model's name.
        arguments: what `timm.create_model` has to be told beyond it.
        config: the backbone's preprocessing.
        head: what comes after the backbone: `probe` or `linear` (`heads`), `fcos`, a detector,
            `centermask`, one that finds outlines, too, or `panoptic`, a segmenter.
        detector: of a detector or segmenter, its `side`, `channels` and `convolutions` (`DetectorRecipe`).
        threshold: probability from which on a class is said to be there, in multi-label.
        key: name and hash of all that the vectors depend on (`Backbone.key`); empty where unknown.
        calibration: how its probabilities were calibrated, in JSON values, as what follows.
        metrics: how good it is.
        trained_on: what it learned from.
        versions: of the libraries it was made with.
        saved: when, in ISO 8601; empty where unknown.
    """

    task: str
    classes: tuple[str, ...]
    backbone: str
    config: DataConfig
    head: str
    detector: Mapping[str, int] = field(default_factory=dict)
    arguments: Mapping[str, float] = field(default_factory=dict)
    threshold: float = THRESHOLD
    key: str = ""
    calibration: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    trained_on: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    saved: str = ""

    def __post_init__(self) -> None:
        told = self.task in TASKS or (self.task == "" and self.head == LINEAR)
        _require(told, f"a task of {', '.join(TASKS)}", self.task)
        names_fit = all(name.strip() for name in self.classes)
        distinct = len({*self.classes}) == len(self.classes) > 0
        _require(names_fit and distinct, "distinct names of classes", list(self.classes)[:20])
        _require(len(self.backbone) < 200, "the name of a backbone", self.backbone[:200])
        if self.task in SPATIAL:
            _require(self.head == SPATIAL[self.task], f"a head of {SPATIAL[self.task]}", self.head)
        else:
            _require(self.head in (LINEAR, PROBE), "a probe or a linear head", self.head)
        _require_detector(self.detector if self.task in SPATIAL else _LEAST)
        _require(0 < self.threshold < 1, "a threshold between 0 and 1", self.threshold)
        for name, value in self.arguments.items():
            _require(name in _ARGUMENTS, f"arguments of {', '.join(_ARGUMENTS)}", name)
            _require(0 < value < 1, f"{name} between 0 and 1", value)
        _require_config(self.config)

    def to_json(self) -> dict[str, Any]:
        """As JSON values: what `write_folder` wants."""
        return {
            "task": self.task,
            "classes": list(self.classes),
            "backbone": {
                "name": self.backbone,
                "arguments": dict(self.arguments),
                "key": self.key,
            },
            "preprocessing": self.config.to_json(),
            "postprocessing": {"head": self.head, "threshold": self.threshold}
            | ({"detector": dict(self.detector)} if self.task in SPATIAL else {}),
            "calibration": dict(self.calibration),
            "metrics": dict(self.metrics),
            "trained_on": dict(self.trained_on),
            "versions": dict(self.versions),
            "saved": self.saved,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Description":
        """From what `read_values` gives, of format 1 or 2.

        Raises:
            AttributeError, KeyError, TypeError, ValueError: it describes no model.
        """
        if values["format"] == 1:
            return _from_format_1(values)
        backbone, after = values["backbone"], values["postprocessing"]
        return cls(
            task=_text(values["task"]),
            classes=tuple(_text(name) for name in _list(values["classes"])),
            backbone=_text(backbone["name"]),
            arguments=_numbers(backbone["arguments"]),
            key=_text(backbone["key"]),
            config=DataConfig.from_json(values["preprocessing"]),
            head=_text(after["head"]),
            detector={
                name: int(number) for name, number in _numbers(after.get("detector", {})).items()
            },
            threshold=_number(after["threshold"]),
            calibration=_mapping(values["calibration"]),
            metrics=_mapping(values["metrics"]),
            trained_on=_mapping(values["trained_on"]),
            versions=_mapping(values["versions"]),
            saved=_text(values["saved"]),
        )


class Described:
    """What is told of any saved model, by its description and its card.

    Attributes:
        description: what its folder says.
        card: the model card, Markdown.
    """

    description: Description
    card: str

    @property
    def task(self) -> str:
        """`classification`, `multilabel` (any number of classes an image) or `detection`."""
        return self.description.task

    @property
    def classes(self) -> tuple[str, ...]:
        """K names, by class index."""
        return self.description.classes

    @property
    def metrics(self) -> Mapping[str, Any]:
        """How good it was when it was saved, as the card tells it."""
        return self.description.metrics

    def _repr_markdown_(self) -> str:
        return self.card


def describe_folder(folder: Path) -> tuple[Description, dict[str, Any]]:
    """Read what a folder's model is, and the JSON values that `read_tensors` wants.

    Raises:
        BackboneError: the folder holds no model, or its JSON file was changed or cannot be so.
    """
    values = read_values(folder)
    try:
        return Description.from_json(values), values
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise BackboneError(
            f"what stands in {folder} does not describe a model ({reason}): restore it, train "
            "again, or use the version of workbench that wrote it"
        ) from error


def _from_format_1(values: Mapping[str, Any]) -> Description:
    return Description(
        task="classification",
        classes=tuple(_text(name) for name in _list(values["classes"])),
        backbone=_text(values["backbone"]),
        arguments=_numbers(values["arguments"]),
        config=DataConfig.from_json(values["data_config"]),
        head=LINEAR,
        metrics=_mapping(values["metrics"]),
        versions=_mapping(values["versions"]),
    )


def _require_detector(detector: Mapping[str, int]) -> None:
    _require(detector.keys() == _LEAST.keys(), f"{', '.join(_LEAST)} of a detector", dict(detector))
    for name, least in _LEAST.items():
        number, most = detector[name], _MOST[name]
        fits = least <= number <= most and number % (1 if name == "convolutions" else least) == 0
        _require(fits, f"a {name} of {least} to {most}", number)


def _require_config(config: DataConfig) -> None:
    channels, height, width = config.input_size
    _require(channels == 3, "images of 3 channels", channels)
    sides = 0 < height <= _LARGEST_SIDE and 0 < width <= _LARGEST_SIDE
    _require(sides, f"sides of 1 to {_LARGEST_SIDE} pixels", config.input_size)
    _require(_CROPS[0] <= config.crop_pct <= _CROPS[1], "a usual crop", config.crop_pct)
    _require(config.crop_mode in ("center", "squash", "border"), "a crop mode", config.crop_mode)
    filters = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")
    _require(config.interpolation in filters, "a resampling filter", config.interpolation)
    for name, values in (("mean", config.mean), ("std", config.std)):
        finite = len(values) == 3 and all(math.isfinite(value) for value in values)
        _require(finite, f"3 finite numbers as {name}", values)
    _require(min(config.std) > 0, "a std above 0", config.std)


def _require(holds: bool, wanted: str, came: object) -> None:
    if not holds:
        raise ValueError(f"wanted {wanted}, but got {came!r}")


def _text(value: object) -> str:
    _require(isinstance(value, str), "a text", value)
    return str(value)


def _list(value: Any) -> list[Any]:
    _require(isinstance(value, list), "a list", value)
    return list(value)


def _mapping(value: Any) -> dict[str, Any]:
    _require(isinstance(value, dict), "an object", value)
    return dict(value)


def _number(value: Any) -> float:
    _require(type(value) in (int, float) and math.isfinite(value), "a finite number", value)
    return float(value)


def _numbers(value: Any) -> dict[str, float]:
    return {name: _number(each) for name, each in _mapping(value).items()}
