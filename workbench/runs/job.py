"""What a run is to do, pinned: its images and labels, the split's seed, the recipe, the versions."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import TrainingError
from workbench.runs.files import write_whole
from workbench.versions import versions

_FORMAT = 1
_MEASURES = {
    **{"classification": "accuracy", "multilabel": "micro F1"},
    **{"detection": "mAP50", "instances": "mask mAP50", "segmentation": "mean IoU"},
}
_BOXED = ("detection", "instances")


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run, so that it can be done, and done again.

    Attributes:
        id: name of the run: when it was asked for.
        created: the same as ISO 8601, UTC.
        dataset: name of the dataset.
        task: `classification`, `multilabel`, `detection`, `instances` or `segmentation`.
        backbone: a timm model name.
        weights: that it begins with: `pretrained`, `random`, or a file or folder of them.
        minutes: wall-clock budget of the training.
        seed: of everything random, the labels set aside included.
        recipe: choices by name (`models.recipe.Recipe`).
        classes: names by index.
        paths: (n,) files of the labelled images.
        hashes: (n,) of their contents.
        targets: (n,) class indices, or lists of them in multi-label; in detection lists of boxes:
            class index, left, top, right and bottom as shares of the upright image; in segmentation
            the file of the mask, and a list of pairs: number in it, class index from 1 on.
        baseline: (n,) what the model in use says of these images out of fold, in the same form;
            None where it cannot say, and where something is learned from what was drawn.
        in_use: key of the backbone in use; of detectors and segmenters the folder of the one in use,
            or nothing.
        home: the data home.
        versions: of what computes.
    """

    id: str
    created: str
    dataset: str
    task: str
    backbone: str
    weights: str
    minutes: float
    seed: int
    recipe: Mapping[str, Any]
    classes: tuple[str, ...]
    paths: tuple[str, ...]
    hashes: tuple[str, ...]
    targets: tuple[Any, ...]
    baseline: tuple[Any, ...]
    in_use: str
    home: str
    versions: Mapping[str, str] = field(default_factory=versions)

    @property
    def exclusive(self) -> bool:
        """Whether an image has one class only."""
        return self.task == "classification"

    @property
    def boxed(self) -> bool:
        """Whether objects are learned, one by one."""
        return self.task in _BOXED

    @property
    def masked(self) -> bool:
        """Whether the classes of pixels are learned."""
        return self.task == "segmentation"

    @property
    def measure(self) -> str:
        """Name of the figure that its looks give."""
        return _MEASURES[self.task]

    def write(self, path: Path) -> None:
        """Write it as JSON, whole or not at all."""
        write_whole(path, {"format": _FORMAT, **asdict(self)})


def read_job(path: Path) -> Job:
    """Read what `Job.write` wrote.

    Raises:
        TrainingError: there is none, or it is damaged.
    """
    try:
        found = json.loads(path.read_bytes())
        if found.pop("format") != _FORMAT:
            raise ValueError("it has another format")
        if "exclusive" in found:  # of a version that knew two kinds
            found["task"] = "classification" if found.pop("exclusive") else "multilabel"
        for name in ("classes", "paths", "hashes", "targets", "baseline"):
            found[name] = tuple(found[name])
        job = Job(**found)
        if job.task not in _MEASURES:
            raise ValueError(f"it has the task {job.task!r}")
        return job
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise TrainingError(
            f"{path} does not describe a training run ({error}): delete the folder {path.parent}"
        ) from error
