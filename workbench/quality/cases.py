"""The images to look at, sorted into kinds, each with a score and a reason in words.

- *Confident and wrong*: a model that is calibrated, and was surer than `CONFIDENT`, was wrong.
- *Probably a wrong label*: what `suspects` and `multilabel` count as likely errors.
- *Confused pairs*: mistakes between two classes that are confused more often than chance.
- *Out of distribution*: farther from everything labelled than chance, `outliers`.

An image can be of several kinds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from workbench.quality.confusions import Confusion, confused_pairs
from workbench.quality.outliers import Outliers

Array = NDArray[np.float32]
Scores = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

SURE = 0.8  # calibrated: of five such answers, no more than one is to be wrong
SAID_FROM = 0.5  # probability from which on a class is said to be there, in multi-label
CLASSES_TOLD = 3  # that a reason speaks of


class Kind(StrEnum):
    """What an image is to be looked at for."""

    CONFIDENT = "confident"
    LABEL = "label"
    CONFUSED = "confused"
    OUTLIER = "outlier"


@dataclass(frozen=True, slots=True)
class Case:
    """An image to look at.

    Attributes:
        row: the image.
        score: the higher, the sooner it is to be looked at; comparable within its kind and group.
        reason: why, in words.
        group: what it belongs to within its kind, such as a pair of classes; empty for none.
    """

    row: int
    score: float
    reason: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """What was predicted of images whose label is known, by a model that has not seen it.

    Attributes:
        rows: (m,) the images.
        truth: (m, K) which classes each has.
        said: (m, K) which it is said to have.
        probabilities: (m, K), calibrated.
        exclusive: whether an image has one class only.
    """

    rows: Ints
    truth: Mask
    said: Mask
    probabilities: Array
    exclusive: bool

    @property
    def wrong(self) -> Mask:
        """(m,) whether anything that was said of it is wrong."""
        out: Mask = (self.truth != self.said).any(axis=1)
        return out

    @property
    def confidence(self) -> Scores:
        """(m,) how sure the model was of what is wrong; 0 where nothing is.

        In multi-label that is the surest of its wrong answers.
        """
        sure = np.where(self.said, self.probabilities, 1 - self.probabilities)
        # Of one class alone, the mistake is what was said; what was missed follows from it.
        mistakes = self.said & ~self.truth if self.exclusive else self.said != self.truth
        out: Scores = np.where(mistakes, sure, 0).max(axis=1, initial=0).astype(np.float64)
        return out


def judge(rows: Ints, targets: Ints | Mask, probabilities: Array, *, exclusive: bool) -> Judged:
    """Put labels beside what is said of them.

    Args:
        rows: (m,) the images.
        targets: (m,) class indices, or (m, K) which classes each has.
        probabilities: (m, K), calibrated.
        exclusive: whether an image has one class only.

    Raises:
        ValueError: shapes do not match, or a probability is none.
    """
    if probabilities.ndim != 2 or not len(rows) == len(targets) == len(probabilities):
        raise ValueError(
            "rows, targets and probabilities must have a row an image, but got "
            f"{np.shape(rows)}, {targets.shape} and {probabilities.shape}"
        )
    if not ((probabilities >= 0) & (probabilities <= 1 + 1e-4)).all():
        raise ValueError("probabilities must be within 0 and 1: leave out rows of NaN")
    if not exclusive:
        truth = targets.astype(np.bool_)
        return Judged(rows, truth, probabilities >= SAID_FROM, probabilities, exclusive)
    columns = np.arange(probabilities.shape[1])
    best = probabilities.argmax(axis=1) if len(rows) else np.zeros(0, dtype=np.int64)
    truth = targets.astype(np.int64)[:, None] == columns
    return Judged(rows, truth, best[:, None] == columns, probabilities, exclusive)


def confident_and_wrong(judged: Judged, classes: Sequence[str]) -> list[Case]:
    """Images that a calibrated model was sure of, and wrong about; the surest first.

    Args:
        judged: what was said.
        classes: (K,) names.

    Returns:
        The cases; `score` is how sure it was.
    """
    confidence = judged.confidence
    found = np.flatnonzero(judged.wrong & (confidence >= SURE))
    order = found[np.argsort(-confidence[found], kind="stable")].tolist()
    return [
        Case(int(judged.rows[i]), float(confidence[i]), describe(judged, i, classes)) for i in order
    ]


def of_confused_pairs(judged: Judged, classes: Sequence[str]) -> tuple[list[Case], list[Confusion]]:
    """Mistakes between classes that are confused, pair by pair, the surest of each pair first.

    Args:
        judged: what was said.
        classes: (K,) names.

    Returns:
        The cases, whose `group` names the pair and whose `score` is how sure the model was; and the
        pairs, in the same order. A mistake between several confused pairs is a case of each.
    """
    pairs = confused_pairs(judged.truth, judged.said)
    missed, extra = judged.truth & ~judged.said, judged.said & ~judged.truth
    confidence = judged.confidence
    cases = []
    for pair in pairs:
        one, other = pair.first, pair.second
        mixed = missed[:, one] & extra[:, other] | missed[:, other] & extra[:, one]
        found = np.flatnonzero(mixed)
        group = name_pair(pair, classes)
        cases += [
            Case(int(judged.rows[i]), float(confidence[i]), describe(judged, i, classes), group)
            for i in found[np.argsort(-confidence[found], kind="stable")].tolist()
        ]
    return cases, pairs


def name_pair(pair: Confusion, classes: Sequence[str]) -> str:
    """Such as "'3' and '8': 14 times, 2.1 by chance"."""
    names = f"'{classes[pair.first]}' and '{classes[pair.second]}'"
    return f"{names}: {pair.count} times, {pair.expected:.1f} by chance"


def out_of_distribution(outliers: Outliers, among: Ints) -> list[Case]:
    """Images farther from everything labelled than chance allows, the farthest first.

    Args:
        outliers: how far all images lie.
        among: (m,) rows to look among.

    Returns:
        The cases; `score` is the distance.
    """
    found = among[outliers.is_out[among]]
    order = found[np.argsort(-outliers.distance[found], kind="stable")].tolist()
    return [Case(i, float(outliers.distance[i]), _how_far(float(outliers.p[i]))) for i in order]


def _how_far(p: float) -> str:
    # Rounded towards less: "than 100 %" would claim too much.
    share = np.floor(1000 * (1 - p)) / 10
    return f"farther from its nearest labelled images than {share:g} % of those from each other"


def describe(judged: Judged, place: int, classes: Sequence[str]) -> str:
    """What is wrong with what was said of an image.

    Args:
        judged: what was said.
        place: which of its rows.
        classes: (K,) names.

    Returns:
        Such as "says '3' (97 %), labelled '8'"; in multi-label "says that 'dog' is there (91 %) and
        'cat' is not (88 %), labelled 'cat' + 'bird'".
    """
    truth, said = judged.truth[place], judged.said[place]
    p = judged.probabilities[place]
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
