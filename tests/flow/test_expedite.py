"""Sending faster than ordered: the effect, who is told, twice, two people, left meanwhile."""

from __future__ import annotations

import threading
from datetime import date
from functools import partial

import pytest

from app.catalog.service import save_products
from app.integrity import broken_invariants
from app.orders.contract import Action, FoStatus
from app.orders.service import act
from app.routing.expedite import Wanted, expedite, services
from app.routing.moves import Move, move_lines
from app.shared.errors import Conflict, DomainError, IllegalMove, InvalidInput, NotFound
from app.shared.work import OPS, transaction
from app.shipments import labeling, papers
from tests.conftest import NOW
from tests.factories import (
    at,
    confirmed,
    line,
    make_vendor_with_stock,
    one,
    parcel,
    policy,
    references,
    routed_order,
    rows,
    run_jobs,
    send,
    vendor_key,
)
from tests.handing import packages, packed, pages

LANES = [
    {"service": "express", "days": 1, "parcel": 1240, "kilo": 100},
    {"service": "priority", "days": 2, "parcel": 900},
    {"days": 4, "parcel": 490},
]


@pytest.fixture(autouse=True)
def market(app, jobs_run_here):
    policy("lanes", lanes=LANES)
    make_vendor_with_stock("kiln")
    yield
    with transaction(OPS):
        assert broken_invariants() == []


@pytest.fixture
def work():
    """One fulfillment order, due on Tuesday the 24th, promised for Monday the 30th."""
    (reference,) = references(routed_order())
    return reference


def choose(reference, service="express", reason="it was late", seen=None, actor="Imani Brooks"):
    with transaction(OPS) as now:
        return expedite(Wanted(reference, service, reason, seen), actor=actor, now=now)


def seen(reference):
    with transaction(OPS) as now:
        return services(reference, now).seen


def state(reference):
    row = one(
        "SELECT service, service_minor, ordered_service FROM fulfillment_orders"
        " WHERE reference = :r",
        r=reference,
    )
    return row.service, row.service_minor, row.ordered_service


def told(audience):
    found = rows(
        "SELECT template, facts FROM notifications WHERE audience = :who ORDER BY id",
        who=audience,
    )
    return [row for row in found if row.template in {"work_changed", "order_changed"}]


def test_services_are_compared_with_what_the_order_is_promised(work):
    with transaction(OPS) as now:
        found = services(work, now)

    assert found.order.deliver_on == date(2026, 11, 30)
    assert [(r.service, r.minor, r.arrives, r.keeps_promise) for r in found.rates] == [
        ("standard", 490, date(2026, 11, 30), True),
        ("priority", 900, date(2026, 11, 26), True),
        ("express", 1240, date(2026, 11, 25), True),
    ]
    assert (found.best.service, found.policy_version) == ("standard", 1)


def test_what_weighs_thousands_of_tons_is_sent_faster_too():
    make_vendor_with_stock("fjord", {"STONE": 5000})
    heavy = {"sku": "STONE", "title": "Stone", "weight_g": 1_000_000, "most_units": 9000}
    with transaction(OPS):
        save_products([heavy])
    (reference,) = references(routed_order("A-1", [line("STONE", 5000, unit_price="1.00")]))

    assert choose(reference) is True

    # Five thousand tons, at 1.00 a kilogram.
    assert state(reference) == ("express", 1240 + 500_000_000 - 490, "standard")


def test_a_faster_service_is_booked_told_and_explained(work, sql):
    assert choose(work) is True

    assert state(work) == ("express", 750, "standard")
    (entry,) = rows("SELECT * FROM timeline WHERE event = 'fulfillment_order_expedited'")
    assert entry.actor == "Imani Brooks"
    known = {k: entry.facts[k] for k in ("service", "arrives", "reason", "minor", "currency")}
    assert known == {
        "service": "express",
        "arrives": "2026-11-25",
        "reason": "it was late",
        "minor": 750,
        "currency": "EUR",
    }
    (decision,) = rows("SELECT * FROM decisions WHERE kind = 'service'")
    assert decision.policy_version == 1
    assert (decision.facts["was"], decision.facts["service"]) == ("standard", "express")
    assert (decision.facts["recommended"], decision.facts["why"]) == ("standard", "keeps_all")
    assert [one["service"] for one in decision.facts["options"]] == [
        "standard",
        "priority",
        "express",
    ]
    (vendors,) = told("vendor")
    assert vendors.facts == {"fulfillment_order": work, "changed": "service"}
    ((notice,),) = sql("SELECT facts FROM notices WHERE kind = 'work_changed'")
    assert notice["changed"] == "service"
    (customers,) = told("customer")
    assert customers.template == "order_changed"
    expected = {k: customers.facts[k] for k in ("is_faster", "expected", "is_late", "promised")}
    assert expected == {
        "is_faster": True,
        "expected": "2026-11-25",
        "is_late": False,
        "promised": "2026-11-30",
    }
    assert customers.facts["items"] == [["Mug", 2]]


