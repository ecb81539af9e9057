"""Import one model: every step in order. Nothing is written unless all of them hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from contract.batch import Batch
from contract.errors import ContractError
from contract.golden import GoldenSamples
from contract.graph import Outline, outline
from contract.manifest import MANIFEST_VERSION, Family, Golden, Manifest
from contract.records import ImportRecord
from contract.repository import Entry, check_graph, entries, record_of, sha256, write
from contract.tensors import Input
from training.card import card
from training.errors import ImportModelError
from training.importing.evidence import Evidence
from training.importing.golden import TOLERANCE, golden_rows
from training.importing.inputs import InputReader
from training.importing.measure import answered_classes, measure
from training.importing.options import Options
from training.importing.outputs import Meaning, describe_outputs
from training.importing.parity import check_parity, parity_columns
from training.importing.prepare import Draft, declare_outputs, open_batch, prepare, read_graph
from training.importing.running import Runner, check_rows, observed
from training.importing.seen import with_seen
from training.importing.tables import Samples, read_samples

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NETWORK_PRODUCERS = ("pytorch", "tf2onnx", "keras")
_ESTIMATORS = ("TreeEnsemble", "Linear", "SVM")


@dataclass(frozen=True)
class _Asked:
    """A graph with its answers to the samples."""

    draft: Draft
    inputs: tuple[Input, ...]
    batch: Batch
    answers: Batch
    meaning: Meaning


def import_model(options: Options) -> tuple[Entry, Manifest]:
    """Audit, understand, check, measure and write one model version.

    Raises:
        TrainingError: one sentence that says what is wrong and what to do.
    """
    try:
        return _import(options)
    except ContractError as error:
        raise ImportModelError(f"{options.model}: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        reason = first["msg"].removeprefix("Value error, ")
        raise ImportModelError(
            f"{options.model} cannot be described: {place + ': ' if place else ''}{reason}"
        ) from error
    except OSError as error:
        raise ImportModelError(
            f"{error.filename or options.out} cannot be used: {error.strerror or error}; name "
            "another file or another --out"
        ) from error


def _import(options: Options) -> tuple[Entry, Manifest]:
    version = _version(options)
    data, seen = read_graph(options.model)
    samples = read_samples(options.samples)
    asked = _ask(prepare(data, options), samples, options)
    golden = _golden(asked)
    manifest = _manifest(options, version, seen, asked, samples, golden)
    check_graph(asked.draft.graph, manifest)
    files = {
        "model.onnx": asked.draft.graph,
        "golden.npz": golden.to_bytes(),
        "card.md": card(manifest).encode(),
    }
    return write(options.out, manifest, files), manifest


def _ask(draft: Draft, samples: Samples, options: Options) -> _Asked:
    """Run the graph on all samples, and say what its answers mean."""
    reserved = [*parity_columns(options.parity), *filter(None, [options.target])]
    reader = InputReader(
        draft.model, samples, options.inputs, options.columns, draft.layouts, reserved
    )
    inputs, batch = reader.read(_outline(draft).inputs)
    open_batch(draft, batch)
    runner = Runner(draft.graph)
    answers = runner.run_all(batch)
    outputs = observed(answers, _outline(draft))
    check_rows(runner, batch, answers, outputs)
    declare_outputs(draft, outputs)
    labels = options.labels or draft.classes
    meaning = describe_outputs(Evidence(outputs, answers, labels, options.outputs), options.task)
    if options.seen:
        inputs = with_seen(inputs, batch)
    return _Asked(draft, inputs, batch, answers, meaning)


def _outline(draft: Draft) -> Outline:
    return outline(draft.graph)


def _version(options: Options) -> str:
    """The version to write: the one asked for, or the next after the highest.

    Raises:
        ImportModelError: the name is no model's name, or the version is there already.
    """
    if not _NAME.fullmatch(options.name) or len(options.name) > 64:
        raise ImportModelError(
            f"--name {options.name!r} must be at most 64 lower-case letters, digits and single "
            "hyphens, for example iris-forest"
        )
    if options.version is not None and not re.fullmatch(r"[1-9]\d{0,8}", options.version):
        raise ImportModelError(f"--version {options.version!r} must be a positive integer")
    found = entries(options.out, on_stray=lambda _: None) if options.out.is_dir() else []
    there = {entry.version for entry in found if entry.name == options.name}
    if options.version is None:
        return str(max(there, default=0) + 1)
    if int(options.version) in there and not options.overwrite:
        raise ImportModelError(
            f"{options.out} holds {options.name} version {options.version} already; give another "
            "--version, or --overwrite"
        )
    return options.version


def _golden(asked: _Asked) -> GoldenSamples:
    classes = None
    if asked.meaning.task == "classification":
        classes = answered_classes(asked.meaning, asked.answers)
    rows = golden_rows(asked.batch, classes)
    return GoldenSamples(asked.batch.take(rows), asked.answers.take(rows))


def _manifest(
    options: Options,
    version: str,
    seen: Outline,
    asked: _Asked,
    samples: Samples,
    golden: GoldenSamples,
) -> Manifest:
    meaning = asked.meaning
    parity = metrics = None
    if options.parity:
        parity = check_parity(meaning, asked.answers, samples, options.parity, options.tolerance)
    if options.target is not None:
        metrics = measure(meaning, asked.answers, samples, options.target)
    recorded = record_of("golden.npz", golden.to_bytes())
    return Manifest(
        manifest_version=MANIFEST_VERSION,
        name=options.name,
        version=version,
        title=options.title or f"Imported from {options.model.name}"[:120],
        algorithm=options.algorithm,
        family=options.family or family_of(seen),
        task=meaning.task,
        platform="onnxruntime_onnx",
        inputs=asked.inputs,
        outputs=meaning.outputs,
        labels=meaning.labels,
        files={"default": record_of("model.onnx", asked.draft.graph)},
        golden=Golden(**recorded.model_dump(), samples=len(golden.inputs), tolerance=TOLERANCE),
        metrics=metrics,
        parity=parity,
        imported=ImportRecord(
            file=options.model.name,
            sha256=sha256(asked.draft.original),
            producer=seen.producer,
            changes=tuple(asked.draft.changes),
            samples=options.samples.name,
            target=options.target,
        ),
        created=datetime.now(UTC).replace(microsecond=0),
    )


def family_of(seen: Outline) -> Family | None:
    """The side of the great divide, where operators or exporter show it; None otherwise.

    A graph with an estimator of ai.onnx.ml is classical, and so is what skl2onnx writes, unless it
    multiplies matrices: that may be scikit-learn's network.
    """
    operators = {name for _, name in seen.operators}
    estimators = {n for d, n in seen.operators if d == "ai.onnx.ml" and n.startswith(_ESTIMATORS)}
    if estimators:
        return "classical_ml"
    if seen.producer.startswith("skl2onnx") and not operators & {"Gemm", "MatMul"}:
        return "classical_ml"
    if seen.producer.lower().startswith(_NETWORK_PRODUCERS):
        return "deep_learning"
    return None
