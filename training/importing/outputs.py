"""What the outputs of a graph mean: a role for each, by what they hold for the samples.

Nothing is decided by a name. What the samples leave open is refused, with the option that says it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contract.batch import Array
from contract.manifest import Task
from contract.tensors import Output
from training.errors import ImportModelError
from training.importing.encoding import class_indexes, encoding_of
from training.importing.evidence import (
    CLASS_ROLES,
    Evidence,
    class_roles,
    scores_of,
    sums_to_one,
)


@dataclass(frozen=True)
class Meaning:
    """What a model does, its classes, and the role of each output."""

    task: Task
    labels: tuple[str, ...]
    outputs: tuple[Output, ...]


def describe_outputs(evidence: Evidence, task: Task | None) -> Meaning:
    """Task, labels and roles.

    Raises:
        ImportModelError: the samples leave one of them open, or contradict what is said.
    """
    names = [output.name for output in evidence.outputs]
    if unknown := [name for name in evidence.told if name not in names]:
        raise ImportModelError(
            f"--output {unknown[0]}: the graph has no such output; it has {', '.join(names)}"
        )
    _refuse_nan(evidence)
    task = task or _task(evidence)
    roles = {}
    if task == "classification":
        roles = class_roles(evidence)
    elif task == "regression":
        roles = _value_roles(evidence)
    roles = dict.fromkeys(names, "other") | roles | dict(evidence.told)
    scores = scores_of(evidence, roles)
    outputs = tuple(_with_role(o, roles[o.name], evidence, scores) for o in evidence.outputs)
    return Meaning(task, evidence.labels if task == "classification" else (), outputs)


def _refuse_nan(evidence: Evidence) -> None:
    """Refuse answers that are no numbers: they show no role, and JSON cannot hold them."""
    for output in evidence.outputs:
        values = evidence.answers[output.name]
        if not output.datatype.startswith("FP") or evidence.told.get(output.name) == "other":
            continue
        wrong = np.isnan(values).reshape(len(values), -1).any(axis=1)
        if wrong.any():
            raise ImportModelError(
                f"output {output.name!r} is not a number in {int(wrong.sum())} of {len(values)} "
                f"samples, the first in row {int(wrong.argmax()) + 1}; put an imputer before the "
                "model if it cannot take missing values, or leave such rows out of the samples"
            )


def _task(evidence: Evidence) -> Task:
    """The task that roles, labels or the answers show."""
    told = set(evidence.told.values())
    if evidence.labels or told & set(CLASS_ROLES):
        return "classification"
    if any(role == "value" or role.startswith("interval") for role in told):
        return "regression"
    floats = [o for o in evidence.open() if o.datatype.startswith("FP")]
    if any(sums_to_one(evidence.answers[o.name]) for o in floats):
        return "classification"
    if len(floats) == len(evidence.open()) == 1 and floats[0].row in ((), (1,)):
        values = evidence.answers[floats[0].name]
        if not ((values >= 0) & (values <= 1)).all():
            return "regression"
        raise ImportModelError(
            f"all answers of output {floats[0].name!r} lie between 0 and 1, so it may be a value "
            "or the probability of a class; give --task regression, or export probabilities of "
            "both classes and give --labels"
        )
    found = ", ".join(f"{o.name} {o.datatype} {list(o.shape)}" for o in evidence.outputs)
    raise ImportModelError(
        f"the outputs {found} do not show what the model does; give --labels with the names of "
        "the classes, or --task regression, or --task other"
    )


def _value_roles(evidence: Evidence) -> dict[str, str]:
    if "value" in evidence.told.values():
        return {}
    floats = [o for o in evidence.open() if o.datatype.startswith("FP")]
    if len(floats) != 1:
        found = ", ".join(o.name for o in floats) or "none"
        raise ImportModelError(
            f"a regression has one output of floats with the value, and this one has {found}; "
            "give --output NAME=value for the one that is"
        )
    return {floats[0].name: "value"}


def _with_role(output: Output, role: str, evidence: Evidence, scores: Array | None) -> Output:
    """The output with its role, and its encoding or level."""
    word, _, detail = role.partition(":")
    fields = output.model_dump() | {"role": word.partition("-")[0]}
    answers = evidence.answers[output.name]
    if word == "label":
        fields["encoding"] = encoding_of(output, answers, evidence.labels, scores)
    elif word.startswith("label-"):
        fields["encoding"] = word.removeprefix("label-")
    if detail:
        fields["level"] = float(detail)
    try:
        found = Output.model_validate(fields)
    except ValueError as error:
        raise ImportModelError(
            f"--output {output.name}={role} does not fit: it is {output.datatype} "
            f"{list(output.shape)}"
        ) from error
    if found.role == "label":
        class_indexes(found, answers, evidence.labels)
    return found
