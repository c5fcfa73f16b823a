"""A simulated person at the labelling grid, who acts with mouse and keys and is counted.

The person sees every image on the page, and so knows its class, but knows nothing of other pages.
What the hand can do is what `Hand` can: each call is an action.

The tactic: on a page the person sees stretches in which one class prevails. They are dragged over,
a drag a stretch, and one key labels all stretches of a class together. The odd images that were
dragged over have the wrong label now. Each run of odd neighbours is selected again (one click, or
one drag for several of them) and one key a class corrects them. What lies between the stretches
stays for later, when the model knows more. Which stretches to take is the choice with the fewest
actions, where an image left for later counts as a fifth of an action. That is how somebody acts who
has done this for a while. The plain tactic needs no such reckoning: a stretch is a class as long as
single odd runs interrupt it, and is taken if it holds at least five images.

On the last pages everything is taken.
"""

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

LATER = 0.2  # actions that an image left for later counts as
WORTH = 5  # images that make a stretch worth dragging over, in the plain tactic
NONE = -1


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbours on a page that one class prevails among: places from `start` up to `end`."""

    target: int
    start: int
    end: int


# Takes the classes of a page's images, in display order, and whether everything is to be labelled.
Tactic = Callable[[Ints, bool], list[Stretch]]


class Hand:
    """Mouse and keys: selects among the images of a page, labels what is selected, is counted.

    Args:
        count: images in the dataset.

    Attributes:
        labels: (count,) class of each image, `NONE` before it has one.
        actions: how often each kind of action was done.
    """

    def __init__(self, count: int) -> None:
        self.labels: Ints = np.full(count, NONE, dtype=np.int64)
        self.actions: Counter[str] = Counter()
        self._page: Ints = np.empty(0, dtype=np.int64)
        self._selected: set[int] = set()

    def turn_to(self, page: Ints) -> None:
        """Have the next images shown (rows, in display order), regrouped or not."""
        self.actions["page"] += 1
        self._page = page
        self._selected.clear()

    def click(self, place: int) -> None:
        """Add one image of the page to the selection."""
        self.actions["click"] += 1
        self._selected.add(int(self._page[place]))

    def drag(self, start: int, end: int) -> None:
        """Add the neighbours from `start` up to `end` to the selection."""
        self.actions["drag"] += 1
        self._selected.update(self._page[start:end].tolist())

    def key(self, target: int) -> None:
        """Label what is selected, which ends the selection."""
        self.actions["key"] += 1
        self.labels[list(self._selected)] = target
        self._selected.clear()


def work_on(hand: Hand, page: Ints, truth: Ints, tactic: Tactic, finish: bool) -> None:
    """Label a page.

    Args:
        hand: does it.
        page: (p,) rows in display order.
        truth: (n,) class of every image; only the page's are looked at.
        tactic: finds the stretches to drag over.
        finish: whether nothing may be left.
    """
    hand.turn_to(page)
    seen = truth[page]
    stretches = tactic(seen, finish)
    for target in dict.fromkeys(stretch.target for stretch in stretches):
        for stretch in stretches:
            if stretch.target == target:
                _select(hand, stretch.start, stretch.end)
        hand.key(target)
    odd = [
        (target, stretch.start + start, stretch.start + end)
        for stretch in stretches
        for target, start, end in runs(seen[stretch.start : stretch.end])
        if target != stretch.target
    ]
    for target in dict.fromkeys(each for each, _, _ in odd):
        for each, start, end in odd:
            if each == target:
                _select(hand, start, end)
        hand.key(target)


def runs(classes: Ints) -> list[tuple[int, int, int]]:
    """Longest runs of one class: (class, start, end) of each, in order."""
    if len(classes) == 0:
        return []
    edges = [0, *(np.flatnonzero(np.diff(classes)) + 1).tolist(), len(classes)]
    return [(int(classes[a]), a, b) for a, b in itertools.pairwise(edges)]


def fewest_actions(classes: Ints, finish: bool) -> list[Stretch]:
    """Stretches with the fewest actions: a drag each, one for every odd run, `LATER` an image left.

    A dynamic programme over the page's runs (Viterbi's): each run belongs to a stretch of some
    class or to none. Keys are not reckoned with.
    """
    found = runs(classes)
    options = [NONE, *sorted({target for target, _, _ in found})]
    cost = {option: 0.0 if option == NONE else 1.0 for option in options}
    before: list[dict[int, int]] = []
    for place, (target, start, end) in enumerate(found):
        if place:
            best = min(options, key=cost.__getitem__)
            came, entered = {}, {}
            for option in options:
                change = cost[best] + (option != NONE)
                came[option] = option if cost[option] <= change else best
                entered[option] = min(cost[option], change)
            before.append(came)
            cost = entered
        left = np.inf if finish else LATER * (end - start)
        for option in options:
            cost[option] += left if option == NONE else float(option != target)
    chosen = [min(options, key=cost.__getitem__)] if found else []
    for came in reversed(before):
        chosen.append(came[chosen[-1]])
    return _join(found, chosen[::-1])


def plain(classes: Ints, finish: bool) -> list[Stretch]:
    """Stretches that single odd runs interrupt, with at least `WORTH` images of their class."""
    found = runs(classes)
    stretches = []
    place = 0
    while place < len(found):
        last = place
        while last + 2 < len(found) and found[last + 2][0] == found[place][0]:
            last += 2
        stretches.append(Stretch(found[place][0], found[place][1], found[last][2]))
        place = last + 1
    return [
        each
        for each in stretches
        if finish or int((classes[each.start : each.end] == each.target).sum()) >= WORTH
    ]


def _join(found: list[tuple[int, int, int]], chosen: list[int]) -> list[Stretch]:
    stretches: list[Stretch] = []
    previous = NONE
    for (_, start, end), option in zip(found, chosen, strict=True):
        if option != NONE and option == previous:
            stretches[-1] = Stretch(option, stretches[-1].start, end)
        elif option != NONE:
            stretches.append(Stretch(option, start, end))
        previous = option
    return stretches


def _select(hand: Hand, start: int, end: int) -> None:
    if end - start == 1:
        hand.click(start)
    else:
        hand.drag(start, end)
