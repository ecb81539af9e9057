"""`python -m scripts.docs [--check]`: the generated pages and the README's table.

The pages are generated from the repository: schema, settings, manifests and results in JSON. With
`--check` nothing is written, and stale pages are listed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.serving.bars import PARTS
from contract.manifest import Manifest, json_schema
from contract.records import ClassificationMetrics
from contract.repository import entries, read_manifest
from guide.latencies import latencies
from guide.recommend import adviser
from guide.tables import library
from scripts import (
    cnn_race,
    dashboard,
    endurance_page,
    evidence_file,
    evidence_page,
    faithfulness_page,
    fit_images_page,
    fit_page,
    gpu_page,
    guide_tables,
    image_page,
    latencies_file,
    page_page,
    pictures_page,
    profiler_page,
    reference_page,
    reliability_page,
    rows_page,
    serving_page,
    text_page,
    transfer_page,
)
from scripts.guide_tables import table

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "results"


def pages() -> dict[Path, str]:
    """The current text of every generated file."""
    return {
        ROOT / "guide" / "latencies.yaml": latencies_file.text(),
        ROOT / "docs" / "manifest.schema.json": json_schema(),
        ROOT / "docs" / "manifest.md": reference_page.manifest_page(),
        **_filled("docs/operations.md", settings=reference_page.settings_table()),
        **_filled("docs/profile.md", thresholds=reference_page.thresholds_table()),
        **_filled("docs/fit.md", fit=fit_page.section(_result("fit"))),
        ROOT / "guide" / "measured.yaml": evidence_file.text(),
        **_filled(
            "docs/evidence.md",
            digits=evidence_page.digits(_result("evidence")),
            tables=evidence_page.tables(_result("fit")),
        ),
        ROOT / "docs" / "evidence_digits.svg": evidence_page.digits_picture(_result("evidence")),
        **_filled(
            "docs/explain.md",
            faithfulness=faithfulness_page.section(_result("faithfulness")),
            times=faithfulness_page.times(_result("explain")),
        ),
        **_filled("docs/fit-text.md", measured=text_page.section(_result("fit_text"))),
        **_filled("docs/fit-images.md", images=fit_images_page.section(_result("fit_images"))),
        ROOT / "docs" / "fit_images.svg": fit_images_page.picture(_result("fit_images")),
        **_filled("docs/page.md", measured=page_page.section(_result("page"))),
        **_filled("docs/transfer.md", measured=transfer_page.section(_result("transfer"))),
        ROOT / "docs" / "transfer.svg": transfer_page.picture(_result("transfer")),
        ROOT / "deploy" / "grafana" / "dashboards" / "rosenblatt.json": dashboard.text(),
        **_filled(
            "docs/reliability.md",
            faults=reliability_page.table(_result("reliability")),
            soak=endurance_page.soak(_result("soak")),
            soak_cuda=endurance_page.soak(_result("soak_cuda")),
            guards=endurance_page.guards(_result("hardening")),
            options=endurance_page.options(_result("options")),
        ),
        **_filled("docs/container.md", sizes=image_page.sizes(_result("image"))),
        **_filled("docs/guide.md", **guide_tables.sections()),
        ROOT / "docs" / "questions.md": guide_tables.questions(),
        **_filled(
            "docs/pictures.md",
            accuracy=pictures_page.accuracy_table(_pictures()),
            range=pictures_page.range_tables(_pictures()),
        ),
        ROOT / "docs" / "benchmarks.md": benchmarks_page(),
        ROOT / "docs" / "cnn_race.svg": cnn_race.picture(_race()),
        ROOT / "docs" / "serving_closed.svg": serving_page.closed_picture(_serving()[0]),
        ROOT / "docs" / "serving_tails.svg": serving_page.tails_picture(_serving()[1]),
        **_filled("README.md", models=models_table(), serving=serving_page.summary(_serving()[0])),
    }


def _result(name: str) -> dict[str, Any]:
    """The figures of a benchmark."""
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
    return found


def models_table() -> str:
    """The table of the committed models.

    Quality comes from the manifests, speed from docs/results/models.json.
    """
    measured = json.loads((RESULTS / "models.json").read_text())
    speed = {model["name"]: model for model in measured["models"]}
    rows = []
    for manifest in manifests():
        accuracy, interval = _quality(manifest)
        seconds = speed[manifest.name]["load_seconds"]
        rows.append(
            (
                f"[`{manifest.name}`](models/{manifest.name}/{manifest.version}/card.md)",
                manifest.title,
                accuracy,
                interval,
                f"{manifest.files['default'].bytes / 1e6:.2f} MB",
                f"{seconds:.2f} s",
                f"{speed[manifest.name]['single_image_microseconds']:.0f} µs",
            )
        )
    header = ("model", "what", "test accuracy", "95% interval", "size", "load", "one image")
    note = (
        f"Load and latency in process, one thread of {measured['processor']}. "
        "`make docs` measures and writes this table."
    )
    return f"{table(header, rows)}\n\n{note}"


def manifests() -> list[Manifest]:
    """The committed models, best first; those without an accuracy last."""
    found = [read_manifest(entry) for entry in entries(ROOT / "models")]
    return sorted(found, key=_accuracy, reverse=True)


def _accuracy(manifest: Manifest) -> float:
    metrics = manifest.metrics
    return metrics.accuracy if isinstance(metrics, ClassificationMetrics) else -1.0


def _quality(manifest: Manifest) -> tuple[str, str]:
    """Accuracy and its interval; a dash for each if accuracy was not measured."""
    metrics = manifest.metrics
    if not isinstance(metrics, ClassificationMetrics):
        return "-", "-"
    interval = metrics.accuracy_interval
    return f"{metrics.accuracy:.4f}", f"{interval.low:.4f}-{interval.high:.4f}"


def benchmarks_page() -> str:
    """The page of all figures in docs/results/*.json, with the commands that measured them."""
    guide = json.loads((RESULTS / "guide.json").read_text())
    milli, http = guide["in_process_ms"], guide["http"]
    parts = [
        "# Benchmarks",
        "Generated by `make docs` from `docs/results/`. Absolute figures depend on the machine; "
        "the claims are ratios within one run.",
        *serving_page.section(*_serving()),
        *rows_page.section(json.loads((RESULTS / "table.json").read_text())),
        *cnn_race.section(_race(), _race("cnn_race_gpu")),
        "## Decisions",
        f"`python -m benchmarks guide`: {guide['requests']:,} requests with random facts, each "
        f"stated with a probability of one half ({guide['processor']}). In process, from the body "
        f"of a request to that of its response, without cached results: median "
        f"{milli['median']:.2f} ms, p99 {milli['p99']:.2f} ms, longest {milli['max']:.2f} ms. "
        f"Over HTTP, one worker, {http['connections']} connections: "
        f"{http['requests_per_second']:,.0f} requests/s, p99 {http['p99_ms']:.1f} ms, "
        f"{http['errors']} errors.",
        *profiler_page.section(json.loads((RESULTS / "profiler.json").read_text())),
        *gpu_page.section(json.loads((RESULTS / "gpu.json").read_text()), _serving()[0]),
    ]
    return "\n\n".join(parts) + "\n"


def _serving() -> list[dict[str, Any]]:
    return [json.loads((RESULTS / f"serving_{part}.json").read_text()) for part in PARTS]


def _pictures() -> dict[str, Any]:
    pictures: dict[str, Any] = json.loads((RESULTS / "pictures.json").read_text())
    return pictures


def _race(name: str = "cnn_race") -> dict[str, Any]:
    race: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
    return race


def _filled(page: str, **sections: str) -> dict[Path, str]:
    """The page with the text between the markers of each section replaced."""
    path = ROOT / page
    text = path.read_text()
    for name, content in sections.items():
        begin, end = f"<!-- {name}: generated by `make docs` -->", f"<!-- /{name} -->"
        before, opened, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not opened or not closed or begin in after:
            raise ValueError(f"{page} must hold the markers {begin} and {end} once")
        text = f"{before}{begin}\n{content}\n{end}{after}"
    return {path: text}


def _write_data() -> None:
    """The guide's own data first: pages with examples are made from it."""
    (ROOT / "guide" / "latencies.yaml").write_text(latencies_file.text())
    latencies.cache_clear()
    (ROOT / "guide" / "measured.yaml").write_text(evidence_file.text())
    library.cache_clear()
    adviser.cache_clear()


def main(check: bool) -> int:
    """Write the pages, or list the stale ones if `check` is True; returns the exit status."""
    if not check:
        _write_data()
    stale = [p for p, text in pages().items() if not p.exists() or p.read_text() != text]
    for path in stale:
        print(f"{path.relative_to(ROOT)} is {'stale; run `make docs`' if check else 'written'}")  # noqa: T201
        if not check:
            path.write_text(pages()[path])
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
