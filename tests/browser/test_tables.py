"""A form for every model of a table: the answer, gaps, what-if, and how it was chosen."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Request, expect

from tests.browser.accessibility import findings, wide
from tests.browser.chromium import DESKTOP, PHONE, offer, stub
from tests.browser.conftest import Visit
from tests.repositories import image_model, other_model, regression_model, table_model
from tests.server import Server, serve
from tests.training.fit import tables
from training.fit.run import fit, prepare

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Models from elsewhere, and one that `fit` wrote."""
    folder = tmp_path_factory.mktemp("small")
    root = folder / "models"
    table_model(root)
    regression_model(root)
    other_model(root)
    image_model(root, "signs", 8, 8, ("a", "b"))
    given = tables.options(
        tables.write(folder / "made.csv", tables.rows("binary", 200)),
        name="made", out=root, budget=5.0, only=("linear", "xgboost"), task="classification",
    )  # fmt: skip
    fit(prepare(given), given, lambda what, left: None)
    with serve(ROSENBLATT_MODELS_DIR=str(root), ROSENBLATT_DEFAULT_MODEL="loans") as server:
        yield server


def test_a_row_is_answered_and_changed(visit: Visit, small: Server) -> None:
    page = visit(small.url).open("#tables/loans")
    answer = page.get_by_label("Answer")
    expect(page.get_by_label("age", exact=True)).to_have_value("25")
    expect(answer.locator(".big")).to_have_text("no")
    page.get_by_label("age", exact=True).fill("90")
    expect(answer.locator(".big")).to_have_text("yes")
    expect(answer).to_contain_text("age changed: yes was")
    page.get_by_label("town").fill("")
    page.get_by_label("income", exact=True).fill("")
    expect(answer).to_contain_text("income, town changed")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="Another sample row").click()
    expect(page.get_by_label("age", exact=True)).to_have_value("70")


def test_a_sample_is_shown_as_it_is(visit: Visit, small: Server) -> None:
    """No digit of a sample is rounded away, and a change is measured from the sample itself."""
    watched = visit(small.url)
    row = {"age": 25.12345678, "income": 512.3456789, "town": "Oslo"}
    watched.page.route("**/loans/samples", lambda route: route.fulfill(json={"instances": [row]}))
    asked: list[list[dict[str, Any]]] = []

    def note(sent: Request) -> None:
        if sent.url.endswith("/predict") and (body := sent.post_data_json):
            asked.append(body["instances"])

    watched.page.on("request", note)
    page = watched.open("#tables/loans")
    age = page.get_by_label("age", exact=True)
    expect(age).to_have_value("25.12345678")
    expect(page.locator(".big")).to_have_text("no")
    age.fill("90")
    expect(page.locator(".big")).to_have_text("yes")
    assert asked[0] == [row, row]
    assert asked[-1] == [row, row | {"age": 90}]


def test_a_refusal_clears_the_answer_and_its_contributions(visit: Visit, small: Server) -> None:
    watched = visit(small.url, refusals=True)
    page = watched.open("#tables/made")
    bars = page.get_by_label("Contributions")
    expect(bars.locator("li").first).to_be_visible()
    page.route("**/predict", lambda route: route.fulfill(status=422, json={"error": "no"}))
    page.get_by_label("age", exact=True).fill("30")
    expect(page.get_by_label("Answer").get_by_role("alert")).to_have_text("No")
    expect(page.locator(".big")).to_have_count(0)
    expect(bars.locator("li")).to_have_count(0)


def test_the_range_is_said_with_its_field(visit: Visit, small: Server) -> None:
    page = visit(small.url).open("#tables/made")
    age = page.get_by_label("age", exact=True)
    hint = age.get_attribute("aria-describedby")
    expect(page.locator(f"#{hint}")).to_contain_text("training saw")


def test_only_models_of_digits_read_digits(visit: Visit, tmp_path: Path) -> None:
    """Letters of 28x28 would always disagree."""
    image_model(tmp_path, "letters", 28, 28, tuple("abcdefghij"))
    image_model(tmp_path, "digits", 28, 28, tuple("0123456789"), seed=1)
    with serve(ROSENBLATT_MODELS_DIR=str(tmp_path), ROSENBLATT_DEFAULT_MODEL="digits") as server:
        page = visit(server.url).open()
        expect(page.locator(".sample").first).to_be_visible()
        assert page.locator(".answer").count() == 1
        names = page.locator(".sample img").evaluate_all("all => all.map(one => one.alt)")
        for name in names:
            page.get_by_role("button", name=name).click()
            expect(page.locator(".answer .label")).to_have_text(name.removeprefix("Sample "))


