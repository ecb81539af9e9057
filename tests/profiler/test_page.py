"""docs/profile.md: its example runs, and names every kind and fact."""

from __future__ import annotations

import contextlib
import io
import re
from typing import get_args

from profiler.result import Kind
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "profile.md").read_text()


def test_the_example_prints_what_it_shows() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(code, {})
    assert out.getvalue() == shown


def test_every_kind_is_described() -> None:
    assert set(re.findall(r"^\| `([a-z_]+)` \| (?!\d)", PAGE, re.MULTILINE)) >= set(get_args(Kind))
