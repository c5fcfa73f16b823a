"""How soon an image can be shown: `python -m benchmarks.display`.

Proxies for a page of 1,600 pixels, of a photograph with 1 and 12 megapixels as JPEG and with 12 as
PNG, and 200 thumbnails of the first: made (cold) and from the cache, in turn. Each is also made by
Pillow alone, in the obvious way, to tell what the file costs from what we add. The system's own
cache is warm: files have just been written.

The photograph comes with scikit-learn, enlarged, with the grain of a camera.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks._home import scratch_home
from benchmarks._report import Report, parse_quick, spread
from workbench.dataset.display import Display

SIDE = 1600  # pixels
THUMBNAIL = 128  # pixels
GOAL = 5.0  # milliseconds; a third of a frame at 60 a second
_GRAIN = 4.0  # standard deviation, of 255

Act = Callable[[], object]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    quick = parse_quick("display", __doc__, argv)
    with Report("display", quick) as report, scratch_home() as home:
        repetitions, shrink, grid = (2, 8, 4) if quick else (9, 1, 200)
        files = _write_photos(home, shrink)
        report.say(f"\nproxies of {SIDE} pixels, milliseconds")
        cached: dict[str, float] = {}
        for name, path in files.items():
            cached[name] = _proxies(report, home, name, path, repetitions)
        _thumbnails(report, home, files["1 MP JPEG"], grid)
        _regions(report, home, files["12 MP JPEG"], repetitions)
        slowest = max(cached.values())
        report.figure("cached_proxy", f"{slowest:.2f} ms", f"<= {GOAL:g} ms", slowest <= GOAL)


def _write_photos(home: Path, shrink: int) -> dict[str, Path]:
    from sklearn.datasets import load_sample_image

    rng = np.random.default_rng(0)
    photo = Image.fromarray(load_sample_image("china.jpg"))
    files = {}
    for name, size in (
        ("1 MP JPEG", (1200, 900)),
        ("12 MP JPEG", (4000, 3000)),
        ("12 MP PNG", (4000, 3000)),
    ):
        width, height = size[0] // shrink, size[1] // shrink
        large = np.asarray(photo.resize((width, height), Image.Resampling.LANCZOS), np.float32)
        grain = rng.normal(0, _GRAIN, (height, width, 1)).astype(np.float32)
        path = files[name] = home / f"{name}.{name[-4:].strip().lower()}"
        pixels = np.clip(large + grain, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(path, quality=92)
    return files


def _proxies(report: Report, home: Path, name: str, path: Path, repetitions: int) -> float:
    """Median of the cached ones, in milliseconds."""
    without, kept = Display(home, limit=0), Display(home)
    kept.proxy(path, SIDE)
    kept.close()  # what waits is written
    took = _in_turn(
        {
            "Pillow alone": lambda: _pillow_alone(path),
            "cold": lambda: without.proxy(path, SIDE),
            "cached": lambda: kept.proxy(path, SIDE),
        },
        repetitions,
    )
    kept.close()
    length = path.stat().st_size / 1e6
    report.say(f"  {name}, {length:.1f} MB")
    for way, milliseconds in took.items():
        report.say(f"    {way:>12}: {spread(milliseconds, 'ms')}")
    return statistics.median(took["cached"])


def _pillow_alone(path: Path) -> bytes:
    stream = BytesIO()
    with Image.open(path) as image:
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        image.save(stream, "JPEG", quality=90)
    return stream.getvalue()


def _thumbnails(report: Report, home: Path, path: Path, count: int) -> None:
    """A page of a grid, one after the other: copies of one file are files of their own."""
    folder = home / "grid"
    folder.mkdir()
    copies = [folder / f"{number}.jpg" for number in range(count)]
    for copy in copies:
        copy.write_bytes(path.read_bytes())
    display = Display(home)
    report.say(f"{count} thumbnails of {THUMBNAIL} pixels, one after the other")
    for name in ("cold", "cached"):
        started = time.perf_counter()
        for copy in copies:
            display.thumbnail(copy, THUMBNAIL)
        seconds = time.perf_counter() - started
        report.say(f"    {name:>12}: {seconds:.2f} s, {1000 * seconds / count:.2f} ms each")
        display.close()


def _regions(report: Report, home: Path, path: Path, repetitions: int) -> None:
    display = Display(home)
    with Image.open(path) as image:
        width, height = image.size
    box = (width // 4, height // 4, width // 2, height // 2)
    first = _milliseconds(lambda: display.region(path, box, SIDE))
    more = [_milliseconds(lambda: display.region(path, box, SIDE)) for _ in range(repetitions)]
    report.say(f"a sixteenth of 12 MP at full resolution, first {first:.2f} ms")
    report.say(f"    {'further':>12}: {spread(more, 'ms')}")


def _in_turn(acts: dict[str, Act], repetitions: int) -> dict[str, list[float]]:
    """Milliseconds of each act's repetitions; each comes first, second and third in turn."""
    took: dict[str, list[float]] = {name: [] for name in acts}
    names = list(acts)
    for turn in range(repetitions):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            took[name].append(_milliseconds(acts[name]))
    return took


def _milliseconds(act: Act) -> float:
    started = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    main()