def test_a_regression_has_its_interval(visit: Visit, small: Server) -> None:
    page = visit(small.url).open("#tables/prices")
    expect(page.get_by_label("Answer").locator(".big")).to_have_text("4")
    expect(page.get_by_label("Answer")).to_contain_text("between 3 and 5")
    page.get_by_label("rooms").fill("2")
    expect(page.get_by_label("Answer")).to_contain_text("+20 since the sample (rooms)")


def test_a_fitted_model_says_how_it_was_chosen(visit: Visit, small: Server) -> None:
    page = visit(small.url).open("#tables/made")
    expect(page.locator(".big")).to_contain_text("target:")
    age = page.get_by_label("age", exact=True)
    age.fill("500")
    expect(page.locator(".hint.outside")).to_contain_text("outside what training saw")
    page.get_by_label("age, slider").fill("60")
    expect(age).not_to_have_value("500")
    city = page.get_by_label("city")
    assert {"(missing)", "Bern", "Genf"} <= set(city.locator("option").all_inner_texts())
    city.select_option("(missing)")
    expect(page.get_by_role("alert")).to_have_count(0)
    chosen = page.locator("details", has_text="How it was chosen")
    expect(chosen).to_contain_text("xgboost")
    expect(chosen).to_contain_text("The guide had advised")
    assert chosen.locator("tbody tr").count() >= 2


def test_a_model_that_does_not_serve_is_said(visit: Visit, small: Server) -> None:
    page = visit(small.url).open("#tables/gone")
    expect(page.get_by_role("alert")).to_contain_text("No model gone")
    page.get_by_role("link", name="loans").click()
    expect(page.get_by_label("age", exact=True)).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_forms_are_accessible_and_fit_a_phone(visit: Visit, small: Server, scheme: str) -> None:
    for size in (DESKTOP, PHONE):
        page = visit(small.url, viewport=size, color_scheme=scheme).open("#tables/made")
        expect(page.locator(".big")).to_contain_text("target:")
        assert not findings(page)
        assert not wide(page)


def test_on_a_phone_the_answer_stays_in_sight(visit: Visit, small: Server) -> None:
    page = visit(small.url, viewport=PHONE).open("#tables/made")
    expect(page.locator(".big")).to_contain_text("target:")
    page.get_by_role("button", name="Another sample row").scroll_into_view_if_needed()
    expect(page.get_by_label("Answer").locator(".big")).to_be_in_viewport()


def test_a_plain_array_is_left_to_the_api(visit: Visit, small: Server) -> None:
    page = visit(small.url).open("#tables/sums")
    expect(page.locator(".notice")).to_contain_text("plain arrays")


def test_without_a_model_of_digits_the_page_says_so(visit: Visit, small: Server) -> None:
    page = visit(small.url).open()
    expect(page.get_by_role("alert")).to_contain_text("No model of digits serves here")


def test_without_a_model_of_a_table_the_page_says_how_to_get_one(visit: Visit) -> None:
    page = visit().open("#tables")
    expect(page.locator("pre")).to_have_text("rosenblatt fit churn.csv --target churned")


def test_contributions_are_shown_where_they_are_offered(visit: Visit, small: Server) -> None:
    watched = visit(small.url)
    page = watched.page
    offer(page, ["/explain"])
    page.route(
        "**/models/loans",
        lambda route: route.fulfill(
            json=route.fetch().json() | {"explanations": ["path", "shapley"]}
        ),
    )
    asked: list[dict[str, Any]] = []

    def explain(body: dict[str, Any]) -> dict[str, Any]:
        asked.append(body)
        shares = {name: random.uniform(-1, 1) for name in body["instances"][0]}
        found = {
            "target": body["target"], "explains": "probability", "attribution": shares,
            "base": 0.5, "value": 0.9, "sum": 0.9, "gap": 0.0, "standard_error": 0.01,
        }  # fmt: skip
        return {"model": "loans", "version": "1", "provider": "none", "method": body["method"],
                "explanations": [found], "milliseconds": 1.5}  # fmt: skip

    stub(page, "/explain", explain)
    watched.open("#tables/loans")
    bars = page.get_by_label("Contributions")
    expect(bars.locator("li")).to_have_count(3)
    expect(bars).to_contain_text(
        "For no: probability before calibration 0.5 → 0.9 ± 0.01 each, in 1.5 ms."
    )
    page.get_by_label("Method").select_option("shapley")
    expect(bars).to_contain_text("For no: probability 0.5 → 0.9 ± 0.01 each, in 1.5 ms.")
    page.wait_for_timeout(300)
    assert [body["method"] for body in asked] == ["path", "shapley"]


def test_there_are_no_contributions_where_they_are_not_offered(visit: Visit, small: Server) -> None:
    watched = visit(small.url)
    offer(watched.page, [])
    page = watched.open("#tables/loans")
    expect(page.get_by_label("Answer").locator(".big")).to_have_text("no")
    assert page.get_by_label("Contributions").count() == 0
