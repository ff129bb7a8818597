"""A shelf counted with a scanner in a browser: scan, number, Enter, and the box waits again."""

from __future__ import annotations

from typing import Any

from tests.factories import one
from tests.journey.axe import violations
from tests.journey.conftest import Site, Visit, behind

SQL = (
    "SELECT l.sku, s.on_hand FROM listings l JOIN stock s ON s.listing_id = l.id"
    " JOIN vendors v ON v.id = l.vendor_id WHERE v.code = 'kiln' ORDER BY l.sku LIMIT 1"
)


def answer(sql: str) -> Any:
    """Return what the application's database says."""
    with behind():
        return one(sql)


def test_a_scanner_needs_no_hand_but_for_the_number(site: Site, visit: Visit, noor: Any) -> None:
    before = answer(SQL)
    page = visit(width=390, storage_state=noor)
    page.goto("/portal/stock")

    # The scanner types into what has the focus, and ends with Enter.
    page.keyboard.type(before.sku)
    page.keyboard.press("Enter")
    page.wait_for_url("**/portal/stock?q=*")
    number = page.get_by_label(f"On hand of {before.sku}").first
    assert number.evaluate("it => it === document.activeElement")
    # What stood there is replaced, not lengthened.
    page.keyboard.type(str(before.on_hand + 3))
    page.keyboard.press("Enter")
    page.get_by_text(f"{before.on_hand + 3} units of {before.sku} are there.").wait_for()

    assert page.evaluate("document.activeElement.name") == "q"
    assert page.get_by_label("SKU, GTIN, own code or title").input_value() == ""
    assert answer(SQL).on_hand == before.on_hand + 3
    assert violations(page) == []
    page.get_by_role("button", name="Undo").click()
    page.get_by_text(f"{before.on_hand} units of {before.sku} are there.").wait_for()
    assert answer(SQL).on_hand == before.on_hand
