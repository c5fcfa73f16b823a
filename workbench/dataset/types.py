"""The value types that rooms hand to each other: plain data, no FiftyOne behind them."""

from dataclasses import dataclass
from enum import StrEnum


class Split(StrEnum):
    """Where an image belongs; decided once, by a hash of its content."""

    POOL = "pool"
    TEST = "test"


class Status(StrEnum):
    """How far an image has come on its way to a label (the field `label_status`)."""

    UNLABELLED = "unlabelled"
    QUEUED = "queued"
    LABELLED = "labelled"
    IN_REVIEW = "in review"  # labelled, and to be looked at again
    SKIPPED = "skipped"


FINISHED = frozenset({Status.LABELLED.value, Status.IN_REVIEW.value})
"""The statuses at which an image with no boxes is known to have none."""


@dataclass(frozen=True, slots=True)
class Pick:
    """Why an image was put into the queue.

    Attributes:
        sample_id: the sample that was picked.
        rank: place in its batch, 0 first.
        score: the strategy's score, higher is picked earlier; NaN for a random pick.
        strategy: name of the strategy, `random` for the control arm.
        reason: a sentence for the person who labels.
    """

    sample_id: str
    rank: int
    score: float
    strategy: str
    reason: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the current model says of one image.

    Attributes:
        label: the most probable class; in multi-label all that are more probable than not.
        confidence: its calibrated probability, 0 to 1; in multi-label that of what is said of the
            class which the model is least sure of, be it there or not.
        margin: probability of the best class less that of the second, 0 to 1; in multi-label, how
            much more probable than its contrary what is said of that same class is.
        scores: probability of each class in `label`, in multi-label.
    """

    label: str | tuple[str, ...]
    confidence: float
    margin: float
    scores: tuple[float, ...] = ()
