"""What vendors offer for what they cannot send, and what customers' answers make of it."""

from __future__ import annotations

from datetime import date, timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from app.catalog.service import count_stock
from app.choices.contract import Instead, Kind
from app.choices.queries import of_fulfillment_order, of_order, waiting
from app.choices.rules import status_of
from app.choices.service import answer, confirm
from app.extensions import db
from app.orders.confirmations import Confirmation
from app.orders.contract import DeclineCode
from app.orders.models import FulfillmentOrder
from app.orders.service import cancel
from app.shared.errors import DomainError, IllegalMove, InvalidInput, NotFound
from app.shared.work import OPS, transaction, vendor_scope
from tests.conftest import NOW
from tests.factories import (
    ACTOR,
    line,
    make_vendor_with_stock,
    one,
    references,
    routed_order,
    rows,
    run_jobs,
)

TODAY = NOW.date()
BACK = TODAY + timedelta(days=4)


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 10, "BOWL": 10})


@pytest.fixture
def order_id(kiln: UUID) -> UUID:
    return routed_order("A-1", [line(quantity=3)])


def say(
    reference: str, kept: int = 1, scope: Any = OPS, **offered: Any
) -> FulfillmentOrder | DomainError:
    """Have a vendor confirm some units of line 1 and offer something for the others."""
    word = Confirmation(reference, {"1": kept}, code=DeclineCode.OUT_OF_STOCK)
    with transaction(scope) as now:
        (outcome,) = confirm([word], {reference: {"1": Instead(**offered)}}, actor="kiln", now=now)
    return outcome


def reply(kind: Kind, note: str = "by phone") -> Any:
    """Answer the only choice there is for its customer; return what became of it."""
    reference = one("SELECT reference FROM choices").reference
    with transaction(OPS) as now:
        return answer(reference, kind, note=note, actor="Imani", actor_id=None, now=now)


def units(order_id: UUID) -> dict[str, tuple[int, int, int]]:
    """Return quantity, unrouted and canceled units of an order's lines by SKU."""
    found = rows(
        "SELECT sku, quantity, unrouted, canceled FROM order_lines WHERE order_id = :id",
        id=order_id,
    )
    return {row.sku: (row.quantity, row.unrouted, row.canceled) for row in found}


def entries(order_id: UUID, event: str) -> list[dict[str, Any]]:
    found = rows(
        "SELECT facts FROM timeline WHERE order_id = :id AND event = :event ORDER BY id",
        id=order_id,
        event=event,
    )
    return [row.facts for row in found]


# Offers ---------------------------------------------------------------------------------------


def test_an_offer_is_a_choice_for_the_customer(order_id: UUID, kiln: UUID) -> None:
    (reference,) = references(order_id)

    say(reference, 1, vendor_scope(kiln), substitute="BOWL", restock_on=BACK)

    choice = one("SELECT * FROM choices")
    assert (choice.vendor_id, choice.units, choice.code) == (kiln, 2, "out_of_stock")
    assert choice.status == "open"
    assert choice.options == [
        {"kind": "wait", "until": BACK.isoformat()},
        {"kind": "substitute", "sku": "BOWL", "title": "Bowl"},
        {"kind": "refund"},
    ]
    assert entries(order_id, "choice_offered") == [
        {"sku": "MUG", "units": 2, "until": BACK.isoformat(), "substitute": "BOWL"}
    ]
    with transaction(vendor_scope(kiln)):
        fo = db.session.scalar(db.select(FulfillmentOrder.id).filter_by(reference=reference))
        assert [row.units for row in of_fulfillment_order(fo)] == [2]


def test_what_comes_back_later_is_not_there_now(order_id: UUID) -> None:
    say(references(order_id)[0], 1, restock_on=BACK)

    stock = one(
        "SELECT s.on_hand, s.reserved, l.restock_on FROM stock s JOIN listings l"
        " ON l.id = s.listing_id WHERE l.sku = 'MUG'"
    )
    assert (stock.on_hand, stock.reserved, stock.restock_on) == (1, 1, BACK)


def test_without_an_offer_there_is_nothing_to_choose(order_id: UUID) -> None:
    say(references(order_id)[0], 1)

    assert rows("SELECT * FROM choices") == []


