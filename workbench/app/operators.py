"""Where the App's operators meet the live session.

The operators in `extensions/fiftyone/` run inside the kernel's own server, so they can call the
session that registered here. Nothing in this file needs fiftyone.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from workbench.errors import AppError

VIEW_LIMIT = 200
"""Nobody means to queue a whole dataset: without a selection, only a view up to this size."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an act on some images.

    Attributes:
        done: how many images it was done to.
        changed: how many of these had a label before.
        left_out: how many it was not done to, by the reason, which reads on from the number: "3 of
            the blind test split".
    """

    done: int
    changed: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)


class LiveSession(Protocol):
    """What a session lets the App do to one dataset.

    Every method may be called from the server's threads, also while a cell runs, and raises a
    `WorkbenchError` that can be shown to a person for what it refuses. Sample ids are distinct.
    """

    @property
    def several(self) -> bool:
        """Whether an image can have several classes."""

    def classes(self) -> list[str]:
        """Names of the classes, in their order."""

    def labelled(self, sample_ids: Sequence[str]) -> int:
        """How many of the images have a label."""

    def queue(self, sample_ids: Sequence[str]) -> int:
        """Queue images in this order, before all others; how many were not queued before."""

    def label(self, sample_ids: Sequence[str], label: str | Sequence[str]) -> Outcome:
        """Label images alike, whatever they were labelled before.

        Args:
            sample_ids: the images.
            label: name of a class; of several, the names of all that they have.
        """

    def acceptable(self, sample_ids: Sequence[str]) -> Outcome:
        """What `accept` would come to, without doing it."""

    def accept(self, sample_ids: Sequence[str]) -> Outcome:
        """Give images their predicted class as label; never to images of the blind test split."""

    def review(self, sample_ids: Sequence[str]) -> Outcome:
        """Send labelled images to review."""

    def skip(self, sample_ids: Sequence[str]) -> Outcome:
        """Leave images without a label and out of the queue."""

    def undo(self) -> str | None:
        """Take back the annotator's last step, and say what that was; None if there is none."""


_lock = threading.Lock()
_sessions: dict[str, LiveSession] = {}


def register(dataset_name: str, session: LiveSession) -> None:
    """Let the App act on a dataset; the last to register for a name is asked.

    Args:
        dataset_name: the FiftyOne dataset's name.
        session: what carries it out.
    """
    with _lock:
        _sessions[dataset_name] = session


def unregister(dataset_name: str, session: LiveSession) -> None:
    """Take back what was registered, unless somebody else has registered since."""
    with _lock:
        if _sessions.get(dataset_name) is session:
            del _sessions[dataset_name]


def session_of(dataset_name: str) -> LiveSession:
    """The session that labels a dataset.

    Args:
        dataset_name: the FiftyOne dataset's name.

    Raises:
        AppError: no session in this process labels the dataset.
    """
    with _lock:
        found = _sessions.get(dataset_name)
    if found is None:
        raise AppError(
            f"nothing labels {dataset_name!r} in this kernel: open it in the notebook, "
            f"bench = wb.open({dataset_name!r}), run bench.inspect(), and try again"
        )
    return found
