"""Labels that came with the images: many at once, each still an event."""

import uuid
from collections.abc import Mapping, Sequence
from itertools import islice

from workbench.dataset.types import Status
from workbench.dataset.values import from_plain
from workbench.labels.batches import BatchWriter, always
from workbench.labels.classlist import ClassList
from workbench.labels.drafts import Draft
from workbench.labels.events import Source

_BATCH = 1_000


def import_labels(
    writer: BatchWriter,
    classes: ClassList,
    labels: Mapping[str, str | Sequence[str]],
    annotator: str,
) -> int:
    """Record labels by sample id; `LabelStore.import_labels` documents it."""
    values = {sample_id: from_plain(label) for sample_id, label in labels.items()}
    for value in set(values.values()):
        classes.value_of(value)  # before anything is written
    drafts = (Draft(i, value, Status.LABELLED, Source.IMPORT) for i, value in values.items())
    while batch := [(draft, always) for draft in islice(drafts, _BATCH)]:
        writer.write(batch, annotator, [uuid.uuid4().hex for _ in batch])
    return len(labels)