@pytest.mark.parametrize(
    ("kept", "offered", "field"),
    [
        (1, {"substitute": "NOPE"}, "offers.1.substitute"),
        (1, {"substitute": "MUG"}, "offers.1.substitute"),
        (1, {"substitute": "VASE"}, "offers.1.substitute"),
        (1, {"substitute": "OLD"}, "offers.1.substitute"),
        (1, {"substitute": "THEIRS"}, "offers.1.substitute"),
        (1, {"restock_on": TODAY}, "offers.1.restock_on"),
        (1, {"restock_on": TODAY + timedelta(days=366)}, "offers.1.restock_on"),
        (3, {"restock_on": BACK}, "offers.1"),
    ],
)
def test_what_cannot_be_kept_cannot_be_offered(
    kept: int, offered: dict[str, Any], field: str
) -> None:
    kiln = make_vendor_with_stock("kiln", {"MUG": 10, "VASE": 1, "OLD": 10})
    make_vendor_with_stock("other", {"THEIRS": 10})
    with transaction(OPS):
        db.session.execute(text("UPDATE listings SET is_active = false WHERE sku = 'OLD'"))
    order_id = routed_order("A-1", [line(quantity=3)])
    (reference,) = references(order_id)

    outcome = say(reference, kept, vendor_scope(kiln), **offered)

    assert isinstance(outcome, InvalidInput)
    assert list(outcome.fields) == [field]
    assert one("SELECT status FROM fulfillment_orders").status == "assigned"
    assert one("SELECT restock_on FROM listings WHERE sku = 'MUG'").restock_on is None
    assert rows("SELECT * FROM choices") == []


def test_one_offer_that_cannot_be_kept_refuses_its_own_word_only(kiln: UUID) -> None:
    names = [references(routed_order(f"A-{n}"))[0] for n in (1, 2)]
    words = [Confirmation(name, {"1": 0}, code=DeclineCode.DAMAGED) for name in names]

    with transaction(vendor_scope(kiln)) as now:
        bad, good = confirm(
            words,
            {names[0]: {"1": Instead("NOPE")}, names[1]: {"1": Instead("BOWL")}},
            actor="kiln",
            now=now,
        )

    assert isinstance(bad, InvalidInput)
    assert isinstance(good, FulfillmentOrder)
    assert one("SELECT count(*) AS n FROM choices").n == 1


def test_the_same_word_and_offer_again_change_nothing(order_id: UUID) -> None:
    (reference,) = references(order_id)
    say(reference, 1, substitute="BOWL")

    again = say(reference, 1, substitute="BOWL")

    assert isinstance(again, FulfillmentOrder)
    assert one("SELECT count(*) AS n FROM choices").n == 1
    assert len(entries(order_id, "choice_offered")) == 1


@pytest.mark.parametrize("first", [{}, {"substitute": "BOWL"}])
def test_another_offer_after_the_word_is_refused(order_id: UUID, first: dict[str, Any]) -> None:
    (reference,) = references(order_id)
    say(reference, 1, **first)

    assert isinstance(say(reference, 1, restock_on=BACK), IllegalMove)
    assert one("SELECT count(*) AS n FROM choices").n == len(first)


def test_nobody_offers_for_anothers_work(order_id: UUID) -> None:
    other = make_vendor_with_stock("other", {"MUG": 0, "CUP": 9})
    (reference,) = references(order_id)

    outcome = say(reference, 1, vendor_scope(other), substitute="CUP")

    assert isinstance(outcome, NotFound)
    assert rows("SELECT * FROM choices") == []
    say(reference, 1, substitute="BOWL")
    with transaction(vendor_scope(other)):
        assert db.session.execute(text("SELECT * FROM choices")).all() == []


# Answers --------------------------------------------------------------------------------------


def test_money_back_calls_the_units_off(order_id: UUID) -> None:
    say(references(order_id)[0], 1, substitute="BOWL")

    assert reply(Kind.REFUND, "  by mail of today ") == "done"

    assert units(order_id) == {"MUG": (3, 0, 2)}
    choice = one("SELECT * FROM choices")
    assert (choice.answer, choice.answered_by, choice.note) == (
        "refund",
        "Imani",
        "by mail of today",
    )
    assert entries(order_id, "choice_answered") == [
        {"answer": "refund", "sku": "MUG", "units": 2, "note": "by mail of today"}
        | {"substitute": None}
    ]
    told = rows("SELECT template FROM notifications WHERE audience = 'customer' ORDER BY id")
    assert [row.template for row in told][-1] == "order_changed"


def test_who_waits_is_sent_it_by_the_same_vendor_when_it_is_back(order_id: UUID) -> None:
    (first,) = references(order_id)
    say(first, 1, restock_on=BACK)
    run_jobs("route_orders")
    assert units(order_id) == {"MUG": (3, 2, 0)}

    reply(Kind.WAIT)
    run_jobs("route_orders")

    assert units(order_id) == {"MUG": (3, 0, 0)}
    again = one("SELECT * FROM fulfillment_orders WHERE reference <> :r", r=first)
    assert (again.status, again.waits_until) == ("assigned", BACK)
    assert again.ship_by.date() >= BACK


def test_who_declined_what_was_waited_for_is_not_given_it_again(order_id: UUID) -> None:
    (first,) = references(order_id)
    say(first, 1, restock_on=BACK)
    reply(Kind.WAIT)
    run_jobs("route_orders")
    second = next(name for name in references(order_id) if name != first)

    say(second, 0)
    run_jobs("route_orders")

    assert len(references(order_id)) == 2
    assert units(order_id) == {"MUG": (3, 2, 0)}


