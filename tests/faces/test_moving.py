"""Work is moved by hand on a page, by whoever may, and only where it can be."""

from __future__ import annotations

import pytest

from tests.conftest import NOW
from tests.factories import (
    confirmed,
    line,
    make_vendor_with_stock,
    one,
    parcel,
    references,
    routed_order,
    rows,
    send,
)


@pytest.fixture
def work(app, jobs_run_here):
    make_vendor_with_stock("kiln", cost_minor=100)
    key = routed_order(lines=[line(quantity=3)])
    make_vendor_with_stock("fjord", {"MUG": 2}, cost_minor=900)
    make_vendor_with_stock("empty", {"MUG": 0})
    (reference,) = references(key)
    return reference


def address(reference):
    return f"/console/fulfillment-orders/{reference}/move"


def test_the_page_shows_who_could_send_it_for_how_much_and_who_not(work, ops_client):
    text = ops_client.get(address(work)).text

    assert "3 units have not shipped." in text
    assert "€23.00" in text
    assert "2 of line 1, there on Sun, Nov 29" in text
    assert "Empty" in text
    assert "No stock" in text


def test_who_would_be_too_late_for_the_customer_comes_last_and_says_so(work, ops_client, sql):
    make_vendor_with_stock("slow", {"MUG": 9}, cost_minor=50, handling_days=9)
    sql('UPDATE orders SET preferences = \'{"deliver_by": "2026-11-30"}\'')

    text = ops_client.get(address(work)).text

    assert "The customer needs it by Mon, Nov 30." in text
    assert text.index("fjord/main") < text.index("slow/main")
    assert text.count("Too late for the need-by date") == 1
    assert 'value="fjord/main" checked' in text


def test_lines_move_with_a_reason_and_both_vendors_are_told(work, ops_client):
    form = {"units:1": "2", "place": "fjord/main", "reason": "kiln's roof leaks"}

    answer = ops_client.post(address(work), data=form, follow_redirects=True)

    assert answer.status_code == 200
    assert "has it now, and was told." in answer.text
    assert "kiln&#39;s roof leaks" in answer.text
    parts = rows(
        "SELECT v.code, l.ordered - l.declined AS n FROM fo_lines l JOIN vendors v"
        " ON v.id = l.vendor_id ORDER BY 1"
    )
    assert [(p.code, p.n) for p in parts] == [("fjord", 2), ("kiln", 1)]
    told = rows("SELECT template FROM notifications WHERE audience = 'vendor'")
    assert sorted(t.template for t in told) == ["work_assigned", "work_assigned", "work_taken_back"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reason": " "}, "Say why these lines move."),
        ({"place": ""}, "Choose who gets it."),
        ({"place": "kiln/attic"}, "not on their list"),
        ({"place": "empty/main"}, "no stock"),
        ({"units:1": "0"}, "Say how many units of a line move."),
        ({"units:1": "three"}, "Enter a whole number."),
        ({"units:1": "4"}, "0 to 3"),
        ({"units:1": "3"}, "has 2 of 3"),
        ({"units:9": "1"}, "has no line &#39;9&#39;"),
    ],
)
def test_what_cannot_be_is_shown_again_and_changes_nothing(work, ops_client, change, words):
    form = {"units:1": "2", "place": "fjord/main", "reason": "asked by phone"} | change

    answer = ops_client.post(address(work), data=form)

    assert answer.status_code == 422
    assert words in answer.text
    assert one("SELECT count(*) AS n FROM fulfillment_orders").n == 1


def test_what_has_shipped_is_not_offered_to_anybody(work, ops_client):
    key = one("SELECT order_id FROM fulfillment_orders").order_id
    confirmed(key)
    send(work, parcel(1, NOW))

    assert ops_client.get(address(work)).status_code == 409
    form = {"units:1": "1", "place": "fjord/main", "reason": "late"}
    assert ops_client.post(address(work), data=form).status_code in {409, 422}


def test_a_faster_service_is_said_not_to_follow(work, ops_client, sql):
    assert "What moves goes as ordered" not in ops_client.get(address(work)).text

    sql("UPDATE fulfillment_orders SET service = 'express', service_minor = 750")

    assert "What moves goes as ordered" in ops_client.get(address(work)).text


def test_a_reference_that_nobody_has_is_not_found(ops_client):
    assert ops_client.get(address("FO-NOBODY")).status_code == 404
