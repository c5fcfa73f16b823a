"""What the operators share: a button, the selection, and a sentence on what came of it."""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import fiftyone.operators as foo
import fiftyone.operators.types as types
from workbench.app import operators
from workbench.errors import WorkbenchError


class Report(NamedTuple):
    """What came of an act.

    Attributes:
        done: whether anything was done.
        message: what the person is told.
    """

    done: bool
    message: str


class SessionOperator(foo.Operator, ABC):
    """An operator that the live session carries out.

    Attributes:
        address: its name in the plugin.
        title: what the App calls it.
        about: what it does, in a sentence or two.
        icon: name of a Material icon.
        asks: whether it asks something first.
    """

    address: str
    title: str
    about: str
    icon: str
    asks = False

    @abstractmethod
    def act(self, ctx: Any, session: operators.LiveSession) -> Report:
        """Carry it out, in the server's thread.

        Raises:
            WorkbenchError: it cannot be done; the person reads why.
        """

    @property
    def config(self) -> Any:
        """What the App calls it and lists it as."""
        return foo.OperatorConfig(
            name=self.address, label=self.title, description=self.about, icon=self.icon
        )

    def resolve_placement(self, ctx: Any) -> Any:
        """A button in the header.

        Of the actions over the grid, a frame as wide as a notebook shows the first few, and puts
        the rest into a menu as soon as something is selected.
        """
        return types.Placement(
            types.Places.HEADER_ACTIONS,
            types.Button(label=self.title, icon=self.icon, prompt=self.asks),
        )

    def execute(self, ctx: Any) -> dict[str, Any]:
        """Act, and tell the person what came of it; runs in the kernel."""
        try:
            report = self.act(ctx, operators.session_of(ctx.dataset.name))
        except WorkbenchError as error:
            report = Report(False, str(error))
        ctx.ops.notify(report.message, variant="success" if report.done else "warning")
        if report.done:
            ctx.ops.clear_selected_samples()
            ctx.ops.reload_samples()
        return report._asdict()


def selected(ctx: Any) -> list[str]:
    """Ids of the selected samples, in the order of their selection.

    Raises:
        WorkbenchError: nothing is selected.
    """
    if not ctx.selected:
        raise WorkbenchError("Nothing is selected: select images in the grid first.")
    return sample_ids(ctx.view.select(ctx.selected, ordered=True))


def sample_ids(view: Any) -> list[str]:
    """Ids of a view's samples; of patches or frames, of the samples that they belong to."""
    field = "sample_id" if view.has_sample_field("sample_id") else "id"
    return list(dict.fromkeys(view.values(field)))


def told(done: str, outcome: operators.Outcome) -> Report:
    """A report on an outcome, with what was left out and why.

    Args:
        done: what was done to how many images, as the sentence begins.
        outcome: what came of it.
    """
    sentences = [f"{done}." if outcome.done else "Nothing was changed."]
    if outcome.left_out:
        sentences.append(f"Left out: {reasons(outcome)}.")
    return Report(outcome.done > 0, " ".join(sentences))


def reasons(outcome: operators.Outcome) -> str:
    """What was left out, by number and reason."""
    return "; ".join(f"{count:,} {reason}" for reason, count in outcome.left_out.items())


def images(count: int) -> str:
    """A number of images, in words."""
    return "1 image" if count == 1 else f"{count:,} images"
