"""The model card (Mitchell et al., 2019) of one version, generated from its manifest.

Sections without figures are left out; an imported model, for example, may have no metrics.
"""

from __future__ import annotations

from collections.abc import Sequence

from contract.manifest import Manifest
from contract.records import (
    LEAST_DISTINCT,
    CandidateRecord,
    ClassificationMetrics,
    ComparisonRecord,
    ImportRecord,
    Parity,
    RegressionMetrics,
    SourceRecord,
    TrainingRecord,
)
from training.markdown import line, table

_DIGITS = (
    "Takes 28x28 greyscale images, 0 for background and 255 for ink, one centred digit each. "
    "Returns the digit and ten calibrated probabilities. It answers a digit for any image: "
    "what is no digit, or is drawn dark on light, gets a wrong answer with a probability."
)


CONFUSION, CALIBRATION = "confusion.png", "calibration.png"
LEARNING_CURVE, IMPORTANCE = "learning_curve.png", "importance.png"
TRANSFER = "transfer.png"
_PICTURES = {
    CONFUSION: "Confusion matrix",
    CALIBRATION: "Calibration",
    LEARNING_CURVE: "Learning curve",
    IMPORTANCE: "Importance of the columns",
    TRANSFER: "Accuracy by labels a class",
}
_OF_TRAINING = (LEARNING_CURVE, IMPORTANCE, TRANSFER)


def card(
    manifest: Manifest,
    floor: float | None = None,
    pictures: Sequence[str] = (CONFUSION, LEARNING_CURVE),
) -> str:
    """The card as Markdown.

    Args:
        floor: test accuracy below which the trainer does not write the model.
        pictures: files that are written beside the card, if the model was trained here.
    """
    sections = [
        f"# {manifest.name}, version {manifest.version}",
        f"{line(manifest.title)}. Generated from `manifest.json`; do not edit.",
        "## Use",
        _DIGITS if _reads_digits(manifest) else _use(manifest),
    ]
    trained = manifest.training is not None
    if manifest.comparison is not None:
        sections += _comparison(manifest, manifest.comparison)
    shown = pictures if trained else ()
    if isinstance(manifest.metrics, ClassificationMetrics):
        sections += _classification(manifest, manifest.metrics, floor, shown)
    if isinstance(manifest.metrics, RegressionMetrics):
        sections += _regression(manifest.metrics, trained=trained)
    if manifest.training is not None:
        sections += [*_training(manifest.training), *_shown(shown, *_OF_TRAINING)]
    if manifest.imported is not None:
        sections += _imported(manifest.imported)
    if manifest.parity is not None:
        sections += _export(manifest, manifest.parity)
    if manifest.faithfulness:
        sections += _faithfulness(manifest)
    return "\n\n".join(sections) + "\n"


def _faithfulness(manifest: Manifest) -> list[str]:
    """What was measured of explanations."""
    rows = [
        (
            f"`{one.method}`",
            f"{one.deletion:.3f} ({one.deletion_at_random:.3f})",
            f"{one.insertion:.3f} ({one.insertion_at_random:.3f})",
            "< 0.001" if one.p_value < 0.001 else f"{one.p_value:.3f}",
            f"{one.similarity_to_randomised:.2f}",
        )
        for one in manifest.faithfulness
    ]
    header = ("method", "deletion area", "insertion area", "p", "likeness to randomised")
    return [
        "## How far its explanations can be trusted",
        f"Over {manifest.faithfulness[0].samples} test images, in brackets with parts in random "
        "order. Deletion: the mean probability of the predicted class while parts are taken away, "
        "the most important first; lower is better. Insertion: while they are put back; higher is "
        "better. p: of the deletion area against random order. The last column correlates the "
        "explanations with those of the same model with its weights in random order; near 0 they "
        "depend on the model.",
        table(header, rows),
    ]


def _reads_digits(manifest: Manifest) -> bool:
    """True for the models of MNIST that this repository trains, by what they take and return."""
    made_here = manifest.training is not None and manifest.comparison is None
    return (
        made_here
        and len(manifest.inputs) == 1
        and manifest.inputs[0].content == "image"
        and (manifest.inputs[0].size, manifest.inputs[0].channels) == ((28, 28), 1)
        and manifest.labels == tuple("0123456789")
    )


