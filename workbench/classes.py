"""The classes of a dataset, as the bench shows them."""

from collections.abc import Iterator, Sequence
from typing import Any

from workbench.labels.store import Commit, LabelStore


class Classes(Sequence[str]):
    """The classes of a dataset, in order; a sequence of names that can be changed."""

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

    def rename(self, old: str, new: str) -> Commit:
        """Give a class another name, on all of its images; undoable. Its index stays.

        Returns:
            What was recorded; `event.images` says how many labels changed.

        Raises:
            LabelError: there is no such class, or the new name is empty, too long, or taken.
        """
        return self._labels.rename_class(old, new)

    def merge(self, *sources: str, into: str) -> Commit:
        """Make one class of several, on all of their images; undoable.

        Args:
            sources: the classes that go.
            into: the class that their images get.

        Returns:
            What was recorded; `event.images` says how many labels changed.

        Raises:
            LabelError: one of them is no class, or there is nothing to merge.
        """
        return self._labels.merge_classes(sources, into)

    def remove(self, name: str) -> Commit:
        """Remove a class; images labelled with it become unlabelled, its boxes go. Undoable.

        Returns:
            What was recorded; `event.images` says how many labels were taken away.

        Raises:
            LabelError: there is no such class.
        """
        return self._labels.remove_class(name)

    def describe(
        self, name: str, text: str | None = None, examples: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """Say what a class means, for everybody who labels; kept with the dataset.

        Args:
            name: the class.
            text: at most 10,000 characters; None leaves what there is, an empty one takes it away.
            examples: sample ids of typical images, at most 100; None leaves what there is.

        Returns:
            The class's `text` and `examples` now.

        Raises:
            LabelError: there is no such class or image, or the text is too long.
        """
        return self._labels.describe_class(name, text, examples)

    def guidelines(self) -> dict[str, dict[str, Any]]:
        """`text` and `examples` (sample ids) of each class that has been described, by name."""
        return self._labels.guidelines()
