"""Taking checked files into a dataset, with a report of what was left out and why.

Imports FiftyOne, so import this module only after `connection.connect()`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as default
from pathlib import Path

import fiftyone as fo
import pandas as pd
from tqdm.auto import tqdm

from workbench.dataset import fields
from workbench.dataset.adoptedmasks import adopt_masks
from workbench.dataset.detections import write_sizes
from workbench.dataset.files import ImageFile, check_files, find_files
from workbench.dataset.formats.found import LabelReport
from workbench.dataset.schema import task_of
from workbench.dataset.splits import split_of
from workbench.dataset.types import Split, Status
from workbench.dataset.values import SEGMENTATION, label_paths
from workbench.errors import ImportFolderError

_BATCH = 2_000


@dataclass
class ImportReport:
    """What came of an import.

    Attributes:
        folder: what was imported.
        added: sample ids by path, in the order of import.
        already_there: files that the dataset held before.
        duplicates: (path, path of the same content) of exact copies, left out.
        skipped: (path, reason) of files that cannot be used, left out.
        test: how many of those added went to the blind test split.
        labels: what came of the file of labels, where one was given.
    """

    folder: str
    added: dict[str, str] = default(default_factory=dict)
    already_there: int = 0
    duplicates: list[tuple[str, str]] = default(default_factory=list)
    skipped: list[tuple[str, str]] = default(default_factory=list)
    test: int = 0
    labels: LabelReport | None = None

    def __str__(self) -> str:
        parts = [f"{len(self.added)} images added ({self.test} of them to the blind test split)"]
        if self.already_there:
            parts.append(f"{self.already_there} already there")
        if self.duplicates:
            parts.append(f"{len(self.duplicates)} exact duplicates left out")
        if self.skipped:
            path, reason = self.skipped[0]
            parts.append(f"{len(self.skipped)} unusable, such as {Path(path).name}: {reason}")
        said = ", ".join(parts)
        return said if self.labels is None else f"{said}; {self.labels}"

    __repr__ = __str__

    def to_pandas(self) -> pd.DataFrame:
        """Every file left out, a row each: `path`, `reason`."""
        rows = [(path, f"exact duplicate of {of}") for path, of in self.duplicates]
        return pd.DataFrame(rows + self.skipped, columns=["path", "reason"])


def add_folder(dataset: fo.Dataset, folder: Path, test_fraction: float) -> ImportReport:
    """Import every usable image below a folder that the dataset does not hold yet.

    Batches are added whole, and files that are there already are passed over, so an import that
    was killed is finished by running it again.

    Args:
        dataset: a prepared dataset.
        folder: searched with its sub-folders.
        test_fraction: share of new images that go to the blind test split.

    Returns:
        The report.

    Raises:
        ImportFolderError: the folder is missing, or holds no usable image at all.
    """
    report = ImportReport(str(folder))
    paths = find_files(folder)
    hashes, filepaths = dataset.values([fields.HASH, "filepath"])
    known = dict(zip(hashes, filepaths, strict=True))
    taken = set(filepaths)
    fresh = [path for path in paths if str(path) not in taken]
    report.already_there = len(paths) - len(fresh)
    batch: list[tuple[ImageFile, Split]] = []
    with tqdm(total=len(fresh), desc="reading images", unit="img", disable=len(fresh) < 200) as bar:
        for file in check_files(fresh, bar.update):
            if file.problem:
                report.skipped.append((str(file.path), file.problem))
            elif file.content_hash in known:
                report.duplicates.append((str(file.path), known[file.content_hash]))
            else:
                known[file.content_hash] = str(file.path)
                batch.append((file, split_of(file.content_hash, test_fraction)))
                if len(batch) == _BATCH:
                    _add(dataset, batch, report)
                    batch = []
    _add(dataset, batch, report)
    if not (report.added or report.already_there or report.duplicates):
        if report.skipped:
            path, reason = report.skipped[0]
            raise ImportFolderError(
                f"{folder} holds {len(paths)} files but no usable image; the first: {path}, {reason}"
            )
        raise ImportFolderError(f"{folder} holds no images: give the folder that has them")
    return report


def adopt(dataset: fo.Dataset, test_fraction: float) -> ImportReport:
    """Fill in hash, split and status for the samples of a dataset that somebody else made.

    Samples whose image cannot be used keep `split` empty and are passed over by the workbench.
    """
    report = ImportReport(dataset.name)
    unread = adopt_masks(dataset) if task_of(dataset) == SEGMENTATION else {}
    ids, paths, *labels = dataset.values(
        ["id", "filepath", *label_paths(fields.GROUND_TRUTH, task_of(dataset))]
    )
    hashes: dict[str, str] = {}
    splits: dict[str, str] = {}
    statuses: dict[str, str] = {}
    sizes: dict[str, tuple[int, int]] = {}
    for sample_id, said, file in zip(
        ids, zip(*labels, strict=True), check_files([Path(p) for p in paths]), strict=True
    ):
        if file.problem:
            report.skipped.append((str(file.path), file.problem))
            continue
        split = split_of(file.content_hash, test_fraction)
        hashes[sample_id], splits[sample_id] = file.content_hash, split.value
        is_labelled = any(label is not None for label in said)
        statuses[sample_id] = (Status.LABELLED if is_labelled else Status.UNLABELLED).value
        sizes[sample_id] = file.width, file.height
        report.added[str(file.path)] = sample_id
        if sample_id in unread:
            report.skipped.append((str(file.path), unread[sample_id]))
        report.test += split is Split.TEST
    for name, values in ((fields.HASH, hashes), (fields.SPLIT, splits), (fields.STATUS, statuses)):
        dataset.set_values(name, values, key_field="id")
    write_sizes(dataset, sizes)
    return report


def _add(
    dataset: fo.Dataset, batch: Sequence[tuple[ImageFile, Split]], report: ImportReport
) -> None:
    if not batch:
        return
    samples = [
        fo.Sample(
            filepath=str(file.path),
            metadata=fo.ImageMetadata(
                size_bytes=file.size_bytes,
                mime_type=file.mime_type,
                width=file.width,
                height=file.height,
            ),
            **{
                fields.HASH: file.content_hash,
                fields.SPLIT: split.value,
                fields.STATUS: Status.UNLABELLED.value,
            },
        )
        for file, split in batch
    ]
    ids = dataset.add_samples(samples, progress=False)
    report.added.update((str(file.path), i) for (file, _), i in zip(batch, ids, strict=True))
    report.test += sum(split is Split.TEST for _, split in batch)
