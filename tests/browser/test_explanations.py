"""Heat maps and layers: shown where the service offers them, and nowhere else."""

from __future__ import annotations

import base64
import math
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Position, Route, expect

from contract.repository import Entry, read_manifest
from tests.browser.chromium import PHONE, draw, offer, stub
from tests.browser.conftest import Visit
from tests.browser.strokes import DIGITS
from tests.conftest import MODELS, ROOT

pytestmark = pytest.mark.browser
SEVEN = DIGITS[14][1]
CNN = Entry("digits-cnn", 1, MODELS / "digits-cnn" / "1")
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


def test_how_far_a_method_can_be_trusted_stands_beside_it(visit: Visit) -> None:
    page = visit().open()
    page.wait_for_selector(".why select", state="attached")
    draw(page, SEVEN)
    expect(page.locator(".trust:visible")).to_have_count(4)
    found = page.locator("[data-model=digits-cnn] .trust")
    measured = {one.method: one for one in read_manifest(CNN).faithfulness}
    for method in ("gradient", "shapley"):
        page.get_by_label("Explanation of digits-cnn").select_option(method)
        one = measured[method]
        times = f"{one.deletion_at_random / one.deletion:.1f} times faster"
        expect(found.locator("summary")).to_contain_text(times)
        expect(found.locator("summary")).to_contain_text("500 images")
    found.locator("summary").click()
    for figure in (one.deletion, one.deletion_at_random, one.insertion, one.insertion_at_random):
        expect(found.locator("p")).to_contain_text(f"{figure:.2f}")


def test_a_method_no_better_than_chance_is_not_to_be_trusted(visit: Visit) -> None:
    watched = visit()

    def spoil(route: Route) -> None:
        document = route.fetch().json()
        first, second, *_ = document["versions"][0]["manifest"]["faithfulness"]
        first["p_value"] = 0.2
        second["deletion"] = second["deletion_at_random"] + 0.1
        route.fulfill(json=document)

    watched.page.route("**/models/digits-cnn", spoil)
    page = watched.open()
    page.wait_for_selector(".why select", state="attached")
    draw(page, SEVEN)
    for method in ("gradient", "shapley"):
        page.get_by_label("Explanation of digits-cnn").select_option(method)
        expect(page.locator("[data-model=digits-cnn] .trust")).to_contain_text("do not trust it")
    page.get_by_label("Explanation of digits-cnn").select_option("occlusion")
    expect(page.locator("[data-model=digits-cnn] .trust")).to_contain_text("times faster")


def test_a_channel_shows_the_training_images_that_excite_it(visit: Visit) -> None:
    """By mouse and by keyboard; the choice outlasts the digit."""
    page = visit().open()
    page.wait_for_selector(".sample")
    draw(page, SEVEN)
    page.get_by_text("What the layers see: CNN").click()
    chosen = page.get_by_label("Channel of conv2")
    tiles = page.locator("figure", has=chosen).locator(".tiles")
    # 32 channels stand in 6 columns: this is the fourth tile of the fourth row.
    tiles.click(position=_place(tiles, 3.5 / 6, 3.5 / 6))
    expect(chosen).to_have_value("21")
    check_channel(page, "conv2", 21)
    # No channel is in the empty place at the end.
    tiles.click(position=_place(tiles, 5.5 / 6, 5.5 / 6))
    expect(chosen).to_have_value("21")
    page.get_by_label("Channel of conv4").focus()
    page.keyboard.type("63")
    check_channel(page, "conv4", 63)
    expect(page.locator("#announcer")).to_contain_text("Channel 63: 5 training images")
    page.get_by_role("button", name="Sample 3").click()
    expect(page.locator(".answer .label").first).to_have_text("3")
    page.wait_for_timeout(800)
    expect(chosen).to_have_value("21")
    check_channel(page, "conv2", 21)
    chosen.select_option("none")
    expect(page.locator("figure", has=chosen).locator(".excited img")).to_have_count(0)
    expect(page.locator("figure", has=chosen).locator(".frame")).to_be_hidden()


def test_a_finger_chooses_a_channel(visit: Visit) -> None:
    page = visit(has_touch=True, is_mobile=True, viewport=PHONE).open()
    page.get_by_role("button", name="Sample 7").tap()
    page.get_by_text("What the layers see: CNN").tap()
    chosen = page.get_by_label("Channel of conv4")
    tiles = page.locator("figure", has=chosen).locator(".tiles")
    tiles.tap(position=_place(tiles, 0.5 / 8, 7.5 / 8))
    expect(chosen).to_have_value("56")
    check_channel(page, "conv4", 56)


def check_channel(page: Page, layer: str, channel: int) -> None:
    """The five images of a channel are those that the manifest names, and its tile is framed."""
    (found,) = (one for one in read_manifest(CNN).layers if one.name == layer)
    figure = page.locator("figure", has=page.get_by_label(f"Channel of {layer}"))
    images = figure.locator(".excited img")
    expect(images).to_have_count(5)
    expect(images.last).to_have_js_property("naturalWidth", 28)
    for i, index in enumerate(found.strongest[channel]):
        expect(images.nth(i)).to_have_attribute("alt", f"Training image {index}")
    frame, tiles = (figure.locator(name).bounding_box() for name in (".frame", ".tiles"))
    assert frame is not None
    assert tiles is not None
    columns = math.ceil(math.sqrt(found.shape[0]))
    middle = frame["x"] + frame["width"] / 2 - tiles["x"]
    assert int(columns * middle / tiles["width"]) == channel % columns


def _place(tiles: Locator, x: float, y: float) -> Position:
    """A point of the tiles, from shares of their width and height."""
    box = tiles.bounding_box()
    assert box is not None
    return {"x": x * box["width"], "y": y * box["height"]}


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


@pytest.mark.thorough
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
