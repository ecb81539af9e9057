"""A file of one's own: facts, advice, and the command."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.conftest import ROOT

pytestmark = pytest.mark.browser


def test_a_table_is_read_and_its_target_chosen(visit: Visit) -> None:
    page = visit().open("#data")
    page.get_by_label("Choose a file").set_input_files(ROOT / "docs/examples/loans.csv")
    expect(page.get_by_label("The file", exact=True)).to_contain_text("the file holds 60 rows")
    page.get_by_label("Column to predict").select_option("approved")
    expect(page.locator("pre")).to_have_text("rosenblatt fit loans.csv --target approved")
    expect(page.get_by_label("The file", exact=True)).to_contain_text("classification")
    expect(page.locator(".big")).to_have_text("Classical ML")


def test_names_are_quoted_for_the_shell(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "my file.csv"
    path.write_text("a,it's\n" + "".join(f"{i},{i % 2}\n" for i in range(40)))
    page = visit().open("#data")
    page.get_by_label("Choose a file").set_input_files(path)
    page.get_by_label("Column to predict").select_option("it's")
    expect(page.locator("pre")).to_have_text(r"rosenblatt fit 'my file.csv' --target 'it'\''s'")


def test_a_file_that_cannot_be_read_is_refused_in_words(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "broken.parquet"
    path.write_bytes(b"PAR1 and then nothing")
    page = visit(refusals=True).open("#data")
    page.get_by_label("Choose a file").set_input_files(path)
    expect(page.get_by_role("alert")).not_to_be_empty()
