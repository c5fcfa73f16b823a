"""What the labelling grid shows, in which groups: wiring between the model and `selection`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.errors import WorkbenchError
from workbench.learning import Learner
from workbench.selection.grouping import by_cluster, by_likeness, by_prediction

BYTES_PER_ID = 12


def arrange(
    learner: Learner,
    by: str,
    sample_id: str | None,
    progress: Callable[[int, int], None],
) -> tuple[list[dict[str, Any]], bytes]:
    """Put the images that are left to label into groups.

    Test images are not among them: a group is a hint.

    Args:
        learner: the current model.
        by: `cluster` (look-alikes), `prediction` (what the model says) or `like` (in order of
            likeness to one image).
        sample_id: that image.
        progress: told how many images are embedded, of how many, where that is needed first.

    Returns:
        The groups, `name`, `start` and `count` each, and the ids of the images in their order, 12
        bytes each.

    Raises:
        NotEnoughLabelsError: there is no prediction yet.
        NotEnoughImagesError: the pool has fewer than two images.
        WorkbenchError: there is no such way, or no such image.
    """
    table = learner.table()
    learner.embedder.vectors_in_background(table, progress, lambda: True)
    features = learner.features(table)
    rows = table.open_pool
    if by == "cluster":
        grouping = by_cluster(features, rng=np.random.default_rng(0), shown=rows)
        rows = np.arange(len(features))
    elif by == "prediction":
        fit = learner.fit(table)
        grouping = by_prediction(
            fit.at(rows),
            table.classes,
            features=features[rows],
            exclusive=learner.task.exclusive,
        )
    elif by == "like" and sample_id in table.ids:
        own = table.ids.index(sample_id)
        rows = np.concatenate([[own], rows[rows != own]])
        grouping = by_likeness(features[rows], 0)
    else:
        raise WorkbenchError(
            f"cannot arrange images by {by!r} and {sample_id!r}: there are cluster, prediction, and "
            "like with the id of an image"
        )
    ends = [*grouping.starts[1:].tolist(), len(grouping.order)]
    groups = [
        {"name": name, "start": start, "count": end - start}
        for name, start, end in zip(grouping.names, grouping.starts.tolist(), ends, strict=True)
    ]
    ids = b"".join(bytes.fromhex(table.ids[row]) for row in rows[grouping.order])
    return groups, ids
