"""Conditions over facts: the operators, and conditions from a rule's YAML.

To add a kind of condition, add a predicate to `PREDICATES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from guide.facts import CHOICES, COUNTS, MODALITIES, NAMES

# Operator -> whether a fact's value satisfies it, given the operand in the rule.
PREDICATES: dict[str, Callable[[Any, Any], bool]] = {
    "in": lambda value, operand: value in operand,
    "is": lambda value, operand: value is operand,
    "lt": lambda value, operand: value < operand,
    "le": lambda value, operand: value <= operand,
    "gt": lambda value, operand: value > operand,
    "ge": lambda value, operand: value >= operand,
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
    if operator == "stated":
        fits = operand is True
    elif fact in COUNTS:
        fits = operator in ORDER and type(operand) is int and operand >= 0
    elif fact == "modalities":
        fits = operator in SETS and _among(operand, MODALITIES)
    elif CHOICES[fact] == (True, False):
        fits = operator == "is" and isinstance(operand, bool)
    else:
        fits = operator == "in" and _among(operand, CHOICES[fact])
    if not fits:
        raise ValueError(f"{fact} cannot be compared by {operator!r} to {operand!r}")
    return condition


def _among(operand: Any, values: tuple[Any, ...]) -> bool:
    return isinstance(operand, list) and bool(operand) and set(operand) <= set(values)
