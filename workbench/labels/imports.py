"""Labels that came with the images: many at once, each still an event."""

import uuid
from collections.abc import Iterator, Mapping, Sequence

from workbench.dataset.values import Given
from workbench.labels.batches import BatchWriter, always
from workbench.labels.boxdrafts import BoxDraft
from workbench.labels.classlist import ClassList
from workbench.labels.drafting import draft_of
from workbench.labels.drafts import Draft
from workbench.labels.drawing import Drawing
from workbench.labels.events import Source

_BATCH = 1_000  # images in a transaction
_BOXES = 20_000  # and of their boxes, about: some 10 MB


def import_labels(
    writer: BatchWriter,
    classes: ClassList,
    drawing: Drawing | None,
    labels: Mapping[str, Given],
    annotator: str,
) -> int:
    """Record labels by sample id; `LabelStore.import_labels` documents it."""
    drafts = [draft_of(drawing, i, label, Source.IMPORT, classes) for i, label in labels.items()]
    for batch in _batches(drafts):
        changes = [(draft, always) for draft in batch]
        writer.write(changes, annotator, [uuid.uuid4().hex for _ in batch])
    return len(labels)


def _batches(drafts: Sequence[Draft]) -> Iterator[list[Draft]]:
    batch: list[Draft] = []
    boxes = 0
    for draft in drafts:
        batch.append(draft)
        boxes += len(draft.whole or ()) if isinstance(draft, BoxDraft) else 0
        if len(batch) == _BATCH or boxes >= _BOXES:
            yield batch
            batch, boxes = [], 0
    if batch:
        yield batch
