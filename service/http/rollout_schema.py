"""The JSON of `GET /models/{name}/rollout` as pydantic types."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from contract.rollout import Rollout
from service.http.schema import Document, ModelName

Count = Annotated[int, Field(ge=0)]


class RolloutVersion(Document):
    """One version of a rollout, and the requests without a version that it got."""

    version: str
    requests: Count
    rows: Count
    failed: Count = Field(description="Requests that failed, among `requests`.")


class RolloutMeasure(Document):
    """What the versions are compared by. All bounds hold at any time, at level 1 - alpha."""

    name: Literal["agreement", "errors", "latency", "confidence", "value", "labels"]
    observations: Count = Field(description="Requests behind it, of the version that has fewer.")
    value: float
    low: float
    high: float
    real: bool = Field(description="True if the difference is not chance.")
    smallest: float | None = Field(description="Least value that allows promotion.")
    largest: float | None = Field(description="Greatest value that allows promotion.")
    state: Literal["met", "broken", "open", "not a condition"]
    sentence: str


class RunningRollout(Document):
    """A rollout that is carried out."""

    model: ModelName
    state: Literal["running"]
    settings: Rollout
    stable: RolloutVersion
    candidate: RolloutVersion
    dropped: Count = Field(description="Requests that a shadow left out, since it was busy.")
    compared_rows: Count = Field(description="Rows that both versions answered, in the shadow.")
    same_rows: Count = Field(description="Those of them with the same answer.")
    measures: list[RolloutMeasure]
    verdict: Literal["promote", "keep", "undecided"]
    reasons: list[str]
    how: str = Field(description="What to do about the verdict. Nothing is promoted by itself.")


class FaultyRollout(Document):
    """A rollout.json that is wrong: one version answers all requests that name none."""

    model: ModelName
    state: Literal["faulty"]
    answers: str | None = Field(description="The version that answers; null if it was refused.")
    reason: str


_COUNTS = {"requests": 1200, "rows": 1200, "failed": 0}
EXAMPLE = {
    "model": "digits-cnn",
    "state": "running",
    "settings": {
        "rollout_version": 1, "mode": "shadow", "stable": "1", "candidate": "2", "share": None,
        "alpha": 0.05, "min_agreement": 0.9, "max_error_difference": 0.01,
        "max_latency_ratio": 1.5, "max_label_share_difference": 0.1, "max_value_difference": 0.25,
    },
    "stable": {"version": "1", **_COUNTS},
    "candidate": {"version": "2", **_COUNTS},
    "dropped": 0,
    "compared_rows": 1200,
    "same_rows": 1196,
    "measures": [
        {
            "name": "agreement", "observations": 1200, "value": 0.9967, "low": 0.9852, "high": 1.0,
            "real": False, "smallest": 0.9, "largest": None, "state": "met",
            "sentence": "version 2 gives the same answer as version 1 in 99.67% (between 98.52% "
            "and 100.00%) of rows; promotion needs 90.00%",
        }
    ],
    "verdict": "promote",
    "reasons": [
        "version 2 gives the same answer as version 1 in 99.67% (between 98.52% and 100.00%) of "
        "rows; promotion needs 90.00%"
    ],
    "how": "to promote version 2, remove rollout.json from the folder of model digits-cnn, then "
    "POST /v2/repository/models/digits-cnn/load; nothing is promoted by itself",
}  # fmt: skip
RolloutAnswer = Annotated[RunningRollout | FaultyRollout, Field(examples=[EXAMPLE])]
