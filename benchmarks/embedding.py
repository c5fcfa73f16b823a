"""How fast photographs become vectors: `python -m benchmarks.embedding`.

JPEG files of 1280 x 960 pixels, made from the colour photographs that come with scikit-image: cut,
mirrored and enlarged, so that decoding costs what it does with photographs. The default backbone.
In turn: a plain loop as timm's documentation has it (its own transform, batches of 16, float32,
eager), ours as the product calls it with all that belongs to it (folding, tracing, compiling), and
each route that is installed with its network made beforehand. Beside that what decoding takes by
itself in as many threads, and how long it takes to make each network: what a route gives is bounded
by the slower of both.

The deviation is the largest distance of a vector from that of PyTorch in float32 and eager, on the
same pixels, beside the distance of that vector from the mean of all.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._report import Report, parse_quick, spread

if TYPE_CHECKING:
    from workbench.models.backbones import Backbone

FASTER = 4  # goal: so many times the plain loop
DEVIATION = 0.05  # goal, at most
SIZE = (1280, 960)
BATCH = 16
PHOTOS = (
    *("astronaut.png", "chelsea.png", "coffee.png", "hubble_deep_field.jpg", "ihc.png"),
    *("motorcycle_left.png", "retina.jpg", "rocket.jpg"),
)
PLAIN, OURS, DECODING = "plain loop", "ours, all of it", "decoding alone"

Vectors = NDArray[np.float32]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    quick = parse_quick("embedding", __doc__, argv)
    images, rounds = (24, 1) if quick else (480, 3)
    with Report("embedding", quick) as report, tempfile.TemporaryDirectory() as folder:
        from workbench.models.backbones import load_backbone

        paths = write_photos(Path(folder), images)
        backbone = load_backbone()
        report.say(f"\n{backbone.name}, PyTorch in {backbone.dtype}, {images} photographs")
        acts, exact = _acts(report, backbone, paths)
        took: dict[str, list[float]] = {name: [] for name in acts}
        made: dict[str, Vectors] = {}
        for number in range(rounds):
            for name in np.roll(list(acts), number):
                started = time.perf_counter()
                made[name] = acts[name]()
                took[name].append(images / (time.perf_counter() - started))
        for name, rates in took.items():
            report.say(f"  {name:>16}: {spread(rates, 'images a second', 1)}")
        _judge(report, took, {k: v for k, v in made.items() if v.size and k != PLAIN}, exact)


def write_photos(folder: Path, count: int) -> list[Path]:
    """Write so many JPEG files, all different."""
    import skimage
    from PIL import Image, ImageOps

    source = Path(skimage.__file__).parent / "data"
    rng = np.random.default_rng(0)
    paths = []
    for number in range(count):
        image = Image.open(source / PHOTOS[number % len(PHOTOS)]).convert("RGB")
        left, top = rng.random(2) * 0.4 * np.array(image.size)
        box = (left, top, left + 0.6 * image.width, top + 0.6 * image.height)
        image = image.resize(SIZE, Image.Resampling.BICUBIC, box)
        paths.append(folder / f"{number:04d}.jpg")
        (ImageOps.mirror(image) if rng.random() < 0.5 else image).save(paths[-1], quality=90)
    return paths


def _acts(
    report: Report, backbone: "Backbone", paths: Sequence[Path]
) -> tuple[dict[str, Callable[[], Vectors]], Vectors]:
    """What is compared, each a pass over all files, and the vectors that all should give."""
    import torch

    from workbench.models.embedding import embed_files
    from workbench.models.runtimes import Network, available

    def embed(network: Network | None) -> Vectors:
        return np.concatenate([v for _, v in embed_files(backbone, paths, network=network)])

    def decode() -> Vectors:
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            for _ in pool.map(backbone.preprocess, paths):
                pass
        return np.empty(0, np.float32)

    dtype, backbone.dtype = backbone.dtype, torch.float32
    exact = embed(backbone.model)
    backbone.dtype = dtype
    acts: dict[str, Callable[[], Vectors]] = {
        PLAIN: _plain_loop(backbone, paths),
        OURS: lambda: embed(None),
    }
    for route in available():
        started = time.perf_counter()
        network = backbone.compiled(route)
        report.say(f"  making it for {route}: {time.perf_counter() - started:.1f} s")
        acts[str(route)] = partial(embed, network)
    return {**acts, DECODING: decode}, exact


def _plain_loop(backbone: "Backbone", paths: Sequence[Path]) -> Callable[[], Vectors]:
    """The loop that one writes with timm, on the same weights."""
    import timm
    import torch
    from PIL import Image

    model = timm.create_model(backbone.name, num_classes=0, **dict(backbone.arguments)).eval()
    model.load_state_dict(backbone.model.state_dict())
    config: dict[str, Any] = backbone.config.to_json()
    transform = timm.data.create_transform(**config, is_training=False)

    def embed() -> Vectors:
        vectors = []
        with torch.no_grad():
            for start in range(0, len(paths), BATCH):
                images = [Image.open(path).convert("RGB") for path in paths[start : start + BATCH]]
                vectors.append(model(torch.stack([transform(each) for each in images])).numpy())
        return np.concatenate(vectors)

    return embed


def _judge(
    report: Report, took: dict[str, list[float]], made: dict[str, Vectors], exact: Vectors
) -> None:
    apart = np.linalg.norm(exact - exact.mean(axis=0), axis=1)
    worst = 0.0
    for name, vectors in made.items():
        deviation = float((np.linalg.norm(vectors - exact, axis=1) / apart).max())
        report.say(f"  largest deviation, {name}: {deviation:.1e}")
        worst = max(worst, deviation)
    faster = float(np.median(took[OURS]) / np.median(took[PLAIN]))
    report.figure("to_a_plain_loop", f"{faster:.1f} x", f">= {FASTER} x", faster >= FASTER)
    report.figure("largest_deviation", f"{worst:.1e}", f"<= {DEVIATION:g}", worst <= DEVIATION)


if __name__ == "__main__":
    main()
