"""Lets a widget hear its page while a cell runs."""

from typing import Any


def answer_while_cells_run(widget: Any) -> None:
    """Have a widget's messages handled at once, not when the running cell ends.

    JupyterLab sends a widget's messages over a subshell of their own, which ipykernel 7 serves
    beside the cell. But it also tells the page to answer on whichever shell the widget last spoke
    from, and a widget made in a cell has spoken from the cell's. This takes that advice away.
    On ipykernel 6, which has no subshells, there is nothing to take away.

    From then on the widget's callbacks may run while a cell does: what they touch needs a lock.

    Args:
        widget: any ipywidgets or anywidget widget; without a live kernel nothing happens.
    """
    comm: Any = getattr(widget, "comm", None)
    if comm is not None and hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = None