def test_no_promise_moves(work):
    before = rows("SELECT * FROM promises ORDER BY kind, version")

    choose(work)

    assert rows("SELECT * FROM promises ORDER BY kind, version") == before


def test_the_same_again_changes_nothing_and_tells_nobody(work):
    look = seen(work)
    choose(work, seen=look)

    assert choose(work, seen=look) is False

    assert len(told("vendor")) == len(told("customer")) == 1
    assert len(rows("SELECT 1 FROM decisions WHERE kind = 'service'")) == 1


def test_who_looked_before_somebody_else_chose_is_told_and_changes_nothing(work):
    look = seen(work)
    choose(work, "express", seen=look)

    with pytest.raises(Conflict, match="goes by 'express' now"):
        choose(work, "priority", seen=look)

    assert state(work)[0] == "express"


def test_prices_that_changed_since_are_looked_at_again(work):
    look = seen(work)
    dearer = [LANES[0] | {"parcel": 9_900}, *LANES[1:]]
    policy("lanes", lanes=dearer)

    with pytest.raises(Conflict, match="have changed since you looked"):
        choose(work, seen=look)

    assert state(work) == (None, None, "standard")
    assert told("vendor") == told("customer") == []


def test_days_that_passed_since_are_looked_at_again(work):
    look = seen(work)
    at("2026-11-26T09:00Z")

    with pytest.raises(Conflict, match="have changed since you looked"):
        choose(work, seen=look)


