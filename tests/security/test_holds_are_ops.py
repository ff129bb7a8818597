"""Why an order is doubted is the marketplace's business: a vendor sees nothing of it."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.extensions import db
from app.intake import changes
from app.orders import review
from app.orders.changes import Change
from app.shared.work import OPS, transaction, vendor_scope
from tests.conftest import caller
from tests.factories import (
    ADDRESS,
    make_vendor_with_stock,
    one,
    references,
    routed_order,
    vendor_key,
)
from tests.people import sign_in_as

REASON = "CANARY the card belongs to somebody else"


@pytest.fixture
def held(app, jobs_run_here):
    """A vendor whose work waits, for a reason of ops."""
    vendor = make_vendor_with_stock()
    key = routed_order("A-1")
    with transaction(OPS) as now:
        review.hold([key], reason=REASON, actor="Imani", now=now)
    return vendor, references(key)[0]


@pytest.mark.parametrize("table", ["order_holds", "orders", "timeline"])
def test_a_vendor_has_no_right_to_read_holds(held, table):
    vendor, _ = held

    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction(vendor_scope(vendor)),
    ):
        db.session.execute(text(f"SELECT * FROM {table}"))


def test_a_vendors_pages_tell_that_it_waits_and_never_why(app, held):
    vendor, reference = held
    browser = sign_in_as(app, "vendor_owner", vendor=vendor)

    pages = [
        browser.get(path).text
        for path in ("/portal/", f"/portal/orders/{reference}", "/portal/notices")
    ]

    assert "CANARY" not in "".join(pages)
    assert review.LOOKED_AT in pages[1]


def test_a_vendors_program_is_told_that_it_waits_and_never_why(app, held):
    _, reference = held
    api = caller(app, vendor_key("kiln", "onw_kiln"))

    shown = api("GET", f"/fulfillment-orders/{reference}")
    released = api("POST", f"/fulfillment-orders/{reference}/release", {})
    order = api("GET", "/orders/A-1?channel=webshop")
    changed = api("POST", "/orders/A-1/changes?channel=webshop", {"lines": {"1": 9}})

    assert shown.json["hold_reason"] == review.LOOKED_AT
    assert released.status_code == 409
    assert (order.status_code, changed.status_code) == (403, 403)
    assert "CANARY" not in "".join(x.text for x in (shown, released, order, changed))


def test_logs_hold_nothing_of_who_lives_where(app, held, caplog):
    key = one("SELECT id FROM orders").id
    with transaction(OPS) as now:
        changes.readdress(key, ADDRESS | {"line1": "CANARY street 1"}, Change("Imani", now))

    assert "CANARY" not in caplog.text
