"""The classes of a dataset, as the bench shows them."""

from collections.abc import Iterator, Sequence
from typing import Any

from workbench.labels.store import LabelStore


class Classes(Sequence[str]):
    """The classes of a dataset, in order; a sequence of names that can grow."""

    def __init__(self, labels: LabelStore) -> None:
        self._labels = labels

    def __getitem__(self, index: Any) -> Any:
        return self._labels.classes[index]

    def __len__(self) -> int:
        return len(self._labels.classes)

    def __iter__(self) -> Iterator[str]:
        return iter(self._labels.classes)

    def __repr__(self) -> str:
        return repr(self._labels.classes)

    def add(self, *names: str) -> None:
        """Add classes at the end; undoable like a label.

        Raises:
            LabelError: a name is empty, too long, or taken.
        """
        for name in names:
            self._labels.add_class(name)
