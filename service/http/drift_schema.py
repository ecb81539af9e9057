"""The JSON of `GET /models/{name}/drift` as pydantic types."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from contract.base import Probability
from service.http.schema import Document

DriftStatus = Literal["ok", "drifting", "too_few_rows", "no_reference"]
Share = Probability | None


class Missing(Document):
    """Rows without a value."""

    share: Share = Field(description="Of the rows that arrived; null before any did.")
    reference: Share = Field(description="Of the training rows; null if unknown.")


class Outside(Document):
    """Values outside the range of training."""

    below: Share = Field(description="Share of values below it.")
    above: Share = Field(description="Share of values above it.")
    low: float = Field(description="Lower end of the range.")
    high: float = Field(description="Upper end of the range.")
    tolerated: Probability = Field(
        description="Share outside that is tolerated: 1%, or more after training on few rows."
    )


class Tolerated(Document):
    """Values that training did not have."""

    share: Share = Field(description="Share of such values; null before any arrived.")
    tolerated: Probability = Field(description="Share that is tolerated.")


class Bin(Document):
    """Values up to an edge, and above the one before it."""

    up_to: float | None = Field(description="Upper edge; null for the last bin.")
    share: Share = Field(description="Of the values that arrived.")
    reference: Share = Field(description="Of the training values; null if unknown.")


class CategoryShare(Document):
    """One category, or all that are not counted one by one."""

    category: str
    share: Share = Field(description="Of the values that arrived.")
    reference: Share = Field(
        description="Of the training rows, or of the answers on test data; null if unknown."
    )


class FieldDrift(Document):
    """One column, one figure of images, or one part of the answers."""

    name: str
    content: Literal[
        "number", "category", "text", "image", "array", "label", "confidence", "value"
    ] = Field(description="What is counted; of a text its length in characters.")
    status: DriftStatus = Field(
        description="`no_reference` where the manifest holds nothing to compare with."
    )
    score: float | None = Field(
        description="Largest difference, relative to what is tolerated; null if nothing was "
        "compared."
    )
    reasons: list[str] = Field(description="Why it drifts; empty unless it does.")
    rows: int = Field(description="Rows counted.")
    missing: Missing | None = Field(None, description="Of a column.")
    mean: float | None = Field(None, description="Mean, of figures that are bounded.")
    outside: Outside | None = Field(None, description="Absent if the range is unknown.")
    unseen: Tolerated | None = Field(
        None,
        description="Of a column of categories: those that training never saw. 1% is tolerated, "
        "and the share of categories that training saw once.",
    )
    unlike: Tolerated | None = Field(
        None, description="Of images: those with a figure outside its range."
    )
    bins: list[Bin] | None = Field(None, description="Of numbers, if training's are known.")
    categories: list[CategoryShare] | None = Field(
        None, description="The most frequent in training, and the others together."
    )
    stability_index: float | None = Field(
        None,
        description="Population stability index of the bins or categories; above 0.1 it drifts.",
    )
    unknown: list[str] = Field(description="What the manifest lacks to compare more.")


class DriftWindow(Document):
    """The rows of some time."""

    seconds: float = Field(description="Time since the first of them; 0 if there are none.")
    rows: int = Field(description="Rows looked at, of all workers.")
    status: DriftStatus = Field(description="The worst of its fields.")
    reasons: list[str] = Field(description="Those of all fields.")
    inputs: list[FieldDrift]
    answers: list[FieldDrift]


_EXAMPLE: dict[str, Any] = {
    "model": "loans",
    "version": "1",
    "status": "drifting",
    "reasons": [
        "town has a category that training never saw in 12.0% of the rows (p below 1e-9)",
    ],
    "least_rows": 100,
    "false_alarms": 0.001,
    "rows_per_second": 200,
    "unwatched_columns": 0,
    "recent": {
        "seconds": 1834.0,
        "rows": 5000,
        "status": "drifting",
        "reasons": [
            "town has a category that training never saw in 12.0% of the rows (p below 1e-9)",
        ],
        "inputs": [
            {
                "name": "town",
                "content": "category",
                "status": "drifting",
                "score": 12.0,
                "reasons": [
                    "town has a category that training never saw in 12.0% of the rows "
                    "(p below 1e-9)"
                ],
                "rows": 5000,
                "missing": {"share": 0.01, "reference": 0.02},
                "unseen": {"share": 0.12, "tolerated": 0.01},
                "categories": [
                    {"category": "Oslo", "share": 0.6, "reference": 0.7},
                    {"category": "Bergen", "share": 0.28, "reference": 0.3},
                ],
                "stability_index": 0.005,
                "unknown": [],
            }
        ],
        "answers": [],
    },
    "since_start": {
        "seconds": 0.0,
        "rows": 0,
        "status": "too_few_rows",
        "reasons": [],
        "inputs": [],
        "answers": [],
    },
}


class DriftDocument(Document):
    """What arrived and was answered, against what training saw."""

    model_config = ConfigDict(
        frozen=True, protected_namespaces=(), json_schema_extra={"examples": [_EXAMPLE]}
    )

    model: str
    version: str
    status: DriftStatus = Field(
        description="Of the last hour; before it has `least_rows`, since the start."
    )
    reasons: list[str] = Field(description="Why it drifts, in sentences.")
    least_rows: int = Field(description="Fewer rows are not judged.")
    false_alarms: float = Field(
        description="Highest probability that a window of independent rows like training's drifts."
    )
    rows_per_second: int = Field(description="Most rows that each worker looks at.")
    unwatched_columns: int = Field(description="Columns beyond the first hundred.")
    recent: DriftWindow = Field(description="The last hour, in steps of five minutes.")
    since_start: DriftWindow = Field(description="Since the server started.")
