"""The bundled digits as arrays: truth, content hashes, and vectors of the default backbone.

The vectors are kept where the product keeps its own, in the data home, so they are made once.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.dataset.digits import write_digits
from workbench.dataset.files import check_files, find_files
from workbench.dataset.home import make_home
from workbench.dataset.vectors import VectorStore

CLASSES = [str(digit) for digit in range(10)]


@dataclass(frozen=True)
class Digits:
    """The 1,797 handwritten digits.

    Attributes:
        folder: where the files are, one folder a class.
        hashes: (n,) content hashes.
        targets: (n,) the digits.
        vectors: (n, D) float16, as the backbone gives them.
        key: the backbone's.
    """

    folder: Path
    hashes: list[str]
    targets: NDArray[np.int64]
    vectors: NDArray[np.float16]
    key: str

    def keep_in(self, home: Path) -> None:
        """Put the vectors into another data home, which then needs not embed."""
        store = VectorStore(home / "vectors" / self.key, self.vectors.shape[1])
        with store.writing():
            rows = store.missing(self.hashes)
            store.append([self.hashes[row] for row in rows], self.vectors[rows])


def load_digits(home: Path | None = None, every: int = 1) -> Digits:
    """Read the digits, and embed those that have no vector yet.

    Args:
        home: the data home that keeps files and vectors; by default the environment's.
        every: take one image in so many, for a miniature.
    """
    # Takes seconds; a benchmark that only asks for its options should not wait for it.
    from workbench.models.backbones import load_backbone
    from workbench.models.embedding import embed_files

    home = make_home(home)
    folder = write_digits(home)
    files = [file for file in check_files(find_files(folder)[::every]) if not file.problem]
    hashes = [file.content_hash for file in files]
    backbone = load_backbone()
    store = VectorStore(home / "vectors" / backbone.key, backbone.dim)
    with store.writing():
        missing = store.missing(hashes)
        for rows, batch in embed_files(backbone, [files[row].path for row in missing]):
            store.append([hashes[row] for row in missing[rows]], batch)
    targets = np.array([int(file.path.parent.name) for file in files], dtype=np.int64)
    return Digits(folder, hashes, targets, store.get(hashes), backbone.key)
