"""Columns that know the answer are found, and clean tables are left alone."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.fit.uci import TABLES, write_csv
from training.fit.options import Options
from training.fit.problem import Problem
from training.fit.tables.leaks import find_leaks
from training.fit.tables.read import read_problem

CLEAN = ("adult", "german", "mammography", "phoneme", "wine")
PLANTED = ("german", "phoneme", "wine")


def read(path: Path, target: str) -> Problem:
    return read_problem(Options(path, target, "made"))


@pytest.fixture(scope="module")
def read_table(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("clean")

    def path(name: str) -> Path:
        found = folder / f"{name}.csv"
        return found if found.exists() else write_csv(name, tables, found)

    return path


@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_table_has_none(read_table: Callable[[str], Path], name: str) -> None:
    problem = read(read_table(name), TABLES[name].target)
    assert find_leaks(problem, 0) == {}
    assert problem.left_out == {}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_leaks_are_found(
    read_table: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    target = TABLES[name].target
    with read_table(name).open(newline="") as file:
        rows = list(csv.DictReader(file))
    generator = np.random.default_rng(1)
    codes = {label: f"z{i}" for i, label in enumerate(sorted({row[target] for row in rows}))}
    for i, row in enumerate(rows):
        row["customer_id"] = f"C{1_000_000 + i * 7}"
        row["recoded"] = codes[row[target]]  # a copy under other names
        noisy = generator.random() < 0.01
        row["nearly"] = str(generator.integers(9)) if noisy else str(list(codes).index(row[target]))
        row[f"{target}_date"] = str(generator.integers(1, 1000))
        row["final_balance"] = str(generator.integers(1, 1000))
    path = tmp_path / f"{name}.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    problem = read(path, target)
    assert problem.left_out["customer_id"] == "it looks like an identifier"
    found = find_leaks(problem, 0)
    assert set(found) == {"recoded", "nearly", f"{target}_date", "final_balance"}
    assert "predicts the target by itself" in found["recoded"]
    assert "predicts the target by itself" in found["nearly"]
    assert "known only afterwards" in found["final_balance"]


def test_a_number_that_is_the_target_in_another_unit_is_found(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    price = np.exp(generator.normal(5, 1, 800))
    lines = ["rooms,price_usd,price"]
    lines += [
        f"{generator.integers(1, 6)},{1.1 * p + generator.normal(0, 0.5):.2f},{p:.2f}"
        for p in price
    ]
    path = tmp_path / "prices.csv"
    path.write_text("\n".join(lines) + "\n")
    assert set(find_leaks(read(path, "price"), 0)) == {"price_usd"}


def write_columns(path: Path, **columns: list[str]) -> Path:
    lines = [",".join(columns), *(",".join(row) for row in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_copy_of_a_very_rare_class_is_found(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    target = np.zeros(40_000, int)
    target[generator.choice(40_000, 25, replace=False)] = 1
    path = write_columns(
        tmp_path / "fraud.csv",
        amount=[f"{a:.2f}" for a in generator.exponential(50, 40_000)],
        code=["xy"[t] for t in target],
        fraud=[["no", "yes"][t] for t in target],
    )
    assert set(find_leaks(read(path, "fraud"), 0)) == {"code"}


def test_a_column_that_only_tells_the_group_is_no_leak(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    patient = np.repeat(np.arange(60), 10)
    height, ill = generator.normal(170, 10, 60), generator.integers(0, 2, 60)
    path = write_columns(
        tmp_path / "visits.csv",
        patient=[f"p{p}" for p in patient],
        height=[f"{h:.2f}" for h in height[patient]],
        pulse=[str(p) for p in generator.integers(50, 100, 600)],
        ill=[["no", "yes"][i] for i in ill[patient]],
    )
    alone = read_problem(Options(path, "ill", "made", drop=("patient",)))
    assert set(find_leaks(alone, 0)) == {"height"}
    grouped = read_problem(Options(path, "ill", "made", groups=("patient",)))
    assert find_leaks(grouped, 0) == {}
