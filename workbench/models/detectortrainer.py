"""The training run behind `train_detector`: what differs from `trainer.Trainer` where boxes are learned."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workbench.models.boxaugmentation import Truth, augment_boxes
from workbench.models.boxscores import average_precision
from workbench.models.detector import (
    BoxHead,
    Detections,
    InstanceHead,
    feature_maps,
    map_indices,
)
from workbench.models.devices import autocast
from workbench.models.preprocessing import normalise
from workbench.models.progress import FineTuneProgress
from workbench.models.recipe import DetectorRecipe
from workbench.models.runstate import RunState
from workbench.models.trainer import Ints, Trainer

_CHUNK = 8  # images that boxes are found in at once


class DetectorTrainer(Trainer):
    """One run: `run` does all of it.

    Arguments are those of `Trainer`, but that `targets` holds the boxes of each image, as `Detections`
    in pixels of the square, and `store` squares of the recipe's side.
    """

    judged_by = "mAP50"
    _recipe: DetectorRecipe

    def begin(self) -> None:
        """Put an untrained head on the backbone."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._seed)
            self.head = self._new_head()
        self._prepare()
        self._record(0, 0, float("nan"), self._figures(self._net[0], self._net[1]))

    def held_out_boxes(self) -> tuple[list[Detections], list[Detections]]:
        """What is found on the held-out images, and what is there."""
        found, _ = self._look_at_held(self._net[0], cast(BoxHead, self._net[1]))
        return found, [self._boxes[row] for row in self._held]

    @property
    def _boxes(self) -> Sequence[Detections]:
        return cast(Sequence[Detections], self._targets)

    def _new_head(self) -> BoxHead:
        _, depths = map_indices(self.student.model, self.student.name)
        recipe = self._recipe
        return BoxHead(depths, self._num_classes, recipe.channels, recipe.convolutions)

    def _empty_head(self, state: RunState) -> nn.Module:
        return self._new_head()

    def _odds(self) -> NDArray[np.float64] | None:
        return None

    def _batch(self, rows: Ints, generator: torch.Generator) -> tuple[Tensor, Any]:
        device, recipe = self.student.device, self._recipe
        pixels = self._store.rows(rows).to(device)
        truth = [_as_tensors(self._boxes[row], device) for row in rows]
        mirror = bool(recipe.mirror)
        pixels, truth = augment_boxes(pixels, truth, generator, recipe.augmentation, mirror)
        return self._inputs(pixels), truth

    def _loss_of(self, inputs: Tensor, truth: Any) -> tuple[Tensor, float]:
        head = cast(BoxHead, self.head)
        return head.loss(self._answers(self.student.model, head, inputs), inputs, truth)

    def _answers(
        self, model: nn.Module, head: BoxHead, inputs: Tensor
    ) -> tuple[dict[str, Tensor], list[Tensor]]:
        with autocast(self.student.device, self._dtype):
            outputs, levels = head(feature_maps(model, inputs, self.student.name))
        return {name: each.float() for name, each in outputs.items()}, levels

    def _inputs(self, pixels: Tensor) -> Tensor:
        return normalise(pixels, self.student.config)

    def _figures(self, model: nn.Module, head: nn.Module) -> tuple[float, float]:
        found, loss = self._look_at_held(model, cast(BoxHead, head))
        return average_precision(found, [self._boxes[row] for row in self._held]), loss

    def _look_at_held(self, model: nn.Module, head: BoxHead) -> tuple[list[Detections], float]:
        """The boxes in the held-out images, and the mean loss there, by place that is to find a box."""
        found: list[Detections] = []
        loss, places, device = 0.0, 0, self.student.device
        model.eval(), head.eval()
        with torch.no_grad():
            for start in range(0, len(self._held), _CHUNK):
                rows = self._held[start : start + _CHUNK]
                inputs = self._inputs(self._store.rows(rows).to(device))
                truth: Truth = [_as_tensors(self._boxes[row], device) for row in rows]
                answers = self._answers(model, head, inputs)
                found += head.boxes(answers, inputs)
                summed, of = head.loss(answers, inputs, truth)
                loss, places = loss + summed.item(), places + of
        return found, loss / max(1, places)

    def _ahead(self, entry: FineTuneProgress) -> bool:
        known = self.best.held_out_figure, -self.best.held_out_log_loss
        return (entry.held_out_figure, -entry.held_out_log_loss) > known


class InstanceTrainer(DetectorTrainer):
    """One that learns outlines, too; they decide which of two epochs is the better one."""

    judged_by = "mask mAP50"

    def _new_head(self) -> InstanceHead:
        _, depths = map_indices(self.student.model, self.student.name)
        recipe = self._recipe
        return InstanceHead(depths, self._num_classes, recipe.channels, recipe.convolutions)


def _as_tensors(boxes: Detections, device: torch.device) -> dict[str, Any]:
    truth: dict[str, Any] = {
        "boxes": torch.from_numpy(boxes.corners).float().reshape(-1, 4).to(device),
        "labels": torch.from_numpy(boxes.classes).to(device),
    }
    if boxes.outlines is not None:
        truth["rings"] = [[np.array(ring) for ring in outline] for outline in boxes.outlines]
    return truth
