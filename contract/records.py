"""Records of the manifest about a model's quality and origin."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from contract.base import Probability, Record, Sha256
from contract.histogram import Histogram

# Below this share of distinct rows, equal rows are no copies: there are few combinations.
LEAST_DISTINCT = 0.5


class Interval(Record):
    """A two-sided confidence interval."""

    low: Probability = Field(description="Lower end.")
    high: Probability = Field(description="Upper end.")
    level: Probability = Field(description="Confidence level, for example 0.95.")
    method: Literal["wilson"] = Field(description="How it was computed (Wilson, 1927).")


class ClassMetrics(Record):
    """Precision and recall of one class on the test set."""

    label: str = Field(description="The class.")
    support: int = Field(ge=0, description="Test samples of this class.")
    precision: Probability = Field(description="Share of predictions of this class that are right.")
    recall: Probability = Field(
        description="Share of samples of this class that are predicted as it."
    )


class CalibrationError(Record):
    """Expected calibration error (Guo et al., 2017) in equal-width bins, on the test set."""

    before: Probability | None = Field(
        default=None,
        description="Error of the raw scores' softmax, before calibration; absent if only the "
        "graph is known.",
    )
    after: Probability = Field(description="Error of the probabilities that the graph returns.")
    bins: int = Field(gt=0, description="Number of equal-width confidence bins.")


class ClassificationMetrics(Record):
    """Quality on the test set. It chooses nothing; where it was seen twice, the notes say so."""

    task: Literal["classification"] = Field(description="The task it measures.")
    samples: int = Field(gt=0, description="Size of the test set.")
    accuracy: Probability = Field(description="Share of right labels on the test set.")
    accuracy_interval: Interval = Field(description="Confidence interval of the accuracy.")
    validation_accuracy: Probability | None = Field(
        default=None, description="Share of right labels on the validation set."
    )
    per_class: tuple[ClassMetrics, ...] = Field(
        description="Precision and recall by class, in the order of the labels."
    )
    expected_calibration_error: CalibrationError | None = Field(
        default=None,
        description="Mean gap between confidence and accuracy; absent without probabilities.",
    )
    log_loss: float | None = Field(
        default=None,
        ge=0,
        description="Mean negative log-likelihood, nats, on the test set; absent without "
        "probabilities.",
    )
    confidence: Histogram | None = Field(
        default=None,
        description="Distribution of the highest probability of each test sample; absent if "
        "unknown.",
    )


class RegressionMetrics(Record):
    """Quality on the test set. It chooses nothing; where it was seen twice, the notes say so."""

    task: Literal["regression"] = Field(description="The task it measures.")
    samples: int = Field(gt=0, description="Size of the test set.")
    rmse: float = Field(ge=0, description="Root mean squared error, in units of the target.")
    mae: float = Field(ge=0, description="Mean absolute error, in units of the target.")
    r2: float = Field(le=1, description="Coefficient of determination.")
    coverage: Probability | None = Field(
        default=None, description="Share of true values inside their interval."
    )
    answers: Histogram | None = Field(
        default=None, description="Distribution of the predicted values; absent if unknown."
    )


Metrics = Annotated[ClassificationMetrics | RegressionMetrics, Field(discriminator="task")]


class Parity(Record):
    """Agreement of the ONNX graph with the fitted model in its own library."""

    samples: int = Field(
        gt=0,
        description="Samples compared: the test set, and for a model of `fit` rows made from it "
        "that are hard to answer alike, such as gaps and new categories; for an imported model "
        "those that were given with it.",
    )
    label_mismatches: int = Field(ge=0, description="Labels that differ.")
    max_difference: float = Field(
        ge=0,
        description="Largest difference in a number, relative to the number where that is above 1.",
    )
    tolerance: float = Field(gt=0, description="Difference above which the export is refused.")


class DataRecord(Record):
    """The data set a model was trained on."""

    name: str = Field(description="Name of the data set.")
    sha256: dict[str, Sha256] = Field(
        description="SHA-256 by source: of the file as it is, compressed or not, for a table of "
        "`fit`; over the names and SHA-256 of all pictures for a folder or zip of them; of the "
        "uncompressed files for MNIST."
    )
    train: int = Field(gt=0, description="Samples that the weights were fitted on.")
    validation: int = Field(ge=0, description="Samples for model selection and calibration.")
    test: int = Field(gt=0, description="Samples of the test set.")
    split: str = Field(description="How the data was split, in words.")


class SourceRecord(Record):
    """The model whose weights another one starts from."""

    name: str = Field(description="Name of that model.")
    version: str = Field(description="Its version.")
    sha256: Sha256 = Field(description="SHA-256 of its graph, which the weights were read from.")
    freeze: Literal["conv", "none"] = Field(
        description="Layers that kept their weights: the convolutions, or none."
    )


class TrainingRecord(Record):
    """How the model was trained, in enough detail to repeat it."""

    data: DataRecord = Field(description="The data set and its split.")
    seed: int = Field(ge=0, description="Seed of every random choice.")
    hyperparameters: dict[str, Any] = Field(description="The trainer's frozen settings.")
    seconds: float = Field(ge=0, description="Wall-clock seconds of fitting.")
    hardware: str = Field(description="Processor or accelerator, and cores used.")
    libraries: dict[str, str] = Field(
        description="Versions of the libraries that affect the result."
    )
    commit: str = Field(description="Source commit, with '-dirty' when the tree had changes.")
    notes: dict[str, Any] = Field(
        default_factory=dict, description="Measurements of one trainer, for example mistakes."
    )
    source: SourceRecord | None = Field(
        default=None,
        description="The model it started from; null where it started from random weights.",
    )


class AdviceRecord(Record):
    """What the guide said before anything was measured."""

    verdict: str = Field(description="Family that the guide advises, as `/recommend` names it.")
    strategy: str = Field(description="How it would carry that out.")
    summary: str = Field(description="The advice in two sentences.")
    contested: bool = Field(description="Whether a serious alternative was overridden.")
    facts: dict[str, Any] = Field(description="The facts that the advice rests on.")


class DifferenceRecord(Record):
    """A paired difference over the same test rows, with a 95% confidence interval."""

    metric: str = Field(description="The figure compared.")
    mean: float = Field(description="Mean difference, in units of the figure.")
    low: float = Field(description="Lower end of the interval.")
    high: float = Field(description="Upper end of the interval.")


class CandidateRecord(Record):
    """One candidate of a comparison: what it reached and what it costs."""

    candidate: str = Field(description="Name of the candidate.")
    title: str = Field(description="The candidate in one line.")
    model: str | None = Field(description="Model that serves it; null if it could not be fitted.")
    family: Literal["classical_ml", "deep_learning"] | None = Field(
        description="Family; null for a mean of both."
    )
    figures: dict[str, float] = Field(description="Mean over the splits, by name of the figure.")
    standard_errors: dict[str, float] = Field(
        description="Standard error of some figures, over the test rows of one cross-validation."
    )
    behind: DifferenceRecord | None = Field(
        description="By how much it trails the best; null for the best."
    )
    as_good_as_best: bool = Field(
        description="True if it cannot be told from the best, or trails it by next to nothing."
    )
    barred: str | None = Field(description="Why it may not be chosen; null if it may.")
    failed: str | None = Field(description="Why it could not be fitted; null if it was.")
    seconds: float | None = Field(description="Seconds to fit it once.")
    megabytes: float | None = Field(description="Size of the graph in MB.")
    microseconds_per_row: float | None = Field(
        description="Time to answer one row, on one thread, in microseconds."
    )
    microseconds_per_row_batched: float | None = Field(
        description="The same per row of a batch: of 1,000 rows, or of the whole test set or as "
        "many as take half a second one by one, if those are fewer."
    )
    memory_megabytes: float | None = Field(
        description="Memory that a process takes for it once loaded, in MB."
    )


class FamiliesRecord(Record):
    """The best classical candidate beside the best network."""

    classical: str = Field(description="Name of the classical candidate.")
    deep: str = Field(description="Name of the network.")
    difference: DifferenceRecord = Field(
        description="Figure of the classical candidate less that of the network."
    )


class ComparisonRecord(Record):
    """The comparison that a model was chosen or rejected in; the same for all its candidates."""

    target: str = Field(description="Column that is predicted.")
    chosen: str = Field(description="Model that was taken.")
    verdict: tuple[str, ...] = Field(description="The outcome, in sentences.")
    advice: AdviceRecord = Field(description="What the guide said beforehand.")
    families: FamiliesRecord | None = Field(
        description="The families compared; null where only one was tried."
    )
    metric: str = Field(description="Figure that decides.")
    splits: int = Field(gt=0, description="Number of splits that every candidate was measured on.")
    rows: int = Field(gt=0, description="Rows with a target.")
    repeated_rows: int = Field(
        ge=0,
        description="Rows with the features of an earlier row. They are kept on its side of a "
        "split, unless fewer than half of the rows of a table or of texts are distinct.",
    )
    baseline: dict[str, float] = Field(
        description="Figures of answering with the classes' shares, or with the mean."
    )
    candidates: tuple[CandidateRecord, ...] = Field(description="All candidates, best first.")
    left_out: dict[str, str] = Field(description="Columns that were not learnt from, with reasons.")
    budget_seconds: float = Field(gt=0, description="Seconds for training and comparing.")
    interrupted: bool = Field(description="True if it was stopped before the budget was used.")


class ImportRecord(Record):
    """The source of an imported model."""

    file: str = Field(description="Name of the ONNX file that was imported.")
    sha256: Sha256 = Field(description="SHA-256 of that file.")
    producer: str = Field(description="The exporter and its version, as the graph says.")
    changes: tuple[str, ...] = Field(
        default=(), description="What the import changed in the graph, one sentence each."
    )
    samples: str = Field(description="Name of the file of sample inputs.")
    target: str | None = Field(
        default=None,
        description="Column of the samples with the true answers, from which the metrics are; the "
        "model may have been trained on these samples. Null where nothing was measured.",
    )
