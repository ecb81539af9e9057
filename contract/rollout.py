"""`models/<name>/rollout.json`: a second version of a model answers in the shadow or takes a share.

While the file is there, `stable` answers the requests that name no version, whatever other versions
the model has. So a new version can be copied in without being promoted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from contract.base import Probability, Record, reason_of
from contract.errors import ArtifactError, RolloutError
from contract.files import read_inside

ROLLOUT_FILE = "rollout.json"
Mode = Literal["shadow", "canary"]
# Share of requests, unless the file names one.
_SHARES: dict[Mode, float] = {"shadow": 1.0, "canary": 0.1}
# Far more than a valid file has.
_MOST_BYTES = 65_536
# Called with a model's folder and the bytes of its rollout.json; raises an ArtifactError.
VerifyRollout = Callable[[Path, bytes], None]
_Version = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,8}$")]
# The stable version in a text that is no valid rollout: cut off, with a comma too many, ...
_STABLE = re.compile(rb'"stable"\s*:\s*"?([1-9][0-9]{0,8})\b')


class Rollout(Record):
    """Which version is tried beside which, on which requests, and what decides."""

    rollout_version: Literal[1] = Field(description="Version of this schema.")
    mode: Mode = Field(
        description="`shadow`: the candidate answers copies of requests, and no client sees its "
        "answers. `canary`: it answers a share of the requests."
    )
    stable: _Version = Field(description="Version that answers requests that name none.")
    candidate: _Version = Field(description="Version that is tried.")
    share: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Share of the requests without a version that the candidate gets; null is 1 "
        "for a shadow and 0.1 for a canary, whose share must be below 1.",
    )
    alpha: float = Field(
        default=0.05,
        ge=1e-6,
        le=0.5,
        description="Largest probability that any interval of this rollout is ever wrong.",
    )
    min_agreement: Probability = Field(
        default=0.9,
        description="Shadow: smallest share of rows with the same answer that allows promotion.",
    )
    max_error_difference: Probability = Field(
        default=0.01,
        description="How much higher the share of failed requests may be than with the stable "
        "version.",
    )
    max_latency_ratio: float = Field(
        default=1.5,
        ge=1,
        le=50,
        description="Largest latency relative to the stable version's, as geometric means; "
        "1 ms is added to each latency.",
    )
    max_label_share_difference: Probability = Field(
        default=0.1,
        description="Canary of a classification: largest difference in the share of any label.",
    )
    max_value_difference: float = Field(
        default=0.25,
        gt=0,
        le=1,
        description="Regression, in standard deviations of the stable version's answers to its "
        "golden inputs: in the shadow, values that differ by no more are the same answer; in a "
        "canary, how far the means may differ.",
    )

    @model_validator(mode="after")
    def _versions_differ(self) -> Self:
        if self.stable == self.candidate:
            raise ValueError(
                f"stable and candidate are both {self.stable!r}; they must be two versions"
            )
        if self.mode == "canary" and self.share == 1:
            raise ValueError(
                "share of a canary is 1; it must be below 1, so that both versions answer"
            )
        return self

    @property
    def candidate_share(self) -> float:
        """Share of the requests without a version that the candidate gets."""
        return _SHARES[self.mode] if self.share is None else self.share


def read_rollout(folder: Path) -> bytes | None:
    """The bytes of a model's rollout.json, or None if the model has none.

    Args:
        folder: of the model, which holds its versions.

    Raises:
        RolloutError: it cannot be read, is too large or leads out of the repository.
    """
    path = folder / ROLLOUT_FILE
    if not os.path.lexists(path):
        return None
    with _without_place(folder):
        return read_inside(path, folder.parent, most=_MOST_BYTES)


def require_signature(folder: Path, text: bytes, verify: VerifyRollout) -> None:
    """Check the signature of a model's rollout.json.

    Raises:
        RolloutError: `verify` refuses it.
    """
    with _without_place(folder):
        verify(folder, text)


@contextmanager
def _without_place(folder: Path) -> Iterator[None]:
    """Errors of an artifact as RolloutError: clients see the message, not where the folder is."""
    try:
        yield
    except ArtifactError as error:
        raise RolloutError(str(error).replace(f"{folder}/", "")) from error


def stable_version(folder: Path) -> int | None:
    """The version that a model's rollout.json calls stable, for readers who only want to know that.

    None if there is no such file, or it does not say so.
    """
    try:
        return stable_named(read_rollout(folder) or b"")
    except RolloutError:
        return None


def parse_rollout(text: bytes) -> Rollout:
    """Parse the bytes of a rollout.json.

    Raises:
        RolloutError: they are not JSON or break the schema.
    """
    try:
        return Rollout.model_validate_json(text)
    except ValidationError as error:
        raise RolloutError(f"{ROLLOUT_FILE} is not valid: {reason_of(error)}") from error


def stable_named(text: bytes) -> int | None:
    """The version that a text calls stable, however broken the rest of it is; None if unclear."""
    found = set(_STABLE.findall(text))
    return int(found.pop()) if len(found) == 1 else None
