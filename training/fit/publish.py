"""Exported candidates -> versions in the model repository, all of them or none."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from contract.auxiliary import check_explanation
from contract.histogram import histogram_of
from contract.manifest import MANIFEST_VERSION, Golden, Manifest
from contract.records import (
    CalibrationError,
    ClassificationMetrics,
    ComparisonRecord,
    DataRecord,
    Metrics,
    RegressionMetrics,
    TrainingRecord,
)
from contract.repository import Entry, check_graph, entries, record_of, write
from training import card, metrics, plots, provenance
from training.fit import scores
from training.fit.candidate import Learned
from training.fit.comparison import Comparison, Entrant
from training.fit.export import Exported
from training.fit.importance import Importance
from training.fit.options import Options
from training.fit.problem import Problem
from training.fit.splits import Split
from training.publish import GOLDEN_TOLERANCE

# A request for the model, ready for `curl -d @`.
EXAMPLE = "example.json"


@dataclass(frozen=True)
class Publication:
    """What all candidates of a fit share."""

    options: Options
    problem: Problem
    comparison: Comparison
    record: ComparisonRecord
    version: str

    @property
    def split(self) -> Split:
        """The split whose models are served."""
        return self.comparison.splits[0]

    def members(self, entrant: Entrant) -> dict[str, Learned]:
        """The fitted candidates that a candidate consists of: itself, or those of a blend."""
        learned = {e.name: e.learned for e in self.comparison.entrants if e.learned is not None}
        return {name: learned[name] for name in entrant.members or (entrant.name,)}


def next_version(root: Path, names: Sequence[str]) -> str:
    """The version after the highest that any of these models has."""
    found = entries(root, on_stray=lambda _: None) if root.is_dir() else []
    return str(max((entry.version for entry in found if entry.name in names), default=0) + 1)


@dataclass(frozen=True)
class Version:
    """A version that is ready to be written."""

    manifest: Manifest
    files: Mapping[str, bytes]


def describe(
    publication: Publication,
    name: str,
    entrant: Entrant,
    exported: Exported,
    importance: Importance,
) -> Version:
    """The manifest, card, pictures and graph of one candidate.

    Raises:
        ContractError: its parts do not agree.
    """
    problem, split = publication.problem, publication.split
    pictures = _pictures(problem, entrant, exported, split, importance)
    golden = exported.golden.to_bytes()
    graphs = {"default": ("model.onnx", exported.graph)} | {
        one.variant: (f"{one.variant}.onnx", graph) for one, graph in exported.explanations
    }
    manifest = Manifest(
        manifest_version=MANIFEST_VERSION,
        name=name,
        version=publication.version,
        title=_title(publication, entrant),
        algorithm=entrant.algorithm.replace("-", "_"),
        family=entrant.family,
        task=problem.task,
        platform="onnxruntime_onnx",
        inputs=exported.inputs,
        outputs=exported.outputs,
        labels=problem.labels,
        files={name: record_of(*graph) for name, graph in graphs.items()},
        explanations=tuple(explanation for explanation, _ in exported.explanations),
        golden=Golden(
            **record_of("golden.npz", golden).model_dump(),
            samples=len(exported.golden.inputs),
            tolerance=GOLDEN_TOLERANCE,
        ),
        metrics=_metrics(problem, entrant, exported, split),
        parity=exported.parity,
        training=_training(publication, entrant, importance, exported.unexplained),
        comparison=publication.record,
        created=datetime.now(UTC).replace(microsecond=0),
    )
    check_graph(exported.graph, manifest)
    for _, graph in exported.explanations:
        check_explanation(graph, manifest)
    example = {"model": name, "instances": [problem.kind.instance(problem.rows, 0)]}
    files = {
        **dict(graphs.values()),
        EXAMPLE: json.dumps(example, ensure_ascii=False).encode(),
        "golden.npz": golden,
        "card.md": card.card(manifest, pictures=tuple(pictures)).encode(),
        **pictures,
    }
    return Version(manifest, files)


def write_all(root: Path, versions: Mapping[str, Version]) -> dict[str, Entry]:
    """Write versions, whose manifests name one another; if one fails, those before it are removed.

    Raises:
        OSError: the repository cannot be written to.
        ArtifactError: a file differs from its record.
    """
    written: dict[str, Entry] = {}
    try:
        for name, version in versions.items():
            written[name] = write(root, version.manifest, version.files)
    except BaseException:
        for entry in written.values():
            shutil.rmtree(entry.path, ignore_errors=True)
        for version in versions.values():
            # A model's folder without a version would be reported by the service.
            with suppress(OSError):
                (root / version.manifest.name).rmdir()
        raise
    return written


def _title(publication: Publication, entrant: Entrant) -> str:
    title = f"{entrant.title} for {publication.options.target} of {publication.options.file.name}"
    return title if len(title) <= 120 else f"{title[:119]}…"


def _metrics(problem: Problem, entrant: Entrant, exported: Exported, split: Split) -> Metrics:
    """Figures of the graph's own answers to the test rows."""
    target, answers = problem.target[split.test], exported.answers
    if problem.task == "regression":
        found = scores.regression(
            answers["value"][:, None].astype(np.float64), target, entrant.half_width
        ).values
        return RegressionMetrics(
            task="regression",
            samples=len(target),
            rmse=found["rmse"],
            mae=found["mae"],
            r2=found["r2"],
            coverage=found["coverage"],
            answers=histogram_of(answers["value"]),
        )
    probabilities = answers["probabilities"].astype(np.float64)
    values = scores.classification(probabilities, target).values
    right = int(np.sum(answers["label"] == target))
    return ClassificationMetrics(
        task="classification",
        samples=len(target),
        accuracy=right / len(target),
        accuracy_interval=metrics.wilson(right, len(target)),
        validation_accuracy=_validation_accuracy(problem, entrant, split),
        per_class=metrics.per_class(answers["label"], target, problem.labels),
        expected_calibration_error=CalibrationError(
            after=values["calibration_error"], bins=metrics.BINS
        ),
        log_loss=values["log_loss"],
        confidence=histogram_of(probabilities.max(axis=1)),
    )


