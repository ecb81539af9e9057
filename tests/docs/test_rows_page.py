"""The section of rows of a table, from results."""

from __future__ import annotations

import pytest

from scripts import rows_page


@pytest.mark.parametrize(
    ("ratio", "errors", "met"), [(1.5, 0, "yes"), (1.49, 0, "no"), (2.0, 1, "no")]
)
def test_the_section_says_whether_the_bar_is_met(ratio: float, errors: int, met: str) -> None:
    page = "\n\n".join(
        rows_page.section(
            {
                "processor": "a processor", "rounds": 3, "seconds": 4, "errors": errors,
                "requests_per_second": {
                    "ours": {"1": [1.0, 2000.0, 3000.0], "8": [4.0, 5.0, 6.0]},
                    "theirs": {"1": [1.0, 2.0, 3.0], "8": [4.0, 5.0, 6.0]},
                },
                "ratio": {"1": 1000.0, "8": ratio},
            }
        )
    )  # fmt: skip
    assert "| ours | 2,000 | 5 |" in page
    assert f"| ratio | 1000.00 | {ratio:.2f} |" in page
    assert page.endswith(f"times FastAPI: {met}.")
