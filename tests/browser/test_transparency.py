"""What is behind the transparent parts of an image, in a real JupyterLab."""

from collections.abc import Callable
from pathlib import Path

from tests.browser.bench import show_widget
from tests.browser.page import LabPage

# A black frame around nothing, which on a dark stage would not be seen.
FRAMES = """
import tempfile
import workbench as wb
from pathlib import Path
from PIL import Image
folder = Path(tempfile.mkdtemp())
for side in (100, 101):
    frame = Image.new("RGBA", (side, side), "black")
    frame.paste((0, 0, 0, 0), (20, 20, 80, 80))
    frame.save(folder / f"{side}.png")
bench = wb.open("frames", images=folder, classes=["a", "b"])
bench.queue.add_by_hand(bench.dataset.values("id"))
"""


def test_a_transparent_image_lies_on_white(lab_page: Callable[..., LabPage], home: Path) -> None:
    page = lab_page([FRAMES, "widget = bench.label()\nwidget"])
    show_widget(page)
    found = page.page.evaluate(
        """() => {
            const canvas = document.querySelector('.wb-canvas');
            const {width, height} = canvas;
            const context = canvas.getContext('2d');
            const edge = (width - height) / 2 + 0.1 * height; // inside the frame
            const at = (x, y) => [...context.getImageData(x, y, 1, 1).data];
            return [at(width / 2, height / 2), at(edge, height / 2)];
        }"""
    )
    assert found == [[255, 255, 255, 255], [0, 0, 0, 255]]
