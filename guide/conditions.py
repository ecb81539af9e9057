"""Conditions over facts: the operators, and conditions from a rule's YAML.

To add a kind of condition, add a predicate to `PREDICATES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from guide.facts import CHOICES, INTEGERS, MODALITIES, NAMES, REALS
from guide.latencies import latencies

# Operator -> whether a fact's value satisfies it, given the operand in the rule.
PREDICATES: dict[str, Callable[[Any, Any], bool]] = {
    "in": lambda value, operand: value in operand,
    "is": lambda value, operand: value is operand,
    "lt": lambda value, operand: value < operand,
    "le": lambda value, operand: value <= operand,
    "gt": lambda value, operand: value > operand,
    "ge": lambda value, operand: value >= operand,
    # Of a latency: less than this kind of model was measured to take.
    "faster_than": lambda value, operand: value < latencies()[operand].milliseconds,
    # True of every value; only an unknown fact fails it.
    "stated": lambda value, operand: bool(operand),
    # Over the set of modalities.
    "only": lambda value, operand: set(value) <= set(operand),
    "includes": lambda value, operand: set(value) >= set(operand),
    "intersects": lambda value, operand: not set(value).isdisjoint(operand),
}
ORDER = ("lt", "le", "gt", "ge")
SETS = ("only", "includes", "intersects")


@dataclass(frozen=True)
class Condition:
    """`fact` `operator` `operand`: true or false for each known value of the fact."""

    fact: str
    operator: str
    operand: Any

    def holds(self, value: Any) -> bool:
        """Whether the condition is true for this value of the fact."""
        return PREDICATES[self.operator](value, self.operand)

    @property
    def threshold(self) -> Any:
        """The number at which the condition changes; None if it compares no numbers."""
        if self.operator == "faster_than":
            return latencies()[self.operand].milliseconds
        return self.operand if self.operator in ORDER else None


def conditions(spec: Mapping[str, Mapping[str, Any]]) -> tuple[Condition, ...]:
    """The conditions of a mapping `{fact: {operator: operand}}`; all of them must hold.

    Raises:
        ValueError: an unknown fact or operator, or an operand that the fact cannot have.
    """
    return tuple(
        _checked(Condition(fact, operator, operand))
        for fact, operators in spec.items()
        for operator, operand in operators.items()
    )


def _checked(condition: Condition) -> Condition:
    fact, operator, operand = condition.fact, condition.operator, condition.operand
    if fact not in NAMES:
        raise ValueError(f"fact {fact!r} is unknown; the facts are {', '.join(NAMES)}")
    if operator not in PREDICATES:
        raise ValueError(f"operator {operator!r} is unknown; choose from {', '.join(PREDICATES)}")
    if not _fits(fact, operator, operand):
        raise ValueError(f"{fact} cannot be compared by {operator!r} to {operand!r}")
    return condition


def _fits(fact: str, operator: str, operand: Any) -> bool:
    if operator == "stated":
        return operand is True
    if operator == "faster_than":
        return fact == "latency_ms" and operand in latencies()
    if fact in INTEGERS:
        return operator in ORDER and type(operand) is int and operand >= 0
    if fact in REALS:
        # A boundary belongs to the upper range, so that every range has a smallest value.
        return operator in ("lt", "ge") and type(operand) in (int, float) and operand > 0
    if fact == "modalities":
        return operator in SETS and _among(operand, MODALITIES)
    if CHOICES[fact] == (True, False):
        return operator == "is" and isinstance(operand, bool)
    return operator == "in" and _among(operand, CHOICES[fact])


def _among(operand: Any, values: tuple[Any, ...]) -> bool:
    return isinstance(operand, list) and bool(operand) and set(operand) <= set(values)
