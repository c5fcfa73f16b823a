"""Everything that lives in a notebook page: anywidget, ipywidgets, ipycanvas."""
