"""The training run behind `train_segmenter`: what differs from `trainer.Trainer` where masks are learned."""

import math
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from workbench.models.detector import feature_maps, map_indices
from workbench.models.devices import autocast
from workbench.models.maskaugmentation import augment_masks, paste_regions
from workbench.models.preprocessing import normalise
from workbench.models.progress import FineTuneProgress
from workbench.models.recipe import SegmenterRecipe
from workbench.models.runstate import RunState
from workbench.models.segmenter import (
    IGNORED,
    MASK_STRIDES,
    MaskHead,
    confusion,
    mask_loss,
    mean_iou,
)
from workbench.models.trainer import Ints, Trainer

_CHUNK = 8  # images that are looked at at once
_SAMPLED = 2_000  # pixels of each held-out image that calibration is fitted on


class SegmenterTrainer(Trainer):
    """One run: `run` does all of it.

    Arguments are those of `Trainer`, but that `targets` holds the masks of all images, (n, side, side)
    int16 class indices or `IGNORED`, and `store` squares of the recipe's side.
    """

    judged_by = "mean IoU"
    _recipe: SegmenterRecipe

    def begin(self) -> None:
        """Put an untrained head on the backbone."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._seed)
            self.head = self._new_head()
        self._prepare()
        self._record(0, 0, float("nan"), self._figures(self._net[0], self._net[1]))

    def held_out_pixels(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Logits (m, K + 1) of some pixels of the held-out images, and what is there (m,)."""
        generator = torch.Generator().manual_seed(self._seed)
        logits, truth = [], []
        for there, said in self._looks(self._net[0], self._net[1]):
            told = (there.flatten() != IGNORED).nonzero()[:, 0]
            most = _SAMPLED * len(there)
            chosen = told[torch.randperm(len(told), generator=generator)[:most]]
            logits.append(said.permute(0, 2, 3, 1).flatten(0, 2)[chosen].cpu())
            truth.append(there.flatten()[chosen].cpu())
        return torch.cat(logits).numpy(), torch.cat(truth).numpy()

    @property
    def _masks(self) -> NDArray[np.int16]:
        return cast(NDArray[np.int16], self._targets)

    def _new_head(self) -> MaskHead:
        student = self.student
        _, depths = map_indices(student.model, student.name, MASK_STRIDES)
        return MaskHead(depths, self._num_classes, self._recipe.channels)

    def _empty_head(self, state: RunState) -> nn.Module:
        return self._new_head()

    def _odds(self) -> NDArray[np.float64] | None:
        return None

    def _truth(self, rows: Ints) -> Tensor:
        return torch.from_numpy(self._masks[rows].astype(np.int64)).to(self.student.device)

    def _batch(self, rows: Ints, generator: torch.Generator) -> tuple[Tensor, Any]:
        recipe = self._recipe
        pixels = self._store.rows(rows).to(self.student.device)
        mirror = bool(recipe.mirror)
        parts = pixels, self._truth(rows), generator, recipe.augmentation, mirror
        pixels, truth = augment_masks(*parts)
        if recipe.paste:
            pixels, truth = paste_regions(pixels, truth, generator, recipe.paste)
        return normalise(pixels, self.student.config), truth

    def _loss_of(self, inputs: Tensor, truth: Any) -> tuple[Tensor, float]:
        logits = self._answers(self.student.model, self.head, inputs)
        return mask_loss(logits, truth) * len(inputs), len(inputs)

    def _answers(self, model: nn.Module, head: nn.Module, inputs: Tensor) -> Tensor:
        with autocast(self.student.device, self._dtype):
            logits: Tensor = head(feature_maps(model, inputs, self.student.name, MASK_STRIDES))
        return logits.float()

    def _looks(self, model: nn.Module, head: nn.Module) -> Any:
        """Truth (n, side, side) and logits of the same size, of some held-out images at a time."""
        model.eval(), head.eval()
        for start in range(0, len(self._held), _CHUNK):
            rows = self._held[start : start + _CHUNK]
            pixels = self._store.rows(rows).to(self.student.device)
            truth = self._truth(rows)
            with torch.no_grad():
                logits = self._answers(model, head, normalise(pixels, self.student.config))
                size = truth.shape[1:]
                yield (
                    truth,
                    functional.interpolate(logits, size, mode="bilinear", align_corners=False),
                )

    def _figures(self, model: nn.Module, head: nn.Module) -> tuple[float, float]:
        """Mean IoU on the held-out images, and the mean loss there."""
        planes = self._num_classes + 1
        counts = torch.zeros(planes, planes, dtype=torch.int64)
        loss = 0.0
        for truth, logits in self._looks(model, head):
            counts += confusion(truth, logits.argmax(dim=1), planes).cpu()
            loss += mask_loss(logits, truth).item() * len(truth)
        return mean_iou(counts), loss / len(self._held)

    def _ahead(self, entry: FineTuneProgress) -> bool:
        return _rank(entry) > _rank(self.best)


def _rank(entry: FineTuneProgress) -> tuple[float, float]:
    """Where no class is left in the squares, the figure is NaN: less than any."""
    figure = entry.held_out_figure
    return (figure if math.isfinite(figure) else -1.0), -entry.held_out_log_loss
