"""The documents: generated ones are current, examples run, links lead somewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from benchmarks.serving.bars import PARTS, bars
from scripts import docs, reference_page
from tests.conftest import ROOT
from tests.server import Server

README = (ROOT / "README.md").read_text()
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "models").rglob("*.md")]
)


@pytest.mark.thorough
@pytest.mark.parametrize("path", docs.pages(), ids=lambda p: p.name)
def test_generated_pages_are_current(path: Path) -> None:
    assert path.read_text() == docs.pages()[path], "run `make docs`"


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("algorithm", "string or null"),
        ("family", "`classical_ml` or `deep_learning` or null"),
        ("files", "object of [FileRecord](#filerecord)"),
        (
            "metrics",
            "[ClassificationMetrics](#classificationmetrics) or "
            "[RegressionMetrics](#regressionmetrics) or null",
        ),
        (
            "seen",
            "list of ([ImageRange](#imagerange) or [NumberRange](#numberrange) or "
            "[CategoryRange](#categoryrange) or [TextRange](#textrange))",
        ),
        ("content", '`"image"`'),
    ],
)
def test_types_of_the_manifest_are_shown_in_plain_words(field: str, shown: str) -> None:
    """Unions, optional fields and their discriminators."""
    assert f"| `{field}` | {shown} |" in reference_page.manifest_page()


def test_settings_without_a_default_are_shown_as_unset() -> None:
    for row in reference_page.settings_table().splitlines()[2:]:
        _, variable, default, *_ = (cell.strip() for cell in row.split("|"))
        assert default == "unset" or re.fullmatch(r"`[^`()]+`", default), variable
    assert "| `ROSENBLATT_API_KEYS` | unset |" in reference_page.settings_table()
    assert "| `ROSENBLATT_ALLOWED_HOSTS` | unset |" in reference_page.settings_table()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_curl_example_answers_a_seven(server: Server) -> None:
    (command,) = [b for b in blocks("bash") if b.startswith("curl")]
    address = server.url.removeprefix("http://")
    done = subprocess.run(
        ["bash", "-c", command.replace("127.0.0.1:3000", address)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    (shown,) = blocks("json")
    start = shown.split("[...]")[0]
    assert done.stdout.startswith(start)
    assert '"label":"7"' in start


def test_the_python_example_prints_sevens_and_a_decision(server: Server) -> None:
    (code,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", code.replace("http://127.0.0.1:3000", server.url)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    first, *compared, decided, summary = done.stdout.splitlines()
    assert first == "7"
    assert decided == "deep_learning transfer_learning_frozen_backbone"
    assert summary.startswith("Take a pretrained network, freeze its backbone")
    assert len(compared) == 4
    assert all(line.split()[1] == "7" for line in compared)


def test_the_page_says_of_every_bar_of_serving_whether_it_is_met() -> None:
    results = ROOT / "docs" / "results"
    parts = [json.loads((results / f"serving_{part}.json").read_text()) for part in PARTS]
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    for bar in bars(*parts):
        (row,) = [line for line in page.splitlines() if line.startswith(f"| {bar.what} |")]
        assert row.endswith("| yes |" if bar.held else "| no |")


def test_the_measured_bars_of_training_and_the_guide_hold() -> None:
    """Of what is committed: `make race` and `python -m benchmarks guide` measure them."""
    results = ROOT / "docs" / "results"
    race = json.loads((results / "cnn_race.json").read_text())
    summary = race["summary"]
    assert summary["fast"]["mean_test_accuracy"] >= 0.995
    assert summary["sprint"]["mean_test_accuracy"] >= 0.9921
    assert summary["sprint"]["time_ratio"] <= 1 / 3
    assert all(bar["held"] for bar in race["bars"] if bar["binds"])
    guide = json.loads((results / "guide.json").read_text())
    assert guide["in_process_ms"]["median"] < 2
    assert guide["in_process_ms"]["max"] < 50


def test_the_guides_example_is_answered(server: Server) -> None:
    page = (ROOT / "docs" / "guide.md").read_text()
    (command,) = re.findall(r"```bash\n(curl.*?)```", page, re.DOTALL)
    done = subprocess.run(
        ["bash", "-c", command.replace("127.0.0.1:3000", server.url.removeprefix("http://"))],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    (shown,) = set(re.findall(r"^decision (\w+), rules", page, re.MULTILINE))  # brief and whole
    assert f'"decision_id":"{shown}"' in done.stdout


def test_the_profile_example_is_answered(server: Server) -> None:
    page = (ROOT / "docs" / "profile.md").read_text()
    (command,) = re.findall(r"```bash\n(curl.*?)```", page, re.DOTALL)
    done = subprocess.run(
        ["bash", "-c", command.replace("127.0.0.1:3000", server.url.removeprefix("http://"))],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    document = json.loads(done.stdout)
    assert document["recommendation"]["strategy"] == "regularised_classical"
    assert document["facts"]["n_labelled"]["value"] == 60


def test_the_quoted_error_is_the_real_one(server: Server) -> None:
    (quoted,) = re.findall(r'`\{"error": "(instances.*?)"\}`', README)
    rows = [[0] * 28 for _ in range(28)]
    rows[3][4] = 300
    answer = httpx.post(f"{server.url}/predict", json={"instances": [rows]})
    assert answer.json()["error"] == quoted


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_every_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z-]+)", README)) <= targets


def test_help_lists_every_target() -> None:
    done = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    for target in ("serve", "test", "train", "check", "dockerfile"):
        assert f"  {target} " in done.stdout
