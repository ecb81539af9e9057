from __future__ import annotations

import random
from importlib import resources

import orjson
import pytest

from profiler import ClassCount
from profiler.errors import TargetError, UnreadableError
from tests.profiler.files import breast_cancer, csv, images, iris, look, parquet, refused

R = random.Random(0)
FILM = [f"this film number {i} was rather slow but well made" for i in range(60)]


def table(**columns: list[str]) -> bytes:
    lines = zip(*columns.values(), strict=True)
    return csv(",".join(columns), *(",".join(line) for line in lines))


def numbers(n: int = 60) -> list[str]:
    return [f"{R.random():.4f}" for _ in range(n)]


TWICE = [f"{i * 0.37:.2f}" for i in range(100)] * 2


def cycle(*values: str, n: int = 60) -> list[str]:
    return [values[i % len(values)] for i in range(n)]


def test_iris() -> None:
    profile = look(iris().write_csv().encode(), "species")
    assert profile.facts == {
        "modalities": ["tabular"],
        "n_rows": 150,
        "n_labelled": 150,
        "task": "classification",
        "clean": True,
    }
    assert set(profile.because) == set(profile.facts)
    assert profile.because["task"] == 'target "species" is categorical with 3 distinct values'
    assert profile.details.n_classes == 3
    assert profile.details.smallest_class == ClassCount("virginica", 50)
    assert profile.details.warnings == ()


def test_breast_cancer() -> None:
    profile = look(parquet(breast_cancer()), "malignant")
    assert profile.facts["task"] == "classification"
    assert profile.details.classes == (ClassCount("0", 357), ClassCount("1", 212))


def test_the_raw_file_of_scikit_learn_is_ragged() -> None:
    """Its first line counts rows and classes instead of naming columns."""
    raw = (resources.files("sklearn.datasets.data") / "breast_cancer.csv").read_bytes()
    refused(raw, UnreadableError, "line 2 has 31 fields but the header has 4")


def test_a_few_missing_cells_are_not_rounded_away() -> None:
    because = look(table(x=[*numbers(1999), ""], y=numbers(2000))).because["clean"]
    assert because.startswith("under 0.1% of the cells are missing")
    text = table(x=[*[""] * 1999, "1"], y=[""] * 2000, z=[""] * 2000)
    assert look(text).because.get("clean", "over 99.9%").startswith("over 99.9%")


def test_a_measurement_as_target_is_regression() -> None:
    profile = look(iris().write_csv().encode(), "petal width (cm)")
    assert profile.facts["task"] == "regression"
    assert profile.details.classes == ()


def test_without_a_target_nothing_is_guessed() -> None:
    profile = look(iris().write_csv().encode())
    assert set(profile.facts) == {"modalities", "n_rows", "clean"}
    assert any("no target was named" in note for note in profile.details.notes)


def test_a_target_that_is_no_column() -> None:
    data = csv(",".join(f"c{i}" for i in range(30)), ",".join(["1"] * 30))
    part = 'target "label" is not a column of the file; its columns are "c0", "c1"'
    refused(data, TargetError, part, "and 20 more", target="label")
    refused(data, TargetError, 'target "' + "x" * 20, target="x" * 10**6)


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (cycle("yes", "no"), "classification"),
        (cycle("a", "b", "c"), "classification"),
        (cycle("1", "2", "3"), "classification"),
        (cycle("1.0", "2.0", "3.0"), "classification"),
        (cycle(*map(str, range(20))), "classification"),
        (cycle(*map(str, range(21))), "regression"),
        (cycle(*map(str, range(15)), n=29), "regression"),
        (cycle("1.5", "2.5"), "regression"),
        (numbers(), "regression"),
        (FILM, None),
        ([str(i) for i in range(60)], "regression"),
        (cycle("2024-01-01", "2024-01-02"), None),
        (cycle("a"), None),
        ([""] * 60, None),
    ],
)
def test_the_task_is_the_kind_of_the_target(values: list[str], task: str | None) -> None:
    profile = look(table(x=numbers(len(values)), y=values), "y")
    assert profile.facts.get("task") == task
    assert ("task" in profile.because) == (task is not None)
    if task is None:
        assert any("determines no task; state the task" in n for n in profile.details.notes)


def test_rows_without_a_target_are_not_labelled() -> None:
    profile = look(table(x=numbers(), y=cycle("a", "b", "", "NA")), "y")
    assert (profile.facts["n_rows"], profile.facts["n_labelled"]) == (60, 30)
    assert profile.because["n_labelled"] == 'target "y" has a value in 30 rows'
    assert profile.facts["clean"] is True


def test_no_row_is_labelled() -> None:
    profile = look(table(x=numbers(), y=[""] * 60), "y")
    assert profile.facts["n_labelled"] == 0
    assert any("no row has a value" in warning for warning in profile.details.warnings)


