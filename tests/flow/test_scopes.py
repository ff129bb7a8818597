from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.accounts.keys import ensure_key, principal_of
from app.extensions import db
from app.shared.work import ACCOUNTS, OPS, PLATFORM, acting_as, transaction, vendor_scope
from app.unit import Scope
from tests.conftest import TOKEN, caller
from tests.factories import (
    line,
    make_vendor_with_stock,
    references,
    routed_order,
    rows,
    shipped_order,
    vendor_key,
)

OWN = ("locations", "listings", "stock", "reservations", "fulfillment_orders", "fo_lines")
SHIPPED = ("shipments", "shipment_lines")
HIDDEN = (
    "orders",
    "order_lines",
    "customers",
    "payments",
    "ledger",
    "promises",
    "timeline",
    "decisions",
    "notifications",
    "exception_cases",
    "escalations",
    "compensation_offers",
    "policies",
    "checks",
    "polls",
    "users",
    "audit",
    "audit_head",
    "sessions",
    "links",
    "api_keys",
    "idempotency",
    "dead_letters",
)
NOBODY = Scope("onward_vendor")


@pytest.fixture
def two_vendors(app):
    kiln = make_vendor_with_stock("kiln", {"MUG": 10})
    fjord = make_vendor_with_stock("fjord", {"LAMP": 10})
    first = routed_order("A-1", [line("MUG")])
    second = routed_order("A-2", [line("LAMP")])
    return kiln, fjord, references(first)[0], references(second)[0]


def count_in(scope: Scope, table: str) -> int:
    with transaction(scope):
        return db.session.scalar(text(f"SELECT count(*) FROM {table}"))


def test_a_vendors_key_lists_its_own_work_only(app, two_vendors):
    call = caller(app, vendor_key("kiln", "k1"))

    found = call("GET", "/fulfillment-orders").json["fulfillment_orders"]

    assert [fo["id"] for fo in found] == [two_vendors[2]]


def test_another_vendors_work_does_not_exist_for_a_vendor(app, two_vendors):
    before = rows("SELECT * FROM fulfillment_orders ORDER BY id")
    theirs = two_vendors[3]
    call = caller(app, vendor_key("kiln", "k1"))
    parcels = {"parcels": [{"carrier": "fedex", "tracking_number": "449044304137821"}]}
    door = f"/fulfillment-orders/{theirs}"

    answers = [
        call("GET", door),
        call("POST", f"{door}/confirm", {}),
        call("POST", f"{door}/hold", {"reason": "x"}),
        call("POST", f"{door}/ship", parcels),
    ]

    sentence = f"There is no fulfillment order '{theirs}'."
    assert {(a.status_code, a.json["detail"]) for a in answers} == {(404, sentence)}
    assert rows("SELECT * FROM fulfillment_orders ORDER BY id") == before


DOORS = (
    "POST /orders",
    "POST /orders/batch",
    "GET /orders/A-1",
    "POST /orders/A-1/cancel",
    "POST /orders/A-1/payments",
    "POST /payments/batch",
    "PUT /vendors",
    "PUT /listings",
    "PUT /policies/watch",
    "GET /clock",
    "PUT /clock",
)


def test_the_marketplaces_doors_are_shut_to_a_vendor(app, two_vendors):
    call = caller(app, vendor_key("kiln", "k1"))

    answers = {door: call(*door.split(), {}).status_code for door in DOORS}

    assert answers == dict.fromkeys(DOORS, 403)


def test_without_a_key_nothing_is_told(app):
    answers = [caller(app, token)("GET", "/fulfillment-orders") for token in ("", "x", TOKEN)]

    assert [answer.status_code for answer in answers] == [401] * 3
    assert answers[0].headers["WWW-Authenticate"].lower().startswith("bearer")


def test_a_revoked_key_is_nobodys(app, sql, two_vendors):
    call = caller(app, vendor_key("kiln", "k1"))
    sql("UPDATE api_keys SET revoked_at = now()")

    assert call("GET", "/fulfillment-orders").status_code == 401


def test_a_vendors_key_confirms_and_ships_its_own_work(app, two_vendors):
    call = caller(app, vendor_key("kiln", "k1"))
    parcels = [{"carrier": "fedex", "tracking_number": "449044304137821"}]

    said = call("POST", f"/fulfillment-orders/{two_vendors[2]}/confirm", {})
    left = call("POST", f"/fulfillment-orders/{two_vendors[2]}/ship", {"parcels": parcels})

    assert (said.json["status"], left.json["status"]) == ("confirmed", "shipped")
    actors = rows("SELECT DISTINCT actor FROM timeline WHERE event LIKE 'fulfillment%'")
    assert [r.actor for r in actors] == ["vendor-kiln"]


def test_a_key_made_anew_replaces_the_one_of_its_name_and_no_vendors(app):
    kiln = make_vendor_with_stock("kiln")
    with transaction(ACCOUNTS):
        ensure_key("robot", "first")
        ensure_key("robot", "theirs", kiln)
        ensure_key("robot", "second")

    assert principal_of("first") is None
    assert principal_of("second").is_marketplace
    assert principal_of("theirs").vendor_id == kiln


