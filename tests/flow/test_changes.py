"""Changing an order that is in: where to, how many, wishes; and what follows from it."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from app.extensions import db
from app.intake import changes
from app.integrity import broken_invariants
from app.orders import changes as orders
from app.orders.changes import Change, Changed
from app.orders.contract import Action
from app.orders.service import act
from app.shared.errors import IllegalMove, InvalidInput
from app.shared.work import OPS, transaction
from app.shipments.tracking import mark_arrived
from tests.conftest import NOW
from tests.factories import (
    ADDRESS,
    confirmed,
    line,
    make_order,
    make_vendor_with_stock,
    one,
    order_body,
    parcel,
    policy,
    references,
    routed_order,
    rows,
    run,
    run_jobs,
    send,
    shipped_order,
)

THERE = ADDRESS | {"line1": "Södra Vägen 2", "postal_code": "411 03", "city": "Göteborg"}
ABROAD = THERE | {"city": "Bergen", "postal_code": "5003", "country": "NO"}
SAYS = {"Idempotency-Key": "k"}


@pytest.fixture(autouse=True)
def nothing_is_broken(app):
    """After every test the whole database is as it must be."""
    yield
    with transaction(OPS):
        assert broken_invariants() == []


def order_of(key):
    return one("SELECT * FROM orders WHERE id = :id", id=key)


def goes_to(row):
    return {name: words for name, words in row.ship_to.items() if words}


def fos_of(key):
    return rows("SELECT * FROM fulfillment_orders WHERE order_id = :id ORDER BY id", id=key)


def lines_of(key) -> dict[str, tuple[int, int, int]]:
    query = "SELECT * FROM order_lines WHERE order_id = :id ORDER BY external_id"
    return {r.external_id: (r.quantity, r.canceled, r.unrouted) for r in rows(query, id=key)}


def stock() -> dict[str, tuple[int, int]]:
    query = (
        "SELECT l.sku, s.on_hand, s.reserved FROM stock s JOIN listings l ON l.id = s.listing_id"
    )
    return {r.sku: (r.on_hand, r.reserved) for r in rows(query)}


def told(audience: str) -> list[str]:
    query = "SELECT template FROM notifications WHERE audience = :a ORDER BY made_at, id"
    return [row.template for row in rows(query, a=audience)]


def entries(event: str):
    return [r.facts for r in rows("SELECT facts FROM timeline WHERE event = :e", e=event)]


def readdress(key, ship_to, **of):
    with transaction(OPS) as now:
        changes.readdress(key, ship_to, Change("Imani", now, **of))


def change(key, units=None, wishes=None, **of):
    with transaction(OPS) as now:
        changes.change(key, units or {}, wishes or {}, Change("Imani", now, **of))


def version_of(key) -> int:
    order = order_of(key)
    with transaction(OPS):
        return orders.version(order.cohort, key)


# Where to ------------------------------------------------------------------------------------


def test_what_has_not_left_goes_to_the_new_address_and_all_are_told(sql):
    make_vendor_with_stock()
    key = routed_order()

    readdress(key, THERE, reason="They moved")

    assert goes_to(order_of(key)) == THERE
    assert [goes_to(fo) for fo in fos_of(key)] == [THERE]
    assert told("vendor") == ["work_assigned", "work_changed"]
    assert told("customer") == ["order_received", "order_changed"]
    mail = one("SELECT facts FROM notifications WHERE template = 'order_changed'").facts
    assert (mail["items"], mail["city"]) == ([["Mug", 2]], "Göteborg")
    ((subject, facts),) = sql("SELECT subject, facts FROM notices WHERE kind = 'work_changed'")
    assert (subject, facts["changed"]) == (references(key)[0], "address")


def test_the_story_says_what_it_was_and_is():
    key = make_order()

    readdress(key, ADDRESS | {"postal_code": "211 35"})

    assert entries("order_readdressed") == [{"changes": {"postal_code": ["211 34", "211 35"]}}]


def test_the_same_address_again_changes_nothing():
    make_vendor_with_stock()
    key = routed_order()
    readdress(key, THERE)

    readdress(key, THERE | {"company": None, "line2": ""})

    assert len(entries("order_readdressed")) == 1
    assert told("customer") == ["order_received", "order_changed"]


def test_a_parcel_that_has_left_keeps_its_address():
    make_vendor_with_stock("kiln", {"MUG": 10})
    make_vendor_with_stock("loom", {"RUG": 10})
    key = routed_order(lines=[line("MUG", 1, "1"), line("RUG", 1, "2")])
    gone, _ = confirmed(key)
    send(gone, parcel(1, NOW))

    readdress(key, THERE)

    assert [(fo.status, goes_to(fo)) for fo in fos_of(key)] == [
        ("shipped", ADDRESS),
        ("confirmed", THERE),
    ]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"postal_code": "4110"}, "postal_code"), ({"country": "ZZ"}, "country")],
)
def test_an_address_that_no_parcel_reaches_is_refused_by_its_field(wrong, field):
    key = make_order()

    with pytest.raises(InvalidInput) as refused:
        readdress(key, THERE | wrong)

    assert list(refused.value.fields) == [field]
    assert goes_to(order_of(key)) == ADDRESS


def test_the_right_address_is_what_a_held_order_waited_for():
    make_vendor_with_stock()
    key = make_order(ship_to=ADDRESS | {"postal_code": "2"})

    readdress(key, THERE)
    run("route_orders")

    assert order_of(key).held_since is None
    held = one("SELECT released_by, release_note FROM order_holds")
    assert (held.released_by, held.release_note) == ("Imani", orders.CORRECTED)
    assert [goes_to(fo) for fo in fos_of(key)] == [THERE]


def test_another_doubt_about_the_order_stays_when_the_address_is_right():
    policy("doubts", review_every_order=True)
    make_vendor_with_stock()
    key = make_order(ship_to=ADDRESS | {"postal_code": "2"})

    readdress(key, THERE)
    run("route_orders")

    assert order_of(key).held_since is not None
    assert fos_of(key) == []


def test_a_vendor_that_does_not_ship_to_the_new_country_loses_the_work(sql):
    make_vendor_with_stock("kiln", {"MUG": 10}, cost_minor=100)
    make_vendor_with_stock("loom", {"MUG": 10}, cost_minor=900)
    sql(
        "UPDATE locations SET ships_to = '{SE}' FROM vendors v"
        " WHERE v.id = vendor_id AND v.code = 'kiln'"
    )
    key = routed_order()
    promises = "SELECT subject_id, kind, version, due_at FROM promises ORDER BY id"
    before = rows(promises)

    readdress(key, ABROAD)
    run("route_orders")

    vendors = (
        "SELECT v.code, f.status FROM fulfillment_orders f JOIN vendors v ON v.id = f.vendor_id"
    )
    assert {(r.code, r.status) for r in rows(vendors)} == {
        ("kiln", "rejected"),
        ("loom", "assigned"),
    }
    assert rows(promises)[: len(before)] == before


def test_a_vendor_that_ships_everywhere_keeps_the_work():
    make_vendor_with_stock()
    key = routed_order()

    readdress(key, ABROAD)

    assert [(fo.status, fo.ship_to["country"]) for fo in fos_of(key)] == [("assigned", "NO")]


# When it is too late -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "too_late",
    [
        lambda key: readdress(key, THERE),
        lambda key: change(key, {"1": 3}),
        lambda key: change(key, wishes={"gift_wrap": True}),
    ],
)
def test_nothing_is_changed_of_an_order_that_has_left(too_late):
    make_vendor_with_stock()
    key = shipped_order().order_id

    with pytest.raises(IllegalMove, match=r"All of order .* has left; it cannot be changed"):
        too_late(key)

    assert goes_to(order_of(key)) == ADDRESS


def test_nothing_is_changed_of_an_order_that_is_canceled():
    key = make_order()
    change(key, {"1": 0})

    with pytest.raises(IllegalMove, match="is canceled; place a new one"):
        readdress(key, THERE)


# How many ------------------------------------------------------------------------------------


def test_fewer_units_are_called_off_and_their_vendor_and_customer_told():
    make_vendor_with_stock()
    key = routed_order()

    change(key, {"1": 1}, reason="One is enough")

    assert (lines_of(key), stock()) == ({"1": (2, 1, 0)}, {"MUG": (10, 1)})
    assert entries("order_canceled") == [
        {"units": 1, "reason": "One is enough", "quantities": [["MUG", 2, 1]]}
    ]
    assert (told("vendor"), told("customer")) == (
        ["work_assigned", "work_changed"],
        ["order_received", "order_changed"],
    )


def test_more_units_are_new_work():
    make_vendor_with_stock()
    key = routed_order()

    change(key, {"1": 5})
    before = (lines_of(key), order_of(key).items_minor)
    run("route_orders")

    assert before == ({"1": (5, 0, 3)}, 6250)
    assert (lines_of(key), stock()) == ({"1": (5, 0, 0)}, {"MUG": (10, 5)})
    assert [fo.status for fo in fos_of(key)] == ["assigned", "assigned"]
    assert entries("order_units_changed") == [{"quantities": [["MUG", 2, 5]]}]
    ship_by = "SELECT version FROM promises WHERE kind = 'ship_by'"
    assert [row.version for row in rows(ship_by)] == [1, 1]


def test_no_order_grows_beyond_what_one_can_cost():
    key = make_order(lines=[line(quantity=1, unit_price="9000000000.00")])

    with pytest.raises(InvalidInput, match="place what is added as an order of its own") as refused:
        change(key, {"1": 2})

    assert refused.value.fields == {"1": "too many"}
    assert lines_of(key) == {"1": (1, 0, 1)}


def test_one_line_grows_while_another_shrinks_and_the_customer_hears_once_of_both():
    make_vendor_with_stock(stock={"MUG": 10, "RUG": 10})
    key = routed_order(lines=[line("MUG", 2, "1"), line("RUG", 2, "2")])

    change(key, {"1": 3, "2": 1})

    assert lines_of(key) == {"1": (3, 0, 1), "2": (2, 1, 0)}
    mail = one("SELECT facts FROM notifications WHERE template = 'order_changed'").facts
    assert mail["items"] == [["Mug", 3], ["Rug", 1]]


def test_no_units_at_all_is_a_cancellation():
    make_vendor_with_stock()
    key = routed_order()

    change(key, {"1": 0})

    assert order_of(key).status == "canceled"
    assert told("customer") == ["order_received", "order_canceled"]


def test_the_same_units_again_change_nothing():
    make_vendor_with_stock()
    key = routed_order()
    change(key, {"1": 3})

    change(key, {"1": 3})

    assert lines_of(key) == {"1": (3, 0, 1)}
    assert len(entries("order_units_changed")) == 1


def test_what_has_left_cannot_be_called_off():
    make_vendor_with_stock()
    key = routed_order(lines=[line(quantity=3)])
    (reference,) = confirmed(key)
    send(reference, parcel(1, NOW, _1=2))

    with pytest.raises(InvalidInput) as refused:
        change(key, {"1": 1})

    assert refused.value.fields == {"1": "2 have left"}
    assert lines_of(key) == {"1": (3, 0, 0)}


def test_a_line_that_the_order_has_not_is_refused():
    key = make_order()

    with pytest.raises(InvalidInput) as refused:
        change(key, {"1": 1, "9": 1})

    assert refused.value.fields == {"9": "no such line"}
    assert lines_of(key) == {"1": (2, 0, 2)}


def test_what_has_arrived_is_all_there_is_when_the_rest_is_called_off():
    make_vendor_with_stock()
    key = routed_order()
    (reference,) = confirmed(key)
    send(reference, parcel(1, NOW, _1=1))
    with transaction(OPS) as now:
        db.session.execute(
            text("UPDATE shipments SET status = 'delivered', delivered_at = :now"), {"now": now}
        )
        mark_arrived([fos_of_now(key)], now)

    change(key, {"1": 1})

    assert order_of(key).status == "delivered"


def fos_of_now(key):
    return db.session.scalar(
        text("SELECT id FROM fulfillment_orders WHERE order_id = :id"), {"id": key}
    )


def test_an_order_that_grows_beyond_what_is_usual_is_looked_at():
    make_vendor_with_stock(stock={"MUG": 1000})
    key = routed_order()

    change(key, {"1": 101})
    run("route_orders")

    assert one("SELECT code FROM order_holds").code == "quantity"
    assert lines_of(key) == {"1": (101, 0, 99)}


def test_what_a_person_of_ops_makes_of_it_nobody_else_looks_at():
    make_vendor_with_stock(stock={"MUG": 1000})
    key = routed_order()

    change(key, {"1": 101}, is_looked_at=True)
    run("route_orders")

    assert rows("SELECT 1 FROM order_holds") == []
    assert lines_of(key) == {"1": (101, 0, 0)}


# Wishes --------------------------------------------------------------------------------------


def test_wishes_follow_to_whoever_packs():
    make_vendor_with_stock()
    key = routed_order(preferences={"gift_wrap": True, "gift_message": "Grattis!"})

    change(key, wishes={"gift_message": "God jul!", "delivery_instructions": "Ring twice"})

    wanted = {"gift_wrap": True, "gift_message": "God jul!", "delivery_instructions": "Ring twice"}
    assert order_of(key).preferences.items() >= wanted.items()
    assert fos_of(key)[0].preferences == order_of(key).preferences
    assert entries("order_wishes_changed") == [
        {
            "changes": {
                "gift_message": ["Grattis!", "God jul!"],
                "delivery_instructions": [None, "Ring twice"],
            }
        }
    ]


def test_the_same_wishes_again_change_nothing():
    key = make_order()
    change(key, wishes={"gift_wrap": True})

    change(key, wishes={"gift_wrap": True, "gift_message": None})

    assert len(entries("order_wishes_changed")) == 1


def test_what_is_packed_is_wrapped_no_more_but_still_delivered_otherwise():
    make_vendor_with_stock()
    key = routed_order()
    names = confirmed(key)
    with transaction(OPS) as now:
        act(names, Action.PACK, actor="Kiln", now=now)

    with pytest.raises(IllegalMove, match="is packed; wrapping and gift message cannot"):
        change(key, wishes={"gift_wrap": True})
    change(key, wishes={"delivery_instructions": "Ring twice"})

    assert fos_of(key)[0].preferences["delivery_instructions"] == "Ring twice"
    assert not order_of(key).preferences["gift_wrap"]


def test_of_two_vendors_only_the_one_that_has_not_packed_wraps():
    make_vendor_with_stock("kiln", {"MUG": 10})
    make_vendor_with_stock("loom", {"RUG": 10})
    key = routed_order(lines=[line("MUG", 1, "1"), line("RUG", 1, "2")])
    packed, _ = confirmed(key)
    with transaction(OPS) as now:
        act([packed], Action.PACK, actor="Kiln", now=now)

    change(key, wishes={"gift_wrap": True})

    assert [fo.preferences["gift_wrap"] for fo in fos_of(key)] == [False, True]


# Two at once ---------------------------------------------------------------------------------


def test_the_second_of_two_people_sees_who_changed_what():
    key = make_order("A-1")
    seen = version_of(key)
    readdress(key, THERE, version=seen)

    with pytest.raises(Changed, match=r"Order A-1 was changed by Imani 0 s ago") as refused:
        change(key, {"1": 5}, version=seen)

    assert [entry.event for entry in refused.value.entries] == ["order_readdressed"]
    assert lines_of(key) == {"1": (2, 0, 2)}


def test_the_second_of_two_who_want_the_same_is_told_nothing():
    key = make_order()
    seen = version_of(key)
    readdress(key, THERE, version=seen)

    readdress(key, THERE, version=seen)

    assert len(entries("order_readdressed")) == 1


def test_units_and_wishes_of_one_version_are_changed_together():
    key = make_order()

    change(key, {"1": 3}, {"gift_wrap": True}, version=version_of(key))

    assert (lines_of(key), order_of(key).preferences["gift_wrap"]) == ({"1": (3, 0, 3)}, True)


def test_of_two_at_the_very_same_moment_one_waits_and_is_refused(app):
    key = make_order()
    seen = version_of(key)
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def press(units: int) -> None:
        with app.app_context():
            together.wait(10)
            try:
                change(key, {"1": units}, version=seen)
                outcomes.append("done")
            except Changed:
                outcomes.append("refused")

    people = [threading.Thread(target=press, args=[units]) for units in (3, 4)]
    for person in people:
        person.start()
    for person in people:
        person.join(20)

    assert sorted(outcomes) == ["done", "refused"]
    assert len(entries("order_units_changed")) == 1


# By API --------------------------------------------------------------------------------------


@pytest.fixture
def placed(api):
    """An order by API; the path of what is done to it, and its first document."""
    make_vendor_with_stock()
    document = api("POST", "/orders", order_body("A-1"), **SAYS).json
    run_jobs("route_orders")

    def path(what: str) -> str:
        return f"/orders/A-1/{what}?channel=webshop"

    return path, document


def test_an_address_is_changed_by_api_as_often_as_it_is_sent(api, placed):
    path, _ = placed

    first, second = (api("POST", path("address"), {"ship_to": THERE}) for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 200)
    assert (
        second.json["ship_to"]
        == first.json["ship_to"]
        == THERE | {"company": None, "line2": None, "region": None}
    )
    assert first.json["fulfillment_orders"][0]["ship_to"] == second.json["ship_to"]
    assert len(entries("order_readdressed")) == 1


def test_a_wrong_address_is_refused_by_api_with_its_field(api, placed):
    path, _ = placed

    answer = api("POST", path("address"), {"ship_to": THERE | {"postal_code": "1"}})

    assert answer.status_code == 422
    assert answer.json["errors"] == [
        {"field": "ship_to.postal_code", "detail": "does not look like one of SE"}
    ]


def test_units_and_wishes_are_changed_by_api(api, placed):
    path, _ = placed
    body = {"lines": {"1": 3}, "preferences": {"gift_wrap": True}, "reason": "as asked"}

    first, second = (api("POST", path("changes"), body) for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json["lines"][0]["quantity"] == second.json["lines"][0]["quantity"] == 3
    assert second.json["preferences"]["gift_wrap"] is True
    assert second.json["version"] == first.json["version"]


def test_a_wish_that_is_not_named_stays(api, placed):
    path, _ = placed
    api("POST", path("changes"), {"preferences": {"gift_wrap": True}})

    answer = api("POST", path("changes"), {"preferences": {"delivery_instructions": "Ring"}})

    assert answer.json["preferences"]["gift_wrap"] is True


def test_a_program_that_looked_at_an_older_version_is_refused(api, placed):
    path, document = placed
    api("POST", path("changes"), {"lines": {"1": 3}})
    body = {"ship_to": THERE, "version": document["version"]}

    answer = api("POST", path("address"), body)

    assert (answer.status_code, answer.json["title"]) == (409, "Changed meanwhile")
    assert order_of_number("A-1").ship_to["city"] == "Malmö"


def order_of_number(number):
    return one("SELECT * FROM orders WHERE number = :n", n=number)


@pytest.mark.parametrize(
    ("what", "body", "status"),
    [
        ("changes", {"lines": {"1": -1}}, 422),
        ("changes", {"lines": {"1": 10**9}}, 422),
        ("changes", {"units": {"1": 1}}, 422),
        ("changes", {"preferences": {"gift": True}}, 422),
        ("changes", {"version": "x"}, 422),
        ("address", {}, 422),
        ("address", {"ship_to": {"city": "Malmö"}}, 422),
    ],
)
def test_what_is_no_change_is_refused_and_changes_nothing(api, placed, what, body, status):
    path, document = placed

    answer = api("POST", path(what), body)

    assert answer.status_code == status
    assert api("GET", "/orders/A-1?channel=webshop").json["version"] == document["version"]


def test_after_everything_has_left_a_program_is_told_so(api):
    make_vendor_with_stock()
    shipped_order(number="A-9")

    answer = api("POST", "/orders/A-9/address?channel=webshop", {"ship_to": THERE})

    assert answer.status_code == 409
    assert answer.json["detail"].startswith("All of order A-9 has left; it cannot be changed any")
