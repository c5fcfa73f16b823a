"""The notebooks that need no hand, run as they are; the first one has its journey in a browser."""

from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]


def output_of(name: str, cell_id: str) -> dict[str, Any]:
    """Run a notebook, which fails where a claim of its own does not hold; a cell's first output."""
    notebook = nbformat.read(ROOT / "notebooks" / name, as_version=4)
    NotebookClient(notebook, timeout=900, kernel_name="python3").execute()
    (cell,) = (cell for cell in notebook.cells if cell.id == cell_id)
    return dict(cell.outputs[0])


def test_the_audit_finds_what_was_made_wrong(home: Path) -> None:
    assert "labels looked at" in output_of("02_audit.ipynb", "noise")["text"]


def test_several_classes_an_image_go_through_all_the_rooms(home: Path) -> None:
    assert "micro F1" in output_of("03_multilabel.ipynb", "evaluate")["data"]["text/html"]


def test_boxes_go_through_all_the_rooms(home: Path) -> None:
    assert "mAP50" in output_of("04_detection.ipynb", "evaluate")["data"]["text/html"]


def test_masks_go_through_all_the_rooms(home: Path) -> None:
    assert "mean IoU" in output_of("06_segmentation.ipynb", "evaluate")["data"]["text/html"]


def test_keypoints_are_labelled_stored_and_exported(home: Path) -> None:
    assert "not trained" in output_of("07_keypoints.ipynb", "instead")["data"]["text/plain"]


def test_outlines_go_through_all_the_rooms(home: Path) -> None:
    assert "mAP50" in output_of("05_instances.ipynb", "evaluate")["data"]["text/html"]
