"""The manifest: the description of one model version for servers, readers and auditors.

`docs/manifest.md` and `docs/manifest.schema.json` are generated from this schema.

`manifest_version` is the version of the format between training and serving. To change the schema
incompatibly: increase it, extend `contract.upgrade` to the older version, rewrite the committed
manifests, and add a line to the changelog.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from contract.base import FileName, Record, Sha256, reason_of
from contract.errors import ManifestError
from contract.explanations import Explanation, row_of
from contract.faithfulness import Faithfulness
from contract.layers import VARIANT as LAYERS
from contract.layers import Layer
from contract.records import ComparisonRecord, ImportRecord, Metrics, Parity, TrainingRecord
from contract.tensors import Input, Output, Role
from contract.upgrade import upgrade

MANIFEST_FILE = "manifest.json"
MANIFEST_VERSION = 2

Family = Literal["classical_ml", "deep_learning"]
Task = Literal["classification", "regression", "other"]
Modality = Literal["image", "tabular", "text", "array"]
Term = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class FileRecord(Record):
    """A file beside the manifest, pinned by content."""

    path: FileName = Field(description="File name in the manifest's own directory.")
    sha256: Sha256 = Field(description="SHA-256 of the file's bytes, hexadecimal.")
    bytes: int = Field(gt=0, description="Size of the file in bytes.")


class Golden(FileRecord):
    """Inputs with the answers the model gave when it was exported or imported."""

    samples: int = Field(gt=0, description="Number of inputs in the file.")
    tolerance: float = Field(
        gt=0,
        le=0.01,
        description="Largest difference allowed in a number, relative to the number where that "
        "is above 1; labels must be equal.",
    )


class Manifest(Record):
    """One model version: what it is, which files it consists of, how good it is."""

    manifest_version: Literal[2] = Field(description="Version of this schema.")
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
    algorithm: Term | None = Field(
        default=None, description="Learning algorithm, for example random_forest; null if unknown."
    )
    family: Family | None = Field(
        default=None,
        description="Family of the algorithm, as the guide divides them; null if unknown.",
    )
    task: Task = Field(description="What the model does.")
    platform: Literal["onnxruntime_onnx"] = Field(description="Platform, as Triton names it.")
    inputs: tuple[Input, ...] = Field(min_length=1, description="Tensors the graph takes.")
    outputs: tuple[Output, ...] = Field(min_length=1, description="Tensors it returns.")
    labels: tuple[str, ...] = Field(
        default=(), description="Class names of a classification, in output order."
    )
    files: dict[Term, FileRecord] = Field(
        description="Graph per variant: `default`, and others such as `cuda` for a GPU."
    )
    explanations: tuple[Explanation, ...] = Field(
        default=(), description="Explanation graphs among the files, the default first."
    )
    layers: tuple[Layer, ...] = Field(
        default=(), description="Layers of a network, outputs of the variant `layers`, in order."
    )
    strongest_images: FileRecord | None = Field(
        default=None, description="Archive of the training images that the layers name."
    )
    faithfulness: tuple[Faithfulness, ...] = Field(
        default=(), description="How far each method's explanations can be trusted, as measured."
    )
    golden: Golden = Field(description="Inputs with known answers, replayed at every load.")
    metrics: Metrics | None = Field(
        default=None, description="Quality on the test set; null if it was not measured."
    )
    parity: Parity | None = Field(
        default=None, description="Agreement of the graph with the fitted model; null if unknown."
    )
    training: TrainingRecord | None = Field(
        default=None, description="How it was trained; null for an imported model."
    )
    imported: ImportRecord | None = Field(
        default=None, description="Source of an imported model; null for a trained one."
    )
    comparison: ComparisonRecord | None = Field(
        default=None,
        description="The advice and the measured candidates of a fit; null for other models.",
    )
    created: datetime = Field(description="When it was made, with time zone.")

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        if "default" not in self.files:
            raise ValueError("files must hold the variant 'default'")
        if self.created.tzinfo is None:
            raise ValueError("created must carry a time zone")
        _once("tensors", [tensor.name for tensor in (*self.inputs, *self.outputs)])
        _once("columns", [column for tensor in self.inputs for column in tensor.columns])
        # An instance names its columns, and its other inputs by their own names.
        others = [tensor.name for tensor in self.inputs if not tensor.columns]
        _once("columns and other inputs", [*self.columns, *others])
        _once("labels", self.labels)
        self._check_roles()
        self._check_metrics()
        self._check_explanations()
        return self

    def _check_roles(self) -> None:
        roles = [output.role for output in self.outputs]
        _once("roles of outputs", [role for role in roles if role != "other"])
        if self.task == "classification":
            self._check_classification()
        elif self.labels or {"label", "probabilities", "scores"} & set(roles):
            raise ValueError(
                f"labels and outputs with a class must be absent, since the task is {self.task}"
            )
        if self.task == "regression" and "value" not in roles:
            raise ValueError("outputs of a regression must hold one with the role value")
        if self.task != "regression" and {"value", "interval"} & set(roles):
            raise ValueError(
                f"outputs with a value or an interval must be absent, since the task is {self.task}"
            )

    def _check_classification(self) -> None:
        if len(self.labels) < 2:
            raise ValueError("labels of a classification must be at least two")
        if not any(self.output(role) for role in ("label", "probabilities", "scores")):
            raise ValueError("outputs of a classification must hold a label or probabilities")
        for role in ("probabilities", "scores"):
            output = self.output(role)
            if output and (output.row != (len(self.labels),) or output.datatype[:2] != "FP"):
                raise ValueError(
                    f"{role} {output.name!r} is {output.datatype} {list(output.shape)}; it must "
                    f"be floats [-1, {len(self.labels)}], one per label"
                )

    def _check_metrics(self) -> None:
        if self.metrics is None:
            return
        if self.metrics.task != self.task:
            raise ValueError(f"metrics.task is {self.metrics.task}; it must be {self.task}")
        if self.metrics.task == "classification":
            labels = tuple(one.label for one in self.metrics.per_class)
            if labels != self.labels:
                raise ValueError(
                    f"metrics.per_class is for {list(labels)}; it must be for the labels, "
                    f"{list(self.labels)}, in their order"
                )

    def _check_explanations(self) -> None:
        _once("methods of explanations", [one.method for one in self.explanations])
        for one in self.explanations:
            if one.variant not in self.files:
                raise ValueError(f"explanation {one.method!r} names {one.variant!r}, not in files")
            if one.explains == "value" and self.task != "regression":
                raise ValueError(f"explanation {one.method!r} is of a value, which is no class")
        if bool(self.layers) != (LAYERS in self.files):
            raise ValueError(f"layers and the file {LAYERS!r} must be there together, or neither")
        if self.strongest_images and not self.layers:
            raise ValueError("strongest_images must be absent, since there are no layers")
        if self.explanations and row_of(self.inputs) is None:
            raise ValueError("explanations are for models of one image or of columns")

    @property
    def records(self) -> tuple[FileRecord, ...]:
        """Every file that the manifest pins."""
        optional = (self.strongest_images,) if self.strongest_images else ()
        return (*self.files.values(), self.golden, *optional)

    def explanation(self, method: str) -> Explanation | None:
        """The explanation graph of a method, or None."""
        return next((one for one in self.explanations if one.method == method), None)

    def output(self, role: Role) -> Output | None:
        """The output with a role that occurs once, or None."""
        return next((output for output in self.outputs if output.role == role), None)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of a table's columns, in the order of the inputs; empty for other modalities."""
        return tuple(column for tensor in self.inputs for column in tensor.columns)

    @property
    def modality(self) -> Modality:
        """The kind of data in a row of the inputs."""
        contents = {tensor.content for tensor in self.inputs}
        if "image" in contents:
            return "image"
        if contents == {"text"}:
            return "text"
        return "tabular" if self.columns else "array"

    def to_json(self) -> str:
        """Canonical text of the manifest: two-space indent, a final newline."""
        return self.model_dump_json(indent=2) + "\n"


def parse(text: str | bytes, source: str = MANIFEST_FILE) -> Manifest:
    """Parse a manifest, upgrading one of version 1.

    Args:
        source: the file's name, for messages.

    Raises:
        ManifestError: the text is not JSON or breaks the schema.
    """
    try:
        return Manifest.model_validate_json(json.dumps(upgrade(json.loads(text))))
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{source} is not a valid manifest: {reason_of(error)}") from error


def json_schema() -> str:
    """JSON Schema (draft 2020-12) of the manifest, as `docs/manifest.schema.json` holds it."""
    return json.dumps(Manifest.model_json_schema(), indent=2) + "\n"


def _once(what: str, names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"{what} must differ; {twice[0]!r} is named twice")
