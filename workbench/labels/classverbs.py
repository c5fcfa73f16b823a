"""What a store of labels can do to its list of classes."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from workbench.labels import classedits
from workbench.labels.classeditor import ClassEditor
from workbench.labels.classlist import ClassList
from workbench.labels.events import Commit
from workbench.labels.guidelines import Guidelines


class ClassVerbs:
    """The classes of one dataset, changed by one annotator; `LabelStore` is one.

    Attributes:
        annotator: who changes them.
    """

    annotator: str
    _classes: ClassList
    _editor: ClassEditor
    _guidelines: Guidelines

    @property
    def classes(self) -> list[str]:
        """Names of the classes, in the order of their indices."""
        return list(self._classes.names)

    def add_class(self, name: str, event_id: str | None = None) -> Commit:
        """Add a class at the end of the list.

        Raises:
            LabelError: the name is empty, too long, or taken.
        """
        return self._editor.change(partial(classedits.add, name), self.annotator, event_id)

    def rename_class(self, old: str, new: str, event_id: str | None = None) -> Commit:
        """Give a class another name, on all of its images; its index stays.

        Returns:
            What was recorded; `event.images` says how many labels changed.

        Raises:
            LabelError: there is no such class, or the new name is empty, too long, or taken.
        """
        return self._editor.change(partial(classedits.rename, old, new), self.annotator, event_id)

    def merge_classes(
        self, sources: Sequence[str], into: str, event_id: str | None = None
    ) -> Commit:
        """Make one class of several: the images of `sources` become those of `into`.

        Returns:
            What was recorded; `event.images` says how many labels changed.

        Raises:
            LabelError: one of them is no class, or there is nothing to merge.
        """
        return self._editor.change(
            partial(classedits.merge, sources, into), self.annotator, event_id
        )

    def remove_class(self, name: str, event_id: str | None = None) -> Commit:
        """Remove a class; images that are labelled with it become unlabelled.

        Returns:
            What was recorded; `event.images` says how many labels were taken away.

        Raises:
            LabelError: there is no such class.
        """
        return self._editor.change(partial(classedits.remove, name), self.annotator, event_id)

    def describe_class(
        self, name: str, text: str | None = None, examples: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """Say what a class means. It is no event: what was said before is replaced.

        Args:
            name: the class.
            text: at most 10,000 characters; None leaves what there is.
            examples: sample ids, at most 100; None leaves what there is.

        Returns:
            The class's `text` and `examples` now.

        Raises:
            LabelError: there is no such class or image, or the text is too long.
        """
        return self._editor.describe(name, text, examples)

    def guidelines(self) -> dict[str, dict[str, Any]]:
        """`text` and `examples` (sample ids) of each class that has been described, by name."""
        return self._guidelines.read(self.classes)

    def ever_had_class(self, name: str) -> bool:
        """Whether a class is called so, or was before it was renamed, merged or removed."""
        return self._classes.ever_had(name)

    def class_now(self, name: str) -> str | None:
        """What a class is called that is or was called `name`; None if it was removed.

        Raises:
            LabelError: there never was one.
        """
        return self._classes.class_now(name)

    def reload_classes(self) -> None:
        """Take in what another process did to the classes."""
        self._classes.reload()
