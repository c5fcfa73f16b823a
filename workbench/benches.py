"""Opens datasets and puts them on the bench, with labels that are handed along.

Wiring; imports FiftyOne by way of `session`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.dataset import opening
from workbench.dataset.connection import Connection
from workbench.labelfiles import finish_import, read_first_labels, to_remember
from workbench.session import Workbench

if TYPE_CHECKING:
    import fiftyone as fo


def open_workbench(
    connection: Connection,
    name: "str | fo.Dataset",
    *,
    images: str | Path | None,
    task: str | None,
    classes: Sequence[str],
    labels: str | Path | None,
    annotator: str | None,
    test_fraction: float,
    skeleton: Any = None,
) -> Workbench:
    """Open a dataset and put it on the bench; `workbench.open` documents it."""
    found = read_first_labels(name, images, labels, task, classes, skeleton)
    dataset, report = opening.open_dataset(
        name,
        images=Path(images) if images is not None else None,
        task=task,
        classes=classes,
        test_fraction=test_fraction,
        labels=to_remember(labels),
        skeleton=found.skeleton if skeleton is None and found else skeleton,
    )
    fraction = opening.test_fraction_of(dataset, test_fraction)
    bench = Workbench(connection, dataset, annotator, report, fraction)
    finish_import(dataset, bench.labels, labels, report, found)
    # A resumed notebook passes its list again: what was renamed or removed since stays so.
    names = (str(name).strip() for name in classes)
    bench.classes.add(*[name for name in names if not bench.labels.ever_had_class(name)])
    return bench
