"""A CSV or Parquet file -> a problem: features, target, and rows that belong together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.records import LEAST_DISTINCT
from profiler import CategoryColumn, Limits, Profile, Reader, TableArrays
from profiler.errors import ProfilerError
from training.errors import FitError
from training.fit.options import Options
from training.fit.problem import Kind, Problem, joined
from training.fit.tables.columns import (
    Column,
    columns_of,
    dropped,
    ranks_of,
    time_of,
    twins_of,
    without_empty,
)
from training.fit.tables.encoding import Columns
from training.fit.tables.kind import TableKind
from training.fit.tables.target import check_varied, target_of, task_of
from training.fit.texts.kind import TextKind
from training.fit.texts.read import ALONE, only_text, text_twins, texts_of

LEAST_ROWS = 50
LEAST_CLASS = 5
LEAST_GROUPS = 10
# What reading one file may cost here: it is the user's own file, on the user's own machine.
LIMITS = Limits(
    max_bytes=4 * 2**30,
    max_rows=20_000_000,
    max_columns=20_000,
    max_unpacked_bytes=16 * 2**30,
    memory_mb=32 * 2**10,
    seconds=600.0,
)
_LEFT_OUT = {
    "identifier": "it looks like an identifier",
    "constant": "it is constant",
    "opaque": "it holds nested or binary values",
    "datetime": "dates are not learnt from; add columns such as month or age in days",
    "free_text": "free text is not learnt from beside other columns; --text learns from it alone",
    "encoded": "encoded values such as pixels, lists or JSON are not learnt from",
    "image_path": "paths of images are not opened",
}
_KEEPABLE = ("identifier", "free_text", "image_path")


def without(problem: Problem, reasons: Mapping[str, str]) -> Problem:
    """The problem without some columns."""
    columns: Columns = dropped(problem.rows, reasons)
    left_out = {**problem.left_out, **reasons}
    _check_features(columns, left_out)
    twins = twins_of(columns)
    groups = joined(problem.groups, together(twins))
    facts = {**problem.facts, **problem.kind.facts(columns)}
    return replace(
        problem, rows=columns, twins=twins, groups=groups, left_out=left_out, facts=facts
    )


def read_problem(options: Options) -> Problem:
    """Read a table.

    Raises:
        FitError: the file, the target or a named column cannot be used.
    """
    try:
        data = options.file.read_bytes()
    except OSError as error:
        raise FitError(f"{options.file} cannot be read: {error.strerror}") from error
    try:
        with Reader(LIMITS, spare=True) as reader:
            profile = reader.profile(data, options.target)
            table = reader.read_table(data)
    except ProfilerError as error:
        raise FitError(f"{options.file}: {error}") from error
    named = {column.about.name: column for column in table.columns}
    _check_named(options, [*named, *table.opaque])
    return _problem(options, table, named, profile, hashlib.sha256(data).hexdigest())


def _problem(
    options: Options,
    table: TableArrays,
    named: Mapping[str, Column],
    profile: Profile,
    sha256: str,
) -> Problem:
    goal = _column("--target", options.target, named)
    check_varied(goal)
    task = task_of(options, profile)
    target, labels, known = target_of(goal, task)
    rows = np.flatnonzero(known)
    _check_rows(options, len(rows), target[rows], labels)
    kind, learnt, twins, left_out = _learnt(options, table, named, rows)
    groups = together(twins)
    subjects: NDArray[np.int64] | None = None
    for name in options.groups:
        ranks = ranks_of(_column("--group", name, named), rows)
        _check_groups(name, ranks)
        groups = joined(groups, ranks)
        subjects = ranks if subjects is None else joined(subjects, ranks)
    return Problem(
        kind=kind,
        rows=learnt,
        target_name=options.target,
        target=target[rows],
        labels=labels,
        task=task,
        twins=twins,
        groups=groups,
        subjects=subjects,
        time=None
        if options.time is None
        else time_of(_column("--time", options.time, named), rows),
        facts={**profile.facts, **kind.facts(learnt)},
        sha256={options.file.name: sha256},
        left_out=left_out,
        unlabelled=table.rows - len(rows),
        notes=(*profile.details.notes, *profile.details.warnings),
    )


def together(twins: NDArray[np.int64]) -> NDArray[np.int64]:
    """Twins as groups of a split, unless rows repeat because there are few combinations."""
    distinct = len(np.unique(twins))
    return twins if distinct >= LEAST_DISTINCT * len(twins) else np.arange(len(twins))


def _column(option: str, name: str, named: Mapping[str, Column]) -> Column:
    """A column of single values.

    Raises:
        FitError: the profiler did not read it.
    """
    if name not in named:
        raise FitError(
            f"{option} {name!r} holds nested or binary values, or values that cannot be read; name "
            "another column"
        )
    return named[name]


def _check_groups(name: str, ranks: NDArray[np.int64]) -> None:
    if (found := len(np.unique(ranks))) < LEAST_GROUPS:
        raise FitError(
            f"--group {name!r} has {found} different values; at least {LEAST_GROUPS} are needed to "
            "train on some and test on others"
        )


def _learnt(
    options: Options, table: TableArrays, named: Mapping[str, Column], rows: NDArray[np.intp]
) -> tuple[Kind, Any, NDArray[np.int64], dict[str, str]]:
    """The kind of data, what is learnt from, its twins, and what is left out."""
    features, left_out = _features(options, named, table.opaque)
    free = [name for name, why in left_out.items() if why == _LEFT_OUT["free_text"]]
    text = options.text or only_text([column.about.name for column in features], free)
    if text is not None:
        others = {column.about.name: ALONE for column in features if column.about.name != text}
        left_out = {**{k: why for k, why in left_out.items() if k != text}, **others}
        found = texts_of(*_text_of(options, named, text), rows)
        if not any(found.texts):
            raise FitError(
                f"the text {text!r} is empty in every row with a target; name another with --text"
            )
        return TextKind(), found, text_twins(found), left_out
    columns, empty = without_empty(columns_of(features, rows))
    left_out |= empty
    _check_features(columns, left_out)
    return TableKind(), columns, twins_of(columns), left_out


def _text_of(
    options: Options, named: Mapping[str, Column], text: str
) -> tuple[str, NDArray[np.int32], tuple[str, ...]]:
    """The name, codes and categories of the column of text."""
    column = _column("--text", text, named)
    if not isinstance(column, CategoryColumn):
        raise FitError(f"--text {text!r} holds numbers; name a column of text")
    for option, taken in (
        ("--target", (options.target,)), ("--group", options.groups),
        ("--time", (options.time,)), ("--drop", options.drop),
    ):  # fmt: skip
        if text in taken:
            raise FitError(f"--text {text!r} is named by {option} too; name another column")
    return text, column.codes, column.categories


def _check_named(options: Options, names: list[str]) -> None:
    """Refuse options that name no column, or the target."""
    for option, wanted in (
        ("--target", (options.target,)),
        ("--group", options.groups),
        ("--time", (options.time,) if options.time is not None else ()),
        ("--text", (options.text,) if options.text is not None else ()),
        ("--keep", options.keep),
        ("--drop", options.drop),
    ):
        for name in wanted:
            if name not in names:
                listed = ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
                raise FitError(
                    f"{option} {name!r} is not a column of {options.file}; its columns are {listed}"
                )
            if option != "--target" and name == options.target:
                raise FitError(f"{option} {name!r} is the target; name another column")


def _check_rows(options: Options, rows: int, target: NDArray[Any], labels: tuple[str, ...]) -> None:
    if rows < LEAST_ROWS:
        raise FitError(
            f"{options.file} has {rows} rows with a target; at least {LEAST_ROWS} are needed to "
            "train and to test"
        )
    counts = np.bincount(target, minlength=len(labels)) if labels else np.zeros(0)
    for label, count in zip(labels, counts, strict=True):
        if count < LEAST_CLASS:
            raise FitError(
                f"class {label!r} of {options.target!r} has {count} rows; at least {LEAST_CLASS} "
                "are needed, so merge it with another class, or leave its rows out"
            )


def _features(
    options: Options, named: Mapping[str, Column], opaque: tuple[str, ...]
) -> tuple[list[Column], dict[str, str]]:
    """Columns to learn from, and the others with the reason."""
    features: list[Column] = []
    left_out = dict.fromkeys(opaque, _LEFT_OUT["opaque"])
    for name, column in named.items():
        kind = column.about.kind
        if name == options.target:
            continue
        if name in options.drop:
            left_out[name] = "--drop names it"
        elif name in options.groups:
            left_out[name] = "--group names it"
        elif name == options.time:
            left_out[name] = "--time names it"
        elif kind in _LEFT_OUT and not (kind in _KEEPABLE and name in options.keep):
            left_out[name] = _LEFT_OUT[kind]
        else:
            features.append(column)
    return features, left_out


def _check_features(columns: Columns, left_out: Mapping[str, str]) -> None:
    if not columns.names:
        reasons = "; ".join(f"{name!r}: {why}" for name, why in list(left_out.items())[:5])
        raise FitError(f"no column is left to learn from ({reasons}); name some with --keep")
