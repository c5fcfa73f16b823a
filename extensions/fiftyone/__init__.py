"""Operators that act on the live workbench session from the FiftyOne App."""

from typing import Any

import fiftyone.operators as foo
import fiftyone.operators.types as types
from workbench.app import operators
from workbench.errors import WorkbenchError


class QueueSelected(foo.Operator):
    """Queue the selected samples for labelling; without a selection, those of a small view."""

    @property
    def config(self) -> Any:
        """What the App calls it and lists it as."""
        return foo.OperatorConfig(
            name="queue_selected",
            label="Queue selected for labelling",
            description=(
                "Puts the selected samples into the labelling queue of the notebook that shows "
                f"this App. Without a selection: the current view, up to {operators.VIEW_LIMIT} samples."
            ),
            icon="playlist_add",
        )

    def resolve_placement(self, ctx: Any) -> Any:
        """A button that acts without asking.

        In the header: of the actions over the grid, a frame as wide as a notebook shows the first
        few, and puts the rest into a menu as soon as something is selected.
        """
        return types.Placement(
            types.Places.HEADER_ACTIONS,
            types.Button(label=self.config.label, icon=self.config.icon, prompt=False),
        )

    def execute(self, ctx: Any) -> dict[str, Any]:
        """Queue, and say how many; runs in the kernel, in the server's thread."""
        try:
            ids = _chosen(ctx)
            queued = operators.queue(ctx.dataset.name, ids)
        except WorkbenchError as error:
            ctx.ops.notify(str(error), variant="warning")
            return {"queued": 0, "message": str(error)}
        message = _report(queued, len(ids))
        ctx.ops.notify(message, variant="success")
        ctx.ops.clear_selected_samples()
        ctx.ops.reload_samples()
        return {"queued": queued, "message": message}


def _chosen(ctx: Any) -> list[str]:
    """Ids of the samples that the person means, in the view's order."""
    view = ctx.view.select(ctx.selected, ordered=True) if ctx.selected else ctx.view
    if not ctx.selected and (size := view.count()) > operators.VIEW_LIMIT:
        raise WorkbenchError(
            f"Nothing is selected, and the current view holds {size:,} samples, more than "
            f"{operators.VIEW_LIMIT}: select the ones to queue."
        )
    # A view of patches or frames knows the sample that each of them belongs to.
    field = "sample_id" if view.has_sample_field("sample_id") else "id"
    ids = list(dict.fromkeys(view.values(field)))
    if not ids:
        raise WorkbenchError("The current view is empty: there is nothing to queue.")
    return ids


def _report(queued: int, chosen: int) -> str:
    if not queued:
        return "Nothing to add: already queued or labelled."
    message = f"Queued {queued:,} for labelling."
    if rest := chosen - queued:
        message += f" {rest:,} {'was' if rest == 1 else 'were'} there already."
    return message


def register(plugin: Any) -> None:
    """FiftyOne's entry point."""
    plugin.register(QueueSelected)
