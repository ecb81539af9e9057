"""Drawing, uploading and taking a digit; what the four models answer."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.chromium import draw
from tests.browser.conftest import Visit
from tests.browser.measures import LEAST_DIGITS, misread, settle
from tests.browser.strokes import DIGITS
from tests.conftest import ROOT

pytestmark = pytest.mark.browser
SEVEN = DIGITS[14][1]


def labels(page: Page) -> list[str]:
    return page.locator(".answer .label").all_inner_texts()


def test_a_stroke_is_answered_by_four_models(visit: Visit) -> None:
    page = visit().open()
    draw(page, SEVEN)
    expect(page.locator(".summary")).to_have_text("All four say 7.")
    expect(page.locator("#announcer")).to_have_text("All four say 7.")
    assert labels(page) == ["7"] * 4
    assert page.locator(".answer h3").all_inner_texts() == [
        "CNN", "Boosted trees", "Random forest", "Perceptron",
    ]  # fmt: skip
    for card in page.locator(".answer").all():
        assert card.locator(".bars li").count() == 10
        expect(card.locator(".confidence")).to_contain_text("%")
        expect(card.locator(".meta span").last).to_contain_text("ms")
    expect(page.locator(".seen img")).to_have_js_property("naturalWidth", 28)
    expect(page.locator(".middle .hint")).to_contain_text("centred by mass")


def test_where_the_models_disagree_is_marked(visit: Visit) -> None:
    page = visit().open()

    def differ(route: Route) -> None:
        response = route.fetch()
        document = response.json()
        document["models"][1]["predictions"][0]["label"] = "1"
        route.fulfill(response=response, json=document)

    page.route("**/compare**", differ)
    draw(page, SEVEN)
    expect(page.locator(".summary")).to_contain_text("They disagree: CNN 7")
    expect(page.locator(".answer.differs")).to_have_count(1)
    expect(page.locator(".answer.differs .mark")).to_be_visible()
    expect(page.locator(".answer.differs h3")).to_have_text("Perceptron")


def test_clear_and_undo(visit: Visit) -> None:
    page = visit().open()
    draw(page, DIGITS[8][1])
    expect(page.locator(".summary")).to_contain_text("4")
    page.get_by_role("button", name="Undo").click()
    settle(page)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".summary")).to_contain_text("Draw a digit")
    assert set(labels(page)) == {"\u2013"}
    assert page.locator(".seen img").count() == 0


def test_a_board_that_is_cleared_at_once_is_not_asked_about(visit: Visit) -> None:
    """The first question waits for the models' times; the board may be empty by then."""
    watched = visit()
    page = watched.page
    held: list[Route] = []
    asked: list[str] = []
    page.route("**/v2/models/stats", lambda route: held.append(route))
    page.on("request", lambda sent: asked.append(sent.url))
    watched.open()
    page.wait_for_selector(".sample")
    draw(page, SEVEN)
    page.get_by_role("button", name="Clear").click()
    page.wait_for_timeout(300)
    assert held
    for route in held:
        route.continue_()
    page.wait_for_timeout(500)
    assert not [url for url in asked if "compare" in url]
    expect(page.locator(".summary")).to_contain_text("Draw a digit")


def test_a_photograph_is_uploaded(visit: Visit) -> None:
    page = visit().open()
    page.get_by_label("Upload a picture").set_input_files(ROOT / "docs/examples/seven_photo.jpg")
    expect(page.locator(".answer .label").first).to_have_text("7")
    expect(page.locator(".middle .hint")).to_contain_text("Inverted: dark on light")


def test_a_file_that_is_no_picture_is_refused_in_words(visit: Visit) -> None:
    page = visit().open()
    page.get_by_label("Upload a picture").set_input_files(ROOT / "README.md")
    expect(page.get_by_role("alert")).to_contain_text("This file is not a picture")


def test_what_the_service_refuses_is_said_in_its_words(visit: Visit) -> None:
    page = visit(refusals=True).open()
    file = {"name": "cut.png", "mimeType": "image/png", "buffer": b""}
    file["buffer"] = (ROOT / "docs/examples/seven.png").read_bytes()
    page.route(
        "**/compare**",
        lambda route: route.fulfill(status=422, json={"error": "the picture has no ink"}),
    )
    page.get_by_label("Upload a picture").set_input_files(file)  # type: ignore[arg-type]
    expect(page.get_by_role("alert")).to_have_text("The picture has no ink")


