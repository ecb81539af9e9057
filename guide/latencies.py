"""How long kinds of models were measured to take for one example (`latencies.yaml`)."""

from __future__ import annotations

from functools import lru_cache

from pydantic import BaseModel, ConfigDict, Field

from guide.documents import HERE, read

FILE = HERE / "latencies.yaml"


class Latency(BaseModel):
    """One kind of model, measured in ONNX Runtime on one thread of a CPU."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    milliseconds: float = Field(gt=0)
    what: str = Field(description="The model, and what its one example is.")
    source: str = Field(description="The file of results that the figure is from.")
    processor: str


class _Latencies(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: dict[str, Latency]


@lru_cache(maxsize=1)
def latencies() -> dict[str, Latency]:
    """The measured kinds by id.

    Raises:
        RulesetError: the file is missing or breaks its schema.
    """
    return read(FILE, _Latencies.model_validate).kinds