def test_a_vendors_transaction_sees_its_own_rows_and_without_a_scope_none(two_vendors):
    shipped_order(1, lines=[line("LAMP")])
    kiln, fjord = two_vendors[:2]

    found = {
        table: [count_in(s, table) for s in (NOBODY, vendor_scope(kiln), vendor_scope(fjord), OPS)]
        for table in (*OWN, "vendors", *SHIPPED)
    }

    assert found == {
        "locations": [0, 1, 1, 2],
        "listings": [0, 1, 1, 2],
        "stock": [0, 1, 1, 2],
        "reservations": [0, 1, 1, 2],
        "fulfillment_orders": [0, 1, 2, 3],
        "fo_lines": [0, 1, 2, 3],
        "vendors": [0, 1, 1, 2],
        "shipments": [0, 0, 1, 1],
        "shipment_lines": [0, 0, 1, 1],
    }


def refused(scope: Scope, *statements: str) -> list[str]:
    """Return the statements that a scope has no right to."""
    found = []
    for statement in statements:
        try:
            with transaction(scope):
                db.session.execute(text(statement))
        except ProgrammingError as error:
            found += [statement] if "permission denied" in str(error) else []
    return found


def reading(*tables: str) -> list[str]:
    return [f"SELECT count(*) FROM {table}" for table in tables]


def test_a_vendors_transaction_cannot_even_ask_for_the_rest(two_vendors):
    questions = reading(*HIDDEN)

    assert refused(vendor_scope(two_vendors[0]), *questions) == questions


CHANGES = (
    "UPDATE fulfillment_orders SET status = 'canceled'",
    "UPDATE fo_lines SET declined = 1",
    "UPDATE stock SET on_hand = on_hand + 1",
)


def test_a_vendor_changes_no_row_of_another(two_vendors):
    kiln = two_vendors[0]

    with transaction(vendor_scope(kiln)):
        others = [
            db.session.execute(text(f"{change} WHERE vendor_id <> :me"), {"me": kiln}).rowcount
            for change in CHANGES
        ]
    with transaction(NOBODY):
        anybodys = [db.session.execute(text(change)).rowcount for change in CHANGES]

    assert (others, anybodys) == ([0, 0, 0], [0, 0, 0])


def test_a_vendor_cannot_give_its_rows_to_another(two_vendors):
    kiln, fjord = two_vendors[:2]

    for table in ("fulfillment_orders", "fo_lines", "stock"):
        with (
            pytest.raises(ProgrammingError, match="row-level security"),
            transaction(vendor_scope(kiln)),
        ):
            db.session.execute(text(f"UPDATE {table} SET vendor_id = :other"), {"other": fjord})


HISTORY = ("timeline", "decisions", "promises", "ledger", "tracking_events")
VERBS = ("UPDATE {} SET order_id = order_id", "DELETE FROM {}", "TRUNCATE {}")


@pytest.mark.parametrize("scope", [OPS, PLATFORM])
def test_history_is_changed_by_nobody(app, scope):
    attempts = [verb.format(table) for table in HISTORY for verb in VERBS]

    assert refused(scope, *attempts) == attempts


def test_background_work_knows_no_passwords_and_no_keys(app):
    questions = reading("users", "api_keys")

    assert refused(PLATFORM, *questions) == questions


def test_signing_in_reads_nothing_but_who_one_is(app):
    questions = reading("orders", "timeline", "fulfillment_orders", "stock")

    assert refused(ACCOUNTS, *questions) == questions


def test_the_applications_login_has_no_right_of_its_own(app, two_vendors):
    engine = db.engine
    with engine.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text("SELECT count(*) FROM orders"))


def test_a_transaction_refuses_to_nest(app):
    with transaction(OPS), pytest.raises(RuntimeError, match="already open"), transaction(OPS):
        pass


def test_a_scope_ends_with_its_transaction_and_returns_after_acting_as(two_vendors):
    kiln = two_vendors[0]
    with transaction(vendor_scope(kiln)):
        with acting_as(PLATFORM):
            everybody = db.session.scalar(text("SELECT count(*) FROM vendors"))
        mine = db.session.scalar(text("SELECT count(*) FROM vendors"))

    assert (everybody, mine) == (2, 1)
    assert count_in(NOBODY, "vendors") == 0


def test_what_failed_leaves_no_trace(two_vendors):
    with pytest.raises(ZeroDivisionError), transaction(OPS):  # noqa: PT012 - it fails after
        db.session.execute(text("UPDATE stock SET on_hand = 99"))
        raise ZeroDivisionError

    assert {r.on_hand for r in rows("SELECT on_hand FROM stock")} == {10}


def test_a_vendor_counts_its_stock_but_not_below_what_is_held(app, two_vendors):
    call = caller(app, vendor_key("kiln", "k1"))
    count = {"location": "main", "sku": "MUG", "on_hand": 1}

    refused = call("POST", "/stock", {"stock": [count]})
    taken = call("POST", "/stock", {"stock": [count | {"on_hand": 2}]})

    assert (refused.status_code, taken.json) == (409, {"counted": 1})
    assert refused.json["detail"] == "MUG has 2 units held for orders; decline those first."
    assert [(r.on_hand, r.reserved) for r in rows("SELECT * FROM stock ORDER BY on_hand")] == [
        (2, 2),
        (10, 2),
    ]


def test_a_vendor_cannot_count_what_it_does_not_sell(app, two_vendors):
    count = {"location": "main", "sku": "LAMP", "on_hand": 1}

    answer = caller(app, vendor_key("kiln", "k1"))("POST", "/stock", {"stock": [count]})

    assert (answer.status_code, answer.json["detail"]) == (
        404,
        "There is no listing of LAMP at main.",
    )