def test_two_people_at_once_have_one_effect(app, work):
    look, outcomes, start = seen(work), [], threading.Barrier(2)

    def person(name, service):
        with app.app_context():
            start.wait()
            try:
                outcomes.append(choose(work, service, seen=look, actor=name))
            except DomainError as refusal:
                outcomes.append(type(refusal))

    threads = [
        threading.Thread(target=partial(person, *who))
        for who in (("Imani", "express"), ("Jonas", "priority"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(str, outcomes)) == sorted(map(str, [True, Conflict]))
    assert len(told("vendor")) == 1


@pytest.mark.parametrize(
    ("service", "reason", "field"),
    [
        ("teleport", "now", "service"),
        ("express", "  ", "reason"),
        # there on the same day, or later
        ("economy", "cheaper", "service"),
    ],
)
def test_what_cannot_be_chosen_is_refused_beside_its_field(work, service, reason, field):
    policy("lanes", lanes=[{"service": "economy", "days": 9, "parcel": 10}, *LANES])

    with pytest.raises(InvalidInput) as refusal:
        choose(work, service, reason)

    assert list(refusal.value.fields) == [field]
    assert state(work) == (None, None, "standard")


def test_what_nobody_has_cannot_be_found():
    with pytest.raises(NotFound):
        choose("FO-NOBODY")


def test_what_left_meanwhile_goes_as_it_went(work):
    look = seen(work)
    confirmed(one("SELECT order_id FROM fulfillment_orders").order_id)
    send(work, parcel(1, NOW))

    with pytest.raises(IllegalMove, match="has left"):
        choose(work, seen=look)

    assert state(work)[0] is None


def test_what_is_left_of_it_can_still_go_faster(work):
    confirmed(one("SELECT order_id FROM fulfillment_orders").order_id)
    send(work, parcel(1, NOW, _1=1))

    assert choose(work) is True
    (customers,) = told("customer")
    assert customers.facts["items"] == [["Mug", 1]]


@pytest.mark.parametrize("status", [FoStatus.REJECTED, FoStatus.CANCELED, FoStatus.DELIVERED])
def test_what_has_ended_goes_by_no_service(work, status, sql):
    sql(f"UPDATE fulfillment_orders SET status = '{status}'")

    with pytest.raises(IllegalMove):
        choose(work)
    sql("UPDATE fulfillment_orders SET status = 'assigned'")


def test_it_goes_back_to_what_was_ordered_while_nothing_has_left(work):
    choose(work)

    assert choose(work, "standard", "the customer is not at home") is True

    assert state(work) == (None, None, "standard")
    (entry,) = rows("SELECT * FROM timeline WHERE event = 'fulfillment_order_sent_as_ordered'")
    assert "minor" not in entry.facts
    last = told("customer")[-1].facts
    assert (last["is_faster"], last["expected"]) == (False, "2026-11-30")


def test_a_customer_is_told_where_even_the_fastest_is_late(work):
    at("2026-12-01T09:00Z")

    choose(work)

    (customers,) = told("customer")
    assert customers.facts["is_late"] is True


def test_weight_and_parcels_are_in_the_price(work, sql):
    sql("UPDATE products SET weight_g = 1250")

    with transaction(OPS) as now:
        found = services(work, now)

    assert found.sending.grams == 2_500
    assert {r.service: r.minor for r in found.rates}["express"] == 1_490


def test_a_faster_service_does_not_follow_lines_to_another_vendor(work):
    choose(work)
    make_vendor_with_stock("fjord")

    with transaction(OPS) as now:
        moved = move_lines(Move(work, "fjord", "main"), reason="roof", actor="Imani", now=now)
        assert (moved.service, moved.sent_by) == (None, "standard")
        name = moved.reference

    assert state(name) == (None, None, "standard")
    assert state(work)[0] == "express"


def test_an_order_of_another_service_is_as_ordered_by_that():
    (reference,) = references(routed_order(shipping={"service": "priority", "price": "9.00"}))

    with transaction(OPS) as now:
        found = services(reference, now)

    assert found.booked.service == "priority"
    assert [r.service for r in found.rates if r.may_be_chosen] == ["express"]


# Labels ----------------------------------------------------------------------------------------


def label(reference):
    with transaction(OPS) as now:
        return labeling.make(reference, (), actor="tests", now=now)


def printed(package):
    with transaction(OPS) as now:
        return pages(papers.label(package, "pdf", now).content)


def test_a_label_made_before_is_neither_printed_nor_handed_over():
    reference = packed()
    label(reference)
    (package,) = packages(reference)
    assert "STANDARD" in printed(package)[0]

    choose(reference)

    with pytest.raises(Conflict, match="is for another service"):
        printed(package)
    outcome = send(reference, parcel(1, NOW))
    assert isinstance(outcome, Conflict)
    assert rows("SELECT 1 FROM shipments") == []


def test_a_new_label_says_the_service_in_force_and_the_parcel_leaves():
    reference = packed()
    label(reference)
    choose(reference)

    label(reference)
    label(reference)

    (package,) = packages(reference)
    assert "EXPRESS" in printed(package)[0]
    kept = rows("SELECT made_for, voided_at FROM labels ORDER BY made_at, voided_at NULLS LAST")
    assert sorted((row.made_for or "", row.voided_at is None) for row in kept) == [
        ("", False),
        ("express", True),
    ]
    assert not isinstance(send(reference, parcel(1, NOW)), DomainError)


def test_a_label_of_before_is_good_again_when_it_goes_as_ordered():
    reference = packed()
    label(reference)
    choose(reference)
    choose(reference, "standard", "back")

    (package,) = packages(reference)
    assert "STANDARD" in printed(package)[0]


def test_the_slip_says_the_service_in_force():
    reference = packed()
    choose(reference)
    (package,) = (packed_.package.reference for packed_ in label(reference))

    with transaction(OPS) as now:
        assert "Service: express" in pages(papers.packing_slip(package, now))[0]


# What programs read ------------------------------------------------------------------------------


def test_programs_read_the_service_in_force(work, api):
    before = api("GET", f"/fulfillment-orders/{work}").json["service"]
    choose(work)
    after = api("GET", f"/fulfillment-orders/{work}").json["service"]

    assert (before, after) == ("standard", "express")


def test_the_marketplaces_program_books_a_service_and_a_vendors_does_not(app, work, api):
    path, body = f"/fulfillment-orders/{work}/service", {"service": "express", "reason": "VIP"}
    vendors = {"Authorization": f"Bearer {vendor_key('kiln', 'onw_of_kiln')}"}

    refused = app.test_client().post(f"/api/v1{path}", json=body, headers=vendors)
    assert refused.status_code == 403
    assert state(work)[0] is None

    booked, again = api("POST", path, body), api("POST", path, body)
    assert (booked.status_code, booked.json["service"]) == (200, "express")
    assert again.json == booked.json
    assert len(told("vendor")) == 1


@pytest.mark.parametrize(
    "body", [{}, {"service": "express"}, {"service": "slow boat", "reason": "x"}]
)
def test_a_program_is_told_what_is_wrong(work, api, body):
    answer = api("POST", f"/fulfillment-orders/{work}/service", body)

    assert answer.status_code == 422
    assert state(work)[0] is None


def test_on_hold_it_may_be_sent_faster_too(work):
    with transaction(OPS) as now:
        act([work], Action.HOLD, actor="tests", now=now, reason="flood")

    assert choose(work) is True


def test_jobs_find_nothing_wrong_afterwards(work):
    choose(work)

    run_jobs()

    assert state(work)[0] == "express"
