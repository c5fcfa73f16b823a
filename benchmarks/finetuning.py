"""Whether fine-tuning is quick, and what it comes to: `python -m benchmarks.finetuning`.

Speed: images a second of `fine_tune`'s steps (decoding, augmentation, moving average and all)
beside the barest PyTorch loop on the same network, batch size and precision, whose normalised
batches lie ready in memory: forward, backward, AdamW. In turns; the ratio is that of the medians.

Digits: the default backbone fine-tuned on all labels of the pool against scikit-learn's SVC (RBF,
C = 10, the default gamma) on the 64 raw pixels, same split by content, on the blind test images;
the difference in accuracy with a 95 % interval for paired proportions (Newcombe 1998, method 10).

Faces: the 200 pictures of scikit-image's `lfw_subset`, five folds, each fine-tuned on the other four;
accuracy over all of them with Wilson's interval.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks._report import Report, parse_quick, spread
from workbench.evaluation.intervals import wilson

TURNS = 5
STEPS = 8
DIGIT_MINUTES = 12.0
FACE_MINUTES = 1.5
GOAL_SPEED = 0.95
GOAL_FACES = 0.97

Ints = NDArray[np.int64]


def speed(report: Report, quick: bool) -> None:
    """Images a second, ours and the barest loop's."""
    from workbench.dataset.digits import write_digits

    turns, steps = (1, 1) if quick else (TURNS, STEPS)
    folder = write_digits()
    paths = sorted(folder.glob("*/*.png"))[:: 1797 // (40 * steps)][: 40 * steps]
    targets = np.array([int(path.parent.name) for path in paths])
    ours, bare = [], []
    for turn in range(turns):
        ours.append(_fine_tuned(paths, targets, steps, turn))
        bare.append(_bare(paths, targets, steps))
    ratio = float(np.median(ours) / np.median(bare))
    report.say(f"\nimages a second: ours {spread(ours, '', 1)}, bare {spread(bare, '', 1)}")
    report.figure("speed", f"{ratio:.2f} x", f">= {GOAL_SPEED} x", ratio >= GOAL_SPEED)


def _fine_tuned(paths: Sequence[Path], targets: Ints, steps: int, seed: int) -> float:
    from workbench.models.finetuning import fine_tune
    from workbench.models.recipe import Recipe

    rates = []
    with tempfile.TemporaryDirectory() as folder:
        fine_tune(
            "efficientnet_lite0",
            paths,
            targets,
            10,
            minutes=60,
            checkpoint=Path(folder) / "run",
            recipe=Recipe(epochs=2),
            seed=seed,
            progress=lambda p: rates.append(p.images_per_second) if p.looked and p.epoch else None,
        )
    return rates[-1]  # of the second epoch: the first decodes, and warms up


def _bare(paths: Sequence[Path], targets: Ints, steps: int) -> float:
    import torch

    from workbench.models.backbones import load_backbone
    from workbench.models.devices import autocast, training_dtype

    backbone = load_backbone("efficientnet_lite0")
    network = backbone.model.requires_grad_(True).train()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()
    head = torch.nn.Linear(backbone.dim, 10).to(backbone.device)
    parameters = [*network.parameters(), *head.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=1e-4)
    dtype = training_dtype(backbone.device, network)
    batches = [
        (
            backbone.to_input(
                torch.stack([backbone.preprocess(path) for path in paths[at::steps][:32]])
            ),
            torch.from_numpy(targets[at::steps][:32]).to(backbone.device),
        )
        for at in range(steps)
    ]

    def step(inputs: torch.Tensor, truth: torch.Tensor) -> None:
        with autocast(backbone.device, dtype):
            features = network(inputs)
        loss = torch.nn.functional.cross_entropy(head(features.float()), truth)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    step(*batches[0])
    begun = time.perf_counter()
    for inputs, truth in batches:
        step(inputs, truth)
    return sum(len(truth) for _, truth in batches) / (time.perf_counter() - begun)


def digits(report: Report, quick: bool) -> None:
    """Accuracy on the blind test digits, ours and a support vector machine's."""
    from sklearn.datasets import load_digits
    from sklearn.svm import SVC

    from workbench.dataset.digits import write_digits
    from workbench.dataset.files import check_files, find_files
    from workbench.dataset.splits import TEST_FRACTION, split_of
    from workbench.dataset.types import Split
    from workbench.evaluation.comparison import paired_difference

    every = 30 if quick else 1
    files = list(check_files(find_files(write_digits())[::every]))
    targets = np.array([int(file.path.parent.name) for file in files], dtype=np.int64)
    splits = [split_of(file.content_hash, TEST_FRACTION) for file in files]
    test = np.array([split is Split.TEST for split in splits])
    said = _predict_tuned(
        [file.path for file in files], targets, ~test, test, 10, 0.05 if quick else DIGIT_MINUTES
    )
    numbers = [int(file.path.stem) for file in files]
    pixels = load_digits().data[numbers]
    machine = SVC(C=10).fit(pixels[~test], targets[~test])
    theirs = machine.predict(pixels[test])
    ours_right, theirs_right = said == targets[test], theirs == targets[test]
    fixed, broken = int((ours_right & ~theirs_right).sum()), int((theirs_right & ~ours_right).sum())
    difference = paired_difference(fixed, broken, int(test.sum()))
    report.say(
        f"\ndigits, {(~test).sum()} labels, {test.sum()} test images: ours {ours_right.mean():.4f}, "
        f"SVC {theirs_right.mean():.4f}; only ours right {fixed}, only SVC right {broken}"
    )
    report.figure(
        "digits_beyond_svc",
        f"{difference.value:+.4f} ({difference.low:+.4f} to {difference.high:+.4f})",
        "interval reaches 0 or above",
        difference.high >= 0,
    )


def faces(report: Report, quick: bool) -> None:
    """Accuracy on faces and other pictures, five folds."""
    from PIL import Image
    from skimage.data import lfw_subset

    images = lfw_subset()[:: 5 if quick else 1]
    targets = (np.arange(200)[:: 5 if quick else 1] >= 100).astype(np.int64)
    folds = np.random.default_rng(0).permutation(len(images)) % 5
    right = 0
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{index:03d}.png" for index in range(len(images))]
        for path, pixels in zip(paths, images, strict=True):
            Image.fromarray((255 * pixels.clip(0, 1)).round().astype(np.uint8)).save(path)
        for fold in range(1 if quick else 5):
            test = folds == fold
            minutes = 0.05 if quick else FACE_MINUTES
            said = _predict_tuned(paths, targets, ~test, test, 2, minutes)
            right += int((said == targets[test]).sum())
    tested = int((folds == 0).sum()) if quick else len(images)
    accuracy = wilson(right, tested)
    report.say(f"\nfaces, five folds: accuracy {accuracy}")
    report.figure(
        "faces",
        f"{accuracy.value:.3f} ({accuracy.low:.3f} to {accuracy.high:.3f})",
        f">= {GOAL_FACES}",
        accuracy.value >= GOAL_FACES,
    )


def _predict_tuned(
    paths: Sequence[Path],
    targets: Ints,
    train: NDArray[np.bool_],
    test: NDArray[np.bool_],
    classes: int,
    minutes: float,
) -> Ints:
    """Fine-tune on some rows; what the product's probe on the tuned backbone says of others."""
    from workbench.models.backbones import load_backbone
    from workbench.models.checkpoints import read_checkpoint
    from workbench.models.finetuning import fine_tune

    rows = np.flatnonzero(train).tolist()
    with tempfile.TemporaryDirectory() as folder:
        result = fine_tune(
            "efficientnet_lite0",
            [paths[row] for row in rows],
            targets[rows],
            classes,
            minutes=minutes,
            checkpoint=Path(folder) / "run",
        )
        stored = read_checkpoint(result.checkpoint)
        tuned = load_backbone("efficientnet_lite0", weights=result.checkpoint)
        vectors = tuned.embed([paths[row] for row in np.flatnonzero(test).tolist()])
    logits = vectors @ stored.head_weight.numpy().T + stored.head_bias.numpy()
    said: Ints = logits.argmax(axis=1).astype(np.int64)
    return said


def main() -> None:
    """Run it."""
    quick = parse_quick("finetuning", __doc__)
    with Report("finetuning", quick) as report:
        speed(report, quick)
        digits(report, quick)
        faces(report, quick)


if __name__ == "__main__":
    main()
