"""The generated tables of docs/guide.md, from the rules, the schema and the tested cases."""

from __future__ import annotations

import io
from collections.abc import Iterable
from contextlib import redirect_stdout
from typing import Any

from guide.__main__ import main
from guide.decision import Decision
from guide.engine import Engine
from guide.facts import Facts, allowed
from guide.rules import Clause, Spec, ruleset
from tests.guide.cases import CASES, Case

_SIGNS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}


EXAMPLE = ["--modality", "image", "--n-labelled", "500", "--domain", "medical_diagnosis"]


def sections() -> dict[str, str]:
    """The text between the markers of each section of the page."""
    return {
        "example": example(),
        "facts": facts(),
        "answer": answer(),
        "tiers": tiers(),
        "rules": rules(),
        "size": size(),
        "cases": cases(),
    }


def example() -> str:
    """A decision as the command line prints it."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        main(EXAMPLE)
    return f"```text\n$ python -m guide {' '.join(EXAMPLE)}\n{printed.getvalue()}```"


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def facts() -> str:
    """The table of facts, with their values and meanings."""
    return table(
        ("fact", "is", "what"),
        [(f"`{n}`", allowed(n), f.description or "") for n, f in Facts.model_fields.items()],
    )


def answer() -> str:
    """The table of a decision's fields."""
    schema = Decision.model_json_schema()
    rows = []
    for name, field in schema["properties"].items():
        item = field.get("items", field)
        reference = schema["$defs"].get(str(item.get("$ref", "")).rpartition("/")[2], {})
        says = field.get("description") or reference.get("description") or ""
        parts = ", ".join(f"`{part}`" for part in reference.get("properties", ()))
        rows.append((f"`{name}`", says.replace("\n", " "), parts))
    return table(("field", "what", "of each"), rows)


def tiers() -> str:
    """The table of tiers, in the order in which their clauses apply."""
    found = ruleset()
    rows = []
    for tier in found.document.tiers:
        clauses = [f"{r.id}.{c.id}" for r in found.rules for c in r.clauses if c.tier == tier.tier]
        why = tier.loses or tier.wins
        rows.append((str(tier.tier), tier.name, ", ".join(clauses), why))
    return table(("tier", "name", "clauses", "principle"), rows)


def rules() -> str:
    """The table of clauses with their conditions."""
    rows = [
        (
            f"{rule.id}.{clause.id}",
            rule.section,
            _conditions(clause.when_),
            _unless(clause),
            ", ".join(clause.families),
            clause.says,
        )
        for rule in ruleset().rules
        for clause in rule.clauses
    ]
    return table(("clause", "section", "when", "unless", "admits", "says"), rows)


def cases() -> str:
    """The table of tested cases."""
    return table(("case", "facts", "verdict", "strategy", "what fired"), map(_case, CASES))


def size() -> str:
    """The size of the space over which the invariants are tested."""
    space = Engine(ruleset()).space
    buckets = ", ".join(f"{name} {len(b)}" for name, b in space.buckets.items())
    return (
        f"Buckets by fact: {buckets}; each fact may also be unknown, and labels never outnumber "
        f"rows: {sum(1 for _ in space.fact_masks()):,} points."
    )


def _case(case: Case) -> tuple[str, ...]:
    stated = "; ".join(f"{name} {_value(value)}" for name, value in case.facts.items()) or "none"
    verdict = case.verdict
    if case.contested:
        verdict += f", contested by {case.runner_up}"
    return case.name, stated, verdict, case.strategy, case.effects or "nothing"


def _conditions(spec: Spec) -> str:
    return " and ".join(
        f"{fact} {_SIGNS.get(operator, operator)} {_value(operand)}"
        for fact, operators in spec.items()
        for operator, operand in operators.items()
    )


def _unless(clause: Clause) -> str:
    found = []
    for entry in clause.unless_:
        spec = {fact: operators for fact, operators in entry.items() if fact != "assumption"}
        found.append(_conditions(spec).replace(" stated true", " is stated"))
    return " or ".join(found)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
