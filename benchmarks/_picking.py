"""One batch picked, in a process of its own, so that its memory can be told: by us or by scikit-activeml."""

import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

PICKS = 100
LIMIT = 12 * 2**30  # bytes of address space, so that what runs out of memory takes nobody else's
Said = dict[str, Any]


def pick_once(whose: str, strategy: str, folder: str, picks: str = str(PICKS)) -> Said:
    """Pick a batch from the arrays of a folder.

    Args:
        whose: `ours` or `theirs`.
        strategy: name of ours; `uherding_exact` considers and covers every candidate.
        folder: has `candidates.npy` and `labelled.npy`, features; perhaps `probabilities.npy` of both,
            the candidates first, and `targets.npy` of the labelled.
        picks: how many.

    Returns:
        `seconds`, and `bytes` of memory at its peak beyond what there was before; `failed` instead,
        where memory is not enough.
    """
    choose = (_ours if whose == "ours" else _theirs)(strategy, Path(folder), int(picks))
    if whose == "theirs":
        resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    before = _peak()
    begun = time.perf_counter()
    try:
        rows = choose()
    except MemoryError as error:
        return {"failed": str(error)}
    seconds = time.perf_counter() - begun
    if len(set(np.asarray(rows).tolist())) != int(picks):
        raise AssertionError(f"{strategy} picked {len(rows)} rows")
    return {"seconds": seconds, "bytes": _peak() - before}


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _ours(strategy: str, folder: Path, picks: int) -> Callable[[], Any]:
    from workbench.selection.strategies import STRATEGIES
    from workbench.selection.types import Query
    from workbench.selection.uherding import uherding

    # A large array stays in its file, as the product's own vectors do.
    candidates = np.load(folder / "candidates.npy", mmap_mode="r")
    said = folder / "probabilities.npy"
    probabilities = np.load(said)[: len(candidates)] if said.exists() else None
    labelled = np.load(folder / "labelled.npy")
    if len(candidates) <= 100_000:
        candidates = np.array(candidates)

    def choose() -> Any:
        query = Query(candidates, probabilities, labelled, picks, np.random.default_rng(0))
        if strategy == "uherding_exact":
            return uherding(query, exact_up_to=len(candidates)).indices
        return STRATEGIES[strategy](query).indices

    return choose


def _theirs(strategy: str, folder: Path, picks: int) -> Callable[[], Any]:
    from skactiveml.base import SkactivemlClassifier
    from skactiveml.pool import Badge, CoreSet, TypiClust, UncertaintySampling

    candidates, labelled = (np.load(folder / f"{name}.npy") for name in ("candidates", "labelled"))
    features = np.concatenate([candidates, labelled])
    probabilities = np.load(folder / "probabilities.npy")
    targets = np.full(len(features), np.nan)
    targets[len(candidates) :] = np.load(folder / "targets.npy")

    class Told(SkactivemlClassifier):  # type: ignore[misc, unused-ignore]
        """A classifier that has said already what it says: its fitting is not what is compared."""

        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            """Nothing to do."""
            self.classes_ = np.arange(probabilities.shape[1])
            return self

        def predict_proba(self, X: Any) -> Any:
            """Of the candidates, the only ones that are asked about."""
            return probabilities[: len(X)]

    model = Told(classes=np.arange(probabilities.shape[1])).fit(None, None)
    asked = {"X": features, "y": targets, "batch_size": picks}
    told = asked | {"clf": model, "fit_clf": False}
    calls: dict[str, Callable[[], Any]] = {
        "margin": lambda: UncertaintySampling("margin_sampling", random_state=0).query(**told),
        "kcenter": lambda: CoreSet(random_state=0).query(**asked),
        "badge": lambda: Badge(random_state=0).query(**told),
        "typiclust": lambda: TypiClust(random_state=0, k=20).query(**asked),
    }
    return calls[strategy]
