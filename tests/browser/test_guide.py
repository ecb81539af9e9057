"""The guide: facts in, a recommendation out, and each change one click."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


def test_facts_are_stated_and_changed(visit: Visit) -> None:
    page = visit().open("#guide")
    expect(page.locator(".notice")).to_contain_text("State a fact")
    page.get_by_label("Image").check()
    expect(page.locator(".big")).to_have_text("Deep learning")
    page.get_by_label("Examples with a label").fill("500")
    page.get_by_label("Domain").select_option("medical_diagnosis")
    expect(page.get_by_label("Conflicts")).to_contain_text("R2 holds")
    expect(page.get_by_label("Reasons")).to_contain_text("Fewer than 1,000", ignore_case=True)
    changes = page.get_by_label("What would change this answer")
    changes.get_by_role("button", name="Explanations: required").click()
    expect(page.locator(".big")).to_have_text("Classical ML")
    expect(page.get_by_label("Explanations", exact=True)).to_have_value("required")
    page.get_by_role("button", name="Undo the last change").click()
    expect(page.locator(".big")).to_have_text("Deep learning")
    page.get_by_role("button", name="Start over").click()
    expect(page.locator(".notice")).to_contain_text("State a fact")
    assert not page.get_by_label("Image").is_checked()


def test_the_address_holds_the_facts(visit: Visit) -> None:
    page = visit().open("#guide")
    page.get_by_role("button", name="500 labelled X-rays").click()
    expect(page.locator(".big")).to_have_text("Deep learning")
    again = visit().open(page.url.partition("/")[2].partition("/")[2].partition("/")[2])
    expect(again.get_by_label("Examples with a label")).to_have_value("500")
    expect(again.locator(".big")).to_have_text("Deep learning")


def test_facts_stay_when_the_view_is_left(visit: Visit) -> None:
    page = visit().open("#guide")
    page.get_by_role("button", name="500 labelled X-rays").click()
    page.get_by_label("Examples with a label").fill("700")
    expect(page.locator(".big")).to_have_text("Deep learning")
    page.get_by_role("link", name="Break it").click()
    expect(page.locator(".chart")).to_be_visible()
    page.get_by_role("link", name="Guide").click()
    expect(page.get_by_label("Examples with a label")).to_have_value("700")
    expect(page.locator(".big")).to_have_text("Deep learning")
    assert "700" in page.url
    undo = page.get_by_role("button", name="Undo the last change")
    undo.click()
    expect(page.get_by_label("Examples with a label")).to_have_value("500")
    undo.click()
    expect(page.locator(".notice")).to_contain_text("State a fact")
    expect(undo).to_be_hidden()
    assert page.url.endswith("#guide")


def test_a_slow_answer_is_waited_for_in_sight(visit: Visit) -> None:
    page = visit().open("#guide")

    def slowly(route: Route) -> None:
        page.wait_for_timeout(600)
        route.continue_()

    page.route("**/recommend**", slowly)
    page.get_by_role("button", name="500 labelled X-rays").click()
    expect(page.locator("[aria-busy]")).to_have_count(1)
    expect(page.locator(".big")).to_have_text("Deep learning")
    expect(page.locator("[aria-busy]")).to_have_count(0)


@pytest.mark.parametrize("address", ["#guide?facts=%7Bnot", "#guide?facts=null", "#guide?%zz"])
def test_an_address_that_was_mistyped_states_nothing(visit: Visit, address: str) -> None:
    page = visit().open(address)
    expect(page.locator(".notice")).to_contain_text("State a fact")


def test_evidence_and_tables_can_be_read(visit: Visit) -> None:
    page = visit().open("#guide")
    page.get_by_role("button", name="A table of 20,000 customers").click()
    page.locator("summary", has_text="Evidence").click()
    expect(page.locator("details[open]")).to_contain_text("supports")
    page.locator("summary", has_text="The two families").click()
    expect(page.get_by_role("rowheader", name="Interpretability").last).to_be_visible()
    page.locator("summary", has_text="Which architecture").click()
    expect(page.get_by_role("rowheader", name="Transformer")).to_be_visible()


def test_a_fact_that_cannot_be_is_refused_in_words(visit: Visit) -> None:
    page = visit(refusals=True).open("#guide")
    page.get_by_label("Examples with a label").fill("-1")
    expect(page.get_by_role("alert")).to_contain_text("N_labelled is -1")