def _use(manifest: Manifest) -> str:
    """Tables of the input and output tensors."""
    inputs = [
        (f"`{i.name}`", i.content, f"{i.datatype} {list(i.shape)}", ", ".join(i.columns))
        for i in manifest.inputs
    ]
    outputs = [(f"`{o.name}`", o.role, f"{o.datatype} {list(o.shape)}") for o in manifest.outputs]
    parts = [
        table(("input", "content", "type", "columns"), inputs),
        table(("output", "role", "type"), outputs),
    ]
    if manifest.labels:
        parts.append(f"Classes: {', '.join(map(line, manifest.labels))}.")
    return "\n\n".join(parts)


def _comparison(manifest: Manifest, c: ComparisonRecord) -> list[str]:
    """The verdict, the advice, and every candidate beside the others."""
    figures = list(c.baseline)
    rows = [_candidate(one, figures) for one in c.candidates]
    baseline = ("baseline", *(f"{c.baseline[f]:.4g}" for f in figures), *("",) * 5)
    header = ("candidate", *(f.replace("_", " ") for f in figures), "behind by", "s to fit", "MB",
              "us a row", "memory, MB")  # fmt: skip
    splits = f"{c.splits} splits" if c.splits > 1 else "one split"
    return [
        "## Why this model",
        line(" ".join(c.verdict)),
        f"The guide advised beforehand: {line(c.advice.summary)}",
        f"Means over {splits} of {c.rows:,} rows{_repeated(manifest, c)}; "
        f"{c.metric.replace('_', ' ')} decides. The model named here was fitted on the first "
        "split.",
        table(header, [*rows, baseline]),
        *([table(("left out", "why"), sorted(c.left_out.items()))] if c.left_out else []),
    ]


def _repeated(manifest: Manifest, c: ComparisonRecord) -> str:
    """What became of equal rows."""
    if not c.repeated_rows:
        return ""
    copies = manifest.modality == "image" or c.rows - c.repeated_rows >= LEAST_DISTINCT * c.rows
    return f", {c.repeated_rows:,} of which repeat an earlier row " + (
        "and stay on its side of every split"
        if copies
        else "and may be on another side of a split, as there are few combinations"
    )


def _candidate(one: CandidateRecord, figures: Sequence[str]) -> tuple[str, ...]:
    behind = "" if one.failed else "best"
    if one.behind is not None:
        behind = f"{one.behind.mean:.2g} ({one.behind.low:.2g} to {one.behind.high:.2g})"
        behind += ", as good" if one.as_good_as_best else ""
    costs = (
        one.seconds, one.megabytes, one.microseconds_per_row, one.memory_megabytes,
    )  # fmt: skip
    return (
        one.candidate + (f" (failed: {one.failed})" if one.failed else ""),
        *(f"{one.figures[f]:.4g}" if f in one.figures else "" for f in figures),
        behind,
        *("" if cost is None else f"{cost:.3g}" for cost in costs),
    )


def _shown(pictures: Sequence[str], *wanted: str) -> list[str]:
    """The pictures that are there, of those wanted."""
    return [f"![{_PICTURES[name]}]({name})" for name in wanted if name in pictures]


