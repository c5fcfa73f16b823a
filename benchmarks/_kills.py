"""Killing what holds labels in mid-stream, and looking whether an acknowledged one is gone."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from benchmarks._home import DATASET
from benchmarks._processes import Child
from workbench.dataset.runfolder import RunFolder
from workbench.dataset.server_state import ServerState

if TYPE_CHECKING:
    from workbench.session import Workbench

STREAM_SECONDS = (0.2, 1.5)  # after the first acknowledgement, the kill comes at random in here


@dataclass(frozen=True, slots=True)
class Label:
    """A label that was acknowledged.

    Attributes:
        sample: the image.
        event: id of its event.
        label: the class.
        at: when, on the machine's monotonic clock, in seconds.
    """

    sample: str
    event: str
    label: str
    at: float


@dataclass(slots=True)
class Kill:
    """What one kill left.

    Attributes:
        acknowledged: labels, in order.
        errors: commits that were refused, which is no loss: whoever labels is told.
        silent_seconds: from the kill to the next acknowledgement, where the stream survives.
    """

    acknowledged: list[Label] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    silent_seconds: float = 0.0

    def take(self, said: Iterable[dict[str, Any]]) -> None:
        """Sort what a stream has said."""
        for each in said:
            if "error" in each:
                self.errors.append(str(each["error"]))
            elif each:
                self.acknowledged.append(Label(**each))


def kill_kernel(home: Path, seed: int) -> Kill:
    """Kill a process that labels as fast as it can, at a random moment."""
    kill = Kill()
    with Child("commit_on", home, DATASET, str(seed)) as stream:
        stream.go()
        kill.take([stream.receive()])
        time.sleep(_moment(seed))
        stream.kill()
        kill.take(stream.rest())
    return kill


def kill_mongod(home: Path, stream: Child, seed: int) -> Kill:
    """Kill mongod at a random moment under a stream, which has to bring it back and go on."""
    kill = Kill()
    kill.take([stream.receive()])
    time.sleep(_moment(seed))
    at = time.monotonic()
    dead_at = _kill_server(home)
    # What comes from before its death is still on the way to us.
    while not kill.acknowledged or kill.acknowledged[-1].at < dead_at:
        kill.take([stream.receive()])
    kill.silent_seconds = kill.acknowledged[-1].at - at
    return kill


def find_lost(bench: "Workbench", acknowledged: Iterable[Label]) -> list[Label]:
    """Acknowledged labels that the history or the image's field no longer has.

    An image may hold a later label than the last acknowledged one: that of the commit in flight.
    """
    # The fields first: a stream may go on meanwhile, and what a field names is in the history.
    columns = bench.dataset.values(["id", "label_event", "ground_truth.label"])
    fields = {sample: (event, label) for sample, event, label in zip(*columns, strict=True)}
    history = {event.id: (place, event) for place, event in enumerate(bench.labels.events)}
    lost = []
    for each in acknowledged:
        found = history.get(each.event)
        event_id, label = fields[each.sample]
        now = history.get(event_id or "")
        kept = (
            found is not None
            and (found[1].sample_id, found[1].after) == (each.sample, each.label)
            and now is not None
            and now[0] >= found[0]
            and now[1].after == label
        )
        if not kept:
            lost.append(each)
    return lost


def _moment(seed: int) -> float:
    return float(np.random.default_rng(seed).uniform(*STREAM_SECONDS))


def _kill_server(home: Path) -> float:
    """Kill mongod; returns when it is dead, on the monotonic clock."""
    state = ServerState.read(RunFolder(home).server)
    if state is None:
        raise RuntimeError(f"no database runs in {home}")
    mongod = psutil.Process(state.mongod)
    mongod.kill()
    mongod.wait()
    return time.monotonic()
