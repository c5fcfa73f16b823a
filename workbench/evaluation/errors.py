"""Mistakes worth a look, each with a score and a reason in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.evaluation.cases import Cases
from workbench.evaluation.confusions import Confusion, confused_pairs

SURE = 0.8  # calibrated: of five such answers, no more than one is to be wrong
CLASSES_TOLD = 3  # that a reason speaks of


@dataclass(frozen=True, slots=True)
class Case:
    """An image to look at.

    Attributes:
        row: of the image, in what was looked through.
        score: the higher, the sooner it is to be looked at; comparable within its kind and group.
        reason: why, in words.
        group: what it belongs to within its kind, such as a pair of classes; empty for none.
    """

    row: int
    score: float
    reason: str
    group: str = ""


def confident_and_wrong(judged: Cases) -> list[Case]:
    """Images that a calibrated model was sure of, and wrong about; the surest first.

    Args:
        judged: what was said by a model that has not seen the labels.

    Returns:
        The cases; `score` is how sure it was.
    """
    sure = judged.sure_of_mistake
    found = np.flatnonzero(judged.wrong & (sure >= SURE))
    order = found[np.argsort(-sure[found], kind="stable")].tolist()
    return [Case(row, float(sure[row]), describe(judged, row)) for row in order]


def of_confused_pairs(judged: Cases) -> tuple[list[Case], list[Confusion]]:
    """Mistakes between classes that are confused, pair by pair, the surest of each pair first.

    Args:
        judged: what was said by a model that has not seen the labels.

    Returns:
        The cases, whose `group` names the pair and whose `score` is how sure the model was; and the
        pairs, in the same order. A mistake between several confused pairs is a case of each.
    """
    truth, said, sure = judged.presence, judged.said, judged.sure_of_mistake
    pairs = confused_pairs(truth, said)
    missed, extra = truth & ~said, said & ~truth
    cases = []
    for pair in pairs:
        one, other = pair.first, pair.second
        mixed = missed[:, one] & extra[:, other] | missed[:, other] & extra[:, one]
        found = np.flatnonzero(mixed)
        group = name_pair(pair, judged.classes)
        cases += [
            Case(row, float(sure[row]), describe(judged, row), group)
            for row in found[np.argsort(-sure[found], kind="stable")].tolist()
        ]
    return cases, pairs


def name_pair(pair: Confusion, classes: Sequence[str]) -> str:
    """Such as "'3' and '8': 14 times, 2.1 by chance"."""
    names = f"'{classes[pair.first]}' and '{classes[pair.second]}'"
    return f"{names}: {pair.count} times, {pair.expected:.1f} by chance"


def describe(judged: Cases, row: int) -> str:
    """What is wrong with what was said of an image.

    Args:
        judged: what was said.
        row: of the image.

    Returns:
        Such as "says '3' (97 %), labelled '8'"; in multi-label "says that 'dog' is there (91 %) and
        'cat' is not (88 %), labelled 'cat' + 'bird'".
    """
    classes = judged.classes
    truth, said, p = judged.presence[row], judged.said[row], judged.probabilities[row]
    label = " + ".join(f"'{classes[c]}'" for c in np.flatnonzero(truth).tolist())
    labelled = f"labelled {label or 'none of the classes'}"
    if judged.exclusive:
        best = int(said.argmax())
        return f"says '{classes[best]}' ({_percent(p[best])}), {labelled}"
    sure = np.where(said, p, 1 - p)
    told = np.flatnonzero(said != truth)
    told = told[np.argsort(-sure[told], kind="stable")][:CLASSES_TOLD]
    words = [
        f"'{classes[c]}' {'is there' if said[c] else 'is not'} ({_percent(sure[c])})"
        for c in sorted(told.tolist(), key=lambda c: not said[c])
    ]
    listed = " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
    return f"says that {listed}, {labelled}" if words else f"agrees, {labelled}"


def _percent(p: float) -> str:
    return f"{100 * p:.0f} %"
