"""Labelling from the App: the same calls as the labelling widget's, so they can all be undone."""

from typing import Any

import fiftyone.operators.types as types
from workbench.app import operators
from workbench.errors import WorkbenchError

from .base import Report, SessionOperator, images, reasons, selected, told


class LabelSelected(SessionOperator):
    """Label all selected samples alike."""

    address = "label_selected"
    title = "Label selected as…"
    about = "Gives every selected image the same label, in the place of any that it has."
    icon = "label"
    asks = True

    def resolve_input(self, ctx: Any) -> Any:
        """Ask for the class, and say how many images have a label already."""
        inputs = types.Object()
        title = self.title
        try:
            session = operators.session_of(ctx.dataset.name)
            ids = selected(ctx)
            classes = session.classes()
            if not classes:
                raise WorkbenchError("There are no classes yet: bench.classes.add('…') adds one.")
        except WorkbenchError as error:
            _refuse(inputs, str(error))
        else:
            title = f"Label {images(len(ids))}"
            (_ask_for_several if session.several else _ask_for_one)(inputs, classes)
            if there := session.labelled(ids):
                inputs.view("there", types.Notice(label=_there(there, len(ids))))
        return types.Property(
            inputs, view=types.PromptView(label=title, submit_button_label="Label")
        )

    def act(self, ctx: Any, session: operators.LiveSession) -> Report:
        """Label, and say how many."""
        label = ctx.params.get("label")
        if session.several and ctx.params.get("none"):
            label = []
        elif not label:
            raise WorkbenchError("No class was chosen: choose one of the list.")
        outcome = session.label(selected(ctx), label)
        named = label if isinstance(label, str) else " + ".join(label)
        words = repr(named) if named else "none of the classes"
        return told(f"Labelled {images(outcome.done)} as {words}", outcome)


class AcceptPredictions(SessionOperator):
    """Give each selected sample its predicted class as label."""

    address = "accept_predictions"
    title = "Accept predictions"
    about = (
        "Gives each selected image its predicted class as label. Images of the blind test split "
        "are left out: what a model says of them must not become the truth."
    )
    icon = "done_all"
    asks = True

    def resolve_input(self, ctx: Any) -> Any:
        """Say what it would come to, before it is done."""
        inputs = types.Object()
        try:
            session = operators.session_of(ctx.dataset.name)
            ids = selected(ctx)
        except WorkbenchError as error:
            _refuse(inputs, str(error))
        else:
            outcome = session.acceptable(ids)
            if outcome.done:
                message = f"{images(outcome.done)} will be labelled as predicted"
                if outcome.changed:
                    message += f"; {outcome.changed:,} of them had another label or are in review"
                inputs.view("will", types.Notice(label=f"{message}."))
            else:
                _refuse(inputs, "None of the selected images can be labelled so.")
            if outcome.left_out:
                inputs.view("left_out", types.Notice(label=f"Left out: {reasons(outcome)}."))
        view = types.PromptView(label=self.title, submit_button_label="Accept")
        return types.Property(inputs, view=view)

    def act(self, ctx: Any, session: operators.LiveSession) -> Report:
        """Accept, and say how many."""
        outcome = session.accept(selected(ctx))
        return told(f"Accepted the prediction of {images(outcome.done)}", outcome)


class SendToReview(SessionOperator):
    """Send the selected samples' labels to review."""

    address = "send_to_review"
    title = "Send to review"
    about = (
        "Marks labelled images as to be looked at again; their labels count meanwhile. "
        'bench.label(review="sent") walks through them.'
    )
    icon = "rate_review"

    def act(self, ctx: Any, session: operators.LiveSession) -> Report:
        """Send, and say how many."""
        outcome = session.review(selected(ctx))
        return told(f"Sent {images(outcome.done)} to review", outcome)


class SkipSelected(SessionOperator):
    """Skip the selected samples."""

    address = "skip_selected"
    title = "Skip selected"
    about = "Takes the selected images out of the queue and out of training; it can be undone."
    icon = "skip_next"

    def act(self, ctx: Any, session: operators.LiveSession) -> Report:
        """Skip, and say how many."""
        outcome = session.skip(selected(ctx))
        return told(f"Skipped {images(outcome.done)}", outcome)


class Undo(SessionOperator):
    """Take back the annotator's last step."""

    address = "undo"
    title = "Undo my last step"
    about = (
        "Takes back your last labelling step on this dataset, from the App or from the notebook; "
        "what was one act is taken back as one."
    )
    icon = "undo"

    def act(self, ctx: Any, session: operators.LiveSession) -> Report:
        """Undo, and say what it was."""
        step = session.undo()
        if step is None:
            return Report(False, "There is nothing of yours to take back.")
        return Report(True, f"Taken back: {step}.")


def _ask_for_one(inputs: Any, classes: list[str]) -> None:
    view = _choices("Class", classes)
    inputs.enum("label", classes, required=True, label="Class", view=view)


def _ask_for_several(inputs: Any, classes: list[str]) -> None:
    """Ask for all classes that the images have; that they have none has to be said."""
    view = _choices("Classes", classes)
    inputs.list("label", types.String(), label="Classes", view=view)
    inputs.bool("none", default=False, label="They have none of the classes")


def _choices(label: str, classes: list[str]) -> Any:
    view = types.AutocompleteView(label=label, allow_user_input=False, allow_duplicates=False)
    for name in classes:
        view.add_choice(name, label=name)
    return view


def _there(labelled: int, chosen: int) -> str:
    which = (
        "It is" if chosen == 1 else "All are" if labelled == chosen else f"{labelled:,} of them are"
    )
    which = "1 of them is" if labelled == 1 < chosen else which
    return f"{which} labelled already: the new label takes the place of the old."


def _refuse(inputs: Any, message: str) -> None:
    """Show why the prompt cannot be submitted."""
    shown = inputs.view("problem", types.Warning(label=message))
    shown.invalid, shown.error_message = True, message
