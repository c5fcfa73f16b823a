"""The model card: what a stranger has to know before using a model, in Markdown.

After Mitchell et al. 2019, "Model Cards for Model Reporting" (arXiv 1810.03993): what it is for, what
it was measured on, what not, what it was made of.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workbench.models.description import (
    CENTERMASK,
    DETECTORS,
    FCOS,
    PANOPTIC,
    PROBE,
    SPATIAL,
    Description,
)

_FEW = 10  # test images of a class, below which its figures say next to nothing
_NAMED = 20  # classes that a sentence names
_FIGURES = {"mean_average_precision": "mAP", "map50": "mAP50", "map75": "mAP75"}
_BY_CLASS = {"precision": "precision", "recall": "recall", "f1": "F1"}
_BY_CLASS_OF_MASKS = {"iou": "IoU", "boundary_iou": "boundary IoU", "precision": "precision"}
_BY_CLASS_OF_BOXES = {"ap": "AP", "ap50": "AP50", "precision": "precision", "recall": "recall"}


def render(description: Description, name: str) -> str:
    """Write the card of a model.

    Args:
        description: of the model; what its mappings lack, the card leaves out.
        name: of its folder.

    Returns:
        Markdown.
    """
    sections = (
        _purpose(description, name),
        _use(name),
        _figures(description),
        _classes(description),
        _calibration(description),
        _untested(description),
        _origin(description),
        _versions(description),
    )
    return "\n\n".join(section for section in sections if section) + "\n"


def _purpose(description: Description, name: str) -> str:
    count = len(description.classes)
    said = {
        "classification": f"which one of {count} classes an image shows",
        "detection": f"where objects of {count} classes are in an image: a box around each",
        "segmentation": f"which of {count} classes each pixel of an image has, if any",
        "instances": f"where objects of {count} classes are in an image: an outline around each",
        "multilabel": f"which of {count} classes an image has: any number of them, or none",
    }.get(description.task, f"how an image stands to {count} classes")
    dataset = description.trained_on.get("dataset")
    learned = f", learned from the dataset {_plain(dataset)}" if dataset else ""
    return f"# {_plain(name)}\n\nSays {said}, and how sure it is{learned}. Made with workbench."


def _use(name: str) -> str:
    return (
        "## Use\n\n```python\nimport workbench as wb\n\n"
        f"model = wb.load_model({json.dumps(name.replace('`', ''))})\n"
        'model.predict("photos/")  # or files, PIL images, arrays (H, W, 3) of uint8\n```\n\n'
        "Nothing in this folder is executed: the weights are safetensors, all else is JSON. Files "
        "that were damaged or changed are refused; that is no proof of who wrote them."
    )


def _figures(description: Description) -> str:
    metrics = description.metrics
    figures = metrics.get("figures")
    if not figures:
        numbers = [(_words(key), _number(value)) for key, value in metrics.items()]
        if not numbers:
            return "## How good it is\n\nNot measured: too few labels when it was saved."
        return (
            "## How good it is\n\nOn labels held out, which also chose when training ended: a little "
            "flattering.\n\n" + _table(("figure", "value"), numbers)
        )
    count = metrics.get("images")
    few = f"for only {metrics.get('test_labels')} test images had a label"
    if not metrics.get("provisional"):
        basis = (
            f"On {count} labelled images of a blind test split, drawn at random by a hash of their "
            "content, never trained on and labelled without suggestions."
        )
    elif description.task in SPATIAL:
        basis = (
            f"**Provisional**: on {count} labelled images of the pool that it did not learn from, "
            f"{few}. Some of them chose when training ended, which flatters; most were picked for "
            "being hard, which does not. The truth is not known."
        )
    else:
        basis = (
            f"**Provisional**: out of fold on {count} labels of the pool, {few}. Pool images were "
            "mostly picked for being hard, so the truth is likely better; it is not known."
        )
    rows = [
        (
            _FIGURES.get(key, _words(key)),
            _percent(each["value"]),
            f"{_percent(each['low'])} to {_percent(each['high'])}",
        )
        for key, each in figures.items()
    ]
    return f"## How good it is\n\n{basis}\n\n" + _table(("figure", "value", "95 % interval"), rows)


def _classes(description: Description) -> str:
    labels = description.trained_on.get("labels_per_class", {})
    measured = {row["class"]: row for row in description.metrics.get("per_class", ())}
    figures = _BY_CLASS_OF_BOXES if description.task in DETECTORS else _BY_CLASS
    if description.task == "segmentation":  # whose support is a share of the pixels
        figures = _BY_CLASS_OF_MASKS
        measured = {name: {**row, "support": row["images"]} for name, row in measured.items()}
    unit = _unit(description)
    rows: list[tuple[str, ...]] = []
    for name in description.classes:
        row = measured.get(name, {})
        shown = [_with_interval(row, figure, unit) for figure in figures]
        seen = (str(labels.get(name, "")), str(row.get("support", "")))
        rows.append((_plain(name), *seen, *shown))
    head: tuple[str, ...] = (
        "class",
        "boxes learned from" if unit == "boxes" else "labels learned from",
        f"{unit} measured on",
        *figures.values(),
    )
    if not measured:
        head, rows = head[:2], [row[:2] for row in rows]
    if not labels and not measured:
        head, rows = head[:1], [row[:1] for row in rows]
    return "## Classes\n\n" + _table(head, rows)


def _calibration(description: Description) -> str:
    about = description.calibration
    if not about:
        return (
            "## Calibration\n\nNone: its probabilities are those of the training itself, on the "
            "whole too sure or too unsure."
        )
    text = f"## Calibration\n\n{about.get('method', '')}"
    if "stated" in about:
        text += (
            f" Checked on {about['images']} test images: it says {_percent(about['stated'])} on "
            f"average, and {_percent(about['found'])} were so; expected calibration error "
            f"{_with_ends(about['expected_calibration_error'])}."
        )
    elif description.metrics.get("provisional", True):
        text += " Not checked on test images: too few of them have a label."
    else:
        text += " Not checked on test images."
    if description.task == "multilabel":
        text += f" A class is said to be there from {_percent(description.threshold)} on."
    return text


def _untested(description: Description) -> str:
    known = description.trained_on.get("labels_per_class", {})
    unseen = [name for name in description.classes if known and not known.get(name)]
    rare = [
        row["class"]
        for row in description.metrics.get("per_class", ())
        if row.get("support", 0) < _FEW and row["class"] not in unseen
    ]
    lines = [
        "Images from elsewhere. What it was measured on comes from the same dataset as what it "
        "learned from; other cameras, places, seasons and backgrounds are unknown ground.",
    ]
    if description.task == "classification":
        lines.append("Images that show none of the classes: it names one of them all the same.")
    if unseen:
        lines.append(f"{_names(unseen)}: without a label, never predicted.")
    if rare:
        unit = _unit(description)
        lines.append(f"{_names(rare)}: measured on fewer than {_FEW} {unit} each, or on none.")
    lines.append("Fairness between groups of people, and deliberate deception: not measured.")
    return "## What it was not tested on\n\n" + "\n".join(f"- {line}" for line in lines)


def _origin(description: Description) -> str:
    about = description.trained_on
    lines = [_network(description)]
    if tuned := about.get("backbone"):
        lines.append(
            f"The backbone itself was fine-tuned on {tuned.get('images')} of these images."
        )
    if pool := about.get("pool"):
        among = f" of {pool['images']} in the pool" if "images" in pool else ""
        lines.append(f"Learned from {pool.get('labels')} labelled images{among}.")
    if held := about.get("held_out"):
        lines.append(
            f"{held} more chose when training ended, and how its confidences are calibrated."
        )
    if test := about.get("test"):
        lines.append(
            f"{test.get('images')} images were kept for the test, {test.get('labels')} of them "
            "labelled."
        )
    if latest := about.get("latest_label"):
        lines.append(f"Latest label: {latest}.")
    if digest := about.get("labels_sha256"):
        lines.append(
            f"SHA-256 of what it learned from (content hashes and labels, sorted): `{digest}`"
        )
    return "## How it was made\n\n" + "\n".join(f"- {line}" for line in lines)


def _network(description: Description) -> str:
    _, height, width = description.config.input_size
    shape = f"images of {width} x {height} pixels"
    if description.task in SPATIAL:
        side = description.detector["side"]
        shape = f"images fitted into squares of {side} x {side} pixels"
    head = {
        PROBE: "On its vectors a probe: class means and logistic regression, weighed out of fold.",
        FCOS: "It was trained together with a feature pyramid on its maps, and FCOS's head on that.",
        CENTERMASK: "It was trained together with a feature pyramid on its maps, FCOS's head on that, and "
        "in the boxes that this finds the masks of Mask R-CNN's branch.",
        PANOPTIC: "It was trained together with a feature pyramid on its maps, brought together to one map "
        "of the classes (panoptic feature pyramid).",
    }.get(description.head, "It was fine-tuned together with the linear head on its vectors.")
    return f"Backbone: `{description.backbone}` of timm, {shape}. {head}"


def _versions(description: Description) -> str:
    text = ", ".join(f"{name} {number}" for name, number in description.versions.items())
    saved = f"Saved {description.saved}, with " if description.saved else "Saved with "
    return f"## Versions\n\n{saved}{text}."


def _unit(description: Description) -> str:
    """What a class is counted in."""
    return "boxes" if description.task in DETECTORS else "images"


def _with_interval(row: Mapping[str, Any], figure: str, unit: str) -> str:
    value = row.get(figure)
    if value is None:
        return ""
    if row.get("support", 0) < _FEW:
        return f"too few {unit}"  # resampled, three hits of three are certain; they are not
    ends = {end: row.get(f"{figure}_{end}") for end in ("low", "high")}
    return _with_ends({"value": value, **ends})


def _with_ends(figure: Mapping[str, Any]) -> str:
    value, low, high = (_percent(figure[key]) for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(_plain(name) for name in names[:_NAMED]) + more


def _plain(text: object) -> str:
    """A text that Markdown and HTML show as it is, in one line."""
    line = " ".join(str(text).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#~$])", r"\\\1", line)


def _words(key: str) -> str:
    return _plain(key.replace("_", " "))


def _number(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else _plain(value)


def _percent(value: float | None) -> str:
    return "unknown" if value is None or not math.isfinite(value) else f"{100 * value:.1f} %"
