"""From the App into the labelling queue."""

from typing import Any

from workbench.app import operators
from workbench.errors import WorkbenchError

from .base import Report, SessionOperator, sample_ids, selected


class QueueSelected(SessionOperator):
    """Queue the selected samples for labelling; without a selection, those of a small view."""

    address = "queue_selected"
    title = "Queue selected for labelling"
    about = (
        "Puts the selected samples into the labelling queue of the notebook that shows this App. "
        f"Without a selection: the current view, up to {operators.VIEW_LIMIT} samples."
    )
    icon = "playlist_add"

    def act(self, ctx: Any, session: operators.LiveSession) -> Report:
        """Queue, and say how many."""
        ids = selected(ctx) if ctx.selected else _small_view(ctx.view)
        queued = session.queue(ids)
        if not queued:
            return Report(False, "Nothing to add: already queued.")
        message = f"Queued {queued:,} for labelling."
        if rest := len(ids) - queued:
            message += f" {rest:,} {'was' if rest == 1 else 'were'} there already."
        return Report(True, message)


def _small_view(view: Any) -> list[str]:
    if (size := view.count()) > operators.VIEW_LIMIT:
        raise WorkbenchError(
            f"Nothing is selected, and the current view holds {size:,} samples, more than "
            f"{operators.VIEW_LIMIT}: select the ones to queue."
        )
    if not size:
        raise WorkbenchError("The current view is empty: there is nothing to queue.")
    return sample_ids(view)
