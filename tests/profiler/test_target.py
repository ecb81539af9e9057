"""The task that a target stands for, and the questions that the file leaves open."""

from __future__ import annotations

import random

import pytest

from profiler import ClassCount, Profile
from tests.profiler.files import csv, look

R = random.Random(1)


def table(**columns: list[str]) -> Profile:
    """The profile of a table whose target is the last column."""
    lines = zip(*columns.values(), strict=True)
    rows = (",".join(f'"{cell}"' for cell in line) for line in lines)
    return look(csv(",".join(columns), *rows), [*columns][-1])


def numbers(n: int = 60) -> list[str]:
    return [f"{R.random():.4f}" for _ in range(n)]


def spread(*counts: int, first: int = 0) -> list[str]:
    """Whole numbers from `first` on, each as often as stated."""
    values = [str(first + i) for i, n in enumerate(counts) for _ in range(n)]
    R.shuffle(values)
    return values


def cycle(*values: str, n: int = 60) -> list[str]:
    return [values[i % len(values)] for i in range(n)]


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (spread(50, 50, 50), "classification"),
        (spread(164, 55, 36, 35, 13), "classification"),
        (spread(59, 71, 48, first=1), "classification"),
        (spread(20, 163, 1457, 2198, 880, 175, 5, first=3), "classification"),
        (spread(*[48] * 11), "classification"),
        (cycle("2", "4"), "classification"),
        (cycle("-1", "1"), "classification"),
        (cycle("4", "6", "8"), "classification"),
        (spread(300, 150, 80, 40, 12, 5, 2), None),
        (spread(5, 20, 90, 200, 300, 250, 120, 60, 30, 14, 6, 3, first=1), None),
        (cycle("0", "10", "25", "100"), None),
        (cycle("1998", "1999", "2000", "2001"), None),
        (spread(*[20] * 26, first=1), None),
        (spread(*[3] * 26, first=1), "regression"),
        (numbers(), "regression"),
    ],
)
def test_counts_and_quantities_are_no_classes(values: list[str], task: str | None) -> None:
    profile = table(x=numbers(len(values)), y=values)
    assert profile.facts.get("task") == task
    assert len(profile.details.undecided) == (task is None)
    if task is None:
        (question,) = profile.details.undecided
        assert (question.fact, question.answers) == ("task", ("classification", "regression"))
        assert question.because.startswith('target "y" holds')


@pytest.mark.parametrize("name", ["visits", "n_claims", "numChildren", "goals scored"])
def test_a_name_that_counts(name: str) -> None:
    values = spread(100, 40, 12)
    profile = table(x=numbers(152), **{name: values})
    assert profile.facts["task"] == "regression"
    assert "its name says that it counts" in profile.because["task"]


DATES = [f"2024-{i // 28 + 1:02}-{i % 28 + 1:02}" for i in range(60)]
YEARS = [str(1960 + i) for i in range(60)]


@pytest.mark.parametrize(
    "columns",
    [
        {"when": DATES},
        {"when": [f"{i % 28 + 1} March 2024" for i in range(60)]},
        {"year": YEARS},
        {"Year": YEARS[::-1]},
        {"t": [str(i) for i in range(60)]},
        {"country": sorted(cycle("a", "b", "c")), "year": [str(1960 + i % 20) for i in range(60)]},
        {"time": [f"{1949 + i / 12:.3f}" for i in range(60)]},
    ],
)
def test_a_time_beside_a_number_is_perhaps_a_forecast(columns: dict[str, list[str]]) -> None:
    profile = table(**columns, x=numbers(), y=numbers())
    assert "task" not in profile.facts
    (question,) = profile.details.undecided
    assert question.answers == ("forecasting", "regression")
    assert f'"{[*columns][-1]}" may put the rows in the order of time' in question.because
    assert any("state the task" in note for note in profile.details.notes)


@pytest.mark.parametrize(
    "columns",
    [
        {"year": [str(R.randint(2003, 2009)) for _ in range(60)]},
        {"year": sorted(R.choice(YEARS[:5]) for _ in range(60))},
        {"weight": [str(i) for i in range(60)]},
    ],
)
def test_a_year_that_orders_nothing_is_a_feature(columns: dict[str, list[str]]) -> None:
    assert table(**columns, y=numbers()).facts["task"] == "regression"


def test_a_class_beside_a_date_is_a_class() -> None:
    assert table(when=DATES, y=cycle("up", "down")).facts["task"] == "classification"


@pytest.mark.parametrize(
    ("time", "event"),
    [
        ("time", "status"), ("T", "E"), ("week", "arrest"), ("futime", "fustat"),
        ("duration", "observed"), ("survival_time", "is_censored"), ("followUp", "Died"),
    ],
)  # fmt: skip
def test_a_time_and_an_event_are_perhaps_survival(time: str, event: str) -> None:
    columns = {time: [str(R.randint(1, 500)) for _ in range(60)], event: cycle("0", "1")}
    for target, answer in ((time, "regression"), (event, "classification")):
        other = event if target == time else time
        ordered = {other: columns[other], target: columns[target]}
        profile = table(x=numbers(), **ordered)
        assert "task" not in profile.facts
        (question,) = profile.details.undecided
        assert question.answers == (answer,)
        assert f'"{event}" may say whether an event was seen by the time in "{time}"' in (
            question.because
        )


def test_an_event_without_a_time_is_a_class() -> None:
    assert table(x=numbers(), status=cycle("0", "1")).facts["task"] == "classification"


MULTI_LABEL = {
    "pipes": ["drama", "comedy|drama", "crime|drama|comedy", "comedy", "crime"],
    "lists": ["['drama']", "['comedy', 'drama']", "['crime', 'drama', 'comedy']", "['crime']"],
    "commas": ["drama", "comedy, drama", "crime, drama, comedy", "comedy", "crime"],
}


@pytest.mark.parametrize(
    ("case", "expected"),
    [("pipes", ("comedy", 36)), ("lists", ("drama", 45)), ("commas", ("comedy", 36))],
)
def test_several_labels_in_a_cell(case: str, expected: tuple[str, int]) -> None:
    profile = table(x=numbers(), y=cycle(*MULTI_LABEL[case]))
    assert profile.facts["task"] == "classification"
    assert "3 different ones in all" in profile.because["task"]
    assert profile.details.n_classes == 3
    assert profile.details.classes[0] == ClassCount(*expected)
    assert any("is multi-label" in warning for warning in profile.details.warnings)


@pytest.mark.parametrize(
    "values",
    [
        ("Trade, hotels", "Finance, insurance", "Farms"),
        ("Smith, John", "Doe, Jane", "Poe, Edgar", "Roe, Ann"),
        ("a", "b", "c"),
    ],
)
def test_a_comma_in_a_name_separates_no_labels(values: tuple[str, ...]) -> None:
    profile = table(x=numbers(), y=cycle(*values))
    assert profile.details.n_classes == len(values)
    assert not any("multi-label" in warning for warning in profile.details.warnings)


def test_what_is_asked_of_other_targets() -> None:
    text = [f"this film number {i} was rather slow but well made" for i in range(60)]
    (question,) = table(x=numbers(), y=text).details.undecided
    assert question.answers == ("generation", "classification")
