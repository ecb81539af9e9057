"""Own measurements as evidence: claims and stances follow the figures."""

from __future__ import annotations

from typing import Any

import pytest

from guide.tables import library
from scripts import evidence_file, evidence_page, fit_page


def digits(cnn: float, forest: float) -> dict[str, Any]:
    """Figures of two seeds; the other models lie between."""
    accuracy = {
        "random forest": forest, "XGBoost": forest - 0.01, "perceptron": 0.6,
        "CNN of the guide": cnn, "CNN with distorted images": cnn + 0.02,
    }  # fmt: skip
    points = [
        {"model": model, "family": "deep_learning" if "CNN" in model else "classical_ml",
         "labels": labels, "seed": seed, "accuracy": value + 0.01 * seed, "seconds": 2.0 + labels}
        for model, value in accuracy.items() for labels in (100, 300, 60_000) for seed in (0, 1)
    ]  # fmt: skip
    return {"processor": "a processor", "cores": 2, "digits": points}


def problem(mean: float, low: float, high: float, metric: str = "accuracy") -> dict[str, Any]:
    return {
        "rows": 1000,
        "families": {
            "classical": "xgboost",
            "deep": "mlp",
            "difference": {"metric": metric, "mean": mean, "low": low, "high": high},
        },
    }


@pytest.mark.parametrize(
    ("cnn", "forest", "stance"), [(0.84, 0.71, "contradicts"), (0.6, 0.71, "supports")]
)
def test_few_digits_speak_for_or_against_the_rule(cnn: float, forest: float, stance: str) -> None:
    few, many = evidence_file.of_digits(digits(cnn, forest))
    assert few["rules"] == ["R3"]
    assert few["stance"] == stance
    assert f"{cnn + 0.005:.3f} against {forest + 0.005:.3f} with 100 labels" in few["claim"]
    assert many["stance"] == ("supports" if cnn + 0.02 > forest else "contradicts")


def pictures(backbone: float) -> dict[str, Any]:
    runs = {"backbone": backbone, "forest": 0.5, "cnn": 0.6}
    measured = {name: [{"accuracy": value}] for name, value in runs.items()}
    return {"sets": {"a": {"title": "Things", "runs": {"100": measured, "10": measured}}}}


@pytest.mark.parametrize(("backbone", "stance"), [(0.8, "supports"), (0.55, "contradicts")])
def test_transfer_is_judged_with_the_fewest_labels(backbone: float, stance: str) -> None:
    (entry,) = evidence_file.of_images(pictures(backbone))
    assert entry["stance"] == stance
    assert f"{backbone:.2f} against 0.60 on Things with 10 labels a class" in entry["claim"]


@pytest.mark.parametrize(
    ("lows", "stance"),
    [((0.01, 0.02), "supports"), ((0.01, -0.02), "refines"), ((-0.1, -0.2), "contradicts")],
)
def test_retraining_is_judged_by_where_it_leads_clearly(
    lows: tuple[float, ...], stance: str
) -> None:
    sizes = (10, 30)
    points: list[dict[str, Any]] = [
        {"approach": name, "labels": labels, "seed": seed, "accuracy": value + 0.01 * seed,
         "seconds": 1.0, "settings": {}}
        for name, value in (("frozen", 0.9), ("scratch", 0.8), ("forest", 0.7))
        for labels in sizes for seed in (0, 1)
    ]  # fmt: skip
    measured = {
        "titles": {}, "points": points, "left_out": {}, "interrupted": False,
        "source": {"accuracy_as_it_is": None},
        "leads": [{"labels": each, "low": low} for each, low in zip(sizes, lows, strict=True)],
    }  # fmt: skip
    (entry,) = evidence_file.of_retrained(measured)
    assert entry["stance"] == stance
    assert "0.905 against 0.805 and 0.705 with 10 labels a class" in entry["claim"]


@pytest.mark.parametrize(
    ("lows", "stance"),
    [((0.01, 0.02), "supports"), ((0.01, -0.02), "refines"), ((-0.1, -0.2), "contradicts")],
)
def test_texts_are_counted_by_who_leads_clearly(lows: tuple[float, ...], stance: str) -> None:
    differences = [
        {"better": "minilm", "than": "tfidf", "accuracy": low + 0.02, "low": low} for low in lows
    ]
    other = {"better": "minilm, exact tokens", "than": "minilm", "accuracy": 0.5, "low": 0.4}
    (entry,) = evidence_file.of_texts({"sets": {"a": {"differences": [*differences, other]}}})
    assert entry["stance"] == stance
    assert f"{sum(low > 0 for low in lows)} of 2 comparisons" in entry["claim"]


