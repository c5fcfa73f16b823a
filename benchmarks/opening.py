"""How soon something is to be seen: `python -m benchmarks.opening`.

Every measurement is a fresh process, and what is compared takes turns:

- `import workbench`, and whether anything heavy came with it;
- `import fiftyone` alone, beside `import workbench`, `wb.open` of an existing dataset, `label()`
  and the bytes of the first image, asked for by the messages that the page sends. The database
  runs; what it costs to start that too is printed for information;
- `bench.inspect()`, FiftyOne imported and no App server running, beside `fo.launch_app` as it
  comes (on a port of its own, the dataset and the database the same), until Chromium has drawn the
  first thumbnail;
- `bench.inspect()` again, once the App is open, until the frame is returned to the cell.

The dataset: 1,797 digits, 100 of them labelled, with predictions and a queue.
"""

import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from socket import create_connection

from playwright.sync_api import Browser

from benchmarks._browser import chromium, show_thumbnails
from benchmarks._digits import load_digits
from benchmarks._home import DATASET, scratch_home
from benchmarks._processes import Child, ChildDiedError
from benchmarks._report import Report, parse_quick, spread
from workbench.dataset.digits import write_digits
from workbench.dataset.runfolder import RunFolder
from workbench.dataset.server import stop_server

IMPORT_GOAL = 1.0  # seconds
FIRST_IMAGE_GOAL = 1.5  # seconds on top of `import fiftyone`
FRAME_GOAL = 0.3  # seconds
SPEEDUP_GOAL = 5.0
FIFTYONE_GIVES_UP = 60.0  # seconds; so long it waits for its server, which counts where it fails
FIFTYONE_PORT = 5151  # where `fo.launch_app` serves, and where it would find another's server


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    quick = parse_quick("opening", __doc__, argv)
    with Report("opening", quick) as report, scratch_home() as home:
        labels = 0 if quick else 100
        if quick:
            folder = write_digits()
        else:
            digits = load_digits()
            digits.keep_in(home)
            folder = digits.folder
        _imports(report, home, 2 if quick else 15)
        with Child("fill", home, str(folder), str(labels)) as holder:
            fiftyone = _fiftyone_settings(str(holder.receive()["uri"]))
            _first_image(report, home, fiftyone, 1 if quick else 7)
            with chromium() as browser:
                _app(report, home, fiftyone, browser, 1 if quick else 3, alone=quick)
        if not quick:
            _cold(report, home, 3)


def _imports(report: Report, home: Path, repetitions: int) -> None:
    seconds, heavy = [], set()
    for _ in range(repetitions):
        with Child("import_workbench", home) as child:
            said = child.receive()
        seconds.append(float(said["seconds"]))
        heavy.update(said["heavy"])
    report.say(f"\nimport workbench: {spread(seconds, digits=3)}")
    median = statistics.median(seconds)
    report.figure(
        "import_workbench", f"{median:.3f} s", f"<= {IMPORT_GOAL:g} s", median <= IMPORT_GOAL
    )
    report.figure("heavy_modules", ", ".join(sorted(heavy)) or "none", "none", not heavy)


def _first_image(report: Report, home: Path, fiftyone: Mapping[str, str], repetitions: int) -> None:
    alone, ours, opened = [], [], []
    for _ in range(repetitions):
        with Child("import_fiftyone", home, environment=fiftyone) as child:
            alone.append(float(child.receive()["seconds"]))
        with Child("open_to_first_image", home, DATASET) as child:
            said = child.receive()
        ours.append(float(said["seconds"]))
        opened.append(float(said["open"]))
    report.say(f"import fiftyone: {spread(alone)}")
    report.say(f"wb.open: {spread(opened)}; to the first labelling image: {spread(ours)}")
    more = statistics.median(ours) - statistics.median(alone)
    report.figure(
        "first_image_beyond_fiftyone_import",
        f"{more:+.2f} s",
        f"<= {FIRST_IMAGE_GOAL:g} s",
        more <= FIRST_IMAGE_GOAL,
    )


def _cold(report: Report, home: Path, repetitions: int) -> None:
    """For information: the same when mongod has to be started too."""
    seconds = []
    for _ in range(repetitions):
        stop_server(RunFolder(home))
        with Child("open_to_first_image", home, DATASET) as child:
            seconds.append(float(child.receive()["seconds"]))
    report.say(f"to the first labelling image, mongod not running: {spread(seconds)}")


def _app(
    report: Report,
    home: Path,
    fiftyone: Mapping[str, str],
    browser: Browser,
    repetitions: int,
    *,
    alone: bool,
) -> None:
    """The App in the browser, ours and FiftyOne's in turn; ours alone in the miniature."""
    ours, frames, theirs = [], [], []
    for _ in range(repetitions):
        with Child("inspect_app", home, DATASET) as child:
            ours.append(_time_to_thumbnails(child, browser))
            for _ in range(5):
                child.go()
                frames.append(float(child.receive()["seconds"]))
        if not alone:
            _require_free_port()
            with Child("launch_app", home, DATASET, environment=fiftyone) as child:
                try:
                    theirs.append(_time_to_thumbnails(child, browser))
                except ChildDiedError as error:
                    report.say(f"fo.launch_app: {str(error).splitlines()[-1]}")
                    theirs.append(FIFTYONE_GIVES_UP)
    report.say(f"bench.inspect() to the first thumbnail: {spread(ours)}")
    report.say(f"bench.inspect() once open: {spread(frames, digits=3)}")
    frame = statistics.median(frames)
    report.figure("frame_once_open", f"{frame:.3f} s", f"<= {FRAME_GOAL:g} s", frame <= FRAME_GOAL)
    if alone:
        report.say("fo.launch_app: left out of the miniature")
        return
    report.say(f"fo.launch_app to the first thumbnail: {spread(theirs)}")
    speedup = statistics.median(theirs) / statistics.median(ours)
    report.figure(
        "thumbnails_sooner_than_launch_app",
        f"{speedup:.1f} x",
        f">= {SPEEDUP_GOAL:g} x",
        speedup >= SPEEDUP_GOAL,
    )


def _time_to_thumbnails(child: Child, browser: Browser) -> float:
    """Seconds from the call in the child to the first thumbnail in the browser."""
    child.go()
    started = time.perf_counter()
    address = child.receive()["address"]
    page = show_thumbnails(browser, address)
    seconds = time.perf_counter() - started
    page.close()
    return seconds


def _require_free_port() -> None:
    """Refuse to measure a server that somebody else runs."""
    try:
        create_connection(("127.0.0.1", FIFTYONE_PORT), timeout=1).close()
    except OSError:
        return
    raise RuntimeError(
        f"port {FIFTYONE_PORT} is taken, where fo.launch_app would start its server: end the App "
        "that runs there"
    )


def _fiftyone_settings(uri: str) -> dict[str, str]:
    """FiftyOne on the server that runs, and as quiet as workbench has it: its start is not ours."""
    return {
        "FIFTYONE_DATABASE_URI": uri,
        "FIFTYONE_DATABASE_VALIDATION": "false",
        "FIFTYONE_DO_NOT_TRACK": "1",
    }


if __name__ == "__main__":
    main()
