"""Embeddings on disk: one append-only float16 file a backbone, rows keyed by content hash.

Two files: `vectors.f16`, rows of D float16 values, and `hashes.bin`, 32 bytes a row. Vectors are
written and flushed before their hashes, so a process killed at any point leaves a readable store
that is short by at most the batch in flight. Keying by content means that a renamed or re-imported
image is not embedded again and that an edited one is.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence, Set
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.errors import DataHomeError

HASH_BYTES = 32
VECTORS = "vectors"  # folder of the stores in a home
_DIM = "dim"  # file that says the length of a store's vectors


def vector_store(home: Path, key: str, dim: int) -> "VectorStore":
    """The embeddings of a backbone, by the backbone's key."""
    return VectorStore(home / VECTORS / key, dim)


class VectorStore:
    """Vectors of one backbone, shared by all datasets of a home.

    Make one when it is needed: `refresh` takes in what is appended, but only `writing` notices that
    another process rewrote the store by `keep_only`.

    Args:
        folder: where the two files live; created when first written to.
        dim: D, length of a vector.
    """

    def __init__(self, folder: Path, dim: int) -> None:
        self.folder = folder
        self.dim = dim
        self._row_bytes = 2 * dim
        self._rows: dict[str, int] = {}
        self._read_until = 0
        self.refresh()

    def __len__(self) -> int:
        return self._read_until

    def refresh(self) -> None:
        """Take in what other processes appended since."""
        count = self._complete_rows()
        if count < self._read_until:  # somebody deleted the store
            self._rows, self._read_until = {}, 0
        if count == self._read_until:
            return
        with self._hashes.open("rb") as stream:
            stream.seek(self._read_until * HASH_BYTES)
            raw = stream.read((count - self._read_until) * HASH_BYTES)
        for offset in range(0, len(raw), HASH_BYTES):
            self._rows[raw[offset : offset + HASH_BYTES].hex()] = self._read_until
            self._read_until += 1

    def missing(self, hashes: Sequence[str]) -> list[int]:
        """Positions in `hashes` that have no vector yet, the first of each content only."""
        seen: set[str] = set()
        out = []
        for position, content_hash in enumerate(hashes):
            if content_hash not in self._rows and content_hash not in seen:
                seen.add(content_hash)
                out.append(position)
        return out

    def get(self, hashes: Sequence[str]) -> NDArray[np.float16]:
        """Vectors by content hash.

        Args:
            hashes: n content hashes.

        Returns:
            (n, D) float16, read from disk.

        Raises:
            KeyError: a hash has no vector: embed first.
        """
        rows = np.fromiter((self._rows[h] for h in hashes), dtype=np.int64, count=len(hashes))
        if len(rows) == 0:
            return np.empty((0, self.dim), dtype=np.float16)
        stored = np.memmap(self._vectors, dtype=np.float16, mode="r", shape=(len(self), self.dim))
        return np.asarray(stored[rows])

    def append(self, hashes: Sequence[str], vectors: NDArray[np.floating]) -> None:
        """Write a batch, durably. Call it under `writing()`.

        Args:
            hashes: b content hashes.
            vectors: (b, D) finite values.

        Raises:
            ValueError: the shape is wrong or a value is not finite.
            DataHomeError: the disk is full or not writable; nothing of the batch counts then.
        """
        if vectors.shape != (len(hashes), self.dim):
            raise ValueError(
                f"vectors must be ({len(hashes)}, {self.dim}), but got {vectors.shape}"
            )
        # What float16 cannot hold is clipped: better the largest value than infinity.
        limit = np.finfo(np.float16).max
        packed = np.clip(vectors, -limit, limit).astype(np.float16)
        if not np.isfinite(packed).all():
            raise ValueError("vectors hold NaN: the backbone or its weights are broken")
        count = self._complete_rows()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._write_at(self._vectors, count * self._row_bytes, packed.tobytes())
            keys = b"".join(bytes.fromhex(h) for h in hashes)
            self._write_at(self._hashes, count * HASH_BYTES, keys)
        except OSError as error:
            raise DataHomeError(
                f"cannot write embeddings to {self.folder} ({error.strerror}): free some space or "
                "make the folder writable, then run the same again; what was embedded is kept"
            ) from error
        self.refresh()

    def keep_only(self, hashes: Set[str]) -> int:
        """Rewrite the store without the vectors of other contents. Call it under `writing()`.

        Returns:
            How many vectors went.
        """
        kept = [content_hash for content_hash in self._rows if content_hash in hashes]
        gone = len(self) - len(kept)
        if gone:
            vectors = self.get(kept)
            # The hashes go first: vectors without hashes do not count, hashes without would lie.
            self._hashes.unlink()
            self._vectors.unlink()
            self._rows, self._read_until = {}, 0
            if kept:
                self.append(kept, vectors)
        return gone

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the store against other processes, which wait; re-reads it first."""
        with ExitStack() as held:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                lock = held.enter_context((self.folder / "lock").open("wb"))
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._note_dim()
            except OSError as error:
                raise DataHomeError(
                    f"cannot write embeddings to {self.folder} ({error.strerror}): free some space "
                    "or make the folder writable"
                ) from error
            self._rows, self._read_until = {}, 0
            self.refresh()
            yield

    def _note_dim(self) -> None:
        """Leave a note of what `stores_below` has to know; whole or not at all."""
        noted = self.folder / _DIM
        if not noted.exists():
            partial = noted.with_suffix(".partial")
            partial.write_text(str(self.dim))
            partial.rename(noted)

    @property
    def _vectors(self) -> Path:
        return self.folder / "vectors.f16"

    @property
    def _hashes(self) -> Path:
        return self.folder / "hashes.bin"

    def _complete_rows(self) -> int:
        try:
            return min(
                self._hashes.stat().st_size // HASH_BYTES,
                self._vectors.stat().st_size // self._row_bytes,
            )
        except (FileNotFoundError, NotADirectoryError):
            return 0

    @staticmethod
    def _write_at(path: Path, offset: int, data: bytes) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(descriptor, offset)  # what a killed writer left half-written goes
            written = 0
            while written < len(data):
                written += os.pwrite(descriptor, data[written:], offset + written)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def stores_below(folder: Path) -> list[VectorStore]:
    """Every store in a folder of stores."""
    return [
        VectorStore(dim.parent, int(dim.read_text())) for dim in sorted(folder.glob(f"*/{_DIM}"))
    ]