def test_free_text_beside_a_table() -> None:
    profile = look(table(t=FILM, price=numbers(), y=cycle("1", "0")), "y")
    assert profile.facts["modalities"] == ["tabular", "text"]
    assert 'free text in "t" (at least 5 words per cell' in profile.because["modalities"]
    assert profile.details.free_text_columns == ("t",)


def test_free_text_alone() -> None:
    data = table(id=[str(i) for i in range(60)], t=FILM, y=cycle("good", "bad"))
    profile = look(data, "y")
    assert profile.facts["modalities"] == ["text"]
    assert "clean" not in profile.facts


def test_paths_of_images() -> None:
    paths = [f"img/{i}.png" for i in range(60)]
    assert look(table(p=paths, y=cycle("a", "b")), "y").facts["modalities"] == ["image"]
    both = look(table(p=paths, age=numbers(), y=cycle("a", "b")), "y")
    assert both.facts["modalities"] == ["tabular", "image"]


def test_nothing_to_learn_from() -> None:
    data = table(id=[str(i) for i in range(60)], c=cycle("x"), y=cycle("a", "b"))
    profile = look(data, "y")
    assert "modalities" not in profile.facts
    assert profile.details.constant_columns == ("c",)
    assert profile.details.identifier_columns == ("id",)
    assert any("no column besides the target" in w for w in profile.details.warnings)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"x": [*numbers(50), *[""] * 10], "y": numbers()}, "8.3% of the cells are missing"),
        ({"x": TWICE, "y": TWICE, "z": TWICE}, "100 of 200 rows repeat an earlier one"),
        ({"x": [*numbers(59), "high"], "y": numbers()}, '1 stray value in numeric columns: "x"'),
    ],
)
def test_unclean_tables(columns: dict[str, list[str]], reason: str) -> None:
    profile = look(table(**columns))
    assert profile.facts["clean"] is False
    assert reason in profile.because["clean"]
    assert any(reason in warning for warning in profile.details.warnings)


def test_rows_of_few_values_repeat_by_chance() -> None:
    """Titanic's 2,201 passengers have 24 different rows."""
    profile = look(table(x=cycle("1", "2", "3"), y=cycle("a", "b"), z=cycle("u", "v", "w", "t")))
    assert profile.details.duplicate_rows == 48
    assert profile.facts["clean"] is True
    assert "as many as chance explains" in profile.because["clean"]


PIXELS = [" ".join(str((i * j) % 256) for j in range(30)) for i in range(60)]


def test_pixels_are_not_taken_for_text() -> None:
    profile = look(table(pixels=PIXELS, usage=cycle("a", "b"), y=cycle("0", "1", "2")), "y")
    assert "modalities" not in profile.facts
    (question,) = profile.details.undecided
    assert (question.fact, question.answers) == (
        "modalities",
        ("tabular", "image", "audio", "text"),
    )
    assert '"pixels" may be images' in question.because


def test_exactly_at_the_threshold_is_clean() -> None:
    assert look(table(x=[*numbers(54), *[""] * 6], y=numbers())).facts["clean"] is True
    rows = table(x=[*numbers(57), *["7"] * 4], y=[*numbers(57), *["8"] * 4])
    assert look(rows).facts["clean"] is True


def test_a_handful_of_rows_is_not_judged() -> None:
    assert "clean" not in look(csv("a,b", "1,", "2,", "3,x")).facts


def test_small_and_uneven_classes_are_warned_about() -> None:
    profile = look(table(x=numbers(200), y=["a"] * 195 + ["b"] * 5), "y")
    assert 'class "b" has only 5 rows' in profile.details.warnings
    assert any('class "a" is 39 times as frequent' in w for w in profile.details.warnings)


def test_many_classes_are_cut() -> None:
    labels = [f"c{i % 150:03}" for i in range(450)]
    profile = look(table(x=numbers(450), y=labels), "y")
    assert (profile.details.n_classes, len(profile.details.classes)) == (150, 100)
    assert "the 100 largest of 150 classes are listed" in profile.details.notes


def test_labels_are_text_and_short() -> None:
    profile = look(table(x=numbers(), y=cycle("x" * 500, "1")), "y")
    assert {len(c.label) for c in profile.details.classes} == {120, 1}
    booleans = look(parquet(iris().with_columns(y=iris()["species"] == "setosa")), "y")
    assert {c.label for c in booleans.details.classes} == {"true", "false"}
    floats = look(parquet(iris().with_columns(y=iris()["species"].rank("dense").cast(float))), "y")
    assert {c.label for c in floats.details.classes} == {"1", "2", "3"}


@pytest.mark.parametrize("data", [iris().write_csv().encode(), images("a/1.png", "b/1.png")])
def test_a_profile_is_json(data: bytes) -> None:
    document = orjson.loads(orjson.dumps(look(data)))
    assert set(document) == {"facts", "because", "details"}
