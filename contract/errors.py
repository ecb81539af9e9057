"""Everything that can be wrong with a model repository.

    ContractError
    ├── ManifestError      manifest.json is missing, is no JSON, or breaks the schema
    ├── RepositoryError    the directory layout itself is wrong
    └── ArtifactError      a file is missing, or is not the one its manifest describes
        └── GraphError     the ONNX graph is unreadable or unsafe, or is not the one described

Every message is one sentence that names the file, what is wrong and what to do.
"""


class ContractError(Exception):
    """Base of every error this package raises on purpose."""


class ManifestError(ContractError):
    """manifest.json is missing, is no JSON, or breaks the schema."""


class RepositoryError(ContractError):
    """The directory layout of the repository is wrong."""


class ArtifactError(ContractError):
    """A file is missing, or is not the one its manifest describes."""


class GraphError(ArtifactError):
    """The ONNX graph is unreadable or unsafe, or is not the one its manifest describes."""
