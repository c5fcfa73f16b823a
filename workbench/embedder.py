"""The backbone of a dataset, and the vectors it gives: embedded once, kept on disk.

Wiring between `models` and `dataset`. Imports FiftyOne; import it only after
`connection.connect()`.
"""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from workbench.dataset import opening
from workbench.dataset.table import Table
from workbench.dataset.vectors import vector_store
from workbench.vectorising import embed_missing

if TYPE_CHECKING:
    import fiftyone as fo

    from workbench.models.backbones import Backbone

DEFAULT_BACKBONE = "efficientnet_lite0"


class Embedder:
    """The backbone in use for one dataset, and its vectors.

    Args:
        home: the data home.
        dataset: the FiftyOne dataset, prepared.
    """

    def __init__(self, home: Path, dataset: "fo.Dataset") -> None:
        self._home = home
        self._dataset = dataset
        self._lock = threading.RLock()
        self._backbone: Backbone | None = None
        self._waiting = 0  # cells that wait for an embedding

    @property
    def backbone(self) -> "Backbone":
        """The backbone in use, loaded when first needed."""
        with self._lock:
            if self._backbone is None:
                from workbench.models.backbones import load_backbone

                found = opening.record(self._dataset).get("backbone", {})
                checkpoint = found.get("checkpoint")
                self._backbone = load_backbone(
                    found.get("name", DEFAULT_BACKBONE),
                    weights=Path(checkpoint) if checkpoint else "pretrained",
                )
            return self._backbone

    @property
    def key(self) -> str:
        """Key of the backbone in use, or its name where nothing has been embedded yet."""
        return str(opening.record(self._dataset).get("backbone", {}).get("key", DEFAULT_BACKBONE))

    def use(self, backbone: "Backbone", checkpoint: Path | None, trained_on: Sequence[str]) -> None:
        """Make another backbone the current one, for this and later sessions.

        Args:
            backbone: the backbone.
            checkpoint: the folder of its weights, if it was fine-tuned.
            trained_on: content hashes of the images that its weights were fine-tuned on: their
                out-of-fold predictions flatter, so calibration and provisional figures leave them
                out.
        """
        with self._lock:
            self._backbone = backbone
            opening.update_record(
                self._dataset,
                backbone={
                    "name": backbone.name,
                    "key": backbone.key,
                    "dim": backbone.dim,
                    "checkpoint": str(checkpoint) if checkpoint else None,
                    "trained_on": list(trained_on),
                },
            )

    def vectors(self, table: Table) -> NDArray[np.float16]:
        """Vectors of all images; those that have none yet are embedded and kept.

        Returns:
            (n, D) as stored, float16.
        """
        key, dim = self.identity()
        store = vector_store(self._home, key, dim)
        if missing := len(store.missing(table.hashes)):
            with self._lock:
                self._waiting += 1  # what runs in the background gives way
            try:
                with tqdm(total=missing, desc=f"embedding ({key})", unit="img") as bar:
                    for done, total in embed_missing(
                        store, self.backbone, table.hashes, table.paths
                    ):
                        bar.total = total
                        bar.update(done - bar.n)
            finally:
                with self._lock:
                    self._waiting -= 1
        return store.get(table.hashes)

    def vectors_in_background(
        self,
        table: Table,
        progress: Callable[[int, int], None],
        go_on: Callable[[], bool],
    ) -> bool:
        """Embed what has no vectors yet, giving way to whoever waits for the same in a cell.

        Args:
            table: the images.
            progress: told how many are done, of how many.
            go_on: asked after every few images.

        Returns:
            Whether all images have their vectors now.
        """
        if self._waiting:
            return False
        store = vector_store(self._home, *self.identity())
        if not store.missing(table.hashes):
            return True
        for done, total in embed_missing(store, self.backbone, table.hashes, table.paths):
            progress(done, total)
            if done < total and (self._waiting or not go_on()):
                return False
        return True

    def identity(self) -> tuple[str, int]:
        """Key and dimension of the backbone; read from the record so that no network is loaded."""
        found = opening.record(self._dataset).get("backbone")
        if found is None:
            self.use(self.backbone, None, ())
            found = opening.record(self._dataset)["backbone"]
        return str(found["key"]), int(found["dim"])

    @property
    def trained_on(self) -> frozenset[str]:
        """Content hashes of the images that the backbone's weights were fine-tuned on."""
        found = opening.record(self._dataset).get("backbone", {})
        return frozenset(found.get("trained_on", ()))

    def stored(self, hashes: Sequence[str]) -> NDArray[np.float16]:
        """Vectors that are on disk already, by content hash: (n, D).

        Raises:
            KeyError: a hash has no vector.
        """
        return vector_store(self._home, *self.identity()).get(hashes)
