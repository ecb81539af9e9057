"""Numbers as people write them: the kind of their column, and the values in `read_table`."""

from __future__ import annotations

import numpy as np
import pytest

from profiler import CategoryColumn, NumberColumn
from profiler.arrays import decode
from profiler.encode import encode
from profiler.files import read_file
from tests.profiler.files import LIMITS, csv, look

NAN = float("nan")
SPELLINGS: dict[str, tuple[list[str], list[float]]] = {
    "dollars": (["$1,234.50", "$12", "-$3.50"], [1234.5, 12, -3.5]),
    "dollars and plain numbers": (["$1,234.50", "12.25"], [1234.5, 12.25]),
    "euros": (["1.234,50 €", "7,5 €", "12 €"], [1234.5, 7.5, 12]),
    "a code of money": (["USD 1,200", "USD 15.5"], [1200, 15.5]),
    "decimal commas": (["1.234,50", "3,5", "7"], [1234.5, 3.5, 7]),
    "decimal commas under a thousand": (["0,500", "1,500", "2,500"], [0.5, 1.5, 2.5]),
    "thousands": (["1,234", "12,345,678", "999"], [1234, 12345678, 999]),
    "Indian thousands": (["1,23,456", "12,345"], [123456, 12345]),
    "spaces": (["1 234,5", "12 345"], [1234.5, 12345]),
    "narrow spaces": (["1\u202f234", "12\u00a0345"], [1234, 12345]),
    "apostrophes": (["1'234.5", "1\u2019234\u2019567"], [1234.5, 1234567]),
    "percent": (["12 %", "13.5%", "0"], [12, 13.5, 0]),
    "brackets": (["(12.50)", "3.25", "($1,000)"], [-12.5, 3.25, -1000]),
    "a real minus": (["\u22123", "4.5", "\u22120.25"], [-3, 4.5, -0.25]),
    "a unit": (["70 kg", "81.5 kg", "0"], [70, 81.5, 0]),
    "a unit that touches": (["70kg", "81.5kg"], [70, 81.5]),
    "a word": (["36 months", "1 month", "60 months"], [36, 1, 60]),
    "degrees": (["-3.5 °C", "21 °C"], [-3.5, 21]),
    "marks for missing": (["1.5", "-", "2.5", ".", "#DIV/0!"], [1.5, NAN, 2.5, NAN, NAN]),
    "exponents beside money": (["1e3", "$2.5", "inf"], [1000, 2.5, float("inf")]),
}
OTHERS: dict[str, list[str]] = {
    "two units": ["5 kg", "300 g", "7 kg", "2 g"],
    "percent and shares": ["5%", "0.05", "7%", "0.5"],
    "lists": ["1,2", "3,4", "1,2,3"],
    "both marks": ["1,5", "1.5", "2,25", "2.25"],
    "places": ["12th", "13th", "21st"],
    "floors": ["2B", "3B", "4C"],
    "fractions": ["1/2", "3/4", "1/3"],
    "ranges": ["10-20", "20-30", "30-40"],
    "sizes": ["10x20", "30x40"],
    "open brackets": ["(12", "13)", "(14"],
    "streets": ["12 Elm", "14 Oak", "15 Ash"],
}


def quoted(values: list[str]) -> bytes:
    return csv("x,y", *(f'"{value}",{i}.5' for i, value in enumerate(values)))


@pytest.mark.parametrize("case", SPELLINGS)
def test_spellings(case: str) -> None:
    texts, expected = SPELLINGS[case]
    details = look(quoted(texts)).details
    assert details.columns[0].kind == "numeric"
    assert details.columns[0].stray == 0
    column = decode(encode(read_file(quoted(texts), LIMITS))).columns[0]
    assert isinstance(column, NumberColumn)
    assert column.about == details.columns[0]
    np.testing.assert_equal(column.values, expected)


@pytest.mark.parametrize("case", OTHERS)
def test_what_is_no_number(case: str) -> None:
    assert look(quoted(OTHERS[case])).details.columns[0].kind == "categorical"
    column = decode(encode(read_file(quoted(OTHERS[case]), LIMITS))).columns[0]
    assert isinstance(column, CategoryColumn)


def test_a_notation_is_said_with_an_example() -> None:
    notes = look(quoted(["$1,234.50", "$12", "-"])).details.notes
    assert 'read in "x": "$1,234.50" as 1234.5 and - as missing' in notes


def test_the_delimiter_decides_what_nothing_else_does() -> None:
    """1,234 is a thousand and more in a file with commas, and one and a bit with semicolons."""
    numbers = [f"{i},{i:03}" for i in range(100, 130)]
    commas = decode(encode(read_file(quoted(numbers), LIMITS))).columns[0]
    data = csv("x;y", *(f"{number};{i}" for i, number in enumerate(numbers)))
    semicolons = decode(encode(read_file(data, LIMITS))).columns[0]
    assert isinstance(commas, NumberColumn)
    assert isinstance(semicolons, NumberColumn)
    assert (commas.values[0], semicolons.values[0]) == (100_100, 100.1)


def test_another_unit_is_stray() -> None:
    details = look(quoted([*(f"{i}.5 kg" for i in range(39)), "7 lb"])).details
    assert (details.columns[0].kind, details.columns[0].stray) == ("numeric", 1)
    assert '"x" holds "7 lb" in row 40, which is not a number' in details.warnings


@pytest.mark.parametrize(
    ("values", "distinct"),
    [
        (["TRUE", "false", "True", "FALSE"], 2),
        (["Yes", "no", "YES", "No"], 2),
        (["T", "f", "t", "F"], 2),
        (["1", "0", "1.0", "0.0"], 2),
        (["Ja", "nein", "JA"], 2),
    ],
)
def test_booleans_in_any_case(values: list[str], distinct: int) -> None:
    data = quoted(values * 10)
    details = look(data, "x").details
    assert (details.columns[0].kind, details.columns[0].distinct) == ("boolean", distinct)
    assert details.n_classes == distinct
    column = decode(encode(read_file(data, LIMITS))).columns[0]
    assert isinstance(column, CategoryColumn)
    assert len(column.categories) == distinct
    assert (column.codes >= 0).all()
