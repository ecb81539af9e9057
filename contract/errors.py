"""All errors of a model repository.

    ContractError
    ├── ManifestError      manifest.json is not JSON, or breaks the schema
    ├── RolloutError       rollout.json is not JSON, breaks its schema, or does not fit the versions
    ├── RepositoryError    the directory layout is wrong
    └── ArtifactError      a file is missing, or differs from its manifest
        ├── SignatureError the manifest is not signed by a trusted key
        └── GraphError     the ONNX graph is unreadable, unsafe, or differs from its manifest

Every message is one sentence that names the file, what is wrong and what to do.
"""


class ContractError(Exception):
    """Base of every error this package raises on purpose."""


class ManifestError(ContractError):
    """manifest.json is not JSON, or breaks the schema."""


class RolloutError(ContractError):
    """rollout.json cannot be read, breaks its schema, or does not fit the model's versions."""


class RepositoryError(ContractError):
    """The directory layout of the repository is wrong, or it cannot be written to."""


class ArtifactError(ContractError):
    """A file is missing, or differs from its manifest."""


class SignatureError(ArtifactError):
    """A manifest or a rollout.json is not signed by a trusted key."""


class GraphError(ArtifactError):
    """The ONNX graph is unreadable, unsafe, or differs from its manifest."""
