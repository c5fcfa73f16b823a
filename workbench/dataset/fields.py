"""Names of the fields that a workbench dataset has; what they hold is in `schema`."""

GROUND_TRUTH = "ground_truth"
PREDICTION = "prediction"
STATUS = "label_status"
SPLIT = "split"
PICK = "pick"
HASH = "content_hash"
EVENT = "label_event"  # id of the event that the sample's label and status come from
NOTE = "note"  # what somebody wrote down about the image


def rotated(field: str) -> str:
    """The field beside one of boxes that has those which are turned."""
    return f"{field}_rotated"
