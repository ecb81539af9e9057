"""The manifest: everything a server, a reader or an auditor must know about one model version.

The schema is the documentation; `docs/manifest.md` and `docs/manifest.schema.json` are
generated from it. Tensor terms (name, datatype, shape, platform) are those of the Open
Inference Protocol V2, so the protocol's metadata routes need no translation.

`manifest_version` is the protocol number between training and serving. To change the schema
incompatibly: raise it, teach `parse` to upgrade the older number, retrain or rewrite the
committed manifests, and say so in the changelog.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from contract.errors import ManifestError

MANIFEST_FILE = "manifest.json"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
# One path segment: a manifest must not be able to point outside its own directory.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Datatype = Literal[
    "BOOL",
    "UINT8",
    "UINT16",
    "UINT32",
    "UINT64",
    "INT8",
    "INT16",
    "INT32",
    "INT64",
    "FP16",
    "FP32",
    "FP64",
    "BYTES",
]
Algorithm = Literal["random_forest", "perceptron", "gradient_boosting", "cnn"]
Family = Literal["classical_ml", "deep_learning"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class TensorSpec(_Model):
    """One input or output tensor of the graph."""

    name: str = Field(min_length=1, description="Name of the tensor in the ONNX graph.")
    datatype: Datatype = Field(description="Element type, as the Open Inference Protocol names it.")
    shape: tuple[int, ...] = Field(
        min_length=1,
        description="Size of each dimension; -1 is the batch dimension, which comes first.",
    )

    @model_validator(mode="after")
    def _batch_comes_first(self) -> Self:
        if self.shape[0] != -1 or any(size < 1 for size in self.shape[1:]):
            raise ValueError(
                f"shape {list(self.shape)} of tensor {self.name!r} must be -1 followed by "
                "positive sizes"
            )
        return self


class FileRecord(_Model):
    """A file beside the manifest, pinned by content."""

    path: FileName = Field(description="File name in the manifest's own directory.")
    sha256: Sha256 = Field(description="SHA-256 of the file's bytes, hexadecimal.")
    bytes: int = Field(gt=0, description="Size of the file in bytes.")


class Golden(FileRecord):
    """Inputs with the answers the model gave when it was exported."""

    samples: int = Field(gt=0, description="Number of inputs in the file.")
    tolerance: float = Field(
        gt=0, le=0.01, description="Largest absolute difference allowed in a probability."
    )


class Interval(_Model):
    """A two-sided confidence interval."""

    low: Probability = Field(description="Lower end.")
    high: Probability = Field(description="Upper end.")
    level: Probability = Field(description="Confidence level, for example 0.95.")
    method: Literal["wilson"] = Field(description="How it was computed (Wilson, 1927).")


class ClassMetrics(_Model):
    """How one class fares on the test set."""

    label: str = Field(description="The class.")
    support: int = Field(ge=0, description="Test samples of this class.")
    precision: Probability = Field(description="Share of answers of this class that are right.")
    recall: Probability = Field(description="Share of samples of this class that are found.")


class CalibrationError(_Model):
    """Expected calibration error (Guo et al., 2017) in 15 equal-width bins, on the test set."""

    before: Probability = Field(description="Of the raw scores' softmax, before calibration.")
    after: Probability = Field(description="Of the probabilities the graph returns.")
    bins: int = Field(gt=0, description="Number of equal-width confidence bins.")


class Metrics(_Model):
    """Quality on the test set. It chooses nothing; where it was seen twice, the notes say so."""

    samples: int = Field(gt=0, description="Size of the test set.")
    accuracy: Probability = Field(description="Share of right labels on the test set.")
    accuracy_interval: Interval = Field(description="Confidence interval of the accuracy.")
    validation_accuracy: Probability = Field(
        description="Share of right labels on the data that choices were made on."
    )
    per_class: tuple[ClassMetrics, ...] = Field(description="Precision and recall by class.")
    expected_calibration_error: CalibrationError = Field(
        description="How far stated confidence is from accuracy."
    )
    log_loss: float = Field(
        ge=0, description="Mean negative log-likelihood, nats, on the test set."
    )


class Parity(_Model):
    """The ONNX graph against the fitted model in its own library, over the whole test set."""

    samples: int = Field(gt=0, description="Test samples compared.")
    label_mismatches: int = Field(ge=0, description="Labels that differ.")
    max_probability_difference: float = Field(
        ge=0, description="Largest absolute difference in a probability."
    )
    tolerance: float = Field(gt=0, description="Difference above which the export is refused.")


class DataRecord(_Model):
    """The data set a model was trained on."""

    name: str = Field(description="Name of the data set.")
    sha256: dict[str, Sha256] = Field(description="SHA-256 of each uncompressed source file.")
    train: int = Field(gt=0, description="Samples the weights were fitted on.")
    validation: int = Field(ge=0, description="Samples choices and calibration were made on.")
    test: int = Field(gt=0, description="Samples of the test set.")
    split: str = Field(description="In words, how the three were separated.")


class TrainingRecord(_Model):
    """How the model came to be: enough to make it again."""

    data: DataRecord = Field(description="The data set and its split.")
    seed: int = Field(ge=0, description="Seed of every random choice.")
    hyperparameters: dict[str, Any] = Field(description="The trainer's frozen settings.")
    seconds: float = Field(ge=0, description="Wall-clock seconds of fitting.")
    hardware: str = Field(description="Processor or accelerator, and cores used.")
    libraries: dict[str, str] = Field(description="Versions of the libraries that matter.")
    commit: str = Field(description="Source commit, with '-dirty' when the tree had changes.")
    notes: dict[str, Any] = Field(
        default_factory=dict, description="Trainer-specific measurements, for example mistakes."
    )


class Manifest(_Model):
    """One model version: what it is, which files it consists of, how good it is."""

    manifest_version: Literal[1] = Field(description="Version of this schema.")
    name: str = Field(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=64,
        description="Model name; also the name of its directory.",
    )
    version: str = Field(
        pattern=r"^[1-9][0-9]{0,8}$",
        description="Positive integer as a string; also its directory. The highest is the default.",
    )
    title: str = Field(min_length=1, max_length=120, description="The model in one line.")
    algorithm: Algorithm = Field(description="Learning algorithm.")
    family: Family = Field(description="Side of the guide's great divide.")
    task: Literal["image_classification"] = Field(description="What the model does.")
    platform: Literal["onnxruntime_onnx"] = Field(description="Platform, as Triton names it.")
    inputs: tuple[TensorSpec, ...] = Field(min_length=1, description="Tensors the graph takes.")
    outputs: tuple[TensorSpec, ...] = Field(min_length=1, description="Tensors it returns.")
    labels: tuple[str, ...] = Field(min_length=2, description="Class names, in output order.")
    files: dict[Literal["default", "cuda"], FileRecord] = Field(
        description="Graph per variant: `default`, and `cuda` where a GPU needs another graph."
    )
    golden: Golden = Field(description="Inputs with known answers, replayed at every load.")
    metrics: Metrics = Field(description="Quality on the test set.")
    parity: Parity = Field(description="Agreement of the graph with the fitted model.")
    training: TrainingRecord = Field(description="How it was made.")
    created: datetime = Field(description="When it was made, with time zone.")

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        if "default" not in self.files:
            raise ValueError("files must hold the variant 'default'")
        if self.created.tzinfo is None:
            raise ValueError("created must carry a time zone")
        for kind, tensors in (("inputs", self.inputs), ("outputs", self.outputs)):
            names = [tensor.name for tensor in tensors]
            if len(set(names)) != len(names):
                raise ValueError(f"{kind} names a tensor twice: {names}")
        self._check_image_classification()
        return self

    def _check_image_classification(self) -> None:
        """The one task so far has one signature; the service's decoding relies on it."""
        inputs = [(t.datatype, len(t.shape), t.shape[0]) for t in self.inputs]
        if inputs != [("UINT8", 3, -1)]:
            raise ValueError("inputs of an image_classification are one UINT8 [-1, height, width]")
        outputs = {t.name: (t.datatype, t.shape) for t in self.outputs}
        expected = {
            "label": ("INT64", (-1,)),
            "probabilities": ("FP32", (-1, len(self.labels))),
        }
        if outputs != expected:
            raise ValueError(
                "outputs of an image_classification are label INT64 [-1] and probabilities FP32 "
                f"[-1, {len(self.labels)}]"
            )

    def output(self, name: str) -> TensorSpec | None:
        """The output tensor called `name`, or None."""
        return next((tensor for tensor in self.outputs if tensor.name == name), None)

    def to_json(self) -> str:
        """Canonical text of the manifest: two-space indent, a final newline."""
        return self.model_dump_json(indent=2) + "\n"


def parse(text: str | bytes, source: str = MANIFEST_FILE) -> Manifest:
    """Read a manifest.

    Raises:
        ManifestError: naming `source`, the offending field and its value.
    """
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise ManifestError(f"{source} is no valid manifest: {where}: {first['msg']}") from error


def json_schema() -> str:
    """JSON Schema (draft 2020-12) of the manifest, as `docs/manifest.schema.json` holds it."""
    return json.dumps(Manifest.model_json_schema(), indent=2) + "\n"
