"""The query strategies by name, and functions of the user's own in their place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from workbench.errors import StrategyError
from workbench.selection.badge import badge
from workbench.selection.kcenter import kcenter
from workbench.selection.types import Picked, Query, Strategy
from workbench.selection.typiclust import typiclust
from workbench.selection.uherding import maxherding, uherding
from workbench.selection.uncertainty import entropy, margin, random

STRATEGIES: Mapping[str, Strategy] = MappingProxyType(
    {
        "random": random,
        "margin": margin,
        "entropy": entropy,
        "kcenter": kcenter,
        "badge": badge,
        "typiclust": typiclust,
        "maxherding": maxherding,
        "uherding": uherding,
    }
)
DEFAULT = "uherding"
BY_DOUBT = frozenset({"margin", "entropy"})
"""What picks at random where there is no model."""

OwnStrategy = Callable[[Query], "Picked | Sequence[int]"]
"""A function of the user's own: rows of the candidates, the most wanted first, perhaps with scores."""


@dataclass(frozen=True)
class Named:
    """A strategy and its name.

    Attributes:
        name: what picks and rounds are marked with.
        choose: the function.
    """

    name: str
    choose: Strategy


def find_strategy(strategy: str | OwnStrategy) -> Named:
    """Look a strategy up by name, or take a function of the user's own.

    Raises:
        ValueError: there is none of that name, or the function has the name of another strategy.
    """
    if isinstance(strategy, str):
        if strategy not in STRATEGIES:
            raise ValueError(
                f"unknown strategy {strategy!r}: choose one of {', '.join(STRATEGIES)}, or give a "
                "function that takes a workbench.selection.types.Query"
            )
        return Named(strategy, STRATEGIES[strategy])
    name = getattr(strategy, "__name__", type(strategy).__name__)
    if STRATEGIES.get(name) is strategy:
        return Named(name, STRATEGIES[name])
    if name in STRATEGIES:
        raise ValueError(
            f"your strategy is called {name!r}, as one that is there: give it a name of its own"
        )
    return Named(name, lambda query: _checked(name, strategy, query))


def _checked(name: str, choose: OwnStrategy, query: Query) -> Picked:
    """What a function of the user's own picks.

    Raises:
        StrategyError: it raised an error, or gave something else than rows that can be picked.
    """
    n = len(query.candidates)
    wanted = min(query.count, n)
    try:
        picked = choose(query)
    except Exception as error:  # whatever the user's code raises belongs before the user's eyes
        raise StrategyError(
            f"the strategy {name} failed, and nothing was picked: {type(error).__name__}: {error}"
        ) from error
    rows: Any = picked.indices if isinstance(picked, Picked) else picked
    given = np.asarray(rows)
    asked = f"the strategy {name} must return {wanted} rows of the {n} candidates"
    if given.shape != (wanted,) or (wanted and given.dtype.kind not in "iu"):
        raise StrategyError(f"{asked}, but gave {given.dtype} of the shape {given.shape}")
    if wanted and (given.min() < 0 or given.max() >= n or len(np.unique(given)) < wanted):
        raise StrategyError(f"{asked}, each once, but gave {given.tolist()}"[:300])
    scores = np.full(wanted, np.nan, dtype=np.float32)
    if isinstance(picked, Picked):
        scores = np.asarray(picked.scores, dtype=np.float32)
        if scores.shape != (wanted,):
            raise StrategyError(f"{asked} and a score of each, but gave scores {scores.shape}")
    return Picked(given.astype(np.int64), scores)
