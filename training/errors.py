"""All errors of training, export and import.

TrainingError
├── DatasetError      a data file is missing, truncated or differs from the published one
├── ExportError       a graph cannot be rewritten as requested
├── FitError          a file cannot be learnt from as requested
├── ImportModelError  a model cannot be imported as requested
├── TransferError     a model or data cannot be used for transfer learning as requested
├── ParityError       the outputs of the exported graph differ from the fitted model's
└── BelowFloorError   the model is worse than its documented floor
"""


class TrainingError(Exception):
    """Base of every error this package raises on purpose."""


class DatasetError(TrainingError):
    """A data file is missing, truncated or differs from the published one."""


class ExportError(TrainingError):
    """A graph cannot be rewritten as requested."""


class FitError(TrainingError):
    """A file cannot be learnt from as requested; the message says what to do."""


class ImportModelError(TrainingError):
    """A model cannot be imported as requested; the message says what to do."""


class TransferError(TrainingError):
    """A model or data cannot be used for transfer learning; the message says what to do."""


class ParityError(TrainingError):
    """The outputs of the exported graph differ from the fitted model's."""


class BelowFloorError(TrainingError):
    """The model is worse than its documented floor."""