def _validation_accuracy(problem: Problem, entrant: Entrant, split: Split) -> float:
    answered = entrant.model.validation.argmax(axis=1)
    return metrics.accuracy(answered, problem.target[split.validation])


def _training(
    publication: Publication,
    entrant: Entrant,
    importance: Importance,
    unexplained: Mapping[str, str],
) -> TrainingRecord:
    problem, split, options = publication.problem, publication.split, publication.options
    members = publication.members(entrant)
    refitted = any(learned.refit for learned in members.values())
    rows = len(split.train) + (len(split.validation) if refitted else 0)
    notes, hyperparameters = _of_members(entrant, members)
    if importance.losses:
        notes["loss_without_a_column"] = {
            name: round(value, 6) for name, value in importance.losses.items()
        }
        notes["columns_shuffled"] = str(importance)
    if unexplained:
        notes["explanations_left_out"] = dict(unexplained)
    return TrainingRecord(
        data=DataRecord(
            name=options.file.name,
            sha256=dict(problem.sha256),
            train=rows,
            validation=len(split.validation),
            test=len(split.test),
            split=_split_in_words(problem, options, split, refitted=refitted),
        ),
        seed=options.seed,
        hyperparameters=hyperparameters,
        seconds=round(entrant.seconds, 2),
        hardware=provenance.processor(),
        libraries=provenance.libraries(
            tuple(dict.fromkeys(one for m in members.values() for one in m.libraries))
        ),
        commit=provenance.commit(),
        notes=notes,
    )


def _of_members(
    entrant: Entrant, members: Mapping[str, Learned]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Notes and hyperparameters; of a blend, those of each member by its name."""
    if not entrant.members:
        (learned,) = members.values()
        return dict(learned.notes), dict(learned.hyperparameters)
    notes = {name: dict(m.notes) for name, m in members.items()}
    return notes, {name: dict(m.hyperparameters) for name, m in members.items()}


def _split_in_words(problem: Problem, options: Options, split: Split, *, refitted: bool) -> str:
    kinds = []
    if problem.time is not None:
        kinds.append(f"the latest rows by {options.time} for testing")
    if len(np.unique(problem.groups)) < len(problem):
        kinds.append("rows with equal features on one side")
    if options.groups:
        kinds.append(f"rows of one {' or '.join(options.groups)} on one side")
    shares = (len(split.test) / len(problem), len(split.validation) / len(problem))
    refit = "; refitted on both after every choice was made" if refitted else ""
    return (
        f"{shares[0]:.0%} for testing, {shares[1]:.0%} to choose and calibrate"
        f"{': ' if kinds else ''}{', '.join(kinds)}{refit}"
    )


def _pictures(
    problem: Problem,
    entrant: Entrant,
    exported: Exported,
    split: Split,
    importance: Importance,
) -> dict[str, bytes]:
    """PNG files by name."""
    target, found = problem.target[split.test], {}
    if problem.labels:
        if len(problem.labels) <= 20:
            found[card.CONFUSION] = plots.confusion(
                exported.answers["label"], target, problem.labels
            )
        found[card.CALIBRATION] = plots.calibration(exported.answers["probabilities"], target)
    if entrant.learned is not None and entrant.learned.curve is not None:
        found[card.LEARNING_CURVE] = plots.learning_curve(entrant.title, entrant.learned.curve)
    unit = "log loss" if problem.labels else "squared error"
    if importance.losses:
        found[card.IMPORTANCE] = plots.importance(
            importance.losses, f"{unit} added by shuffling the column\n({importance})"
        )
    return found
