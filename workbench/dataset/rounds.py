"""Rounds of the flywheel, kept as FiftyOne runs.

Imports FiftyOne, so import this module only after `connection.connect()`.
"""

from typing import Any

import fiftyone as fo
import pandas as pd

from workbench.dataset.documents import settle

_PREFIX = "round_"
COLUMNS = [
    "round",
    "time",
    "backbone",
    "pool_labels",
    "test_labels",
    "measure",
    "value",
    "low",
    "high",
    "provisional",
    "strategy",
    "picked",
]


def record_round(dataset: fo.Dataset, **values: Any) -> int:
    """Register a round as a run of the dataset.

    Args:
        dataset: a prepared dataset.
        values: the columns of `rounds`, but for `round` and `time`.

    Returns:
        The round's number, counted from 1.
    """
    number = 1 + max(map(_number, dataset.list_runs()), default=0)
    key = f"{_PREFIX}{number}"
    settle(
        dataset,
        lambda: dataset.register_run(key, dataset.init_run(**values), overwrite=True),
        lambda: key in dataset.list_runs(),
    )
    return number


def rounds(dataset: fo.Dataset) -> pd.DataFrame:
    """All rounds so far, a row each, oldest first; the learning curve is in it."""
    rows = []
    for key in sorted((k for k in dataset.list_runs() if _number(k)), key=_number):
        info = dataset.get_run_info(key)
        config = info.config.serialize()
        if "accuracy" in config:  # as it was written before there were two measures
            config |= {"measure": "accuracy", "value": config["accuracy"]}
        rows.append({**config, "round": _number(key), "time": info.timestamp})
    return pd.DataFrame(rows, columns=COLUMNS).set_index("round")


def learning_curve(dataset: fo.Dataset) -> list[dict[str, Any]]:
    """The rounds that have a figure, a point each: `labels`, `value`, `low`, `high`, `provisional`."""
    points = rounds(dataset).dropna(subset=["value"]).rename(columns={"pool_labels": "labels"})
    columns = ["labels", "value", "low", "high", "provisional"]
    return [dict(zip(columns, row, strict=True)) for row in points[columns].to_numpy().tolist()]


def _number(key: str) -> int:
    digits = key.removeprefix(_PREFIX)
    return int(digits) if key.startswith(_PREFIX) and digits.isdigit() else 0
