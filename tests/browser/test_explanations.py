"""Heat maps and layers: shown where the service offers them, and nowhere else."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.chromium import draw, offer, stub
from tests.browser.conftest import Visit
from tests.browser.strokes import DIGITS
from tests.conftest import ROOT

pytestmark = pytest.mark.browser
SEVEN = DIGITS[14][1]
OWN = {
    "digits-cnn": "gradient",
    "digits-perceptron": "linear",
    "digits-random-forest": "path",
    "digits-xgboost": "path",
}


def explain(body: dict[str, Any]) -> dict[str, Any]:
    """As `POST /explain` answers for a picture."""
    found = {
        "target": body["target"], "explains": "probability", "base": 0.1, "value": 0.9, "sum": 0.9,
        "attribution": [[(x - 14) / 784 for x in range(28)] for _ in range(28)],
        "gap": 0.0, "standard_error": None,
    }  # fmt: skip
    return {
        "model": body["model"], "version": "1", "provider": "none", "method": body["method"],
        "explanations": [found], "milliseconds": 12.0,
    }  # fmt: skip


def layers(body: dict[str, Any]) -> dict[str, Any]:
    """As `POST /layers` answers."""
    assert body["model"] == "digits-cnn"
    png = base64.b64encode((ROOT / "docs/examples/seven.png").read_bytes()).decode()
    found = {"name": "conv1", "kind": "convolution", "shape": [32, 28, 28], "png": png}
    return {"model": "digits-cnn", "version": "1", "layers": [found]}


def with_methods(page: Page) -> None:
    page.route(
        "**/models/digits-*",
        lambda route: route.fulfill(
            json=route.fetch().json() | {"explanations": ["path", "occlusion"]}
        ),
    )


def test_every_model_explains_its_answer(visit: Visit) -> None:
    watched = visit()
    page = watched.page
    offer(page, ["/explain"])
    with_methods(page)
    stub(page, "/explain", explain)
    watched.open()
    page.wait_for_selector(".why select", state="attached")
    draw(page, SEVEN)
    expect(page.locator(".heat:visible")).to_have_count(4)
    expect(page.get_by_role("img", name="Pixels that spoke for 7 in orange")).to_have_count(4)
    # Orange on the right, where the attribution is positive; blue on the left.
    right, left = page.locator(".heat").first.evaluate(
        "c => [27, 0].map(x => [...c.getContext('2d').getImageData(x, 0, 1, 1).data])"
    )
    assert right[0] > right[2]
    assert left[2] > left[0]
    expect(page.get_by_text("orange pixels speak for the answer")).to_be_visible()
    expect(page.locator(".why .meta").first).to_contain_text("probability before calibration 0.1")
    page.get_by_label("Explanation of digits-cnn").select_option("occlusion")
    expect(page.locator(".why .meta").first).to_contain_text("for 7: probability 0.1 → 0.9, 12 ms")


def test_the_layers_are_shown_when_they_are_opened(visit: Visit) -> None:
    watched = visit()
    offer(watched.page, ["/layers"])
    stub(watched.page, "/layers", layers)
    page = watched.open()
    page.get_by_text("What the layers see: CNN").click()
    expect(page.locator(".layers")).to_contain_text("Draw a digit first")
    draw(page, SEVEN)
    expect(page.locator(".layers figcaption")).to_contain_text("32 channels of 28")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".layers")).to_have_text("Draw a digit first.")


def test_an_error_leaves_no_heat_map(visit: Visit) -> None:
    watched = visit(refusals=True)
    page = watched.page
    offer(page, ["/explain"])
    with_methods(page)
    stub(page, "/explain", explain)
    watched.open()
    page.wait_for_selector(".why select", state="attached")
    draw(page, SEVEN)
    expect(page.get_by_role("img", name="Pixels that spoke for 7")).to_have_count(4)
    page.route("**/explain", lambda route: route.fulfill(status=422, json={"error": "too large"}))
    page.get_by_label("Explanation of digits-cnn").select_option("occlusion")
    expect(page.locator(".why .meta.bad")).to_have_text("Too large")
    expect(page.get_by_role("img", name="Pixels that spoke for 7")).to_have_count(3)
    expect(page.get_by_role("img", name="No explanation yet")).to_have_count(1)


def test_an_explanation_of_an_earlier_digit_is_not_shown(visit: Visit) -> None:
    watched = visit()
    page = watched.page
    offer(page, ["/explain"])
    with_methods(page)
    held: list[Route] = []
    page.route("**/explain", lambda route: held.append(route))
    watched.open()
    page.wait_for_selector(".why select", state="attached")
    draw(page, SEVEN)
    page.wait_for_timeout(900)
    assert len(held) == 4
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".summary")).to_contain_text("Draw a digit")
    for route in held:
        asked = route.request.post_data_json
        assert asked is not None
        route.fulfill(json=explain(asked))
    page.wait_for_timeout(300)
    assert page.locator(".heat:visible").count() == 0


def test_neither_is_shown_where_it_is_not_offered(visit: Visit) -> None:
    watched = visit()
    offer(watched.page, [])
    page = watched.open()
    draw(page, SEVEN)
    expect(page.locator(".summary")).to_have_text("All four say 7.")
    page.wait_for_timeout(600)
    assert page.locator(".heat:visible").count() == 0
    expect(page.get_by_text("orange pixels speak for the answer")).to_be_hidden()
    assert page.get_by_text("What the layers see").count() == 0


def test_the_service_itself_explains_all_models_and_shows_the_layers(visit: Visit) -> None:
    """Nothing is stood in for: the committed models and their graphs."""
    watched = visit()
    page = watched.page
    watched.open()
    page.wait_for_selector(".why select", state="attached")
    draw(page, SEVEN)
    expect(page.locator(".heat:visible")).to_have_count(4, timeout=20_000)
    expect(page.get_by_role("img", name="Pixels that spoke for 7 in orange")).to_have_count(4)
    for model, method in OWN.items():
        chosen = page.get_by_label(f"Explanation of {model}")
        expect(chosen).to_have_value(method)
        assert chosen.locator("option").count() == 3
    page.get_by_label("Explanation of digits-random-forest").select_option("occlusion")
    expect(page.get_by_role("img", name="Pixels that spoke for 7 in orange")).to_have_count(4)
    page.get_by_text("What the layers see").click()
    expect(page.get_by_role("img", name="Feature maps of conv")).to_have_count(4, timeout=20_000)
    expect(page.get_by_role("img", name="Filters of conv1")).to_have_count(1)
