"""What can go wrong in training on purpose.

TrainingError
├── DatasetError      a data file is missing, truncated or not the published one
├── ExportError       a graph cannot be rewritten as asked
├── ImportModelError  a model from elsewhere cannot be imported as asked
├── ParityError       the exported graph does not answer as the fitted model does
└── BelowFloorError   the model is worse than its documented floor
"""


class TrainingError(Exception):
    """Base of every error this package raises on purpose."""


class DatasetError(TrainingError):
    """A data file is missing, truncated or not the published one."""


class ExportError(TrainingError):
    """A graph cannot be rewritten as asked."""


class ImportModelError(TrainingError):
    """A model from elsewhere cannot be imported as asked; the message says what to do."""


class ParityError(TrainingError):
    """The exported graph does not answer as the fitted model does."""


class BelowFloorError(TrainingError):
    """The model is worse than its documented floor."""
