"""What bears on the work and not on the verdict: notes on the facts, alone and together."""

from __future__ import annotations

from collections.abc import Iterator

from guide.facts import Facts
from guide.tables import Library

# Fewer labelled examples of a class than this leave its figures to chance.
_FEW_OF_A_CLASS = 50
# From so many columns on they are selected or penalised.
_MANY_COLUMNS = 1_000
# Where fewer than one example in so many is labelled, the others have something to teach.
_SPARSE = 5
_SUPERVISED = frozenset({"classification", "multi_label", "anomaly_detection"})
_TWO = 2
_UNCHECKED = (
    ", so ask whether the others were checked (if not, they are no negatives: learn from positives "
    "and unlabelled ones)"
)


def notes(tables: Library, facts: Facts) -> list[str]:
    """What a practitioner would add to the facts."""
    found = [entry.data.says for entry in tables.notes if entry.fits(facts)]
    return [*found, *_rarest(facts), *_wide(facts), *_sparse(facts)]


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
    columns, rows = facts.n_features, facts.n_rows
    if columns is None:
        return
    if rows is not None and columns > rows:
        yield (
            f"there are more columns ({columns:,}) than rows ({rows:,}): penalise, and select "
            "columns inside the cross-validation alone"
        )
    elif columns >= _MANY_COLUMNS:
        yield "with a thousand columns or more select or penalise them inside the cross-validation"


def _sparse(facts: Facts) -> Iterator[str]:
    rows, labelled = facts.n_rows, facts.n_labelled
    if not rows or not labelled or labelled * _SPARSE > rows or facts.task not in _SUPERVISED:
        return
    unchecked = "" if (facts.n_classes or 0) > _TWO else _UNCHECKED
    yield (
        f"only {labelled:,} of {rows:,} examples are labelled{unchecked}: let the model choose "
        "what to label next, and keep a random part to measure with"
    )
