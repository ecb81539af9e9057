"""A fit, step by step. Nothing is written until every step but the last has been taken."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from contract.records import ComparisonRecord
from contract.repository import Entry, check_writable, entries, read_manifest
from training.errors import FitError
from training.fit.clock import Clock
from training.fit.comparison import BLEND, Comparison, Report, compare
from training.fit.costs import BATCH, cost_of
from training.fit.export import Exported, export
from training.fit.images.files import holds_images
from training.fit.images.read import read_images
from training.fit.importance import Importance, importance_of
from training.fit.options import Options
from training.fit.plan import Plan, plan
from training.fit.problem import Problem, lonely_classes
from training.fit.publish import Publication, describe, next_version, write_all
from training.fit.report import model_names, record
from training.fit.tables.encoding import Columns
from training.fit.tables.leaks import find_leaks
from training.fit.tables.read import read_problem, without
from training.fit.verdict import Bounds, Cost, Verdict, decide


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a fit found and wrote.

    Attributes:
        written: by candidate.
        earlier: models of an earlier fit of the same name that this one did not write again: the
            candidate is now the chosen one and has the plain name, or was not fitted.
    """

    plan: Plan
    verdict: Verdict
    record: ComparisonRecord
    written: dict[str, Entry]
    earlier: tuple[Entry, ...]


def prepare(options: Options) -> Plan:
    """Read the file, look for leaks, ask the guide.

    Raises:
        FitError: the file or an option cannot be used.
        RepositoryError: the repository cannot be written to.
    """
    check_writable(options.out)
    problem = _problem(options)
    problem = replace(problem, notes=(*problem.notes, *lonely_classes(problem)))
    found = plan(problem, options)
    _check_names(options, problem)
    return found


def _problem(options: Options) -> Problem:
    """What is to be learnt, by the kind of data; a table without its leaks."""
    if holds_images(options.file):
        return read_images(options)
    problem = read_problem(options)
    if not isinstance(problem.rows, Columns):  # a text is one column: it cannot be left out
        return problem
    suspicious = {
        name: f"{why}; --keep it if it is known when you predict"
        for name, why in find_leaks(problem, options.seed).items()
        if name not in options.keep
    }
    return without(problem, suspicious) if suspicious else problem


def fit(prepared: Plan, options: Options, report: Report) -> Outcome:
    """Train, compare, export, decide and write.

    Raises:
        FitError: no candidate could be fitted, or none keeps to the bounds.
    """
    problem = prepared.problem
    comparison = compare(problem, prepared.candidates, Clock(options.budget), options.seed, report)
    exported, costs, failed = _export(problem, comparison, report)
    if not exported:
        reasons = "; ".join(f"{name}: {why}" for name, why in failed.items())
        raise FitError(f"no candidate could be fitted ({reasons or 'it was stopped too early'})")
    bounds = Bounds(options.explain, options.latency_ms, options.size_mb)
    verdict = decide(_only(comparison, exported), costs, bounds)
    found = record(prepared, options, comparison, verdict, costs, failed)
    names = model_names(options, verdict)
    publication = Publication(
        options, problem, comparison, found, next_version(options.out, list(names.values()))
    )
    importance = _importance(publication, verdict, report)
    with uninterrupted():
        report(f"write {options.name}", 0.0)
        versions = {
            s.entrant.name: describe(
                publication, names[s.entrant.name], s.entrant, exported[s.entrant.name],
                importance[s.entrant.name],
            )
            for s in verdict.standings
        }  # fmt: skip
        written = write_all(options.out, versions)
    earlier = _earlier(options, problem, set(names.values()))
    return Outcome(prepared, verdict, found, written, earlier)


def _importance(
    publication: Publication, verdict: Verdict, report: Report
) -> dict[str, Importance]:
    """What each column is worth to each candidate; Ctrl+C leaves out what is not done."""
    problem = publication.problem
    nothing = Importance({}, problem.kind.parts(problem.rows))
    found = {s.entrant.name: nothing for s in verdict.standings}
    try:
        for standing in verdict.standings:
            name = standing.entrant.name
            report(f"importance of the columns: {name}", 0.0)
            found[name] = importance_of(problem, standing.entrant, publication.split)
    except KeyboardInterrupt:
        pass  # the models matter more
    return found


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl+C is ignored; outside the main thread, which alone gets it, nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _check_names(options: Options, problem: Problem) -> None:
    """Refuse a name under which the repository has something else than a fit of this target."""
    if not options.out.is_dir():
        return
    for name, entry in sorted(_existing(options, problem).items()):
        found = read_manifest(entry).comparison
        if found is None or found.target != options.target:
            what = "did not come from fit" if found is None else f"predicts {found.target!r}"
            raise FitError(f"{options.out} holds a model {name!r} that {what}; give another --name")


def _existing(options: Options, problem: Problem) -> dict[str, Entry]:
    """The newest version of each model in the repository whose name this fit may write."""
    candidates = problem.kind.candidates(problem.task)
    names = {options.name, *(f"{options.name}-{c.name}" for c in candidates)}
    names.add(f"{options.name}-{BLEND}")
    newest = {entry.name: entry for entry in entries(options.out, on_stray=lambda _: None)}
    return {name: newest[name] for name in names & set(newest)}


def _earlier(options: Options, problem: Problem, written: set[str]) -> tuple[Entry, ...]:
    found = _existing(options, problem)
    return tuple(found[name] for name in sorted(set(found) - written))


def _export(
    problem: Problem, comparison: Comparison, report: Report
) -> tuple[dict[str, Exported], dict[str, Cost], dict[str, str]]:
    """Graphs and costs of the fitted candidates, and why others have none."""
    exported, costs = {}, {}
    failed = {e.name: e.failed for e in comparison.entrants if e.failed is not None}
    test = problem.rows.take(comparison.splits[0].test[:BATCH]) if comparison.splits else None
    for entrant in comparison.fitted():
        try:
            report(f"export {entrant.name}", 0.0)
            found = export(problem, entrant, comparison.splits[0])
            costs[entrant.name] = cost_of(found.graph, problem.kind.tensors(test).batch(test))
        except KeyboardInterrupt:
            failed[entrant.name] = "it was stopped before its graph was written"
        except Exception as error:
            # ONNX, ONNX Runtime and the parity check may refuse one graph; the others go on.
            failed[entrant.name] = str(error).partition("\n")[0] or type(error).__name__
        else:
            exported[entrant.name] = found
    return exported, costs, failed


def _only(comparison: Comparison, exported: dict[str, Exported]) -> Comparison:
    """The comparison without candidates whose graph is not right."""
    return Comparison(
        tuple(entrant for entrant in comparison.entrants if entrant.name in exported),
        comparison.baseline,
        comparison.splits,
        comparison.draws,
        comparison.interrupted,
    )