def test_something_else_comes_from_that_vendor_at_the_same_price(order_id: UUID) -> None:
    make_vendor_with_stock("cheap", {"BOWL": 10}, cost_minor=1)
    (first,) = references(order_id)
    say(first, 1, substitute="BOWL")
    before = one("SELECT items_minor FROM orders").items_minor

    reply(Kind.SUBSTITUTE)
    run_jobs("route_orders")

    assert units(order_id) == {"MUG": (3, 0, 2), "BOWL": (2, 0, 0)}
    added = one("SELECT * FROM order_lines WHERE sku = 'BOWL'")
    assert (added.external_id, added.vendor, added.unit_price_minor) == ("1-2", "kiln", 1250)
    work = one(
        "SELECT v.code, l.ordered FROM fo_lines l JOIN vendors v ON v.id = l.vendor_id"
        " WHERE l.sku = 'BOWL'"
    )
    assert (work.code, work.ordered) == ("kiln", 2)
    assert one("SELECT items_minor FROM orders").items_minor == before


def test_something_else_for_all_of_an_order_is_no_cancellation(order_id: UUID) -> None:
    say(references(order_id)[0], 0, substitute="BOWL")

    reply(Kind.SUBSTITUTE)

    assert one("SELECT status FROM orders").status == "received"
    told = rows("SELECT template FROM notifications WHERE audience = 'customer'")
    assert "order_canceled" not in {row.template for row in told}


def test_something_else_that_is_gone_meanwhile_is_asked_again(order_id: UUID) -> None:
    say(references(order_id)[0], 1, substitute="BOWL")
    with transaction(OPS):
        bowl = db.session.scalar(text("SELECT id FROM listings WHERE sku = 'BOWL'"))
        count_stock({bowl: 1})

    with pytest.raises(IllegalMove, match="has 1 of BOWL left, and 2 are needed"):
        reply(Kind.SUBSTITUTE)

    assert units(order_id) == {"MUG": (3, 2, 0)}
    assert one("SELECT status FROM choices").status == "open"


def test_an_answer_counts_once(order_id: UUID) -> None:
    say(references(order_id)[0], 1, substitute="BOWL", restock_on=BACK)
    reply(Kind.REFUND)

    assert reply(Kind.REFUND) == "again"
    with pytest.raises(IllegalMove, match="was answered 'refund' by Imani already"):
        reply(Kind.SUBSTITUTE)

    assert units(order_id) == {"MUG": (3, 0, 2)}
    assert len(entries(order_id, "choice_answered")) == 1


