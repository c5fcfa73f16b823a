"""Saved views: what is worth looking at, by name, in the App's own list."""

from collections.abc import Mapping, Sequence
from typing import Any

import fiftyone as fo
from fiftyone import ViewField as F

from workbench.dataset.types import Split, Status

WRONG_ON_TEST = "Wrong on test"
LEAST_SURE = "Least sure"
NEXT_BATCH = "Next batch"
IN_REVIEW = "In review"

LEAST_SURE_LIMIT = 200
"""A person looks at the first screens of a list; the rest only costs the App time."""

_FIRST = ["ground_truth", "prediction", "label_status", "split"]
# Truth and prediction are compared at a glance: two colours that nobody confuses, and a quiet one.
_ON_THUMBNAILS = {"ground_truth": "#0072B2", "prediction": "#D55E00", "label_status": "#5F6673"}


def save_standard_views(dataset: Any) -> None:
    """Save the views that every dataset has: *Wrong on test*, *Least sure*, *Next batch*, *In review*.

    They are conditions, not lists of samples, so they stay true as labels and predictions come.
    Harmless to repeat.

    Args:
        dataset: a `fiftyone.Dataset` with workbench's fields; ones that it has not got yet leave
            a view empty.
    """
    save_views(
        dataset,
        {
            WRONG_ON_TEST: wrong_on_test(dataset),
            LEAST_SURE: least_sure(dataset),
            NEXT_BATCH: next_batch(dataset),
            IN_REVIEW: dataset.match(F("label_status") == Status.IN_REVIEW.value),
        },
    )


def save_views(dataset: Any, views: Mapping[str, Any]) -> None:
    """Save views by name, over those that bear the same name.

    Args:
        dataset: a `fiftyone.Dataset`.
        views: by name, either a `fiftyone.DatasetView` or the sample ids to show, in their order.
    """
    for name, content in views.items():
        is_view = isinstance(content, fo.DatasetView)
        view = content if is_view else _listed(dataset, content)
        if dataset.has_saved_view(name) and dataset.load_saved_view(name) == view:
            continue  # saving anew would move the dataset's `last_modified_at` for nothing
        dataset.save_view(name, view, overwrite=True)


def wrong_on_test(dataset: Any) -> Any:
    """Labelled test images that the model gets wrong, the most confident mistakes first.

    In multi-label that is one class too many, or too few.
    """
    if _has_several(dataset):
        truth, guess = F("ground_truth.classifications"), F("prediction.classifications")
        differ = ~truth.map(F("label")).set_equals(guess.map(F("label")))
    else:
        truth, guess = F("ground_truth.label"), F("prediction.label")
        differ = truth != guess
    wrong = (F("split") == Split.TEST.value) & truth.exists() & guess.exists() & differ
    return dataset.match(wrong).sort_by(F("prediction.confidence"), reverse=True)


def least_sure(dataset: Any) -> Any:
    """Unlabelled images of the pool by the margin of their prediction, the smallest first."""
    open_to_pick = (F("split") == Split.POOL.value) & (F("label_status") == Status.UNLABELLED.value)
    unsure = dataset.match(open_to_pick & F("prediction.margin").exists())
    return unsure.sort_by(F("prediction.margin")).limit(LEAST_SURE_LIMIT)


def next_batch(dataset: Any) -> Any:
    """The queue, in the order in which the images were picked."""
    queued = dataset.match(F("label_status") == Status.QUEUED.value)
    return queued.sort_by([(F("pick.batch"), 1), (F("pick.rank"), 1)])


def arrange_sidebar(dataset: Any) -> None:
    """Let the App show truth, prediction, status and pick at first sight.

    Args:
        dataset: a `fiftyone.Dataset` with workbench's fields. Where somebody has arranged its
            sidebar, that stays.
    """
    config = dataset.app_config
    if config.sidebar_groups:
        return
    shown = [field for field in _FIRST if dataset.has_sample_field(field)]
    ours = [fo.SidebarGroupDocument(name="workbench", paths=shown, expanded=True)]
    rest = []
    for group in fo.DatasetAppConfig.default_sidebar_groups(dataset):
        group.paths = [path for path in group.paths if path not in shown]
        if group.name == "pick":
            ours.append(group)
        elif group.paths:
            rest.append(group)
            group.expanded = False
    config.sidebar_groups = ours + rest
    config.active_fields = fo.ActiveFields(paths=list(_ON_THUMBNAILS), exclude=False)
    config.color_scheme = fo.ColorScheme(
        color_by="field",
        fields=[{"path": path, "fieldColor": color} for path, color in _ON_THUMBNAILS.items()],
    )
    dataset.save()


def _has_several(dataset: Any) -> bool:
    field = dataset.get_field("ground_truth")
    return getattr(field, "document_type", None) is fo.Classifications


def _listed(dataset: Any, ids: Sequence[str]) -> Any:
    return dataset.select(list(ids), ordered=True) if len(ids) else dataset.limit(0)
