"""What it costs that a label is safe, and whether it is: `python -m benchmarks.commits`.

Speed: blocks of `bench.labels.commit`, each event and label in one journaled transaction, take
turns with blocks of FiftyOne's `sample.save()`, which waits for no disk, on the same server and the
same kind of change. A single journaled insert shows what of it is the disk's.

Safety: a process labels as fast as it can and says each label once it was acknowledged. At a random
moment it is killed (kill -9), or mongod is. Then the dataset is opened again, and each label that
was acknowledged has to be in the history and in the image's field.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks._home import DATASET, fill, scratch_home
from benchmarks._kills import Kill, Label, find_lost, kill_kernel, kill_mongod
from benchmarks._processes import Child
from benchmarks._report import Report, parse_quick, spread
from workbench.dataset.digits import write_digits
from workbench.labels.transactions import DURABLE

if TYPE_CHECKING:
    from workbench.session import Workbench

RATE_GOAL = 0.5  # of the rate of sample.save()
P95_GOAL = 5.0  # milliseconds
COMMIT, SAVE = "labels.commit", "sample.save"


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    quick = parse_quick("commits", __doc__, argv)
    with Report("commits", quick) as report, scratch_home() as home:
        bench = fill(home, write_digits(), 0)
        blocks, size = (3, 10) if quick else (20, 100)
        _speed(report, bench, blocks, size)
        _safety(report, bench, home, 1 if quick else 10)


def _speed(report: Report, bench: "Workbench", blocks: int, size: int) -> None:
    acts = _acts(bench)
    for turn in range(1, 11):  # connections are made, collections are in memory
        for act in acts.values():
            act(-turn)
    took: dict[str, list[float]] = {name: [] for name in acts}
    for block in range(blocks):
        # Each comes first, second and third in turn.
        for name in np.roll(list(acts), block):
            took[name] += _time_each(acts[name], range(block * size, (block + 1) * size))
    report.say(f"\n{blocks} blocks of {size} in turn, milliseconds each")
    for name, milliseconds in took.items():
        _say_latencies(report, name, milliseconds)
    commits, saves = (np.reshape(took[name], (blocks, size)) for name in (COMMIT, SAVE))
    by_block = list(saves.sum(axis=1) / commits.sum(axis=1))
    report.say(f"  commits in the time of a save, by block: {spread(by_block, 'x')}")
    rate = float(saves.sum() / commits.sum())
    report.figure("rate_to_sample_save", f"{rate:.2f} x", f">= {RATE_GOAL:g} x", rate >= RATE_GOAL)
    p95 = float(np.percentile(commits, 95))
    report.figure("p95", f"{p95:.1f} ms", f"<= {P95_GOAL:g} ms", p95 <= P95_GOAL)


def _acts(bench: "Workbench") -> dict[str, Callable[[int], None]]:
    """What is compared: each does the turn of a number, always with another image."""
    import fiftyone as fo

    samples = [str(i) for i in bench.dataset.values("id")]
    # Apart, so that no commit has to refresh a sample object that this process holds.
    ours, theirs = samples[::2], list(bench.dataset.select(samples[1::2]))
    labels, latest = bench.classes, dict.fromkeys(ours, "")
    plain = bench._connection.database.get_collection("plain", write_concern=DURABLE)

    def commit(turn: int) -> None:
        sample, label = ours[turn % len(ours)], labels[turn % len(labels)]
        done = bench.labels.commit(sample, label, seconds=1.0, based_on=latest[sample])
        latest[sample] = done.event.id

    def save(turn: int) -> None:
        sample = theirs[turn % len(theirs)]
        sample["ground_truth"] = fo.Classification(label=labels[turn % len(labels)])
        sample.save()

    def insert(turn: int) -> None:
        plain.insert_one({"turn": turn})

    return {COMMIT: commit, SAVE: save, "journaled insert": insert}


def _time_each(act: Callable[[int], None], turns: Sequence[int]) -> list[float]:
    """Milliseconds of each turn."""
    took = []
    for turn in turns:
        started = time.perf_counter()
        act(turn)
        took.append(1000 * (time.perf_counter() - started))
    return took


def _say_latencies(report: Report, name: str, milliseconds: Sequence[float]) -> None:
    median, p95, p99 = np.percentile(milliseconds, [50, 95, 99])
    report.say(
        f"  {name:>16}: median {median:.2f}, p95 {p95:.2f}, p99 {p99:.2f}, "
        f"{1000 / statistics.fmean(milliseconds):.0f} a second"
    )


def _safety(report: Report, bench: "Workbench", home: Path, each: int) -> None:
    lost: list[Label] = []
    kernels, servers = [], []
    for seed in range(each):
        kernels.append(kill_kernel(home, seed))
        lost += _lost_after(bench, kernels[-1])
    with Child("commit_on", home, DATASET, str(each)) as stream:
        stream.go()
        for seed in range(each, 2 * each):
            servers.append(kill_mongod(home, stream, seed))
            lost += _lost_after(bench, servers[-1])
    report.say("\nkill -9 in mid-stream, at a random moment")
    for name, kills in (("kernel", kernels), ("mongod", servers)):
        report.say(
            f"  {name}: {len(kills)} times, {sum(len(k.acknowledged) for k in kills)} labels "
            f"acknowledged, {sum(len(k.errors) for k in kills)} commits refused"
        )
    silent = [kill.silent_seconds for kill in servers]
    report.say(f"  from the kill of mongod to the next acknowledged label: {spread(silent)}")
    report.figure(f"lost_in_{2 * each}_kills", str(len(lost)), "0", not lost)


def _lost_after(bench: "Workbench", kill: Kill) -> list[Label]:
    import workbench as wb

    if not kill.acknowledged:
        raise RuntimeError("nothing was acknowledged before the kill: nothing was tested")
    return find_lost(wb.open(bench.name), kill.acknowledged)


if __name__ == "__main__":
    main()
