"""`python -m scripts.mutate_rules`: mutation testing of `rules.yaml`.

The mutants change every threshold by one and by a factor of ten, toggle every comparison between
strict and non-strict, compare every latency with every other kind of model, leave out every
`unless`, and give every clause every other tier and every other set of families. A
mutant survives if it passes all of `tests/guide/cases.py`, which shows a gap in the tests; the exit
status is then 1.
"""

from __future__ import annotations

import copy
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import yaml

from guide.latencies import latencies
from guide.rules import FAMILIES, RULES, parse_rules
from tests.guide.cases import failures

# Equivalent mutants: their decisions differ from the original only in the displayed tier.
EQUIVALENT = {
    "T1.large in tier 2": "it meets nothing of tier 3 but what is silent where it fires",
    **{
        f"R3.{clause} in tier 3": "it still follows what is of that tier in the order of the file"
        for clause in ("none", "table", "dense", "few")
    },
    **{
        f"{clause} in tier 4": "it still precedes R3 in the order of the file"
        for clause in ("T1.large", "T1.table", "T1.dirty", "F1.labelled")
    },
    **{
        f"R5.{clause} in tier 6": "it still precedes P1 and P2 in the order of the file"
        for clause in ("bounded", "tight", "small", "words", "modest")
    },
    "F1.labelled in tier 1": "of that tier only what precedes it in the file fires beside it",
    "F1.labelled in tier 2": "nothing of that tier fires beside it",
    **{
        f"P1.{clause} in tier 5": "it still follows R4 and R5 in the order of the file"
        for clause in ("clustering", "anomalies", "novelty")
    },
    "R1.start without its unless of trees_exhausted": "R1.switch, which comes first, fires then",
}
_STRICTNESS = {"lt": "le", "le": "lt", "gt": "ge", "ge": "gt"}
_SUBSETS = [list(s) for n in range(1, len(FAMILIES) + 1) for s in combinations(FAMILIES, n)]


def mutants(data: Any) -> Iterator[tuple[str, str, Any]]:
    """Kind, description and data of every mutant of the parsed file."""
    tiers = [tier["tier"] for tier in data["tiers"]]
    for r, rule in enumerate(data["rules"]):
        for c, clause in enumerate(rule["clauses"]):
            name = f"{rule['id']}.{clause['id']}"

            def mutant(change: Any, r: int = r, c: int = c) -> Any:
                fresh = copy.deepcopy(data)
                change(fresh["rules"][r]["clauses"][c])
                return fresh

            for tier in tiers:
                if tier != clause["tier"]:
                    yield (
                        "tier",
                        f"{name} in tier {tier}",
                        mutant(lambda m, t=tier: m.update(tier=t)),
                    )
            for subset in _SUBSETS:
                if set(subset) != set(clause["families"]):
                    yield (
                        "families",
                        f"{name} admits {', '.join(subset)}",
                        mutant(lambda m, s=subset: m.update(families=s)),
                    )
            for fact, operators in clause["when"].items():
                for operator, operand in operators.items():
                    if operator in _STRICTNESS:
                        yield from _comparisons(name, fact, operator, operand, mutant)
                    if operator == "faster_than":
                        yield from _kinds(name, operand, mutant)
            for u, entry in enumerate(clause.get("unless", [])):
                fact = next(iter(entry))
                yield (
                    "unless",
                    f"{name} without its unless of {fact}",
                    mutant(lambda m, u=u: m["unless"].pop(u)),
                )


def _kinds(name: str, operand: str, mutant: Any) -> Iterator[tuple[str, str, Any]]:
    for kind in latencies():
        if kind != operand:
            yield (
                "kind",
                f"{name} faster than {kind}",
                mutant(lambda m, k=kind: m["when"].update(latency_ms={"faster_than": k})),
            )


def _comparisons(
    name: str, fact: str, operator: str, operand: int, mutant: Any
) -> Iterator[tuple[str, str, Any]]:
    other = _STRICTNESS[operator]
    yield (
        "strictness",
        f"{name} {fact} {other} {operand}",
        mutant(lambda m: m["when"].update({fact: {other: operand}})),
    )
    for value in (operand - 1, operand + 1, operand // 10, operand * 10):
        yield (
            "threshold",
            f"{name} {fact} {operator} {value}",
            mutant(lambda m, v=value: m["when"].update({fact: {operator: v}})),
        )


def main() -> int:
    """Test every mutant; print the survivors and a table by kind."""
    data = yaml.safe_load(RULES.read_bytes())
    tested, caught = Counter[str](), Counter[str]()
    for kind, description, mutated in mutants(data):
        tested[kind] += 1
        if next(failures(parse_rules(mutated)), None) is not None:
            caught[kind] += 1
        elif description in EQUIVALENT:
            sys.stdout.write(f"equivalent: {description}: {EQUIVALENT[description]}\n")
            tested[kind] -= 1
        else:
            sys.stdout.write(f"survived: {description}\n")
    for kind, count in tested.items():
        sys.stdout.write(f"{kind}: {caught[kind]} of {count} caught\n")
    return int(caught != tested)


if __name__ == "__main__":
    sys.exit(main())
