"""The notebooks that need no hand, run as they are; the first one has its journey in a browser."""

from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]


def test_the_audit_finds_what_was_made_wrong(home: Path) -> None:
    notebook = nbformat.read(ROOT / "notebooks" / "02_audit.ipynb", as_version=4)
    NotebookClient(notebook, timeout=900, kernel_name="python3").execute()
    (noise,) = (cell for cell in notebook.cells if cell.id == "noise")
    assert "labels looked at" in noise.outputs[0]["text"]
