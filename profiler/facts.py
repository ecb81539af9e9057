"""A table -> its profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from profiler.columns import describe
from profiler.errors import UnreadableError
from profiler.messages import count, listed, percent, shown
from profiler.quality import Quality, judge_quality
from profiler.result import Column, Details, Kind, Profile, Undecided
from profiler.suspects import first_stray, sentinel_of
from profiler.table import Table, check_target
from profiler.target import EITHER, Target, balance_warnings, judge_target
from profiler.thresholds import THRESHOLDS
from profiler.translate_errors import polars_errors
from profiler.values import Values, values_of

_UNLEARNABLE: frozenset[Kind] = frozenset({"constant", "identifier", "opaque", "encoded"})
# The kinds whose values are not read as they are written.
_NOTED: frozenset[Kind] = frozenset({"numeric", "boolean"})
# Of columns that are told of one by one; a table may have thousands.
_MOST_NOTES = 20


def profile_table(table: Table, target: str | None) -> Profile:
    """Derive the facts of a table.

    Raises:
        TargetError: `target` is not a column.
        UnreadableError: polars cannot count the values of a column.
    """
    check_target(target, table.names)
    described = [_described(table, name, target) for name in table.names]
    columns = [each.column for each in described]
    goal = _goal(table, described, target)
    with polars_errors("profiled"):
        quality = judge_quality(table, columns, target, sum(each.suspects for each in described))
    facts: dict[str, object] = {}
    because: dict[str, str] = {}

    def derive(fact: str, value: object, reason: str) -> None:
        facts[fact], because[fact] = value, reason

    features = [column for column in columns if column.name != target]
    modalities, reason = _modalities(features)
    questions = _undecided(features, goal)
    if modalities and not any(question.fact == "modalities" for question in questions):
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
    notes = [*table.notes, *_notes(goal, described)]
    warnings = [*table.warnings, *_warnings(described, target, quality, goal)]
    return Profile(
        facts, because, _details(table, columns, goal, quality, questions, warnings, notes)
    )


@dataclass(frozen=True)
class _Described:
    """A column; its values, if it is the target; how it was read, and what may hurt in it.

    suspects: number of cells that may mark missing values.
    """

    column: Column
    values: Values | None = None
    note: str = ""
    warning: str = ""
    suspects: int = 0


def _described(table: Table, name: str, target: str | None) -> _Described:
    """Describe a column. One that cannot be read refuses itself, not the file."""
    if name in table.opaque:
        return _Described(Column(name, "opaque", None, None))
    try:
        with polars_errors("profiled"):
            values = values_of(table.frame[name], table.decimal_mark)
            column = describe(values)
            mark = sentinel_of(values) if column.kind == "numeric" and name != target else None
    except UnreadableError as error:
        return _Described(
            Column(name, "opaque", None, None), warning=f"column {shown(name)}: {error}"
        )
    note = f"{shown(name)}: {values.note}" if values.note and column.kind in _NOTED else ""
    warning = mark.warning if mark is not None else ""
    if column.stray:
        warning = first_stray(table, values)
    kept = values if name == target else None
    return _Described(column, kept, note, warning, mark.rows if mark is not None else 0)


def _goal(table: Table, described: Sequence[_Described], target: str | None) -> Target | None:
    """What follows from the target; None if none was named."""
    if target is None:
        return None
    goal = next(d for d in described if d.column.name == target)
    if goal.values is None:
        return Target(None, f"target {shown(target)} was not read", None, answers=EITHER)
    with polars_errors("profiled"):
        return judge_target(table, [d.column for d in described], goal.values)


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


def _undecided(features: Sequence[Column], goal: Target | None) -> tuple[Undecided, ...]:
    """The facts that the file does not decide."""
    found = []
    encoded = _names(features, "encoded")
    plain = sum(column.kind not in _UNLEARNABLE for column in features)
    if encoded and len(encoded) >= plain:
        because = (
            f"lists, JSON or other texts for machines in {listed(encoded)} may be images, sound, "
            "text or measurements"
        )
        found.append(Undecided("modalities", because, ("tabular", "image", "audio", "text")))
    if goal is not None and goal.undecided is not None:
        found.append(goal.undecided)
    return tuple(found)


def _names(columns: Sequence[Column], kind: Kind) -> tuple[str, ...]:
    return tuple(column.name for column in columns if column.kind == kind)


def _notes(goal: Target | None, described: Sequence[_Described]) -> list[str]:
    notes = [f"read in {each.note}" for each in described if each.note][:_MOST_NOTES]
    if encoded := _names([each.column for each in described], "encoded"):
        notes.append(f"lists, JSON or other texts for machines in {listed(encoded)} were not read")
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
    described: Sequence[_Described], target: str | None, quality: Quality, goal: Target | None
) -> list[str]:
    features = [each.column for each in described if each.column.name != target]
    warnings = list(quality.warnings)
    warnings += [each.warning for each in described if each.warning][:_MOST_NOTES]
    if found := _names(features, "constant"):
        warnings.append(f"constant, so nothing can be learnt from {listed(found)}")
    if found := _names(features, "identifier"):
        warnings.append(
            f"these look like identifiers, so leave them out of the features: {listed(found)}"
        )
    if all(column.kind in _UNLEARNABLE for column in features):
        warnings.append("no column besides the target holds anything to learn from")
    if goal is not None:
        warnings += goal.warnings
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
    questions: tuple[Undecided, ...],
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
        undecided=questions,
        warnings=tuple(warnings),
        notes=tuple(notes),
    )
