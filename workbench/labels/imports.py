"""Labels that came with the images: many at once, each still an event."""

import uuid
from collections.abc import Mapping
from itertools import islice

from workbench.dataset.types import Status
from workbench.labels.batches import BatchWriter, always
from workbench.labels.classlist import ClassList
from workbench.labels.drafts import Draft
from workbench.labels.events import Source

_BATCH = 1_000


def import_labels(
    writer: BatchWriter, classes: ClassList, labels: Mapping[str, str], annotator: str
) -> int:
    """Record labels by sample id; `LabelStore.import_labels` documents it."""
    for label in set(labels.values()):
        classes.class_of(label)  # before anything is written
    drafts = (Draft(i, name, Status.LABELLED, Source.IMPORT) for i, name in labels.items())
    while batch := [(draft, always) for draft in islice(drafts, _BATCH)]:
        writer.write(batch, annotator, [uuid.uuid4().hex for _ in batch])
    return len(labels)