def _classification(
    manifest: Manifest, m: ClassificationMetrics, floor: float | None, pictures: Sequence[str]
) -> list[str]:
    trained = manifest.training is not None
    interval = m.accuracy_interval
    worst = min(m.per_class, key=lambda c: c.recall)
    rows = [
        ("accuracy", f"{m.accuracy:.4f} of {m.samples:,}"),
        ("95% interval (Wilson)", f"{interval.low:.4f} to {interval.high:.4f}"),
    ]
    if floor is not None:
        rows.append(("floor, below which it is not written", f"{floor:.4f}"))
    if m.validation_accuracy is not None:
        rows.append(("validation accuracy", f"{m.validation_accuracy:.4f}"))
    if m.log_loss is not None:
        rows.append(("log loss", f"{m.log_loss:.4f} nats"))
    if (error := m.expected_calibration_error) is not None:
        if error.before is not None:
            rows.append(("expected calibration error before", f"{error.before:.4f}"))
        after = "expected calibration error" + ("" if error.before is None else " after")
        rows.append((after, f"{error.after:.4f}"))
    rows.append(("hardest class", f"{worst.label}: recall {worst.recall:.4f}"))
    per_class = [
        (c.label, f"{c.support:,}", f"{c.precision:.4f}", f"{c.recall:.4f}") for c in m.per_class
    ]
    return [
        *_quality(trained=trained),
        table(("measure", "value"), rows),
        *_shown(pictures, CONFUSION, CALIBRATION),
        table(("class", _unit(manifest), "precision", "recall"), per_class),
    ]


def _unit(manifest: Manifest) -> str:
    """What a test sample is called."""
    if manifest.training is None:
        return "samples"
    return "images" if manifest.modality == "image" else "rows"


def _quality(*, trained: bool) -> list[str]:
    """The heading of the figures, with a warning if the model may have seen the samples."""
    if trained:
        return ["## Quality on the test set"]
    return [
        "## Quality on the samples",
        "Measured on the samples that were given with the model. It may have been trained on them, "
        "and is then worse on others.",
    ]


def _regression(m: RegressionMetrics, *, trained: bool) -> list[str]:
    rows = [
        ("samples", f"{m.samples:,}"),
        ("root mean squared error", f"{m.rmse:.4g}"),
        ("mean absolute error", f"{m.mae:.4g}"),
        ("R2", f"{m.r2:.4f}"),
    ]
    if m.coverage is not None:
        rows.append(("true values inside their interval", f"{m.coverage:.4f}"))
    return [*_quality(trained=trained), table(("measure", "value"), rows)]


def _training(t: TrainingRecord) -> list[str]:
    data = (
        f"{t.data.name}: {t.data.train:,} to fit, {t.data.validation:,} to choose and calibrate, "
        f"{t.data.test:,} to test"
    )
    rows = [
        ("data", data),
        ("split", t.data.split),
        *([("started from", _source(t.source))] if t.source else []),
        ("seed", str(t.seed)),
        ("seconds", f"{t.seconds:.1f} on {t.hardware}"),
        *((f"`{key}`", _value(value)) for key, value in t.hyperparameters.items()),
        *((key.replace("_", " "), _value(value)) for key, value in t.notes.items()),
        ("libraries", ", ".join(f"{k} {v}" for k, v in t.libraries.items())),
        ("commit", t.commit),
    ]
    return ["## Training", table(("what", "value"), rows)]


def _source(s: SourceRecord) -> str:
    frozen = "convolutions frozen" if s.freeze == "conv" else "nothing frozen"
    return f"{s.name} version {s.version}, SHA-256 {s.sha256[:12]}..., {frozen}"


def _imported(i: ImportRecord) -> list[str]:
    rows = [
        ("file", f"{i.file}, SHA-256 {i.sha256[:12]}..."),
        ("producer", i.producer or "not said"),
        ("sample inputs", i.samples),
        *([("true answers", f"`{i.target}` of the samples")] if i.target else []),
        *(("changed", change) for change in i.changes),
    ]
    return ["## Import", table(("what", "value"), rows)]


def _export(manifest: Manifest, parity: Parity) -> list[str]:
    trained, unit = manifest.training is not None, _unit(manifest)
    samples = f"{parity.samples:,} {'test ' if trained else ''}{unit}"
    if manifest.comparison is not None:
        samples = f"the test {unit} and hard ones made from them, {parity.samples:,} in all,"
    return [
        "## Export" if trained else "## Agreement with its own library",
        f"`model.onnx`, {manifest.files['default'].bytes / 1e6:.2f} MB. Over {samples} "
        f"{parity.label_mismatches} labels differ from the fitted model's, and the largest "
        f"difference in a {'number' if manifest.task == 'regression' else 'probability'} is "
        f"{parity.max_difference:.1g}.",
    ]


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_value(item) for item in value)
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
