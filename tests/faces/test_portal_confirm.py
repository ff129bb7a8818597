"""A vendor's word on the screen: all of it, a part, nothing; with a day, and an offer instead."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.keys import ensure_key
from app.orders.confirmations import Confirmation
from app.orders.contract import Action
from app.orders.service import act, cancel, confirm
from app.shared.work import ACCOUNTS, OPS, transaction
from tests.conftest import NOW
from tests.faces.test_audit_page import statements
from tests.factories import (
    ADDRESS,
    at,
    line,
    make_vendor_with_stock,
    one,
    policy,
    references,
    routed_order,
    rows,
    run_jobs,
    shipped_order,
    vendor_key,
)
from tests.people import browser_of, make_person

TODAY = NOW.date()
HOUR = timedelta(hours=1)


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 500, "BOWL": 20}, zone="Europe/Stockholm")


@pytest.fixture
def staff(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_staff", "Noor Aziz", vendor=kiln))


def order(number: str = "A-1", **changes: Any) -> str:
    """Have an order placed and routed; return its fulfillment order."""
    lines = changes.pop("lines", [line(quantity=3), line("BOWL", 2, "2")])
    (reference,) = references(routed_order(number, lines, **changes))
    return reference


def path(reference: str) -> str:
    return f"/portal/orders/{reference}/confirm"


def say(browser: FlaskClient, reference: str, do: str = "part", **fields: Any) -> Any:
    units = {"units0": "3", "units1": "2", "attest": "y"}
    sent = {k: v for k, v in {**units, "do": do, **fields}.items() if v is not None}
    return browser.post(path(reference), data=sent)


def fo(reference: str) -> Any:
    return one("SELECT * FROM fulfillment_orders WHERE reference = :r", r=reference)


def units(reference: str) -> dict[str, tuple[int, int]]:
    """Return confirmed and declined units by line."""
    found = rows(
        "SELECT l.line, l.confirmed, l.declined FROM fo_lines l JOIN fulfillment_orders f"
        " ON f.id = l.fo_id WHERE f.reference = :r",
        r=reference,
    )
    return {row.line: (row.confirmed, row.declined) for row in found}


def words(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


# One ------------------------------------------------------------------------------------------


def test_the_page_shows_all_that_is_asked_for(staff: FlaskClient) -> None:
    wishes = {"gift_wrap": True, "delivery_instructions": "Ring twice"}
    lines = [line(quantity=3, options={"colour": "red"})]
    reference = order(lines=lines, preferences=wishes)

    answer = staff.get(path(reference))

    told = words(answer.text)
    for word in ("MUG", "colour: red", "of 3", "Storgatan 1", "211 34 Malmö", "Ring twice"):
        assert word in told
    assert "Wrap it as a gift" in told
    assert "confirm by Tue, Nov 24" in told
    assert answer.text.count("btn-primary") == 1
    assert "ada@example.org" not in answer.text


def test_all_of_it_is_taken_with_one_button(staff: FlaskClient) -> None:
    reference = order()

    answer = say(staff, reference, "all", ship_on=TODAY.isoformat())

    assert (answer.status_code, answer.location) == (303, f"/portal/orders/{reference}")
    assert units(reference) == {"1": (3, 0), "2": (2, 0)}
    found = fo(reference)
    assert (found.status, found.has_attested, found.ship_on) == ("confirmed", True, TODAY)
    assert "5 units are yours to send." in words(staff.get(answer.location).text)
    told = one("SELECT actor FROM timeline WHERE event = 'fulfillment_order_confirmed'")
    assert told.actor == "Noor Aziz"


def test_a_part_of_it_is_taken_with_a_reason(staff: FlaskClient) -> None:
    reference = order()

    say(staff, reference, units0="1", code="damaged", reason="fell off the shelf")

    assert units(reference) == {"1": (1, 2), "2": (2, 0)}
    found = fo(reference)
    assert (found.decline_code, found.decline_reason) == ("damaged", "fell off the shelf")


def test_all_of_it_is_declined_without_having_looked(staff: FlaskClient) -> None:
    reference = order()

    answer = say(staff, reference, "none", attest=None, code="discontinued")

    assert answer.status_code == 303
    assert (fo(reference).status, fo(reference).decline_code) == ("rejected", "discontinued")
    assert "Its units go to somebody else now" in words(staff.get(answer.location).text)


@pytest.mark.parametrize(
    ("do", "fields", "told"),
    [
        ("all", {"attest": None}, "Look first whether they are there"),
        ("all", {"units0": "1"}, "You entered fewer units"),
        ("part", {"units0": "1"}, "Choose why not all of it can be sent"),
        ("part", {"units0": "1", "code": "other"}, "Say in a few words what it is"),
        ("none", {}, "Choose why not all of it can be sent"),
        ("part", {"units0": "4"}, "Enter 0 to 3."),
        ("part", {"units0": "-1", "code": "damaged"}, "Enter 0 to 3."),
        ("all", {"ship_on": "2026-11-22"}, "Name a day from today on"),
        (
            "part",
            {"units0": "1", "code": "damaged", "substitute0": "NOPE"},
            "You have none of it on sale",
        ),
        (
            "part",
            {"units0": "1", "code": "damaged", "restock0": "2026-11-23"},
            "Name a coming day.",
        ),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_changed(
    staff: FlaskClient, do: str, fields: dict[str, Any], told: str
) -> None:
    reference = order()

    answer = say(staff, reference, do, **fields)

    assert answer.status_code == 422
    assert told in words(answer.text)
    assert fo(reference).status == "assigned"
    assert rows("SELECT * FROM choices") == []
    if "units0" in fields:
        assert f'value="{fields["units0"]}"' in answer.text


def test_an_offer_goes_with_what_is_missing(staff: FlaskClient) -> None:
    reference = order()

    say(
        staff,
        reference,
        units0="1",
        code="out_of_stock",
        substitute0="BOWL",
        restock0="2026-11-30",
        substitute1="MUG",
    )

    choice = one("SELECT * FROM choices")
    assert (choice.units, choice.made_by) == (2, "Noor Aziz")
    assert [one["kind"] for one in choice.options] == ["wait", "substitute", "refund"]
    again = words(staff.get(path(reference)).text)
    assert "You have it again on Mon, Nov 30." in again
    assert "The customer is asked" in again


def test_a_day_after_ship_by_is_taken_and_seen(staff: FlaskClient) -> None:
    reference = order()
    late = fo(reference).ship_by.date() + timedelta(days=2)

    answer = say(staff, reference, "all", ship_on=late.isoformat())

    assert fo(reference).ship_on == late
    assert "is later than promised" in words(staff.get(answer.location).text)


def test_a_second_press_promises_nothing_more(staff: FlaskClient) -> None:
    reference = order()
    say(staff, reference, "all")

    again = say(staff, reference, "all")

    assert again.status_code == 409
    assert "5 units were confirmed" in words(again.text)
    events = "SELECT * FROM timeline WHERE event = 'fulfillment_order_confirmed'"
    assert len(rows(events)) == 1


def test_who_is_late_with_another_word_is_told_and_changes_nothing(staff: FlaskClient) -> None:
    reference = order()
    say(staff, reference, "all")

    answer = say(staff, reference, "none", code="damaged")

    assert answer.status_code == 409
    assert units(reference) == {"1": (3, 0), "2": (2, 0)}


def _declined(reference: str) -> None:
    with transaction(OPS) as now:
        confirm([Confirmation(reference, {}, "no kiln today")], actor="x", now=now)


def _canceled(_reference: str) -> None:
    key = one("SELECT id FROM orders").id
    with transaction(OPS) as now:
        cancel(key, None, actor="x", reason="x", now=now)


def _held(reference: str) -> None:
    with transaction(OPS) as now:
        act([reference], Action.HOLD, actor="x", now=now, reason="the van broke down")


def _taken(reference: str) -> None:
    make_vendor_with_stock("other", {"MUG": 50, "BOWL": 50})
    at(fo(reference).confirm_by + HOUR)
    run_jobs("take_back_unconfirmed")


@pytest.mark.parametrize(
    ("meanwhile", "told"),
    [
        (_declined, "Another reason, no kiln today. Nothing to do."),
        (_canceled, "The customer wants it no more."),
        (_held, "until it is released: the van broke down."),
        (_taken, "Nobody had confirmed it by Tue, Nov 24, 10:00, so somebody else sends it."),
    ],
)
def test_what_was_taken_away_is_explained(staff: FlaskClient, meanwhile: Any, told: str) -> None:
    reference = order()
    meanwhile(reference)
    before = fo(reference).status

    page, pressed = staff.get(path(reference)), say(staff, reference, "all")

    assert (page.status_code, pressed.status_code) == (200, 409)
    for answer in (page, pressed):
        assert told in words(answer.text)
        assert 'name="do"' not in answer.text
        assert "Storgatan" not in answer.text or before == "on_hold"
    assert fo(reference).status == before


def test_an_order_of_somebody_else_is_not_there(app: Flask, staff: FlaskClient) -> None:
    make_vendor_with_stock("other", {"CUP": 5})
    (theirs,) = references(routed_order("A-9", [line("CUP", 1)]))

    assert staff.get(path(theirs)).status_code == 404
    assert say(staff, theirs, "all").status_code == 404
    assert fo(theirs).status == "assigned"


def test_ops_who_look_on_are_offered_no_button(app: Flask, kiln: UUID) -> None:
    reference = order()
    agent = browser_of(app, make_person("ops_agent"))
    agent.post("/console/vendors/kiln/view")

    page = agent.get(path(reference))

    assert page.status_code == 200
    assert 'name="do"' not in page.text
    assert say(agent, reference, "all").status_code in {403, 404}
    assert 'name="order"' not in agent.get("/portal/confirm").text
    assert agent.post("/portal/confirm", data={"order": reference, "attest": "y"}).status_code in {
        403,
        404,
    }
    assert fo(reference).status == "assigned"


# Many -----------------------------------------------------------------------------------------


def many(browser: FlaskClient, *names: str, **fields: Any) -> Any:
    sent = {"order": list(names), "attest": "y", "when": "each", **fields}
    return browser.post("/portal/confirm", data={k: v for k, v in sent.items() if v is not None})


def test_all_that_wait_are_chosen_to_begin_with(staff: FlaskClient) -> None:
    names = [order(f"A-{n}") for n in (1, 2)]
    say(staff, order("A-3"), "all")

    page = staff.get("/portal/confirm").text

    chosen = re.findall(r'name="order" value="([^"]+)" checked', page)
    assert chosen == names
    assert "3 \N{MULTIPLICATION SIGN} Mug , 2 \N{MULTIPLICATION SIGN} Bowl" in words(page)
    assert "10 units" in words(page)


def test_what_would_be_promised_is_shown_and_not_promised(staff: FlaskClient) -> None:
    first, second = order("A-1"), order("A-2")
    say(staff, second, "all")

    page = many(staff, first, second, "FO-NOBODYS")

    told = words(page.text)
    assert page.status_code == 200
    assert "Promise 1 order" in told
    assert "It is confirmed. 5 units were confirmed" in told
    assert "It is not yours, or there is no such order." in told
    assert fo(first).status == "assigned"
    assert rows("SELECT * FROM notifications WHERE template = 'order_confirmed'") == rows(
        "SELECT * FROM notifications WHERE template = 'order_confirmed' AND order_id ="
        " (SELECT order_id FROM fulfillment_orders WHERE reference = :r)",
        r=second,
    )


def test_each_of_many_is_answered(staff: FlaskClient) -> None:
    first, second, third = (order(f"A-{n}") for n in (1, 2, 3))
    _held(third)

    page = many(staff, first, second, third, say="1")

    told = words(page.text)
    assert [fo(name).status for name in (first, second, third)] == [
        "confirmed",
        "confirmed",
        "on_hold",
    ]
    assert "Your word is given" in told
    assert "It is on hold." in told
    assert "Nothing else waits for your word." in told
    assert fo(first).has_attested
    assert fo(first).ship_on == fo(first).ship_by.date()


def test_many_pressed_twice_is_once(staff: FlaskClient) -> None:
    name = order("A-1")
    many(staff, name, say="1")

    again = many(staff, name, say="1")

    assert again.status_code == 200
    assert "It is confirmed." in words(again.text)
    assert len(rows("SELECT * FROM timeline WHERE event = 'fulfillment_order_confirmed'")) == 1


@pytest.mark.parametrize(
    ("when", "ship_on", "kept"),
    [("none", None, None), ("day", "2026-11-24", "2026-11-24")],
)
def test_one_day_or_none_is_said_of_all(
    staff: FlaskClient, when: str, ship_on: str | None, kept: str | None
) -> None:
    name = order("A-1")

    many(staff, name, say="1", when=when, ship_on=ship_on)

    found = fo(name).ship_on
    assert (found and found.isoformat()) == kept


def test_a_day_that_is_past_is_refused_one_by_one(staff: FlaskClient) -> None:
    name = order("A-1")

    page = many(staff, name, say="1", when="day", ship_on="2026-11-22")

    assert "It cannot be handed over on that day." in words(page.text)
    assert fo(name).status == "assigned"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"attest": None}, "Look first"),
        ({"when": "day"}, "Name the day."),
        ({"order": []}, "Choose at least one order."),
    ],
)
def test_what_is_missing_of_many_is_said(
    staff: FlaskClient, fields: dict[str, Any], told: str
) -> None:
    name = order("A-1")

    page = many(staff, name, say="1", **fields)

    assert page.status_code == 422
    assert told in words(page.text)
    assert fo(name).status == "assigned"


@pytest.mark.parametrize(("where", "most"), [("one", 5), ("many", 3)])
def test_pages_ask_little_however_much_there_is(staff: FlaskClient, where: str, most: int) -> None:
    names = [order(f"A-{n}") for n in range(4)]
    staff.get("/portal/")

    with statements() as seen:
        answer = staff.get(path(names[0]) if where == "one" else "/portal/confirm")

    assert answer.status_code == 200
    assert len(seen) <= most


# What the customer is told, and the vendor ----------------------------------------------------


def test_the_customer_is_told_the_day_once(staff: FlaskClient) -> None:
    reference = order()
    say(staff, reference, "all", ship_on="2026-11-24")
    say(staff, reference, "all", ship_on="2026-11-24")

    mail = one("SELECT * FROM notifications WHERE template = 'order_confirmed'")
    assert (mail.recipient, mail.facts["ship_on"]) == ("ada@example.org", "2026-11-24")
    assert mail.facts["items"] == [["Mug", 3], ["Bowl", 2]]


def test_no_day_is_no_mail(staff: FlaskClient) -> None:
    say(staff, order(), "all")

    assert rows("SELECT * FROM notifications WHERE template = 'order_confirmed'") == []


def test_a_marketplace_may_not_want_to_tell(staff: FlaskClient) -> None:
    policy("messages", customer=["order_received"])

    say(staff, order(), "all", ship_on="2026-11-24")

    assert rows("SELECT * FROM notifications WHERE template = 'order_confirmed'") == []


def test_a_program_says_all_that_a_person_can(app: Flask, kiln: UUID) -> None:
    key = vendor_key("kiln", "onw_kiln_word")
    reference = order()
    body = {
        "lines": {"1": 1, "2": 2},
        "code": "out_of_stock",
        "attest": True,
        "ship_on": "2026-11-24",
        "offers": {"1": {"substitute": "BOWL", "restock_on": "2026-11-30"}},
    }

    answer = app.test_client().post(
        f"/api/v1/fulfillment-orders/{reference}/confirm",
        json=body,
        headers={"Authorization": f"Bearer {key}"},
    )

    assert answer.status_code == 200
    told = answer.get_json()
    assert (told["decline_code"], told["ship_on"]) == ("out_of_stock", "2026-11-24")
    assert fo(reference).has_attested
    assert one("SELECT units FROM choices").units == 2
    assert told["ship_to"]["line1"] == ADDRESS["line1"]


# Whom it goes to, for as long as it matters ---------------------------------------------------


def read(app: Flask, key: str, reference: str) -> dict[str, Any]:
    """Return a fulfillment order as a program reads it."""
    path = f"/api/v1/fulfillment-orders/{reference}"
    answer = app.test_client().get(path, headers={"Authorization": f"Bearer {key}"})
    found: dict[str, Any] = answer.get_json()
    return found


def _arrived(days: float) -> str:
    """Have a parcel delivered so many days ago; return its fulfillment order."""
    wishes = {"delivery_instructions": "Key at Storgatan 3"}
    sent = shipped_order(1, number="A-1", lines=[line()], preferences=wishes)
    rows(
        "UPDATE fulfillment_orders SET status = 'delivered', delivered_at = :at"
        " WHERE reference = :r RETURNING 1",
        at=NOW - timedelta(days=days),
        r=sent.reference,
    )
    return sent.reference


@pytest.mark.parametrize(("days", "is_shown"), [(0, True), (29.9, True), (30.1, False)])
def test_a_program_of_a_vendor_reads_an_address_while_it_matters(
    app: Flask, kiln: UUID, days: float, is_shown: bool
) -> None:
    reference = _arrived(days)

    told = read(app, vendor_key("kiln", "onw_kiln_read"), reference)

    assert (told["ship_to"] is not None) == is_shown
    assert ("Storgatan" in str(told)) == is_shown


def test_the_marketplace_reads_it_always(app: Flask, kiln: UUID) -> None:
    with transaction(ACCOUNTS):
        ensure_key("market", "onw_market")

    assert read(app, "onw_market", _arrived(300))["ship_to"]["line1"] == ADDRESS["line1"]


def test_how_long_a_vendor_sees_it_is_a_rule(app: Flask, kiln: UUID) -> None:
    policy("privacy", vendor_sees_address_days=1)

    assert read(app, vendor_key("kiln", "onw_kiln_read"), _arrived(2))["ship_to"] is None


@pytest.mark.parametrize("gone", [_declined, _canceled, _taken])
def test_what_a_vendor_does_not_send_is_nobody_s_address_to_it(
    app: Flask, staff: FlaskClient, gone: Any
) -> None:
    reference = order("A-1")
    gone(reference)

    told = read(app, vendor_key("kiln", "onw_kiln_read"), reference)

    assert (told["ship_to"], told["preferences"]) == (None, {})
    for path_ in (path(reference), f"/portal/orders/{reference}", "/portal/find?q=A-1"):
        page = staff.get(path_)
        assert page.status_code == 200
        assert "Storgatan" not in page.text
        assert "Malm" not in page.text
