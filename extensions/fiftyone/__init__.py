"""Operators that act on the live workbench session from the FiftyOne App."""

from typing import Any

from .acts import AcceptPredictions, LabelSelected, SendToReview, SkipSelected, Undo
from .queueing import QueueSelected


def register(plugin: Any) -> None:
    """FiftyOne's entry point; the buttons stand in this order."""
    for operator in (
        QueueSelected,
        LabelSelected,
        AcceptPredictions,
        SendToReview,
        SkipSelected,
        Undo,
    ):
        plugin.register(operator)
