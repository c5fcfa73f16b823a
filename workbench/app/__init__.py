"""The FiftyOne App in the notebook: its server, the guard before it, saved views, operators.

Nothing here imports fiftyone until it is used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.app.session import App, open_app, selected_in_app
    from workbench.app.views import arrange_sidebar, save_standard_views, save_views

__all__ = [
    "App",
    "arrange_sidebar",
    "open_app",
    "save_standard_views",
    "save_views",
    "selected_in_app",
]

_HOMES = {
    "App": "workbench.app.session",
    "open_app": "workbench.app.session",
    "selected_in_app": "workbench.app.session",
    "arrange_sidebar": "workbench.app.views",
    "save_standard_views": "workbench.app.views",
    "save_views": "workbench.app.views",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
