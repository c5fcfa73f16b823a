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


def use(bench, found, trained_on=()):
    """Let a bench have a detector that finds these boxes, by sample id, for its judgement."""
    bench._work.judge._finder = SimpleNamespace(
        name="run 1",
        trained_on=frozenset(trained_on),
        predictions=lambda wanted=None: {each: found.get(each, ()) for each in wanted or found},
    )
