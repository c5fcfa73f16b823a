"""The operations that a page sends: each is carried out once and acknowledged.

Wiring between the page's plain dictionaries and the labels. Imports FiftyOne by way of them.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from workbench.errors import WorkbenchError
from workbench.labels.events import CLASSES, Commit, Source
from workbench.labels.store import LabelStore
from workbench.worklists import Worklist

Op = Mapping[str, Any]
Answer = dict[str, Any]


class Operations:
    """What a page can do to the labels.

    Args:
        labels: where they are committed.
        worklist: what the page walks through.
        plain: an image as the page gets it, by sample id; None where there is no such image.
    """

    def __init__(
        self,
        labels: LabelStore,
        worklist: Worklist,
        plain: Callable[[str], Answer | None],
    ) -> None:
        self._labels = labels
        self._worklist = worklist
        self._plain = plain
        self._kinds: dict[str, Callable[[Op], Answer]] = {
            "label": self._label,
            "draw": self._draw,
            "done": self._done,
            "labels": self._label_many,
            "skip": self._skip,
            "note": self._note,
            "undo": self._undo,
            "redo": self._redo,
            "class": self._class(lambda op: labels.add_class(op["name"], event_id=op["id"])),
            "rename": self._class(
                lambda op: labels.rename_class(op["name"], op["to"], event_id=op["id"])
            ),
            "merge": self._class(
                lambda op: labels.merge_classes([op["name"]], op["to"], event_id=op["id"])
            ),
            "remove": self._class(lambda op: labels.remove_class(op["name"], event_id=op["id"])),
        }

    def apply(self, op: Op) -> Answer:
        """Carry out one operation; never raises for what is wrong with it.

        Args:
            op: `id`, `kind` and what that needs: `sample` or `samples`, `label`, `seconds`,
                `basedOn`, `accepted`, `suggestion`, `model`, `changes` (each `before` and `after`),
                `text`, `name`, `to`, `step`.

        Returns:
            The acknowledgement: `id`, `ok`, and what changed; else `error`, and `final` if sending
            it again can't help: then also `item`, the image as it is, if the operation drew on it.
        """
        try:
            kind = self._kinds.get(op["kind"])
            if kind is None:
                raise WorkbenchError(
                    f"unknown operation {op['kind']!r}: it is one of {', '.join(self._kinds)}"
                )
            return {"id": op["id"], "ok": True, **kind(op)}
        except WorkbenchError as error:
            answer = {"id": op["id"], "ok": False, "error": str(error), "final": True}
            return answer | self._as_it_is(op)
        except Exception as error:  # noqa: BLE001 - the page keeps the operation and shows why
            return {"id": op["id"], "ok": False, "error": str(error), "final": False}

    def _label(self, op: Op) -> Answer:
        sample_id = str(op["sample"])
        commit = self._labels.commit(
            sample_id,
            op["label"],
            seconds=_seconds(op),
            source=self._worklist.source(sample_id, accepted=bool(op.get("accepted"))),
            suggestion=op.get("suggestion"),
            model=op.get("model"),
            based_on=op.get("basedOn"),
            event_id=str(op["id"]),
        )
        return self._outcome(commit)

    def _draw(self, op: Op) -> Answer:
        sample_id = str(op["sample"])
        accepted = bool(op.get("accepted"))
        changes = [(each.get("before"), each.get("after")) for each in op["changes"]]
        commit = self._labels.draw(
            sample_id,
            changes,
            seconds=_seconds(op),
            # Whether all is right has been looked at again is said once the image is done.
            source=Source.ACCEPTED if accepted else Source.HUMAN,
            suggestion=[after for _, after in changes if after] if accepted else None,
            model=op.get("model"),
            based_on=op.get("basedOn"),
            event_id=str(op["id"]),
        )
        return self._outcome(commit)

    def _done(self, op: Op) -> Answer:
        sample_id = str(op["sample"])
        commit = self._labels.done(
            sample_id,
            seconds=_seconds(op),
            source=self._worklist.source(sample_id, accepted=False),
            based_on=op.get("basedOn"),
            event_id=str(op["id"]),
        )
        return self._outcome(commit)

    def _as_it_is(self, op: Op) -> Answer:
        """What the page is to show again where a drawing was refused for good."""
        if op["kind"] != "draw":
            return {}
        with suppress(WorkbenchError):
            return {"item": self._plain(str(op["sample"]))}
        return {}

    def _label_many(self, op: Op) -> Answer:
        events = self._labels.commit_many(
            [str(sample) for sample in op["samples"]],
            op["label"],
            seconds=_seconds(op),
            event_id=str(op["id"]),
        )
        return {"left": [event.sample_id for event in events if not event.applied]}

    def _skip(self, op: Op) -> Answer:
        commit = self._labels.skip(
            str(op["sample"]),
            seconds=_seconds(op),
            based_on=op.get("basedOn"),
            event_id=str(op["id"]),
        )
        return self._outcome(commit)

    def _note(self, op: Op) -> Answer:
        self._labels.note(str(op["sample"]), str(op["text"]), event_id=str(op["id"]))
        return {}

    def _undo(self, op: Op) -> Answer:
        commit = self._labels.undo(event_id=str(op["id"]), step=op.get("step"))
        return self._step(commit, "nothing to undo")

    def _redo(self, op: Op) -> Answer:
        commit = self._labels.redo(event_id=str(op["id"]), step=op.get("step"))
        return self._step(commit, "nothing to redo")

    def _class(self, change: Callable[[Op], Commit]) -> Callable[[Op], Answer]:
        def apply(op: Op) -> Answer:
            commit = change(op)
            return {**self._classes(), "images": commit.event.images}

        return apply

    def _classes(self) -> Answer:
        return {"classes": self._labels.classes, "counts": self._labels.counts()}

    def _step(self, commit: Commit | None, nothing: str) -> Answer:
        if commit is None:
            return {"nothing": nothing}
        if commit.event.field == CLASSES:
            return self._classes()
        if commit.event.group is not None:
            return {"many": True}
        return self._outcome(commit)

    def _outcome(self, commit: Commit) -> Answer:
        answer: Answer = {
            "item": self._plain(commit.event.sample_id),
            "queued": self._worklist.holds(commit.event),
        }
        if commit.conflict is not None:
            answer["conflict"] = {
                "annotator": commit.conflict.annotator,
                "label": commit.conflict.after,
            }
        return answer


def _seconds(op: Op) -> float | None:
    return float(op["seconds"]) if op.get("seconds") is not None else None