def test_two_who_answer_at_once_are_one_answer(app: Flask, order_id: UUID) -> None:
    say(references(order_id)[0], 1, substitute="BOWL")
    start, said = Barrier(2), []

    def run(kind: Kind) -> None:
        with app.app_context():
            start.wait()
            try:
                said.append(reply(kind))
            except IllegalMove as refusal:
                said.append(refusal.title)

    threads = [Thread(target=run, args=(kind,)) for kind in (Kind.REFUND, Kind.SUBSTITUTE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(said) == ["Not possible in this state", "done"]
    assert len(entries(order_id, "choice_answered")) == 1


@pytest.mark.parametrize(
    ("kind", "note"), [(Kind.WAIT, "by phone"), (Kind.REFUND, " ")], ids=["not offered", "no note"]
)
def test_an_answer_is_one_of_those_offered_and_says_how_it_came(
    order_id: UUID, kind: Kind, note: str
) -> None:
    say(references(order_id)[0], 1, substitute="BOWL")

    with pytest.raises(InvalidInput):
        reply(kind, note)

    assert one("SELECT status FROM choices").status == "open"
    assert units(order_id) == {"MUG": (3, 2, 0)}


# Moot -----------------------------------------------------------------------------------------


def test_units_that_another_vendor_takes_need_no_answer(order_id: UUID) -> None:
    say(references(order_id)[0], 1, substitute="BOWL")
    make_vendor_with_stock("other", {"MUG": 10})
    run_jobs("wake_waiting", "route_orders")

    with transaction(OPS):
        (seen,), still = of_order(order_id), waiting(10)
    first, second = reply(Kind.REFUND), reply(Kind.REFUND)

    assert (status_of(seen.status, seen.units, seen.unrouted), still) == ("moot", [])
    assert (first, second) == ("moot", "moot")
    assert units(order_id) == {"MUG": (3, 0, 0)}
    assert entries(order_id, "choice_moot") == [{"units": 2}]
    assert entries(order_id, "choice_answered") == []


def test_only_the_units_that_still_wait_are_answered(order_id: UUID) -> None:
    say(references(order_id)[0], 1, substitute="BOWL")
    make_vendor_with_stock("other", {"MUG": 1})
    run_jobs("wake_waiting", "route_orders")

    reply(Kind.REFUND)

    assert units(order_id) == {"MUG": (3, 0, 1)}


def test_units_that_were_called_off_need_no_answer(order_id: UUID) -> None:
    say(references(order_id)[0], 1, substitute="BOWL")
    with transaction(OPS) as now:
        cancel(order_id, None, actor=ACTOR, reason="changed my mind", now=now)

    assert reply(Kind.REFUND) == "moot"
    assert units(order_id) == {"MUG": (3, 0, 3)}


def test_a_choice_that_nobody_knows_is_not_found(app: Flask) -> None:
    with pytest.raises(NotFound), transaction(OPS) as now:
        answer("CH-NONE", Kind.REFUND, note="x", actor="Imani", actor_id=None, now=now)


# The word itself ------------------------------------------------------------------------------


def word(reference: str, **said: Any) -> FulfillmentOrder | DomainError:
    with transaction(OPS) as now:
        (outcome,) = confirm([Confirmation(reference, **said)], {}, actor="kiln", now=now)
    return outcome


def fo() -> Any:
    return one("SELECT * FROM fulfillment_orders")


@pytest.mark.parametrize(
    ("said", "code", "reason"),
    [
        ({"reason": "the shelf is empty"}, "other", "the shelf is empty"),
        ({"code": DeclineCode.DAMAGED}, "damaged", None),
        ({"code": DeclineCode.OTHER, "reason": "flood"}, "other", "flood"),
    ],
)
def test_a_decline_is_kept_with_its_code(
    order_id: UUID, said: dict[str, Any], code: str, reason: str | None
) -> None:
    word(references(order_id)[0], quantities={"1": 0}, **said)

    assert (fo().status, fo().decline_code, fo().decline_reason) == ("rejected", code, reason)
    (facts,) = entries(order_id, "fulfillment_order_confirmed")
    assert (facts["decline"], facts["declined"]) == (code, 3)


@pytest.mark.parametrize("said", [{}, {"code": DeclineCode.OTHER}, {"reason": " "}])
def test_a_decline_says_why(order_id: UUID, said: dict[str, Any]) -> None:
    outcome = word(references(order_id)[0], quantities={"1": 1}, **said)

    assert isinstance(outcome, InvalidInput)
    assert list(outcome.fields) == ["reason"]
    assert fo().status == "assigned"


def test_who_takes_all_of_it_declines_nothing(order_id: UUID) -> None:
    word(references(order_id)[0], code=DeclineCode.DAMAGED)

    assert (fo().status, fo().decline_code) == ("confirmed", None)


def test_a_word_may_say_when_and_that_somebody_has_looked(order_id: UUID) -> None:
    word(references(order_id)[0], has_attested=True, ship_on=TODAY)

    assert (fo().has_attested, fo().ship_on) == (True, TODAY)
    (facts,) = entries(order_id, "fulfillment_order_confirmed")
    assert (facts["attested"], facts["ship_on"]) == (True, TODAY.isoformat())


def test_what_is_declined_as_a_whole_is_handed_over_never(order_id: UUID) -> None:
    word(references(order_id)[0], quantities={"1": 0}, reason="no", ship_on=TODAY)

    assert (fo().status, fo().ship_on, fo().has_attested) == ("rejected", None, False)


@pytest.mark.parametrize("days", [-1, 181])
def test_a_day_is_from_today_on_and_in_reason(order_id: UUID, days: int) -> None:
    outcome = word(references(order_id)[0], ship_on=TODAY + timedelta(days=days))

    assert isinstance(outcome, InvalidInput)
    assert list(outcome.fields) == ["ship_on"]
    assert fo().status == "assigned"


def test_today_is_where_the_goods_are(app: Flask) -> None:
    make_vendor_with_stock("kiln", zone="Pacific/Kiritimati")
    (reference,) = references(routed_order("A-1"))
    there: date = TODAY if NOW.hour < 10 else TODAY + timedelta(days=1)

    assert isinstance(word(reference, ship_on=there - timedelta(days=1)), InvalidInput)
    assert isinstance(word(reference, ship_on=there), FulfillmentOrder)


def test_the_same_word_again_is_no_other_day(order_id: UUID) -> None:
    (reference,) = references(order_id)
    word(reference, ship_on=TODAY)

    assert isinstance(word(reference), FulfillmentOrder)
    assert isinstance(word(reference, ship_on=TODAY), FulfillmentOrder)
    assert isinstance(word(reference, ship_on=TODAY + timedelta(days=1)), IllegalMove)
    assert fo().ship_on == TODAY
    assert len(entries(order_id, "fulfillment_order_confirmed")) == 1
