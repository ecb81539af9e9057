"""What the samples show of the outputs of a classification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from contract.batch import Array, Batch
from contract.tensors import Output
from training.errors import ImportModelError
from training.importing.encoding import encoding_of, largest

CLASS_ROLES = ("label", "label-index", "label-value", "probabilities", "scores")
_SUM = 1e-3


@dataclass(frozen=True)
class Evidence:
    """What roles are decided by.

    Attributes:
        outputs: without roles yet.
        answers: of all samples.
        labels: class names, given or held by the graph; empty where neither.
        told: what `--output` says, by output.
    """

    outputs: Sequence[Output]
    answers: Batch
    labels: tuple[str, ...]
    told: Mapping[str, str]

    def open(self) -> list[Output]:
        """The outputs that nothing is said about."""
        return [output for output in self.outputs if output.name not in self.told]


def sums_to_one(values: Array) -> bool:
    """True for rows of at least two numbers in 0 to 1 with the sum 1."""
    if values.ndim != 2 or values.shape[1] < 2 or values.dtype.kind != "f":
        return False
    wide = values.astype(np.float64)
    return bool(
        ((wide >= -_SUM) & (wide <= 1 + _SUM)).all() and (np.abs(wide.sum(axis=1) - 1) < _SUM).all()
    )


def class_roles(evidence: Evidence) -> dict[str, str]:
    """Roles of the outputs of a classification that are told or seen; the rest are other.

    Raises:
        ImportModelError: there are no class names, or no output that names a class.
    """
    if len(evidence.labels) < 2:
        raise ImportModelError(
            "the graph does not hold the names of its classes; give at least two with --labels, "
            "in the order of its scores"
        )
    per_class = _per_class(evidence)
    if not per_class:
        _refuse_columns(evidence)
    told_label = any(role.startswith("label") for role in evidence.told.values())
    label = {} if told_label else _label(evidence, per_class)
    roles = {**per_class, **label, **evidence.told}
    if not set(roles.values()) & set(CLASS_ROLES):
        raise ImportModelError(_no_classes(evidence))
    return roles


def _per_class(evidence: Evidence) -> dict[str, str]:
    """Probabilities and scores: one number per class, agreeing on the largest."""
    told = {role: name for name, role in evidence.told.items()}
    matrices = [
        o
        for o in evidence.open()
        if o.datatype.startswith("FP") and o.row == (len(evidence.labels),)
    ]
    sure = [o.name for o in matrices if sums_to_one(evidence.answers[o.name])]
    others = [o.name for o in matrices if o.name not in sure]
    roles = dict.fromkeys(sure, "probabilities") if "probabilities" not in told else {}
    probabilities = told.get("probabilities", next(iter(sure), None))
    if probabilities is not None:
        best = evidence.answers[probabilities]
        others = [name for name in others if _agree(best, evidence.answers[name])]
    roles |= dict.fromkeys(others, "scores") if "scores" not in told else {}
    for role in ("probabilities", "scores"):
        twice = [name for name in roles if roles[name] == role]
        if len(twice) > 1:
            raise ImportModelError(
                f"outputs {' and '.join(twice)} may both be {role}; give --output NAME={role} for "
                "one and --output NAME=other for the rest"
            )
    return roles


def _refuse_columns(evidence: Evidence) -> None:
    """Refuse one output per class: whether they are its probabilities is not seen."""
    vectors = [o.name for o in evidence.open() if o.row in ((), (1,)) and o.datatype[:2] == "FP"]
    if len(vectors) > 1 and len(vectors) == len(evidence.labels):
        raise ImportModelError(
            f"outputs {', '.join(vectors[:10])} may be the probabilities of a class each; export "
            "them as one tensor, with skl2onnx by options={'zipmap': False}, or give "
            f"--output {vectors[0]}=other"
        )


def _agree(one: Array, other: Array) -> bool:
    """True if the largest number of each row stands at the same place; ties count as agreeing."""
    return bool(largest(one, other.argmax(axis=1)).all())


def _label(evidence: Evidence, per_class: Mapping[str, str]) -> dict[str, str]:
    """The output that names a class, if there is one."""
    scores = scores_of(evidence, {**per_class, **evidence.told})
    found, reasons = {}, []
    for output in evidence.open():
        if output.datatype.startswith("FP") or output.datatype == "BOOL":
            continue
        if output.row not in ((), (1,)):
            continue
        try:
            encoding = encoding_of(output, evidence.answers[output.name], evidence.labels, scores)
        except ImportModelError as error:
            reasons.append(error)
        else:
            found[output.name] = f"label-{encoding}"
    if len(found) > 1:
        raise ImportModelError(
            f"outputs {' and '.join(found)} may both be the label; give --output NAME=label for "
            "one and --output NAME=other for the rest"
        )
    if not found and reasons:
        raise reasons[0]
    return found


def scores_of(evidence: Evidence, roles: Mapping[str, str]) -> Array | None:
    """Answers of the output whose largest number is the class; None without one."""
    for wanted in ("probabilities", "scores"):
        for name, role in roles.items():
            if role == wanted:
                return evidence.answers[name]
    return None


def _no_classes(evidence: Evidence) -> str:
    k = len(evidence.labels)
    vectors = [o for o in evidence.open() if o.row in ((), (1,)) and o.datatype[:2] == "FP"]
    if k == 2 and len(vectors) == 1:
        return (
            f"output {vectors[0].name!r} is one number a row for two classes; if it is a logit "
            f"give --sigmoid {vectors[0].name}, if it is a probability export both"
        )
    found = ", ".join(f"{o.name} {list(o.shape)}" for o in evidence.outputs)
    return (
        f"no output of {found} has one number for each of the {k} labels, or a label; give as many "
        "--labels as there are classes, or say with --output which it is"
    )
