"""What a card says must hold for the model it is written for."""

from __future__ import annotations

from typing import Any

import pytest

from contract.manifest import Manifest
from contract.records import ComparisonRecord
from contract.repository import entries, read_manifest
from tests.conftest import ROOT
from training.card import card
from training.markdown import table

DIGITS = next(
    read_manifest(entry) for entry in entries(ROOT / "models") if entry.name == "digits-cnn"
)
COMPARISON = ComparisonRecord.model_validate(
    {
        "target": "class", "chosen": "mine", "verdict": ["linear is\nthe best."],
        "advice": {"verdict": "hybrid", "strategy": "x", "summary": "Try both.",
                   "contested": False, "facts": {}},
        "families": None, "metric": "log_loss", "splits": 1, "rows": 100, "repeated_rows": 0,
        "baseline": {"log_loss": 1.0}, "candidates": [],
        "left_out": {"a|b": "it holds\ntext"}, "budget_seconds": 5, "interrupted": False,
    }
)  # fmt: skip
ADULT: dict[str, Any] = {
    "inputs": [
        {"name": "age", "datatype": "FP32", "shape": [-1], "content": "number", "columns": ["age"]}
    ],
}


def fitted(repeated: int = 0, **changes: Any) -> Manifest:
    """A manifest as `fit` writes it, with a comparison."""
    comparison = COMPARISON.model_dump() | {"repeated_rows": repeated}
    return Manifest.model_validate(
        DIGITS.model_dump(exclude_unset=True) | {"comparison": comparison} | changes
    )


def test_the_card_of_digits_is_chosen_by_what_the_model_takes() -> None:
    assert "Takes 28x28 greyscale images" in card(DIGITS)
    renamed = Manifest.model_validate(DIGITS.model_dump(exclude_unset=True) | {"name": "mine"})
    assert "Takes 28x28 greyscale images" in card(renamed)
    of_a_table = card(fitted(**ADULT))
    assert "28x28" not in of_a_table
    assert "| `age` | number |" in of_a_table


@pytest.mark.parametrize(
    ("repeated", "changes", "said"),
    [
        (0, ADULT, "of 100 rows; log loss decides"),
        (50, ADULT, "50 of which repeat an earlier row and stay on its side of every split"),
        (51, ADULT, "51 of which repeat an earlier row and may be on another side of a split"),
        (51, {}, "51 of which repeat an earlier row and stay"),  # images: copies are copies
    ],
)
def test_the_card_says_what_became_of_equal_rows(
    repeated: int, changes: dict[str, Any], said: str
) -> None:
    assert said in card(fitted(repeated, **changes))


def test_the_card_counts_the_rows_that_were_made() -> None:
    assert "Over 10,000 test images 0 labels" in card(DIGITS)
    found = card(fitted(**ADULT))
    assert "Over the test rows and hard ones made from them, 10,000 in all, 0 labels" in found


def test_no_name_breaks_a_table() -> None:
    assert "| a\\|b | it holds text |" in card(fitted())
    assert table(("x",), [("a|b",), ("a\\|b",), ("two\r\nlines",)]).splitlines()[2:] == [
        r"| a\|b |", r"| a\\\|b |", "| two lines |",
    ]  # fmt: skip
