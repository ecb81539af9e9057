"""What bears on the work and not on the verdict: notes on the facts, alone and together."""

from __future__ import annotations

from collections.abc import Iterator

from guide.facts import Facts
from guide.tables import Library, holds

# Fewer labelled examples of a class than this leave its figures to chance.
_FEW_OF_A_CLASS = 50


def notes(tables: Library, facts: Facts) -> list[str]:
    """What a practitioner would add to the facts."""
    found = [says for when, says in tables.notes if holds(when, facts)]
    return [*found, *_rarest(facts), *_wide(facts)]


def _rarest(facts: Facts) -> Iterator[str]:
    if facts.rarest_class_share is None or facts.n_labelled is None:
        return
    examples = round(facts.rarest_class_share * facts.n_labelled)
    if facts.n_labelled and examples < _FEW_OF_A_CLASS:
        yield (
            f"the rarest class has about {examples} labelled examples: cross-validate, and label "
            "more of it before comparing models"
        )


def _wide(facts: Facts) -> Iterator[str]:
    if facts.n_features is None or facts.n_rows is None or facts.n_features <= facts.n_rows:
        return
    yield (
        f"there are more columns ({facts.n_features:,}) than rows ({facts.n_rows:,}): penalise, "
        "and select columns inside the cross-validation alone"
    )
