"""A dataset of boxes and a detector whose answers are decided, so that it is known what is wrong."""

from dataclasses import replace
from types import SimpleNamespace

from workbench.dataset.boxes import Box, box_id

SURE = 0.95
WORN = {"worn": True}


def box(label="one", x=0.1, **more):
    """A box, a third of the image wide."""
    return Box(box_id(), label, x, 0.2, 0.3, 0.4, **more)


def seen(own, **changes):
    """What a detector finds where a box is."""
    return replace(own, **{"id": box_id(), "confidence": 0.9, "attributes": {}} | changes)


def finder(found, trained_on=(), others=None):
    """A detector whose answers are decided.

    Args:
        found: boxes by sample id.
        trained_on: content hashes of what it has learned from.
        others: of further runs that doubt labels, what they find and what they learned from.
    """
    others = others or {}

    def predictions(wanted=None, by=""):
        known = others[by][0] if by else found
        return {each: known.get(each, ()) for each in wanted or known}

    return SimpleNamespace(
        name="run 1",
        trained_on=frozenset(trained_on),
        predictions=predictions,
        others={run: frozenset(learned) for run, (_, learned) in others.items()},
    )


def use(bench, *args, **more):
    """Let a bench have such a detector for its judgement; arguments as `finder`."""
    bench._work.judge._finder = finder(*args, **more)
