"""What a training run tells while it goes on, and what it asks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from workbench.models.runstate import RunState


@dataclass(frozen=True)
class FineTuneProgress:
    """How far fine-tuning has come.

    Attributes:
        epoch: passes over the training part that were begun; 0 is the frozen backbone.
        step: batches trained on.
        seconds: since the start.
        seconds_left: of the budget; the run may end before.
        loss: mean training loss of this epoch, in nats: smoothed log loss on augmented images.
        held_out_figure: accuracy, or in multi-label micro F1, on the labels set aside, when last
            looked at.
        held_out_log_loss: likewise, in nats.
        images_per_second: trained on, in this epoch.
        looked: whether the held-out figures are new.
    """

    epoch: int
    step: int
    seconds: float
    seconds_left: float
    loss: float
    held_out_figure: float
    held_out_log_loss: float
    images_per_second: float
    looked: bool


class Guide(Protocol):
    """What a run asks and tells while it goes on."""

    def report(self, progress: FineTuneProgress) -> None:
        """Told of every step and every look."""

    def stop(self) -> bool:
        """Whether to end now; asked before every step."""

    def keep(self, state: Callable[[], RunState]) -> None:
        """Offered the run's state after every look."""

    def note(self, text: str) -> None:
        """Told what went otherwise than asked for."""
