"""The form and the JSON of `POST /recommend/profile` as types; they document the route."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from pydantic import BaseModel, ConfigDict, Field, with_config
from typing_extensions import TypedDict

from guide.decision import Decision
from profiler.merge import Disagreement, Provenance
from profiler.result import Details, Undecided


@with_config(ConfigDict(extra="forbid"))
class ProfileForm(TypedDict):
    """A file, and what is known beside it."""

    file: Annotated[
        bytes,
        Field(
            description="A CSV, JSON Lines or a Parquet file, plain or within gzip, or a zip of "
            "images in class folders."
        ),
    ]
    facts: NotRequired[
        Annotated[
            str, Field(description="Facts that are known, as the JSON that `/recommend` takes.")
        ]
    ]
    target: NotRequired[Annotated[str, Field(description="Column of a table to predict.")]]


class ProfiledFact(BaseModel):
    """One fact, and where it is from."""

    value: Any
    provenance: Provenance
    because: str | None = Field(None, description="What in the file led to it.")


class ProfileResponse(BaseModel):
    """The facts, what they were drawn from, and the decision on them."""

    facts: dict[str, ProfiledFact] = Field(description="By name, as `POST /recommend` takes them.")
    undecided: list[Undecided] = Field(
        description="Facts that neither the file nor the caller states, to be stated."
    )
    disagreements: list[Disagreement] = Field(description="Where the file says otherwise.")
    profile: Details
    recommendation: Decision
