from __future__ import annotations

import random

import pytest

from profiler.result import Column
from profiler.thresholds import THRESHOLDS
from tests.profiler.files import breast_cancer, column, csv, iris, look

R = random.Random(0)
WORDS = ("the", "film", "was", "slow", "but", "its", "end", "came", "as", "a", "surprise")


def sentence(n: int = 9) -> str:
    return " ".join(R.choice(WORDS) for _ in range(n))


def kind(values: list[str], name: str = "x") -> str:
    return look(column(values, name)).details.columns[0].kind


def cycle(*values: str, n: int = 60) -> list[str]:
    return [values[i % len(values)] for i in range(n)]


KINDS: list[tuple[str, list[str], str]] = [
    ("floats", [f"{i * 0.37:.2f}" for i in range(60)], "numeric"),
    ("signs and exponents", cycle("+1.5", "-2e-3", ".5", "7."), "numeric"),
    ("infinite", cycle("1", "inf", "-Infinity", "2"), "numeric"),
    ("few whole numbers", cycle("1", "2", "3"), "numeric"),
    ("large whole numbers, all distinct", [str(i * i * 977) for i in range(60)], "numeric"),
    ("a run in any order", [str((i * 7) % 60 + 100) for i in range(60)], "numeric"),
    ("years", [str(1960 + i) for i in range(60)], "numeric"),
    ("days", [str(i) for i in range(1, 61)], "numeric"),
    ("a short run", [str(i) for i in range(10)], "numeric"),
    ("a run with gaps in it", [str(i) if i % 2 else "" for i in range(60)], "numeric"),
    ("numbers and markers", cycle("1.5", "2.5", "NA", "?", "null", ""), "numeric"),
    ("a stray word in a hundred", [*(str(i * 1.5) for i in range(99)), "high"], "numeric"),
    ("a stray word in ten", cycle(*(f"{i}.5" for i in range(9)), "high"), "categorical"),
    ("postal codes", cycle("01067", "10115", "80331"), "categorical"),
    ("phone numbers", [f"0{i * 7919:07}" for i in range(60)], "identifier"),
    ("zero and one", cycle("0", "1"), "boolean"),
    ("zero and one as floats", cycle("0.0", "1.0"), "boolean"),
    ("yes and no", cycle("Yes", "no", "NO", "yes"), "boolean"),
    ("true and gaps", cycle("true", "False", ""), "boolean"),
    ("one and two", cycle("1", "2"), "numeric"),
    ("yes and maybe", cycle("yes", "maybe"), "categorical"),
    ("plus and minus", cycle("+", "-"), "categorical"),
    ("one value", cycle("a"), "constant"),
    ("nothing", cycle("", "NA", "?"), "constant"),
    ("one value and gaps", cycle("a", ""), "categorical"),
    ("ISO dates", [f"2024-{i % 12 + 1:02}-{i % 28 + 1:02}" for i in range(60)], "datetime"),
    ("ISO instants", [f"2024-05-01T{i % 24:02}:00:00.5Z" for i in range(60)], "datetime"),
    ("offsets", [f"2024-05-01 {i % 24:02}:00+02:00" for i in range(60)], "datetime"),
    ("German dates", [f"{i % 28 + 1}.{i % 12 + 1}.2024" for i in range(60)], "datetime"),
    ("American dates", [f"{i % 12 + 1}/{i % 28 + 1}/24" for i in range(60)], "datetime"),
    ("American times", [f"{i % 12 + 1}:0{i % 9} PM" for i in range(60)], "datetime"),
    ("named months", [f"{i % 28 + 1}-Jan-2024" for i in range(60)], "datetime"),
    ("written dates", [f"Mon, {i % 28 + 1} January 2024 10:00:00" for i in range(60)], "datetime"),
    ("months", [f"20{i % 30:02}-{i % 12 + 1:02}" for i in range(60)], "datetime"),
    ("short German dates", [f"{i % 28 + 1}.{i % 12 + 1}.24" for i in range(60)], "datetime"),
    ("years before the month", [f"2024 Jan {i % 28 + 1}" for i in range(60)], "datetime"),
    ("ordinal dates", [f"January {i % 20 + 4}th, 2024" for i in range(60)], "datetime"),
    ("French dates", [f"{i % 28 + 1} février 2024" for i in range(60)], "datetime"),
    ("Spanish dates", [f"{i % 28 + 1} de enero de 2024" for i in range(60)], "datetime"),
    ("Japanese dates", [f"2024年{i % 12 + 1}月{i % 28 + 1}日" for i in range(60)], "datetime"),
    ("quarters", [f"{1990 + i // 4}Q{i % 4 + 1}" for i in range(60)], "datetime"),
    ("quarters first", [f"Q{i % 4 + 1} {1990 + i // 4}" for i in range(60)], "datetime"),
    ("weeks", [f"2024-W{i % 50 + 1:02}" for i in range(60)], "datetime"),
    ("month and year", [f"{('Jan', 'Feb')[i % 2]}-{10 + i % 30}" for i in range(60)], "datetime"),
    ("month slash year", [f"{i % 12 + 1:02}/20{i % 20 + 10}" for i in range(60)], "datetime"),
    ("log times", [f"02/Jan/2024:{i % 24:02}:10:00 +0000" for i in range(60)], "datetime"),
    ("asctime", [f"Tue Jan  {i % 9 + 1} {i % 24:02}:10:00 2024" for i in range(60)], "datetime"),
    ("basic ISO", [f"20240101T{i % 24:02}1000" for i in range(60)], "datetime"),
    ("am and pm", [f"01/02/2024 {i % 12 + 1}:30:00 AM" for i in range(60)], "datetime"),
    ("hours", [f"{i % 12 + 1} pm" for i in range(60)], "datetime"),
    ("pixels", [" ".join(str((i * j) % 256) for j in range(30)) for i in range(60)], "encoded"),
    ("Python lists", [f"['a{i}', 'b', 'c']" for i in range(60)], "encoded"),
    ("JSON", [f'{{""k"": {i}, ""v"": ""a b c d e""}}' for i in range(60)], "encoded"),
    (
        "user agents",
        [
            f"Mozilla/5.0 (X11; Linux x86_64; rv:{i}.0) Gecko/20100101 Firefox/{i}.0"
            for i in range(60)
        ],
        "encoded",
    ),
    ("codes", [f"a{i} b{i} c{i} d{i} e{i} f{i}" for i in range(60)], "encoded"),
    ("compact dates", [f"2024{i % 12 + 1:02}{i % 28 + 1:02}" for i in range(60)], "datetime"),
    ("numbers as large as dates", [str(20_000_000 + i * 997) for i in range(60)], "numeric"),
    ("versions", cycle("1.2.3", "1.10.0", "2.0.1"), "categorical"),
    ("addresses of machines", [f"10.0.{i}.1" for i in range(60)], "identifier"),
    ("images", [f"img/{i}.JPG" for i in range(60)], "image_path"),
    ("image addresses", [f"https://x.org/{i}.png?s=1" for i in range(60)], "image_path"),
    ("sentences", [sentence() for _ in range(60)], "free_text"),
    ("few long answers", cycle(*(sentence() for _ in range(5))), "categorical"),
    ("Japanese", [f"この映画は本当に面白かったです{i}" for i in range(60)], "free_text"),
    ("names", [f"Ada{i} Lovelace{i}" for i in range(60)], "identifier"),
    ("four words", [f"Street {i} Old Town" for i in range(60)], "identifier"),
    ("hashes", [f"{i * 10**30:064x}" for i in range(1, 61)], "identifier"),
    ("categories", cycle("red", "green", "blue"), "categorical"),
    ("padded categories", cycle(" red", "red ", "blue"), "categorical"),
    ("five distinct words", ["a", "b", "c", "d", "e"], "categorical"),
]


