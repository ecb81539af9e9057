"""The facts of a problem. All are optional; a fact that is not stated is unknown, not false."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from contract.messages import describe, kind
from guide.errors import FactError

Modality = Literal["tabular", "image", "audio", "text", "video", "time_series", "graph"]
Task = Literal[
    "classification",
    "regression",
    "generation",
    "recommendation",
    "forecasting",
    "log_analysis",
    "anomaly_detection",
    "clustering",
    "survival",
    "ranking",
    "detection",
    "segmentation",
    "multi_label",
    "time_series_classification",
]
Explainability = Literal["required", "preferred", "not_needed"]
Domain = Literal["medical_diagnosis", "lending", "legal", "other"]
Budget = Literal["flexible", "tight", "hard_limit"]
FeatureEngineering = Literal["feasible", "infeasible"]
Hardware = Literal["cpu", "gpu", "edge"]
Count = Annotated[int, Field(ge=0)]
AtLeastOne = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Milliseconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]

# Checked below, with a message that names the value.
_DISTINCT = WithJsonSchema(
    {
        "type": "array",
        "items": {"enum": list(get_args(Modality))},
        "minItems": 1,
        "uniqueItems": True,
    }
)

MODALITIES: tuple[Modality, ...] = get_args(Modality)

# The values of the facts that have finitely many.
CHOICES: dict[str, tuple[Any, ...]] = {
    "modalities": MODALITIES,
    "task": get_args(Task),
    "explainability": get_args(Explainability),
    "domain": get_args(Domain),
    "budget": get_args(Budget),
    "clean": (True, False),
    "trees_exhausted": (True, False),
    "feature_engineering": get_args(FeatureEngineering),
    "hardware": get_args(Hardware),
}
# In this order: the second never exceeds the first.
COUNTS = ("n_rows", "n_labelled")
# Smallest value of the facts that are whole numbers; what the other numbers may be, in words.
INTEGERS = {"n_rows": 0, "n_labelled": 0, "n_features": 1, "n_classes": 1, "n_series": 1}
REALS = {
    "rarest_class_share": "a number above 0 and at most 1",
    "latency_ms": "a number above 0",
}


class Facts(BaseModel):
    """What is known about a problem; `None` means unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    modalities: Annotated[list[Modality], _DISTINCT] | None = Field(
        None, description="Kinds of input data; a table with pictures beside it has two."
    )
    task: Task | None = Field(
        None,
        description="What the model is for; `log_analysis` is NLP on structured logs, `detection` "
        "and `segmentation` are of objects in images, `multi_label` is several labels at once.",
    )
    n_rows: Count | None = Field(None, description="Number of examples, labelled or not.")
    n_labelled: Count | None = Field(
        None,
        description="Number of examples with a label; censored times until an event count as one.",
    )
    explainability: Explainability | None = Field(
        None, description="Whether people must be able to understand a single prediction."
    )
    domain: Domain | None = Field(
        None, description="Where the predictions are used; some domains require explanations."
    )
    budget: Budget | None = Field(
        None,
        description="Compute and time; `hard_limit` also stands for a latency the product cannot "
        "exceed.",
    )
    clean: bool | None = Field(
        None, description="Whether the table is a clean spreadsheet. Taken as clean if unknown."
    )
    trees_exhausted: bool | None = Field(
        None, description="Whether tree models have been tuned as far as they go."
    )
    feature_engineering: FeatureEngineering | None = Field(
        None, description="Whether people can design features at an acceptable cost."
    )
    n_features: AtLeastOne | None = Field(None, description="Number of columns of a table.")
    n_classes: AtLeastOne | None = Field(None, description="Number of classes to tell apart.")
    rarest_class_share: Share | None = Field(
        None, description="Share of the labelled examples that the rarest class has."
    )
    latency_ms: Milliseconds | None = Field(
        None,
        description="Most milliseconds that one answer may take; compared with what each kind of "
        "model was measured to take.",
    )
    n_series: AtLeastOne | None = Field(None, description="Number of time series to forecast.")
    hardware: Hardware | None = Field(
        None,
        description="What serves the model, whatever trains it; `edge` is a phone or a "
        "microcontroller.",
    )

    @field_validator("modalities")
    @classmethod
    def _each_once(cls, modalities: list[Modality] | None) -> list[Modality] | None:
        if modalities is not None and not modalities:
            raise ValueError("is empty; name at least one modality, or leave the field out")
        if modalities and len(set(modalities)) < len(modalities):
            twice = next(m for m in modalities if modalities.count(m) > 1)
            raise ValueError(f"holds {describe(twice)} twice; name each modality once")
        # Sorted, because the order means nothing: the same question gives the same document.
        return modalities and sorted(modalities, key=MODALITIES.index)

    @model_validator(mode="after")
    def _labelled_are_rows(self) -> Facts:
        rows, labelled = self.n_rows, self.n_labelled
        if rows is not None and labelled is not None and labelled > rows:
            raise ValueError(
                f"n_labelled is {labelled} but n_rows is {rows}; at most n_rows can be labelled"
            )
        return self

    def known(self) -> dict[str, Any]:
        """The stated facts, in the order of the schema."""
        return {name: v for name in NAMES if (v := getattr(self, name)) is not None}


NAMES: tuple[str, ...] = tuple(Facts.model_fields)


def allowed(name: str) -> str:
    """The values that a fact may have, in words."""
    if name in INTEGERS:
        return f"an integer of at least {INTEGERS[name]}"
    if name in REALS:
        return REALS[name]
    if name == "modalities":
        return f"a list of {_either(MODALITIES)}"
    if CHOICES[name] == (True, False):
        return "true or false"
    return f"one of {_either(CHOICES[name])}"


def parse_facts(document: Mapping[str, Any]) -> Facts:
    """Facts from a JSON object.

    Raises:
        FactError: an unknown field, a value of the wrong type or outside its values, or more
            labelled examples than rows; names the field, the value and what it may be.
    """
    try:
        return Facts.model_validate(document)
    except ValidationError as error:
        raise _translated(error, document) from error


def _translated(error: ValidationError, document: Mapping[str, Any]) -> FactError:
    first = error.errors(include_url=False)[0]
    loc = first["loc"]
    if not loc:
        return FactError(str(first["ctx"]["error"]), loc=["n_labelled"])
    name = str(loc[0])
    if name not in NAMES:
        return FactError(
            f"field {describe(name)} is unknown; the facts are {', '.join(NAMES)}", loc=[name]
        )
    if first["type"] == "value_error":
        return FactError(f"{name} {first['ctx']['error']}", loc=loc)
    if len(loc) > 1:
        return FactError(
            f"{name}[{loc[1]}] is {describe(first['input'])}; it is one of {_either(MODALITIES)}",
            loc=loc,
        )
    value = document[name]
    shown = f"an {kind(value)}" if isinstance(value, list | dict) else describe(value)
    return FactError(f"{name} is {shown}; it is {allowed(name)}, or left out", loc=loc)


def _either(values: tuple[Any, ...]) -> str:
    return f"{', '.join(values[:-1])} or {values[-1]}"
