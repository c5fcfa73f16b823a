"""The App's buttons where an image has any number of classes."""

import uuid

import pytest

from tests.app.buttons import ACCEPT, CLASSES, LABEL, REVIEW, UNDO, request, run
from workbench.dataset.types import Prediction


@pytest.fixture
def several(home, server, dozen):
    """A session whose images can have any number of classes."""
    import workbench as wb

    name = f"operators-{uuid.uuid4().hex[:8]}"
    bench = wb.open(name, images=dozen, task="multilabel", classes=CLASSES, annotator="ann")
    bench.dataset.set_values("split", [*["test"] * 2, *["pool"] * 10])
    bench._app.offer()
    yield bench
    wb.delete(name)


def test_selected_images_get_all_chosen_classes(call, several):
    from workbench.dataset.predictions import write_predictions

    ids = several.dataset.values("id")

    def press(operator, *selected, **params):
        asked = run(call, operator, selected, None, several.name, params)["requests"]
        return next(a["params"]["message"] for a in asked if a["operator_uri"] == "notify")

    assert press(LABEL, *ids[2:4], label=["dog", "cat"]) == "Labelled 2 images as 'dog + cat'."
    assert several.queue.item(ids[2]).label == ("cat", "dog")
    assert "No class was chosen" in press(LABEL, ids[2])
    assert press(LABEL, ids[2], none=True).startswith("Labelled 1 image as none of the classes")
    assert several.queue.item(ids[2]).label == ()
    assert press(UNDO) == "Taken back: labelling 1 image as 'none of the classes'."
    said = Prediction(("cat", "dog"), 0.7, 0.4, (0.8, 0.7))
    write_predictions(several._connection, several.dataset, dict.fromkeys(ids, said), "m@1")
    message = press(ACCEPT, ids[0], ids[2], ids[4])
    assert message.startswith("Accepted the prediction of 1 image")
    assert several.queue.item(ids[4]).label == ("cat", "dog")
    assert press(REVIEW, ids[4]).startswith("Sent 1 image to review")


def test_the_prompt_asks_for_several_classes(call, several):
    ids = several.dataset.values("id")
    data = request(LABEL, ids[2:4], None, several.name, {}) | {"target": "inputs"}
    answer = call("/operators/resolve-type", method="POST", data=data).json()
    properties = answer["type"]["properties"]
    assert properties["label"]["type"]["name"] == "List"
    assert [each["value"] for each in properties["label"]["view"]["choices"]] == CLASSES
    assert "none" in properties
