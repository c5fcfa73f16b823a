"""What can go wrong, in types a caller can catch.

Every message says what was wanted, what came, and what to do about it.
"""


class WorkbenchError(Exception):
    """Anything that workbench itself raises."""


class DatabaseError(WorkbenchError):
    """The database cannot be found, started or reached."""


class DataHomeError(WorkbenchError):
    """The data home cannot be used: not writable, full, or held by another machine."""


class DatasetError(WorkbenchError):
    """A dataset cannot be opened the way it was asked for."""


class ImportFolderError(WorkbenchError):
    """A folder holds nothing that can be imported."""


class FormatError(WorkbenchError):
    """A file of labels, or a folder that one is to be written to, cannot be used as it is."""


class LabelError(WorkbenchError, ValueError):
    """A label that cannot be committed, such as a class that is not in the list."""


class ImageError(WorkbenchError):
    """An image file cannot be read."""


class MaskError(WorkbenchError):
    """A mask that cannot be read or written, or does not fit its image."""


class BackboneError(WorkbenchError):
    """A backbone is unknown, or its weights cannot be had."""


class NotEnoughImagesError(WorkbenchError):
    """A step needs more images than the dataset has."""


class NotEnoughLabelsError(WorkbenchError):
    """A step needs more labels than there are."""


class StrategyError(WorkbenchError):
    """A query strategy of the user's own failed, or picked what cannot be picked."""


class TrainingError(WorkbenchError):
    """A training run cannot be started, waited for, used or resumed."""


class AppError(WorkbenchError):
    """The FiftyOne App cannot be served."""
