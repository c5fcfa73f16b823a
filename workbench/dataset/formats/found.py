"""What reading a file of labels comes to: labels by image, and a report of what was wrong with it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from workbench.dataset.boxes import Box
from workbench.dataset.keypoints import Skeleton

Said: TypeAlias = tuple[Box, ...] | tuple[str, ...]
"""What a file says of an image: its boxes, or its classes; an empty one says that it has none."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person should know of a file of labels.

    Attributes:
        kind: in words that are the same for all of its kind, such as "box without a size".
        image: as the file calls it; empty where it is about no single image.
        detail: the very thing.
        fatal: whether the labels of the image are left out because of it.
    """

    kind: str
    image: str
    detail: str
    fatal: bool


@dataclass(frozen=True)
class LabelReport:
    """What came of a file of labels.

    An image is taken with all that the file says of it, or left without a label: one box of ten
    would look as if somebody had said that these are all.

    Attributes:
        format: such as `coco`.
        source: the file or folder.
        images: how many images get a label.
        boxes: how many boxes they have.
        negatives: images among them of which the file says that nothing is there.
        already: images that had a label before, which stays.
        findings: what is wrong, or could not be taken.
        outlined: how many of the boxes are of objects with an outline, or with points.
    """

    format: str
    source: str
    images: int = 0
    boxes: int = 0
    negatives: int = 0
    already: int = 0
    findings: tuple[Finding, ...] = ()
    outlined: int = 0

    @property
    def left_out(self) -> int:
        """Images of the file that stay without a label because of what is wrong with it."""
        return len({each.image for each in self.findings if each.fatal})

    def counted(self, labels: Mapping[Path, Said]) -> "LabelReport":
        """The same report, of these labels."""
        boxes = [each for said in labels.values() for each in said if isinstance(each, Box)]
        return replace(
            self,
            images=len(labels),
            boxes=len(boxes),
            negatives=sum(not said for said in labels.values()),
            outlined=sum(bool(box.outline or box.points) for box in boxes),
        )

    def __str__(self) -> str:
        parts = [f"{self.format}: {self.images:,} images labelled"]
        if self.boxes:
            parts[0] += f" with {self.boxes:,} {'objects' if self.outlined else 'boxes'}"
        if self.negatives:
            parts.append(f"{self.negatives:,} of them have nothing on them")
        if self.already:
            parts.append(f"{self.already:,} were labelled before and stay as they were")
        if self.left_out:
            parts.append(f"{self.left_out:,} left without a label ({self._counted(fatal=True)})")
        if noted := self._counted(fatal=False):
            parts.append(f"noted: {noted}")
        return ", ".join(parts)

    __repr__ = __str__

    def to_pandas(self) -> pd.DataFrame:
        """A row a finding: `kind`, `image`, `detail`, `fatal` (the image got no label by it)."""
        rows = [(each.kind, each.image, each.detail, each.fatal) for each in self.findings]
        return pd.DataFrame(rows, columns=["kind", "image", "detail", "fatal"])

    def _counted(self, *, fatal: bool) -> str:
        chosen = [each for each in self.findings if each.fatal is fatal]
        first = {each.kind: each for each in reversed(chosen)}
        counts = Counter(each.kind for each in chosen)
        return "; ".join(
            f"{count:,} x {kind}, such as {first[kind].image or 'in the file'}: {first[kind].detail}"
            for kind, count in counts.most_common()
        )


@dataclass(frozen=True)
class Imported:
    """Labels that a file has for images that are there.

    Attributes:
        labels: by path of the image; an image that is not in it is unlabelled.
        classes: the file's, in its order.
        report: how the reading went.
        skeleton: which points its objects have, if it says so.
    """

    labels: Mapping[Path, Said]
    classes: tuple[str, ...]
    report: LabelReport
    skeleton: Skeleton | None = None


@dataclass
class Findings:
    """Collects what a reader stumbles over; faults leave their image without a label."""

    format: str
    source: str
    found: list[Finding] = field(default_factory=list)
    faulty: set[str] = field(default_factory=set)

    def fault(self, kind: str, image: str, detail: str) -> None:
        """Something that keeps the image's labels out."""
        self.found.append(Finding(kind, image, detail, fatal=True))
        self.faulty.add(image)

    def note(self, kind: str, image: str, detail: str) -> None:
        """Something to know of."""
        self.found.append(Finding(kind, image, detail, fatal=False))

    def close(
        self, said: Mapping[str, tuple[Path, Said]], classes: tuple[str, ...], *, already: int = 0
    ) -> Imported:
        """What there is, without the images that have a fault.

        Args:
            said: path and label by the name that findings have for the image.
            classes: the file's.
            already: images that had a label before.
        """
        good = {path: label for name, (path, label) in said.items() if name not in self.faulty}
        found = tuple(self.found)
        report = LabelReport(self.format, self.source, already=already, findings=found)
        return Imported(good, classes, report.counted(good))


def class_names(said: Mapping[str, tuple[Path, Said]]) -> tuple[str, ...]:
    """The classes of labels, sorted, of a format that has no list of them."""
    every = (each for _, label in said.values() for each in label)
    return tuple(sorted({each.label if isinstance(each, Box) else each for each in every}))
