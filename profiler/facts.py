"""A table -> its profile."""

from __future__ import annotations

from collections.abc import Sequence

from profiler.columns import Values, describe, values_of
from profiler.messages import count, listed, percent, shown
from profiler.quality import Quality, judge_quality
from profiler.result import Column, Details, Kind, Profile
from profiler.table import Table, check_target
from profiler.target import Target, balance_warnings, judge_target
from profiler.thresholds import THRESHOLDS
from profiler.translate_errors import polars_errors

_UNLEARNABLE: frozenset[Kind] = frozenset({"constant", "identifier", "opaque"})


def profile_table(table: Table, target: str | None) -> Profile:
    """Derive the facts of a table.

    Raises:
        TargetError: `target` is not a column.
        UnreadableError: polars cannot count the values of a column.
    """
    check_target(target, table.names)
    columns, goal, commas = _columns(table, target)
    with polars_errors("profiled"):
        quality = judge_quality(table, columns, target)
    facts: dict[str, object] = {}
    because: dict[str, str] = {}

    def derive(fact: str, value: object, reason: str) -> None:
        facts[fact], because[fact] = value, reason

    features = [column for column in columns if column.name != target]
    modalities, reason = _modalities(features)
    if modalities:
        derive("modalities", modalities, reason)
    derive("n_rows", table.rows, f"the file holds {count(table.rows, 'row')}")
    if goal is not None and goal.labelled is not None:
        derive(
            "n_labelled",
            goal.labelled,
            f"target {shown(str(target))} has a value in {count(goal.labelled, 'row')}",
        )
        if goal.task is not None:
            derive("task", goal.task, goal.because)
    if "tabular" in modalities and quality.clean is not None:
        derive("clean", quality.clean, quality.because)
    notes = [*table.notes, *_notes(goal, commas)]
    warnings = [*table.warnings, *_warnings(columns, target, quality, goal)]
    return Profile(facts, because, _details(table, columns, goal, quality, warnings, notes))


def _columns(table: Table, target: str | None) -> tuple[list[Column], Target | None, list[str]]:
    """All columns, the target, and the names of columns with decimal commas."""
    columns, goal, commas = [], None, []
    for name in table.names:
        if name in table.opaque:
            column = Column(name, "opaque", None, None)
            if name == target:
                goal = Target(None, f"target {shown(name)} was not read", None)
        else:
            with polars_errors("profiled"):
                column, values = _column(table, name)
                if values.decimal_comma:
                    commas.append(name)
                if name == target:
                    goal = judge_target(column, values)
        columns.append(column)
    return columns, goal, commas


def _column(table: Table, name: str) -> tuple[Column, Values]:
    values = values_of(table.frame[name], decimal_comma=table.has_decimal_commas)
    return describe(values), values


def _modalities(features: Sequence[Column]) -> tuple[list[str], str]:
    """The modalities of the features, and the reason. Identifiers and constants have none."""
    texts = _names(features, "free_text")
    images = _names(features, "image_path")
    plain = [c.name for c in features if c.kind not in {*_UNLEARNABLE, "free_text", "image_path"}]
    found, reasons = [], []
    if plain:
        found.append("tabular")
        reasons.append(f"{count(len(plain), 'column')} of numbers, categories or dates")
    if images:
        found.append("image")
        reasons.append(f"paths of images in {listed(images)}")
    if texts:
        found.append("text")
        reasons.append(
            f"free text in {listed(texts)} (at least {THRESHOLDS.free_text_words:g} words per "
            f"cell, at least {percent(THRESHOLDS.free_text_distinct)} distinct)"
        )
    return found, "the file has " + " and ".join(reasons)


def _names(columns: Sequence[Column], kind: Kind) -> tuple[str, ...]:
    return tuple(column.name for column in columns if column.kind == kind)


def _notes(goal: Target | None, commas: list[str]) -> list[str]:
    notes = []
    if commas:
        notes.append(f"numbers with a decimal comma read as numbers in {listed(commas)}")
    if goal is None:
        notes.append("no target was named, so labelled rows and task are not derived")
    elif goal.task is None:
        notes.append(f"{goal.because}; state the task")
    if goal is not None and len(goal.classes) > THRESHOLDS.listed_classes:
        notes.append(
            f"the {THRESHOLDS.listed_classes} largest of {len(goal.classes):,} classes are listed"
        )
    return notes


def _warnings(
    columns: Sequence[Column], target: str | None, quality: Quality, goal: Target | None
) -> list[str]:
    features = [column for column in columns if column.name != target]
    warnings = list(quality.warnings)
    if found := _names(features, "constant"):
        warnings.append(f"constant, so nothing can be learnt from {listed(found)}")
    if found := _names(features, "identifier"):
        warnings.append(
            f"these look like identifiers, so leave them out of the features: {listed(found)}"
        )
    if all(column.kind in _UNLEARNABLE for column in features):
        warnings.append("no column besides the target holds anything to learn from")
    if goal is not None and goal.task == "classification":
        warnings += balance_warnings(goal.classes, "row")
    if goal is not None and goal.labelled == 0:
        warnings.append(f"no row has a value in target {shown(str(target))}")
    return warnings


def _details(
    table: Table,
    columns: Sequence[Column],
    goal: Target | None,
    quality: Quality,
    warnings: list[str],
    notes: list[str],
) -> Details:
    classes = goal.classes if goal is not None else ()
    return Details(
        format=table.format,
        rows=table.rows,
        columns=tuple(columns),
        delimiter=table.delimiter,
        missing_share=quality.missing_share,
        duplicate_rows=quality.duplicate_rows,
        constant_columns=_names(columns, "constant"),
        identifier_columns=_names(columns, "identifier"),
        free_text_columns=_names(columns, "free_text"),
        n_classes=len(classes) or None,
        classes=classes[: THRESHOLDS.listed_classes],
        smallest_class=classes[-1] if classes else None,
        warnings=tuple(warnings),
        notes=tuple(notes),
    )
