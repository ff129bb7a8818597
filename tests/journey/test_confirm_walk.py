"""A vendor's word as it is given in a browser: one filled button that says what it promises."""

from __future__ import annotations

from typing import Any

from tests.factories import one
from tests.journey.axe import violations
from tests.journey.conftest import Site, Visit, behind


def answer(sql: str, **values: Any) -> Any:
    """Return what the application's database says."""
    with behind():
        return one(sql, **values)


def test_what_is_promised_stands_on_the_button(site: Site, visit: Visit, noor: Any) -> None:
    sql = "SELECT * FROM fulfillment_orders WHERE order_number = 'W-1008' AND status = 'assigned'"
    asked = answer(sql).reference
    page = visit(width=390, storage_state=noor)
    page.goto(f"/portal/orders/{asked}/confirm")
    filled = page.locator("form[data-confirm] .btn-primary:visible")
    assert filled.all_inner_texts() == ["Take all 3"]
    assert not page.get_by_label("Why not all of it?").is_visible()

    page.get_by_role("button", name="One less of Mug, red").press("Enter")

    assert filled.all_inner_texts() == ["Take 2 of 3"]
    assert page.get_by_role("spinbutton", name="I can send Mug, red").input_value() == "1"
    page.get_by_label("Why not all of it?").select_option("damaged")
    page.get_by_label("Handed over on").fill("2027-02-01")
    assert page.get_by_text("That is later than promised.").is_visible()
    page.get_by_text("Offer something for what is missing").first.press("Enter")
    assert violations(page) == []
    # The first word is looked at before it is given.
    filled.click()
    page.get_by_text("Look first whether they are there, then tick this.").wait_for()
    assert filled.all_inner_texts() == ["Take 2 of 3"]
    page.get_by_text("I have looked").click()
    filled.click()

    page.wait_for_url(f"**/portal/orders/{asked}")
    page.get_by_text("2 units are yours to send.").first.wait_for()
    sql = "SELECT status, decline_code, has_attested FROM fulfillment_orders WHERE reference = :r"
    assert tuple(answer(sql, r=asked)) == ("confirmed", "damaged", True)


def test_who_declines_all_is_asked_why_first(site: Site, visit: Visit, noor: Any) -> None:
    page = visit(storage_state=noor)
    page.goto("/portal/confirm")
    page.get_by_role("link", name="Only a part of it").first.click()

    page.get_by_role("button", name="Decline all of it").click()

    reason = page.get_by_label("Why not all of it?")
    assert reason.evaluate("e => e === document.activeElement")
    assert not page.get_by_label("I have looked").is_visible()
    reason.select_option("discontinued")
    assert violations(page) == []
    page.get_by_role("button", name="Decline all of it").click()
    page.get_by_text("Its units go to somebody else now.").first.wait_for()