def test_a_refusal_clears_the_answers(visit: Visit) -> None:
    page = visit(refusals=True).open()
    draw(page, SEVEN)
    expect(page.locator(".summary")).to_have_text("All four say 7.")
    page.route("**/compare**", lambda route: route.fulfill(status=422, json={"error": "no ink"}))
    draw(page, SEVEN)
    expect(page.get_by_role("alert")).to_have_text("No ink")
    expect(page.locator(".summary")).to_have_text("No answer.")
    assert set(labels(page)) == {"\u2013"}
    assert page.locator(".seen img").count() == 0
    page.wait_for_timeout(800)
    assert page.locator(".heat:visible").count() == 0


def test_the_card_of_a_skipped_model_is_cleared(visit: Visit) -> None:
    page = visit().open()
    draw(page, SEVEN)
    expect(page.locator(".summary")).to_have_text("All four say 7.")

    def skip(route: Route) -> None:
        response = route.fetch()
        document = response.json()
        kept = [one for one in document["models"] if one["model"] != "digits-perceptron"]
        route.fulfill(response=response, json=document | {"models": kept})

    page.route("**/compare**", skip)
    draw(page, SEVEN)
    expect(page.locator(".answer .label").last).to_have_text("\u2013")
    expect(page.locator(".answer.answered")).to_have_count(3)


def test_the_first_time_shown_is_of_this_page(visit: Visit) -> None:
    """Of a mean since the server's start the page shows only what it adds."""
    watched = visit()
    runs = iter([(1000, 9e12), (1002, 9e12 + 14e6)])

    def measure(route: Route) -> None:
        count, ns = next(runs, (1002, 9e12 + 14e6))
        one = {
            "name": "digits-cnn",
            "inference_stats": {"compute_infer": {"count": count, "ns": ns}},
        }
        route.fulfill(json={"model_stats": [one]})

    watched.page.route("**/v2/models/stats", measure)
    page = watched.open()
    time = page.locator(".answer .meta span").nth(1)
    expect(time).to_have_text("")
    page.get_by_role("button", name="Sample 7").click()
    expect(time).to_have_text("7.0 ms")


def test_samples_are_taken(visit: Visit) -> None:
    page = visit().open()
    for digit in range(10):
        page.get_by_role("button", name=f"Sample {digit}").click()
        expect(page.locator(".answer .label").first).to_have_text(str(digit))


def test_a_finger_draws(visit: Visit) -> None:
    page = visit(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740}).open()
    box = page.locator(".pad canvas").bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)
    for i in range(12):
        point = {
            "x": box["x"] + box["width"] / 2,
            "y": box["y"] + box["height"] * (0.15 + i * 0.06),
        }
        kind = "touchStart" if i == 0 else "touchMove"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator(".answer .label").first).to_have_text("1")
    assert page.evaluate("scrollY") == 0


def test_a_palm_draws_nothing(visit: Visit) -> None:
    page = visit(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740}).open()
    box = page.locator(".pad canvas").bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[int, float, float]) -> None:
        at = [
            {"id": i, "x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
            for i, x, y in points
        ]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    touch("touchStart", (0, 0.2, 0.2))
    touch("touchStart", (0, 0.2, 0.2), (1, 0.8, 0.8))
    touch("touchMove", (0, 0.2, 0.5), (1, 0.8, 0.5))
    touch("touchMove", (0, 0.2, 0.8), (1, 0.8, 0.2))
    touch("touchEnd")
    ink = (
        "([x, y]) => document.querySelector('.pad canvas').getContext('2d')"
        ".getImageData(280 * x, 280 * y, 1, 1).data[0]"
    )
    assert page.evaluate(ink, [0.2, 0.4]) == 255
    for place in ([0.8, 0.8], [0.8, 0.4], [0.5, 0.5]):
        assert page.evaluate(ink, place) == 0


@pytest.mark.thorough
def test_twenty_digits(visit: Visit) -> None:
    """Two of each class, as strokes; the CNN is right on at least 18."""
    wrong = misread(visit().open())
    print(f"right: {len(DIGITS) - len(wrong)} of {len(DIGITS)}; {wrong}")  # noqa: T201
    assert len(DIGITS) - len(wrong) >= LEAST_DIGITS, wrong
