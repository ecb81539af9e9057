"""The examples of docs/score.md, run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from service.score.__main__ import _parser
from tests.conftest import ROOT
from tests.score.sources import pictures, png

PAGE = (ROOT / "docs" / "score.md").read_text()
EXAMPLE = re.compile(r"```(bash|python)\n((?:(?!```).)*)```\n+```text\n(.*?)```", re.DOTALL)


def test_examples_print_what_the_page_shows(tmp_path: Path) -> None:
    digits = pl.DataFrame({"id": range(500), "image": _digits()})
    digits.write_parquet(tmp_path / "digits.parquet")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{Path(sys.executable).parent}:"}
    examples = EXAMPLE.findall(PAGE)
    assert [language for language, _, _ in examples] == ["bash", "python", "python"]
    for language, code, shown in examples:
        run = [sys.executable, "-c", code]
        if language == "bash":
            run = [sys.executable, *code.split()[1:]]
        done = subprocess.run(
            run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
            timeout=60,
        )  # fmt: skip
        said = done.stdout if language == "python" else done.stderr
        speed = re.compile(r"in [\d.]+ s, [\d,]+ rows/s")
        assert speed.sub("", said) == speed.sub("", shown)


def test_the_quoted_error_is_the_real_one(tmp_path: Path) -> None:
    (quoted,) = re.findall(r"^error: .*$", PAGE, re.MULTILINE)
    good, bad = png(pictures(1)[0]), png(pictures(1)[0][:7])
    pl.DataFrame({"image": [good, good, bad]}).write_parquet(tmp_path / "bad.parquet")
    done = subprocess.run(
        [sys.executable, "-m", "service.score", "bad.parquet", "out.parquet"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.strip() == quoted


@pytest.mark.parametrize(
    "option", [a.option_strings[-1] for a in _parser()._actions[1:] if a.option_strings]
)
def test_every_option_is_on_the_page(option: str) -> None:
    assert f"`{option}" in PAGE


def _digits() -> list[bytes]:
    """The page's seven, and others of the models' golden samples."""
    from contract.repository import audit, entries

    golden = audit(entries(ROOT / "models")[0]).golden.inputs["images"]
    return [png(golden[i % len(golden)]) for i in range(500)]