@pytest.mark.parametrize(
    ("problems", "stance", "said"),
    [
        ([problem(0.02, 0.01, 0.03)] * 2, "supports", "clearly on a, b"),
        ([problem(0.02, 0.01, 0.03), problem(0.0, -0.01, 0.01)], "refines", "clearly on a,"),
        ([problem(-0.02, -0.03, -0.01)] * 2, "contradicts", "the network leads on a, b"),
        ([problem(-0.1, -0.2, -0.05, "rmse")] * 2, "supports", "clearly on a, b"),
    ],
)
def test_tables_are_counted_by_who_leads(
    problems: list[dict[str, Any]], stance: str, said: str
) -> None:
    measured = {"problems": dict(zip("ab", problems, strict=True))}
    (entry,) = evidence_file.of_tables(measured)
    assert entry["stance"] == stance
    assert said in entry["claim"]


def test_the_page_has_means_over_the_seeds() -> None:
    section = evidence_page.digits(digits(0.84, 0.71))
    assert "mean of 2 draws" in section
    assert "| CNN of the guide | 0.845 | 0.845 | 0.845 |" in section


def test_an_error_that_is_lower_is_a_lead() -> None:
    row = evidence_page.tables({"problems": {"wine": problem(-0.1, -0.2, -0.05, "rmse")}})
    assert "0.1 of RMSE (0.05 to 0.2)" in row


def test_every_candidate_and_bar_is_on_the_page_of_fit() -> None:
    candidate = {
        "candidate": "linear", "figures": {"log_loss": 0.3, "accuracy": 0.9}, "failed": None,
        "behind": {"mean": 0.01, "low": -0.01, "high": 0.03}, "as_good_as_best": True,
        "seconds": 1.0, "megabytes": 0.01, "microseconds_per_row": 20.0,
    }  # fmt: skip
    found = {
        "rows": 1000, "repeated_rows": 3, "splits": 5, "seconds": 60.0, "budget": 120.0,
        "verdict": ["linear is taken."], "baseline": {"log_loss": 0.7, "accuracy": 0.5},
        "candidates": [candidate],
        "bars": [{"metric": "accuracy", "prototype": 0.91, "limit": 0.9, "ours": 0.9,
                  "candidate": "linear", "reached": True}],
    }  # fmt: skip
    text = fit_page.section({"processor": "p", "cores": 2, "problems": {"made": found}})
    assert "| linear | 0.3000 | 0.9000 | 0.01 (-0.01 to 0.03), as good | 1.0 | 0.01 | 20 |" in text
    assert "| made | accuracy | 0.91 | 0.9000 | 0.9000 | linear | yes |" in text
    assert "linear is taken." in text


def test_the_repository_s_own_figures_stand_beside_the_rules() -> None:
    measured = {study.id: study for study in library().measured}
    assert {
        "own-transfer",
        "own-texts",
        "own-few-digits",
        "own-digits",
        "own-training-time",
        "own-tables",
    } <= set(measured)
    assert measured["own-tables"].modalities == ["tabular"]


@pytest.mark.parametrize(
    ("paths", "gradient", "stance"),
    [((0.2, 0.3), 0.5, "supports"), ((0.2, 0.6), 0.5, "refines"), ((0.7, 0.6), 0.5, "contradicts")],
)
def test_explanations_speak_for_or_against_the_rule(
    paths: tuple[float, float], gradient: float, stance: str
) -> None:
    def of(method: str, share: float) -> list[dict[str, Any]]:
        return [{"method": method, "deletion": 0.5 * share, "deletion_at_random": 0.5}]

    measured = {
        "images": 500,
        "models": {
            "digits-random-forest": of("path", paths[0]),
            "digits-xgboost": of("path", paths[1]),
            "digits-cnn": of("gradient", gradient),
        },
    }
    (entry,) = evidence_file.of_explanations(measured)
    assert entry["rules"] == ["R4"]
    assert entry["stance"] == stance
    assert f"{paths[0]:.0%} for digits-random-forest" in entry["claim"]
