"""Pressing the App's buttons over HTTP, as its page does."""

CLASSES = ["cat", "dog", "<i>bird</i>"]
QUEUE, LABEL, ACCEPT = "queue_selected", "label_selected", "accept_predictions"
REVIEW, SKIP, UNDO = "send_to_review", "skip_selected", "undo"


def run(call, operator, selected, view, dataset, params):
    """What an operator asks the App's page to do."""
    data = request(operator, selected, view, dataset, params)
    answer = call("/operators/execute", method="POST", data=data).json()
    assert answer.get("error") is None
    return answer["executor"]


def request(operator, selected, view, dataset, params):
    return {
        "operator_uri": f"@workbench/flywheel/{operator}",
        "params": params,
        "dataset_name": dataset,
        "view": view._serialize() if view is not None else [],
        "filters": {},
        "extended": {},
        "selected": list(selected),
        "selected_samples": [{"id": each, "type": "default"} for each in selected],
        "selected_labels": [],
    }
