"""Every step in order: source, data, comparison, model, repository."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch

# torch imports it with the first optimizer; an import that Ctrl+C breaks off stays broken.
import torch._dynamo

from contract.manifest import Manifest
from contract.records import SourceRecord
from contract.repository import Entry, check_writable, entries, read_manifest
from training.accelerator import cuda_name
from training.card import TRANSFER
from training.errors import ExportError, ParityError, TransferError
from training.explain.digits import add_explanations
from training.export.network import network_graph
from training.fit.publish import next_version
from training.fitted import Fitted
from training.publish import publish
from training.recipes import Recipe
from training.transfer.approaches import (
    Approach,
    LearnedNetwork,
    forest,
    learn_transfer,
    scratch,
    transfer,
)
from training.transfer.compare import Report, compare, document
from training.transfer.data import Given, read_data
from training.transfer.figures import Comparison
from training.transfer.options import Options
from training.transfer.picture import picture
from training.transfer.source import TOLERANCE, Source, read_source

FIGURES = "transfer.json"
_MOST_LISTED = 10


@dataclass(frozen=True)
class Prepared:
    """What is checked before anything is trained. approaches: what is compared."""

    options: Options
    source: Source
    given: Given
    approaches: tuple[Approach, ...]


@dataclass(frozen=True)
class Outcome:
    """The version that was written, the comparison, and why it has no explanation graphs."""

    manifest: Manifest
    entry: Entry
    comparison: Comparison
    unexplained: str | None


def prepare(options: Options) -> Prepared:
    """Read and check the source, the data and the name.

    Raises:
        ContractError: the repository or the source is not in order.
        TrainingError: the source, the data or the name cannot be used.
    """
    earlier = _earlier(options)
    check_writable(options.out)
    source, given = read_source(options.models, options.source), read_data(options.data)
    if earlier is not None:
        given = _noted(given, earlier, options)
    return Prepared(
        options, source, given, (transfer(source, options.freeze), scratch(source), forest())
    )


def run(prepared: Prepared, report: Report) -> Outcome:
    """Compare, then train on all that is not for testing, and write; Ctrl+C ends the comparison.

    Raises:
        ParityError: the graph answers otherwise than the network; nothing is written.
    """
    options = prepared.options
    with one_thread():
        comparison = compare(
            prepared.source,
            prepared.given,
            prepared.approaches,
            options.labels,
            options.seeds,
            report,
        )
        report("the model of all labels", len(comparison.points), len(comparison.points))
        fitted = _fitted(prepared, comparison)
    version = next_version(options.out, [options.name])
    parts = prepared.given.parts
    publish(_recipe(prepared), fitted, parts, seed=options.seed, root=options.out, version=version)
    entry = Entry(options.name, int(version), options.out / options.name / version)
    report("explanations", len(comparison.points), len(comparison.points))
    unexplained = _explain(entry, prepared.given)
    return Outcome(read_manifest(entry), entry, comparison, unexplained)


def _explain(entry: Entry, given: Given) -> str | None:
    """Write the explanation graphs of the new version, which is already there; why not, if not."""
    try:
        add_explanations(entry, given.pool.images, given.parts.test.images)
    except (ExportError, ParityError) as error:
        return str(error)
    except KeyboardInterrupt:
        return "it was stopped"
    return None


@contextmanager
def one_thread() -> Iterator[None]:
    """Steps of so few images are several times faster on one core than on two."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _earlier(options: Options) -> Manifest | None:
    """The newest version that the repository has under the name; None if it has none.

    Raises:
        TransferError: it did not come from transfer.
    """
    if not options.out.is_dir():
        return None
    found = [e for e in entries(options.out, on_stray=lambda _: None) if e.name == options.name]
    if not found:
        return None
    manifest = read_manifest(found[-1])
    if manifest.training is None or manifest.training.source is None:
        raise TransferError(
            f"{options.out} holds a model {options.name!r} that did not come from transfer; give "
            "another --name"
        )
    return manifest


def _noted(given: Given, earlier: Manifest, options: Options) -> Given:
    """The data, with a note if an earlier version was trained on other pictures.

    Raises:
        TransferError: that version has other labels, so its clients could not read the answers.
    """
    if earlier.labels != given.parts.labels:
        raise TransferError(
            f"{options.out} holds a model {options.name!r} of other labels: it answers "
            f"{_listed(earlier.labels)}, and --data has {_listed(given.parts.labels)}; give "
            "another --name"
        )
    if earlier.training is None or earlier.training.data.sha256 == given.parts.sha256:
        return given
    note = (
        f"Version {earlier.version} of {options.name} was trained on other pictures; the new "
        "version replaces it as the one that is served"
    )
    return replace(given, notes=(*given.notes, note))


def _listed(labels: Sequence[str]) -> str:
    """Labels in a sentence, the first few of many."""
    shown = ", ".join(labels[:_MOST_LISTED])
    return (
        shown if len(labels) <= _MOST_LISTED else f"{shown} and {len(labels) - _MOST_LISTED} more"
    )


def _fitted(prepared: Prepared, comparison: Comparison) -> Fitted:
    """The model of all labels, with the comparison beside it."""
    source, parts, options = prepared.source, prepared.given.parts, prepared.options
    learned = learn_transfer(source, options.freeze, parts, options.seed)
    figures = document(comparison, source, prepared.given)
    attachments = {FIGURES: (json.dumps(figures, indent=1) + "\n").encode()}
    if comparison.points:
        attachments[TRANSFER] = picture(comparison)
    return Fitted(
        scores=learned.scores,
        validation_scores=learned.validation_scores,
        core=network_graph(learned.network),
        link="identity",
        parity_tolerance=TOLERANCE,
        train_samples=len(prepared.given.pool),
        refit=True,
        seconds=learned.seconds,
        device=cuda_name() or f"{torch.get_num_threads()} CPU threads",
        hyperparameters=learned.hyperparameters,
        curve=learned.curve,
        libraries=("torch",),
        notes=_notes(learned, comparison),
        source=SourceRecord(
            name=source.manifest.name,
            version=source.manifest.version,
            sha256=source.sha256,
            freeze=options.freeze,
        ),
        attachments=attachments,
    )


def _notes(learned: LearnedNetwork, comparison: Comparison) -> dict[str, object]:
    weights = list(learned.network.parameters())
    notes: dict[str, object] = {
        "parameters": sum(p.numel() for p in weights),
        "trained_parameters": sum(p.numel() for p in weights if p.requires_grad),
    }
    if comparison.as_it_is is not None:
        notes["test_accuracy_of_the_source_as_it_is"] = comparison.as_it_is
    return notes


def _recipe(prepared: Prepared) -> Recipe:
    title = f"{prepared.source}, retrained on {prepared.given.parts.name}"
    return Recipe(
        name=prepared.options.name,
        title=title if len(title) <= 120 else f"{title[:119]}…",
        algorithm="cnn",
        family="deep_learning",
        module="training.transfer",
        floors={},
    )
