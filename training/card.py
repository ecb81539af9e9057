"""The model card (Mitchell et al., 2019) of one version, from its manifest alone."""

from __future__ import annotations

from contract.manifest import Manifest


def card(manifest: Manifest, floor: float) -> str:
    """Markdown. Every figure comes from the manifest; none is typed."""
    m, t = manifest.metrics, manifest.training
    interval = m.accuracy_interval
    worst = min(m.per_class, key=lambda c: c.recall)
    size = manifest.files["default"].bytes
    calibration = m.expected_calibration_error
    sections = [
        f"# {manifest.name}, version {manifest.version}",
        f"{manifest.title}. Generated from `manifest.json`; do not edit.",
        "## Use",
        "Takes 28x28 greyscale images, 0 for background and 255 for ink, one centred digit each. "
        "Returns the digit and ten calibrated probabilities. It answers a digit for any image: "
        "what is no digit, or is drawn dark on light, gets a wrong answer with a probability.",
        "## Quality on the test set",
        _table(
            ("measure", "value"),
            [
                ("accuracy", f"{m.accuracy:.4f} of {m.samples:,}"),
                ("95% interval (Wilson)", f"{interval.low:.4f} to {interval.high:.4f}"),
                ("floor, below which it is not written", f"{floor:.4f}"),
                ("validation accuracy", f"{m.validation_accuracy:.4f}"),
                ("log loss", f"{m.log_loss:.4f} nats"),
                ("expected calibration error before", f"{calibration.before:.4f}"),
                ("expected calibration error after", f"{calibration.after:.4f}"),
                ("hardest class", f"{worst.label}: recall {worst.recall:.4f}"),
            ],
        ),
        "![Confusion matrix](confusion.png)",
        _table(
            ("class", "images", "precision", "recall"),
            [
                (c.label, f"{c.support:,}", f"{c.precision:.4f}", f"{c.recall:.4f}")
                for c in m.per_class
            ],
        ),
        "## Training",
        _table(
            ("what", "value"),
            [
                ("data", f"{t.data.name}: {t.data.train:,} to fit, {t.data.validation:,} to "
                 f"choose and calibrate, {t.data.test:,} to test"),
                ("split", t.data.split),
                ("seed", str(t.seed)),
                ("seconds", f"{t.seconds:.1f} on {t.hardware}"),
                *((f"`{key}`", _value(value)) for key, value in t.hyperparameters.items()),
                *((key.replace("_", " "), _value(value)) for key, value in t.notes.items()),
                ("libraries", ", ".join(f"{k} {v}" for k, v in t.libraries.items())),
                ("commit", t.commit),
            ],
        ),
        "![Learning curve](learning_curve.png)",
        "## Export",
        f"`model.onnx`, {size / 1e6:.2f} MB. Over {manifest.parity.samples:,} test images "
        f"{manifest.parity.label_mismatches} labels differ from the fitted model's, and the "
        f"largest difference in a probability is "
        f"{manifest.parity.max_probability_difference:.1g}.",
    ]  # fmt: skip
    return "\n\n".join(sections) + "\n"


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_value(item) for item in value)
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
