"""What a change to the class list comes to, worked out before anything is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench.dataset.schema import clean_classes
from workbench.errors import DatasetError, LabelError
from workbench.labels.events import LabelEvent, Renamed


@dataclass(frozen=True, slots=True)
class ClassEdit:
    """A change to the class list.

    Attributes:
        after: the list after it.
        renamed: names that go, each with the name that replaces it; None to remove the class.
        unused: a class that no image may be labelled with.
    """

    after: list[str]
    renamed: Renamed = ()
    unused: str | None = None


Editor = Callable[[Sequence[str]], ClassEdit | None]
"""Works a change out, given the list as it is; None if it makes no sense any more."""


def add(name: str, now: Sequence[str]) -> ClassEdit:
    """A new class at the end.

    Raises:
        LabelError: the name is empty, too long, or taken.
    """
    return ClassEdit([*now, _clean(name, now)])


def rename(old: str, new: str, now: Sequence[str]) -> ClassEdit:
    """Another name for a class; its place and index stay.

    Raises:
        LabelError: there is no such class, or the new name is empty, too long, or taken.
    """
    _require(old, now)
    clean = _clean(new, ())
    if clean == old:
        raise LabelError(f"the class {old!r} is called that already: give it another name")
    if clean in now:
        raise LabelError(
            f"there is a class {clean!r} already: bench.classes.merge({old!r}, into={clean!r}) "
            "makes one of the two"
        )
    return ClassEdit([clean if name == old else name for name in now], ((old, clean),))


def merge(sources: Sequence[str], into: str, now: Sequence[str]) -> ClassEdit:
    """One class of several; the others go.

    Raises:
        LabelError: one of them is no class, or there is nothing to merge.
    """
    if isinstance(sources, str):
        raise LabelError(f"sources must be a list of names, but got the text {sources!r}")
    going = [name for name in dict.fromkeys(sources) if name != into]
    for name in (into, *going):
        _require(name, now)
    if not going:
        raise LabelError(f"nothing to merge into {into!r}: name at least one other class")
    after = [name for name in now if name not in going]
    return ClassEdit(after, tuple((name, into) for name in going))


def remove(name: str, now: Sequence[str]) -> ClassEdit:
    """A class less; its images lose their label.

    Raises:
        LabelError: there is no such class.
    """
    _require(name, now)
    return ClassEdit([other for other in now if other != name], ((name, None),))


def backwards(change: LabelEvent, now: Sequence[str]) -> ClassEdit | None:
    """What takes a change back, whatever others changed since; None if they are in its way."""
    before, after = list(change.before or []), list(change.after or [])
    if not change.renamed:
        (name,) = set(after) - set(before)
        if name not in now:
            return None
        return ClassEdit([other for other in now if other != name], unused=name)
    if is_rename(change):
        ((old, new),) = change.renamed
        if new not in now or old in now:
            return None
        return ClassEdit([old if name == new else name for name in now], ((str(new), old),))
    gone = [old for old, _ in change.renamed]
    return ClassEdit(_put_back(gone, before, now))


def again(change: LabelEvent, now: Sequence[str]) -> ClassEdit | None:
    """What does a change once more after it was taken back; None if others are in its way."""
    before, after = list(change.before or []), list(change.after or [])
    try:
        if not change.renamed:
            (name,) = set(after) - set(before)
            return add(str(name), now)
        old, new = change.renamed[0]
        if is_rename(change):
            return rename(old, str(new), now)
        if new is None:
            return remove(old, now)
        return merge([name for name, _ in change.renamed], new, now)
    except LabelError:
        return None


def is_rename(change: LabelEvent) -> bool:
    """Whether a change gave a class another name, and none of it went into another class."""
    if len(change.renamed) != 1:
        return False
    new = change.renamed[0][1]
    return new is not None and new not in (change.before or [])


def _put_back(names: Sequence[str], before: Sequence[str], now: Sequence[str]) -> list[str]:
    """The list with names again where they were: beside a neighbour that they had."""
    after = list(now)
    for place, name in enumerate(before):
        if name in names and name not in after:
            ahead = [other for other in before[:place] if other in after]
            behind = [other for other in before[place:] if other in after]
            index = after.index(ahead[-1]) + 1 if ahead else 0
            after.insert(after.index(behind[0]) if behind and not ahead else index, name)
    return after


def _clean(name: str, now: Sequence[str]) -> str:
    try:
        (clean,) = clean_classes([name], existing=now)
    except DatasetError as error:
        raise LabelError(str(error)) from error
    return clean


def _require(name: str, now: Sequence[str]) -> None:
    if name not in now:
        listed = ", ".join(repr(known) for known in now[:20]) or "none yet"
        raise LabelError(f"there is no class {name!r}: the classes are {listed}")
