"""What else a dataset holds about its images: every number and every word that is not ours.

Imports FiftyOne, so import this module only after `connection.connect()`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeAlias

import fiftyone as fo

from workbench.dataset import fields

Words: TypeAlias = Sequence[tuple[str, ...]]
Numbers: TypeAlias = Sequence[float | None]

FEW = 12  # different whole numbers up to which they are names, as of cameras, and not amounts
_OURS = {
    *(fields.GROUND_TRUTH, fields.PREDICTION, fields.STATUS, fields.SPLIT, fields.PICK),
    *(fields.HASH, fields.EVENT, fields.NOTE),
    # What FiftyOne keeps for itself, and what the pixels say better.
    *("id", "filepath", "created_at", "last_modified_at", "_media_type", "_rand", "_dataset_id"),
    *("metadata.width", "metadata.height"),
}
_READ = (
    fo.FloatField,
    fo.IntField,
    fo.BooleanField,
    fo.StringField,
    fo.DateField,
    fo.DateTimeField,
)


def read_properties(
    dataset: fo.Dataset, sample_ids: Sequence[str]
) -> tuple[Mapping[str, Numbers], Mapping[str, Words]]:
    """Read the fields that tell images apart, by their path in FiftyOne.

    Dates become their month. Vectors, masks, lists of anything but words, results of evaluations
    and fields that hold a label's own inside (its id, its logits) are passed over.

    Args:
        dataset: a prepared dataset.
        sample_ids: the images.

    Returns:
        Numbers, None where an image has none; and words, an image's none, one or several. A row an
        image each, in the order of `sample_ids`.
    """
    paths = _paths(dataset)
    columns = dataset.select(list(sample_ids)).values(["id", *paths])
    row_of = {sample_id: row for row, sample_id in enumerate(columns[0])}
    rows = [row_of.get(sample_id) for sample_id in sample_ids]
    numbers: dict[str, Numbers] = {}
    words: dict[str, Words] = {}
    for path, column in zip(paths, columns[1:], strict=True):
        values = [None if row is None else column[row] for row in rows]
        if _are_amounts(values):
            numbers[path] = values
        elif any(value not in (None, []) for value in values):
            words[path] = [_as_words(value) for value in values]
    return numbers, words


def _paths(dataset: fo.Dataset) -> list[str]:
    schema = dataset.get_field_schema(flat=True)
    lists = {path for path, field in schema.items() if isinstance(field, fo.ListField)}
    passed_over = _OURS | set(dataset.list_evaluations())
    out = []
    for path, field in schema.items():
        above = [path.rsplit(".", count)[0] for count in range(path.count(".") + 1)]
        if (
            passed_over & {path, *above}
            or lists & set(above[1:])
            or path.endswith((".id", ".tags"))
        ):
            continue
        kind = field.field if isinstance(field, fo.ListField) else field
        wanted = (fo.StringField,) if isinstance(field, fo.ListField) else _READ
        if isinstance(kind, wanted) and not isinstance(kind, fo.ObjectIdField):
            out.append(path)
    return out


def _are_amounts(values: Sequence[Any]) -> bool:
    there = [value for value in values if value is not None]
    if not there or not all(isinstance(v, int | float) for v in there):
        return False
    whole = all(isinstance(value, int) for value in there)
    return not whole or len(set(there)) > FEW  # True and False are whole numbers too


def _as_words(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, list):
        return tuple(str(each) for each in value)
    return (f"{value:%Y-%m}",) if isinstance(value, date) else (str(value),)
