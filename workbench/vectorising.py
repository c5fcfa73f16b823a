"""Embedding the images that a store has no vectors of, in a kernel or in a worker process.

Wiring between `models` and the store; imports no FiftyOne.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from workbench.dataset.vectors import VectorStore

if TYPE_CHECKING:
    from workbench.models.backbones import Backbone


def embed_missing(
    store: VectorStore, backbone: "Backbone", hashes: Sequence[str], paths: Sequence[str]
) -> Iterator[tuple[int, int]]:
    """Embed what a store has not, and keep it there.

    Args:
        store: the backbone's.
        backbone: what to embed with.
        hashes: content hashes of the images.
        paths: their files.

    Yields:
        How many are done, of how many.

    Raises:
        ImageError: a file cannot be read; what was done before is kept.
    """
    from workbench.models.embedding import embed_files

    # Another process may be at the same images: wait for it rather than do them twice.
    with store.writing():
        missing = store.missing(hashes)
        done = 0
        for rows, batch in embed_files(backbone, [paths[row] for row in missing]):
            store.append([hashes[row] for row in missing[rows]], batch)
            done += len(batch)
            yield done, len(missing)
