"""A data home for one benchmark, with the digits in it, which goes when the benchmark ends."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.dataset.home import make_home
from workbench.dataset.runfolder import RunFolder
from workbench.dataset.server import stop_server

if TYPE_CHECKING:
    from workbench.session import Workbench

DATASET = "benchmark-digits"


@contextmanager
def scratch_home() -> Iterator[Path]:
    """A new data home on the disk of the real one, for its speed counts; removed with its server."""
    home = Path(tempfile.mkdtemp(prefix="bench-", dir=make_home()))
    try:
        yield home
    finally:
        run = RunFolder(home)
        if run.keeper_lock.exists():
            stop_server(run)
        shutil.rmtree(home)


def fill(home: Path, folder: Path, labels: int) -> "Workbench":
    """Make the dataset as it is in the middle of a project, and connect this process to the home.

    Args:
        home: the data home.
        folder: the digits; a folder a class.
        labels: how many pool images are labelled; a batch is queued on top.

    Returns:
        The bench.
    """
    import workbench as wb
    from workbench.teaching.annotators import PerfectAnnotator

    bench = wb.open(DATASET, images=folder, home=home, annotator="benchmark")
    bench.classes.add(*sorted(path.name for path in folder.iterdir() if path.is_dir()))
    if labels:
        bench.seed(0)
        bench.pick(labels, "random")
        PerfectAnnotator.of_folders(folder).work_off(bench.queue, bench.labels)
        bench.predict()
        bench.pick(50)
    return bench
