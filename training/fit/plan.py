"""Facts -> advice -> what will be done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from guide.decision import Decision
from guide.errors import FactError
from guide.facts import parse_facts
from guide.recommend import adviser
from training.errors import FitError
from training.fit.candidate import Candidate
from training.fit.options import Options
from training.fit.problem import Problem
from training.fit.verdict import FOLLOWED


@dataclass(frozen=True, eq=False)
class Plan:
    """What will be done with a problem, and what the guide says of it beforehand."""

    problem: Problem
    candidates: tuple[Candidate, ...]
    facts: dict[str, Any]
    decision: Decision


def plan(problem: Problem, options: Options) -> Plan:
    """Ask the guide, and choose the candidates.

    Raises:
        FitError: an option holds a fact or a candidate that there is not.
    """
    stated = {
        "explainability": options.explain,
        "domain": options.domain,
        "latency_ms": options.latency_ms,
        "task": problem.task,
        **_classes(problem),
    }
    facts = {**problem.facts, **{k: v for k, v in stated.items() if v is not None}}
    try:
        decision = adviser().recommend(parse_facts(facts))
    except FactError as error:
        raise FitError(f"a stated fact cannot be used: {error}") from error
    return Plan(problem, _candidates(problem, options), facts, decision)


def _classes(problem: Problem) -> dict[str, Any]:
    """The number of classes, and the share of the rarest."""
    if not problem.labels:
        return {}
    counts = np.bincount(problem.target, minlength=len(problem.labels))
    share = float(counts.min() / counts.sum())
    return {"n_classes": len(problem.labels), "rarest_class_share": round(share, 6)}


def _candidates(problem: Problem, options: Options) -> tuple[Candidate, ...]:
    found = problem.kind.candidates(problem.task)
    names = [candidate.name for candidate in found]
    if unknown := [name for name in options.only if name not in names]:
        # A candidate whose package is not installed is left out, with the command to install it.
        why = problem.left_out.get(unknown[0])
        raise FitError(
            f"--only {unknown[0]!r} is no candidate{f' here: {why}' if why else ''}; choose from "
            f"{', '.join(names)}"
        )
    if options.only:
        found = tuple(c for c in found if c.name in options.only)
    if options.explain == "required":
        found = tuple(c for c in found if c.clarity in FOLLOWED)
        if not found:
            raise FitError(
                f"--explain required leaves no candidate of {', '.join(options.only or names)}; "
                "leave out --only, or --explain"
            )
    return found


def lines(plan: Plan, options: Options) -> Iterator[str]:
    """The plan in sentences, for a person to agree to."""
    problem = plan.problem
    what = (
        f"{len(problem.labels)} classes of {options.target!r}"
        if problem.labels
        else f"the number {options.target!r}"
    )
    yield (f"Learn {what} from {problem.kind.describe(problem.rows)}.")
    if problem.unlabelled:
        yield f"{problem.unlabelled:,} rows have no target and are not used."
    if problem.repeated:
        apart = len(np.unique(problem.groups)) == len(problem)
        yield f"{problem.repeated:,} rows repeat the features of an earlier one; " + (
            "there are few combinations, so equal rows may be on both sides of a split."
            if apart
            else "they stay on one side of every split."
        )
    for note in problem.notes:
        yield f"Note: {note}."
    for name, why in problem.left_out.items():
        yield f"Leave out {name!r}: {why}."
    yield f"The guide: {plan.decision.summary}"
    yield (
        f"Try {', '.join(c.name for c in plan.candidates)}, within {options.budget:g} seconds, "
        f"and write all to {options.out} as {options.name} and {options.name}-..."
    )
