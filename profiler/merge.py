"""Merge the facts that the caller declared with those of a profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from guide.errors import FactError
from profiler.result import Profile, Undecided

Provenance = Literal["declared", "profiled", "scaled"]

# Only these tasks depend on the kind of the target; any target suits the others.
_TASKS_OF_A_TARGET = frozenset({"classification", "regression"})


@dataclass(frozen=True)
class Disagreement:
    """A fact on which the file differs. declared is None if the profiled fact was left out."""

    fact: str
    declared: object
    profiled: object
    because: str


@dataclass(frozen=True)
class Merged:
    """facts: the declared ones, completed by profiled ones; provenance: of each fact.

    `n_labelled` never exceeds `n_rows`. because: what in the file led to each fact that was not
    declared; undecided: what neither the file nor the caller says, and the values to choose from.
    """

    facts: Mapping[str, object]
    provenance: Mapping[str, Provenance]
    disagreements: tuple[Disagreement, ...]
    because: Mapping[str, str] = field(default_factory=dict)
    undecided: tuple[Undecided, ...] = ()


def merge(declared: Mapping[str, object], profile: Profile) -> Merged:
    """Complete the declared facts by profiled ones. A declared fact is never overwritten.

    A value of None counts as not declared. A file of fewer rows than declared is a sample, so the
    labelled rows counted in it are scaled.

    Raises:
        FactError: the declared facts contradict each other.
    """
    stated = {fact: value for fact, value in declared.items() if value is not None}
    if _above(stated.get("n_labelled"), stated.get("n_rows")):
        raise FactError(
            f"n_labelled is {stated['n_labelled']} but n_rows is {stated['n_rows']}; "
            "at most n_rows can be labelled",
            loc=["n_labelled"],
        )
    disagreements = [
        Disagreement(fact, stated[fact], value, profile.because[fact])
        for fact, value in profile.facts.items()
        if fact in stated and _differ(fact, stated[fact], value)
    ]
    left_out = _left_out(stated, profile)
    fillers = {
        fact: value
        for fact, value in profile.facts.items()
        if fact not in stated and fact not in {d.fact for d in left_out}
    }
    if "tabular" not in _modalities(stated, profile):
        fillers.pop("clean", None)  # only a table can be clean
    provenance: dict[str, Provenance] = dict.fromkeys(stated, "declared")
    provenance |= dict.fromkeys(fillers, "profiled")
    because = {fact: profile.because[fact] for fact in fillers}
    if (scaled := _scaled(stated, fillers, profile)) is not None:
        fillers["n_labelled"], because["n_labelled"] = scaled
        provenance["n_labelled"] = "scaled"
    undecided = tuple(q for q in profile.details.undecided if q.fact not in stated)
    facts = {**stated, **fillers}
    return Merged(facts, provenance, (*disagreements, *left_out), because, undecided)


def _scaled(
    stated: Mapping[str, object], fillers: Mapping[str, object], profile: Profile
) -> tuple[int, str] | None:
    """The labelled rows of all the data, if the file is a sample of them, and the reason."""
    rows, labelled, seen = (
        stated.get("n_rows"),
        fillers.get("n_labelled"),
        profile.facts.get("n_rows"),
    )
    if not (isinstance(rows, int) and isinstance(labelled, int) and isinstance(seen, int)):
        return None
    if rows <= seen or seen == 0:
        return None
    because = (
        f"{profile.because['n_labelled']}, scaled from the {seen:,} rows of the file to the "
        f"declared {rows:,}"
    )
    return (labelled * rows + seen // 2) // seen, because


def _left_out(stated: Mapping[str, object], profile: Profile) -> list[Disagreement]:
    """Profiled counts that contradict the declared ones."""
    found = []
    labelled, rows = profile.facts.get("n_labelled"), profile.facts.get("n_rows")
    if "n_labelled" not in stated and _above(labelled, stated.get("n_rows")):
        because = (
            f"{profile.because['n_labelled']}, more than the declared n_rows of "
            f"{stated['n_rows']}; left out"
        )
        found.append(Disagreement("n_labelled", None, labelled, because))
    if "n_rows" not in stated and _above(stated.get("n_labelled"), rows):
        because = (
            f"{profile.because['n_rows']}, fewer than the declared n_labelled of "
            f"{stated['n_labelled']}; left out"
        )
        found.append(Disagreement("n_rows", None, rows, because))
    return found


def _differ(fact: str, declared: object, profiled: object) -> bool:
    if fact == "modalities":
        return _as_set(declared) != _as_set(profiled)
    if fact == "task" and declared not in _TASKS_OF_A_TARGET:
        return False
    return bool(declared != profiled)


def _above(labelled: object, rows: object) -> bool:
    return isinstance(labelled, int) and isinstance(rows, int) and labelled > rows


def _modalities(stated: Mapping[str, object], profile: Profile) -> frozenset[str]:
    return _as_set(stated.get("modalities", profile.facts.get("modalities")))


def _as_set(value: object) -> frozenset[str]:
    """The modalities in a list, or none if the value is not iterable."""
    return frozenset(map(str, value)) if isinstance(value, Iterable) else frozenset()
