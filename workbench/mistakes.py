"""What the model gets wrong, and what it has never seen the like of: the images to look at, by kind.

Wiring: predictions of labels that the model has not seen, doubts and distances are gathered here,
sorted into kinds, and kept as a table, as a gallery and as saved views.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench.dataset.types import Split, Status
from workbench.dataset.values import Value, to_plain
from workbench.evaluation.cases import Cases
from workbench.evaluation.errors import SURE, Case, confident_and_wrong, of_confused_pairs
from workbench.labels.queue import LabelQueue
from workbench.learning import Fit, Learner, Rows
from workbench.quality.outliers import (
    FALSE_ALARMS,
    Outliers,
    least_reference,
    measure_outliers,
)
from workbench.review import Doubts, find_doubts, still_open
from workbench.tasks import suggestion

if TYPE_CHECKING:
    import fiftyone as fo

    from workbench.widgets.gallery import ErrorGallery


class Kind(StrEnum):
    """What an image is to be looked at for; it can be several."""

    CONFIDENT = "confident"  # a calibrated model was surer than `SURE`, and wrong
    LABEL = "label"  # what `suspects` counts as likely errors
    CONFUSED = "confused"  # a mistake between two classes that are confused beyond chance
    OUTLIER = "outlier"  # farther from everything labelled than chance


TITLES = {
    Kind.CONFIDENT: "Confident and wrong",
    Kind.LABEL: "Probably a wrong label",
    Kind.CONFUSED: "Confused pairs",
    Kind.OUTLIER: "Out of distribution",
}
"""Of the gallery's tabs, and of the saved views."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """An image to look at, for one of its reasons.

    Attributes:
        sample_id: the image.
        path: its file.
        split: pool or test.
        label: the label that it has; None for none.
        predicted: what the model says, that has not seen the label; in the kind `label`, what the
            evidence suggests in its place. None where there is nothing to say.
        confidence: how sure that is, calibrated, 0 to 1: where something is wrong, of that. NaN for
            nothing.
        case: its score and its reason.
        evidence: what the labelling widget tells of it; nothing of a test image.
    """

    sample_id: str
    path: str
    split: Split
    label: Value | None
    predicted: Value | None
    confidence: float
    case: Case
    evidence: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """The images of a kind.

    Attributes:
        mistakes: in the order in which they are to be looked at.
        total: how many there are, of which these are the first.
        about: in a sentence what is among them; where there are none, why.
    """

    mistakes: list[Mistake]
    total: int
    about: str


class Errors:
    """What `bench.errors()` returns; in a cell it shows itself as a gallery.

    Args:
        kinds: what was found of each.
        events: the latest event of each image when it was found.
        gallery: makes the gallery.
    """

    def __init__(
        self,
        kinds: Mapping[Kind, Found],
        events: Mapping[str, str],
        gallery: "Callable[[Errors], ErrorGallery]",
    ) -> None:
        self.kinds = kinds
        self.events = events
        self._make_gallery = gallery

    @cached_property
    def gallery(self) -> "ErrorGallery":
        """The images, a tab a kind; a click opens one in the labelling widget beneath."""
        return self._make_gallery(self)

    def __len__(self) -> int:
        return len(self.events)

    def __str__(self) -> str:
        lines = [f"{len(self)} images to look at"]
        for kind, found in self.kinds.items():
            lines.append(f"{TITLES[kind]}: {found.total}. {found.about}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = self.gallery._repr_mimebundle_(**options)
        return {**bundle, "text/plain": str(self)}

    def to_pandas(self) -> pd.DataFrame:
        """A row an image and kind, in the order in which they are to be looked at.

        Returns:
            By `sample_id`: `path`, `split`, `kind`, `label`, `predicted`, `confidence`, `score`,
            `reason`. `score` is comparable within a kind: how sure the model was, how doubtful the
            label is (`label`), or the distance to the nearest labelled images (`outlier`, 0 to 2).
        """
        rows = [
            (
                *(mistake.sample_id, mistake.path, mistake.split.value, kind.value),
                *(to_plain(mistake.label), to_plain(mistake.predicted), mistake.confidence),
                *(mistake.case.score, _reason(mistake.case)),
            )
            for kind, found in self.kinds.items()
            for mistake in found.mistakes
        ]
        columns = ["sample_id", "path", "split", "kind", "label", "predicted", "confidence"]
        frame = pd.DataFrame(rows, columns=[*columns, "score", "reason"])
        return frame.set_index("sample_id")

    def save_views(self, dataset: "fo.Dataset") -> None:
        """Save a view of each kind for the App, named as in `TITLES`."""
        from workbench.app import save_views

        views = {
            TITLES[kind]: list(dict.fromkeys(mistake.sample_id for mistake in found.mistakes))
            for kind, found in self.kinds.items()
        }
        save_views(dataset, views)


def find_errors(
    learner: Learner,
    queue: LabelQueue,
    gallery: "Callable[[Errors], ErrorGallery]",
    *,
    kind: str | None = None,
    count: int = 100,
) -> Errors:
    """Find the images to look at; `Workbench.errors` says more.

    Raises:
        ValueError: there is no such kind, or `count` is below 1.
        NotEnoughLabelsError: the pool's labels do not tell two classes apart.
    """
    if kind is not None and kind not in list(Kind):
        raise ValueError(f"no kind of errors {kind!r}: there are {', '.join(Kind)}")
    if count < 1:
        raise ValueError(f"count must be at least 1, but got {count}")
    finder = _Finder(learner, queue)
    searches = {
        Kind.CONFIDENT: finder.confident,
        Kind.LABEL: finder.wrong_labels,
        Kind.CONFUSED: finder.confused,
        Kind.OUTLIER: finder.outliers,
    }
    kinds = {each: search(count) for each, search in searches.items() if kind in (None, each)}
    ids = {mistake.sample_id for found in kinds.values() for mistake in found.mistakes}
    events = {sample_id: item.event for sample_id, item in queue.look_up([*ids]).items()}
    return Errors(kinds, events, gallery)


@dataclass(frozen=True)
class Judged:
    """What a model says of labels that it has not seen.

    Attributes:
        rows: (m,) of the images in their table.
        cases: (m,) labels and what is said; None for none.
    """

    rows: Rows
    cases: Cases | None

    def at_home(self, cases: Sequence[Case]) -> list[Case]:
        """Cases with the rows of the table."""
        return [replace(case, row=int(self.rows[case.row])) for case in cases]


class _Finder:
    """Searches one state of a dataset.

    Args:
        learner: the current model.
        queue: where it is looked up which labels were settled.
    """

    def __init__(self, learner: Learner, queue: LabelQueue) -> None:
        self._learner = learner
        self._queue = queue
        self._table = learner.table()
        self._fit = learner.fit(self._table)

    @cached_property
    def _judged(self) -> Judged:
        return judge_known(self._fit)

    @cached_property
    def _place_of(self) -> dict[int, int]:
        return {row: place for place, row in enumerate(self._judged.rows.tolist())}

    @cached_property
    def _doubts(self) -> Doubts:
        return find_doubts(self._learner, self._table)

    @cached_property
    def _doubted(self) -> dict[str, int]:
        return {sample_id: row for row, sample_id in enumerate(self._doubts.ids)}

    def confident(self, count: int) -> Found:
        judged = self._judged
        cases = judged.at_home(confident_and_wrong(judged.cases) if judged.cases else [])
        sure = f"with a confidence of {100 * SURE:.0f} % or more"
        told = self._on_how_many()
        about = f"The model was wrong {sure}; {told}." if cases else f"None {sure}; {told}."
        return self._found(cases, count, about)

    def confused(self, count: int) -> Found:
        judged = self._judged
        cases, pairs = of_confused_pairs(judged.cases) if judged.cases else ([], [])
        about = "Taken for each other more often than chance would have it."
        if not pairs:
            about = "No two classes are taken for each other more often than by chance."
        if len(self._table.classes) < 3:
            about = "Of two classes there is only one pair: it takes a third to compare with."
        return self._found(judged.at_home(cases), count, f"{about[:-1]}; {self._on_how_many()}.")

    def outliers(self, count: int) -> Found:
        table = self._table
        measured = measure_outliers(self._fit.features, table.labelled_pool)
        # Which test images are labelled is left to chance: a model must not point at them.
        open_pool = ~table.is_test & (table.statuses != Status.SKIPPED.value)
        among = np.flatnonzero(table.labelled | open_pool)
        cases = [
            Case(row, float(measured.distance[row]), measured.explain(row))
            for row in measured.farthest(among).tolist()
        ]
        return self._found(cases, count, _about_outliers(measured, len(among), len(cases)))

    def wrong_labels(self, count: int) -> Found:
        doubts, suspects = self._doubts, self._doubts.suspects
        rows = [row for row in still_open(doubts, self._queue) if suspects.likely[row]]
        found = []
        for row in rows[:count]:
            evidence = doubts.evidence(row)
            score = float(suspects.score[row])
            case = Case(self._table.row_of[doubts.ids[row]], score, evidence["reason"])
            found.append(self._mistake(case, doubts.suggested(row), score, evidence))
        about = "A model that has not seen the label speaks against it, and so do its neighbours."
        if not rows:
            about = "No label of the pool that was not looked at again counts as a likely error."
        return Found(found, len(rows), about)

    def _on_how_many(self) -> str:
        test = int(self._table.is_test[self._judged.rows].sum())
        pool = len(self._judged.rows) - test
        return (
            f"measured on {pool:,} labels of the pool, out of fold, and {test:,} of the test split"
        )

    def _found(self, cases: Sequence[Case], count: int, about: str) -> Found:
        return Found([self._told(case) for case in cases[:count]], len(cases), about)

    def _told(self, case: Case) -> Mistake:
        """A case with what the model says of its image."""
        probabilities, model, confidence = self._says(case.row)
        if probabilities is None:
            return self._mistake(case, None, float("nan"), {"reason": case.reason})
        classes = self._table.classes
        [said] = self._learner.task.predict(probabilities[None], classes)
        evidence: dict[str, Any] = {
            "reason": _reason(case),
            "suggestion": suggestion(said.label, probabilities, classes, model),
        }
        if (doubted := self._doubted.get(self._table.ids[case.row])) is not None:
            evidence["neighbours"] = self._doubts.neighbours(doubted)
        return self._mistake(case, said.label, confidence or said.confidence, evidence)

    def _says(self, row: int) -> tuple[Any, str, float]:
        """What a model that has not seen its label says of an image.

        Returns:
            Probabilities, None for none; the model; how sure it is of what is wrong, 0 for nothing.
        """
        model = f"{self._learner.key}@{len(self._fit.rows)}"
        place, cases = self._place_of.get(row), self._judged.cases
        if place is not None and cases is not None:
            sure = float(cases.sure_of_mistake[place])
            return cases.probabilities[place], f"{model}, out of fold", sure
        if self._table.labelled[row]:
            return None, model, 0.0  # the only one of its class, say: no fold could predict it
        return self._fit.at([row])[0], model, 0.0

    def _mistake(
        self, case: Case, predicted: Value | None, confidence: float, evidence: Mapping[str, Any]
    ) -> Mistake:
        table, row = self._table, case.row
        test = bool(table.is_test[row])
        label = self._learner.task.value(table.targets[row], table.classes)
        return Mistake(
            sample_id=table.ids[row],
            path=table.paths[row],
            split=Split.TEST if test else Split.POOL,
            label=label if table.labelled[row] else None,
            predicted=predicted,
            confidence=confidence,
            case=case,
            evidence={} if test else evidence,
        )


def judge_known(fit: Fit) -> Judged:
    """Every label beside what is said by a model that has not seen it.

    That is the probe itself for the test split, and out-of-fold predictions for the pool. A backbone
    that was fine-tuned on the pool has seen its labels all the same: what it still gets wrong there
    is no fewer mistakes than it makes elsewhere, but no figure should be made of them.

    Args:
        fit: the model.
    """
    table, probe = fit.table, fit.probe
    known = np.isfinite(probe.out_of_fold).all(axis=1)
    test, pool = table.labelled_test, fit.rows[known]
    rows = np.concatenate([test, pool])
    out_of_fold = probe.spread(probe.out_of_fold[known], len(table.classes))
    probabilities = np.concatenate([fit.at(test), out_of_fold])
    if not len(rows):
        return Judged(rows, None)
    ids = [table.ids[row] for row in rows]
    return Judged(rows, Cases(ids, table.targets[rows], probabilities, table.classes))


def _about_outliers(measured: Outliers, among: int, found: int) -> str:
    if not measured.decidable:
        return (
            f"It takes {least_reference()} labelled images of the pool to tell, and there are "
            f"{measured.reference}."
        )
    of_how_many = f"{among:,} images, of which about {FALSE_ALARMS * among:.0f} would be by chance"
    if not found:
        return f"None of {among:,} images lies farther from the labelled ones than chance allows."
    return (
        f"Farther from all that is labelled than those from each other; {found:,} of {of_how_many}."
    )


def _reason(case: Case) -> str:
    return f"{case.reason}; {case.group}" if case.group else case.reason