@pytest.mark.parametrize(("values", "expected"), [k[1:] for k in KINDS], ids=[k[0] for k in KINDS])
def test_kinds(values: list[str], expected: str) -> None:
    assert kind([f'"{value}"' for value in values]) == expected


@pytest.mark.parametrize("name", ["id", "user_id", "PassengerId", "customerID", "row nr", "uuid"])
def test_names_that_say_identifier(name: str) -> None:
    few = [str(i * i) for i in range(5)]
    assert kind(few, name) == "identifier"
    assert kind(["7", "7", "8", "9"], name) == "numeric"
    assert kind(["x1", "x2", "x3"], name) == "identifier"


@pytest.mark.parametrize("name", ["paid", "valid", "acid", "grid", "humid"])
def test_names_that_only_end_so(name: str) -> None:
    assert kind([str(i * i) for i in range(5)], name) == "numeric"


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "...1", "rownames"])
def test_an_index_without_a_name(name: str) -> None:
    assert kind([str(i) for i in range(60)], name) == "identifier"
    assert kind([str(i) for i in range(1, 61)], name) == "identifier"
    assert kind([str(i + 1900) for i in range(60)], name) == "numeric"
    assert kind([str(i // 2) for i in range(60)], name) == "numeric"


@pytest.mark.parametrize(("name", "expected"), [("timestamp", "datetime"), ("price", "numeric")])
def test_seconds_since_1970(name: str, expected: str) -> None:
    assert kind([str(1_700_000_000 + 977 * i) for i in range(60)], name) == expected


@pytest.mark.parametrize(
    ("marks", "told"),
    [
        (["-999"] * 3, True), (["9999"] * 3, True), (["-999"], False), (["-1"] * 3, False),
        (["99"] * 3, False),
    ],
)  # fmt: skip
def test_a_sentinel_is_told(marks: list[str], told: bool) -> None:
    """-999 lies far from the others and repeats; 99 may be one of them."""
    details = look(column([f"{i}.5" for i in range(60)] + marks)).details
    assert any("lies far from its other values" in w for w in details.warnings) == told


def test_sentinels_leave_a_table_unjudged() -> None:
    """If they are missing values, it is not clean."""
    few = look(column([f"{i}.5" for i in range(98)] + ["-999"] * 2))
    many = look(column([f"{i}.5" for i in range(60)] + ["-999"] * 20))
    assert few.facts["clean"] is True
    assert "clean" not in many.facts


def test_shares_and_counts() -> None:
    details = look(csv("a,b", "1,x", ",y", "NA, x ", "4,?")).details
    assert details.columns[0] == Column("a", "numeric", 0.5, 2)
    assert details.columns[1] == Column("b", "categorical", 0.25, 2)
    assert details.missing_share == pytest.approx(0.375)


def test_decimal_commas() -> None:
    details = look(csv("a;b", *(f"{i},5;x{i % 3}" for i in range(30)))).details
    assert details.columns[0].kind == "numeric"
    assert 'read in "a": "29,5" as 29.5' in details.notes


def test_commas_and_points_together_are_no_decimal_commas() -> None:
    lines = (f"{i},5;{i}.5,x" if i % 2 else f"{i}.5;y{i},5" for i in range(30))
    details = look(csv("a;b", *lines)).details
    assert not any("read in" in note for note in details.notes)


def test_stray_values_are_counted() -> None:
    details = look(column([*(str(i * 1.5) for i in range(99)), "high"])).details
    assert details.columns[0].stray == 1
    assert any("1 stray value in numeric columns" in w for w in details.warnings)


def test_iris_has_four_numeric_columns() -> None:
    details = look(iris().write_csv().encode()).details
    assert [c.kind for c in details.columns] == ["numeric"] * 4 + ["categorical"]
    assert [c.distinct for c in details.columns] == [35, 23, 43, 22, 3]
    assert details.duplicate_rows == 1


def test_breast_cancer_has_thirty_numeric_columns() -> None:
    details = look(breast_cancer().write_csv().encode()).details
    assert [c.kind for c in details.columns] == ["numeric"] * 30 + ["boolean"]
    assert details.missing_share == 0


def test_thresholds_have_reasons() -> None:
    for field in THRESHOLDS.__dataclass_fields__.values():
        assert field.metadata["reason"].endswith(".")
