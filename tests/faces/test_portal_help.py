"""Help: questions to ops and their answers, and what is wrong with one piece of work."""

from __future__ import annotations

import html
import io
import re
from datetime import date, time, timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.orders.changes import Change, readdress
from app.orders.contract import Action
from app.orders.service import act
from app.shared.work import OPS, transaction, vendor_scope
from tests.conftest import NOW, Sql
from tests.faces.test_audit_page import statements
from tests.factories import (
    ADDRESS,
    at,
    confirmed,
    line,
    make_vendor_with_stock,
    one,
    parcel,
    references,
    routed_order,
    rows,
    run_jobs,
    send,
)
from tests.people import browser_of, make_person
from tests.pictures import photo

CASES = "SELECT kind, subject_kind, closed_at FROM exception_cases ORDER BY raised_at, kind"


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 100})


@pytest.fixture
def staff(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_staff", "Noor Aziz", vendor=kiln))


@pytest.fixture
def agent(app: Flask) -> FlaskClient:
    return browser_of(app, make_person("ops_agent", "Imani Brooks"))


def words(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def told(sql: Sql) -> list[tuple[str, str, str]]:
    return sql(
        "SELECT audience, kind, subject FROM notices WHERE kind <> 'work_assigned' ORDER BY at"
    )


def order(number: str = "A-1") -> str:
    (reference,) = references(routed_order(number, [line("MUG", 2)]))
    return reference


# Questions ------------------------------------------------------------------------


def test_a_question_is_asked_once_answered_and_told_to_both_sides(
    staff: FlaskClient, agent: FlaskClient, kiln: UUID, sql: Sql
) -> None:
    once = str(uuid4())
    for _ in range(2):
        sent = staff.post("/portal/help", data={"body": "Where do I get labels?", "once": once})
        assert sent.status_code == 303
    inbox = words(agent.get("/console/inbox").text)
    answered = agent.post("/console/vendors/kiln/questions", data={"body": "From me."})

    assert "Wait for an answer 1" in inbox
    assert "Kiln without an order" in inbox
    assert "Where do I get labels?" in inbox
    assert answered.location == "/console/vendors/kiln/questions#notes"
    page = words(staff.get("/portal/help").text)
    assert page.index("From me.") < page.index("Where do I get labels?")
    assert "Everybody is answered." in words(agent.get("/console/inbox").text)
    assert told(sql) == [("ops", "question", "kiln"), (f"vendor:{kiln}", "answer", "kiln")]
    assert 'href="/console/vendors/kiln/questions"' in agent.get("/console/notices").text
    assert 'href="/portal/help"' in staff.get("/portal/notices").text
    assert rows("SELECT 1 FROM timeline WHERE event = 'note_added'") == []


def test_a_question_may_have_photos_and_needs_something(staff: FlaskClient) -> None:
    picture = (io.BytesIO(photo()), "shelf.jpg")

    nothing = staff.post("/portal/help", data={"body": "  "})
    taken = staff.post("/portal/help", data={"body": "", "photos": picture})

    assert (nothing.status_code, taken.status_code) == (422, 303)
    assert "Write something, or add a photo." in words(nothing.text)
    key = one("SELECT id FROM photos").id
    assert staff.get(f"/portal/photos/{key}").status_code == 200


def test_a_team_member_who_is_named_is_told(
    app: Flask, staff: FlaskClient, kiln: UUID, sql: Sql
) -> None:
    ada = make_person("vendor_owner", "Ada Owner", vendor=kiln)

    staff.post("/portal/help", data={"body": "@Ada do you know?"})

    assert (f"person:{ada}", "answer", "kiln") in told(sql)


def test_talks_about_orders_stand_beside_by_their_last_words(
    staff: FlaskClient, agent: FlaskClient
) -> None:
    mine, other = order("A-1"), order("A-2")
    staff.post(f"/portal/orders/{mine}/notes", data={"body": "A first word"})
    staff.post(f"/portal/orders/{other}/notes", data={"body": "The box is torn"})
    name = one("SELECT reference FROM orders WHERE number = 'A-2'").reference
    vendor = one("SELECT vendor_id FROM fulfillment_orders LIMIT 1").vendor_id
    answer = {"body": "Take two", "sees": f"vendor:{vendor}"}
    agent.post(f"/console/orders/{name}/notes", data=answer)

    page = words(staff.get("/portal/help").text)
    inbox = words(agent.get("/console/inbox").text)

    assert f"{other} answered Take two" in page
    assert f"{mine} waits for ops A first word" in page
    assert inbox.index("A first word") < inbox.index("Take two")
    assert "Wait for an answer 1" in inbox


def test_another_vendor_reads_none_of_it(
    app: Flask, staff: FlaskClient, agent: FlaskClient
) -> None:
    staff.post("/portal/help", data={"body": "our secret"})
    fjord = make_vendor_with_stock("fjord", {"LAMP": 10})
    other = browser_of(app, make_person("vendor_owner", "Olaf", vendor=fjord))

    assert "our secret" not in other.get("/portal/help").text
    with transaction(vendor_scope(fjord)):
        assert db.session.execute(db.text("SELECT 1 FROM notes")).all() == []
    assert agent.get("/console/vendors/nobody/questions").status_code == 404
    assert staff.get("/console/inbox").status_code == 403


def test_whoever_looks_over_a_shoulder_is_offered_no_form(
    staff: FlaskClient, agent: FlaskClient
) -> None:
    reference = order()
    agent.post("/console/vendors/kiln/view")

    help_, trouble = (
        agent.get(path).text for path in ("/portal/help", f"/portal/orders/{reference}/trouble")
    )

    assert 'action="/portal/help"' not in help_
    assert "enctype" not in trouble
    assert agent.post("/portal/help", data={"body": "x"}).status_code == 403
    data = {"what": "other", "body": "x"}
    assert agent.post(f"/portal/orders/{reference}/trouble", data=data).status_code == 403
    assert rows("SELECT 1 FROM notes") == []


# What is wrong ------------------------------------------------------------------------


def say(browser: FlaskClient, reference: str, what: str, body: str = "It broke", **more: object):
    data = {"what": what, "body": body, "once": str(uuid4()), **more}
    return browser.post(f"/portal/orders/{reference}/trouble", data=data)


def test_each_thing_that_can_be_wrong_says_what_happens_next(staff: FlaskClient) -> None:
    reference = order()

    fresh = staff.get(f"/portal/orders/{reference}/trouble").text
    with transaction(OPS) as now:
        act([reference], Action.HOLD, actor="ops", now=now, reason="x")
    held = words(staff.get(f"/portal/orders/{reference}/trouble").text)

    for sentence in (
        "Say how many you can send, and decline the others.",
        "Ops are told, with your photos,",
        "It is put on hold, so that nobody sends it.",
        "Ops are told, and ask the carrier.",
        "Ops are told what you write, and answer here.",
    ):
        assert sentence in words(fresh)
    assert f'href="/portal/orders/{reference}/confirm"' in fresh
    assert "The address is wrong" not in held


def test_damage_is_told_to_ops_with_its_photo_and_changes_nothing_else(
    staff: FlaskClient, sql: Sql
) -> None:
    reference = order()

    answer = say(staff, reference, "damaged", photos=(io.BytesIO(photo()), "torn.jpg"))

    assert answer.location == f"/portal/orders/{reference}#notes"
    note = one("SELECT body, visibility, order_id IS NOT NULL AS is_orders FROM notes")
    assert note == ("It is damaged. It broke", "vendor", True)
    assert [kind for _, kind, _ in told(sql)] == ["note"]
    assert one("SELECT status FROM fulfillment_orders").status == "assigned"
    assert len(rows("SELECT 1 FROM photos")) == 1
    assert "Ops know that it is damaged." in words(staff.get(answer.location).text)


def test_a_wrong_address_stops_the_work_and_opens_a_case_until_it_goes_on(
    staff: FlaskClient, sql: Sql
) -> None:
    (reference,) = confirmed(routed_order("A-1"))

    say(staff, reference, "address", "No such street")
    run_jobs("watch")
    fo = one("SELECT status, held_from, hold_reason, hold_code, held_at FROM fulfillment_orders")
    opened = rows(CASES)
    with transaction(OPS) as now:
        act([reference], Action.RELEASE, actor="ops", now=now)
    run_jobs("watch")

    assert fo == ("on_hold", "confirmed", "The address is wrong", "address", NOW)
    assert [tuple(case) for case in opened] == [("address_problem", "fulfillment_order", None)]
    assert one(CASES).closed_at == NOW
    assert one("SELECT hold_code, held_at FROM fulfillment_orders") == (None, None)
    assert one("SELECT body FROM notes").body == "The address is wrong. No such street"


def test_an_address_that_ops_put_right_lets_the_work_go_on_by_itself(
    staff: FlaskClient, agent: FlaskClient
) -> None:
    mine, held = confirmed(routed_order("A-1"))[0], confirmed(routed_order("A-2"))[0]
    say(staff, mine, "address", "No such street")
    with transaction(OPS) as now:
        act([held], Action.HOLD, actor="ops", now=now, reason="a doubt")
    for row in rows("SELECT id FROM orders"):
        with transaction(OPS) as now:
            readdress(row.id, ADDRESS | {"city": "Lund"}, Change("Imani Brooks", now))

    found = rows("SELECT reference, status, ship_to->>'city' AS city FROM fulfillment_orders")
    assert {tuple(row) for row in found} == {
        (mine, "confirmed", "Lund"),
        (held, "on_hold", "Lund"),
    }


def test_what_is_on_hold_goes_on_when_its_vendor_says_so_once(
    app: Flask, staff: FlaskClient
) -> None:
    reference = order()
    say(staff, reference, "address")
    path = f"/portal/orders/{reference}/go-on"
    fjord = make_vendor_with_stock("fjord", {"LAMP": 10})
    other = browser_of(app, make_person("vendor_staff", "Olaf", vendor=fjord))

    offered = f'action="{path}"' in staff.get(f"/portal/orders/{reference}/trouble").text
    theirs = other.post(path).status_code
    first = staff.post(path)
    staff.get("/portal/")
    second = staff.post(path)

    assert (offered, theirs) == (True, 404)
    assert [first.status_code, second.status_code] == [303, 303]
    assert "it cannot be given" in words(staff.get("/portal/help").text)
    assert one("SELECT status FROM fulfillment_orders").status == "assigned"


def test_a_carrier_that_did_not_come_needs_no_words_and_may_name_its_pickup(
    staff: FlaskClient, kiln: UUID, sql: Sql
) -> None:
    (reference,) = confirmed(routed_order("A-1"))
    place = one("SELECT id FROM locations").id
    pickup = uuid4()
    sql(
        "INSERT INTO pickups (id, vendor_id, location_id, carrier, day, from_time, until_time,"
        " made_at, made_by) VALUES (%s, %s, %s, 'fedex', %s, %s, %s, now(), 'x') RETURNING 1",
        pickup,
        kiln,
        place,
        date(2026, 11, 23),
        time(7),
        time(8),
    )

    page = staff.get(f"/portal/orders/{reference}/trouble").text
    answer = say(staff, reference, "carrier", "", pickup=str(pickup))

    assert f'value="{pickup}"' in page
    assert answer.status_code == 303
    assert one("SELECT came, said_by FROM pickups") == (False, "Noor Aziz")
    assert one("SELECT body FROM notes").body == "The carrier did not come."
    assert one("SELECT status FROM fulfillment_orders").status == "confirmed"


def test_a_stale_page_does_not_say_that_a_carrier_missed_which_has_come(
    staff: FlaskClient, kiln: UUID, sql: Sql
) -> None:
    (reference,) = confirmed(routed_order("A-1"))
    pickup = uuid4()
    sql(
        "INSERT INTO pickups (id, vendor_id, location_id, carrier, day, from_time, until_time,"
        " made_at, made_by, came, said_at, said_by) SELECT %s, %s, id, 'fedex', %s, %s, %s, now(),"
        " 'x', true, %s, 'Ruth Adler' FROM locations RETURNING 1",
        pickup,
        kiln,
        date(2026, 11, 23),
        time(7),
        time(8),
        NOW,
    )

    answer = say(staff, reference, "carrier", "", pickup=str(pickup))

    assert answer.status_code == 409
    assert re.search(
        "Ruth Adler said at .* that FedEx came. Nothing was changed.", words(answer.text)
    )
    assert one("SELECT came, said_by FROM pickups") == (True, "Ruth Adler")
    assert sql("SELECT 1 FROM notes") == []


@pytest.mark.parametrize(
    ("what", "body", "sentence"),
    [
        ("", "x", "Choose what is wrong."),
        ("arson", "x", "Choose what is wrong."),
        ("damaged", " ", "Say in a few words what is wrong."),
    ],
)
def test_a_form_that_says_too_little_changes_nothing(
    staff: FlaskClient, what: str, body: str, sentence: str
) -> None:
    reference = order()

    answer = say(staff, reference, what, body)

    assert answer.status_code == 422
    assert sentence in words(answer.text)
    assert rows("SELECT 1 FROM notes") == []
    assert one("SELECT status FROM fulfillment_orders").status == "assigned"


def test_the_same_form_twice_and_a_stale_one_do_nothing_twice(staff: FlaskClient) -> None:
    (reference,) = confirmed(routed_order("A-1"))
    data = {"what": "address", "body": "No such street", "once": str(uuid4())}
    path = f"/portal/orders/{reference}/trouble"

    twice = [staff.post(path, data=data).status_code for _ in range(2)]
    with transaction(OPS) as now:
        act([reference], Action.RELEASE, actor="ops", now=now)
    send(reference, parcel(1, NOW))
    late = say(staff, reference, "address")

    assert twice == [303, 303]
    assert len(rows("SELECT 1 FROM notes")) == 1
    assert late.status_code == 409
    assert "has left, or is not yours any more" in words(late.text)
    assert one("SELECT status FROM fulfillment_orders").status == "shipped"


def test_another_vendors_work_is_not_there(app: Flask, staff: FlaskClient) -> None:
    reference = order()
    fjord = make_vendor_with_stock("fjord", {"LAMP": 10})
    other = browser_of(app, make_person("vendor_staff", "Olaf", vendor=fjord))

    assert other.get(f"/portal/orders/{reference}/trouble").status_code == 404
    assert say(other, reference, "address").status_code == 404
    assert one("SELECT status FROM fulfillment_orders").status == "assigned"


def test_the_pages_cost_few_statements(staff: FlaskClient, agent: FlaskClient) -> None:
    reference = order()
    for n in range(8):
        other = order(f"B-{n}")
        staff.post(f"/portal/orders/{other}/notes", data={"body": "x"})
        staff.post("/portal/help", data={"body": f"question {n}"})
    at(NOW + timedelta(minutes=1))

    counts = {}
    for browser, path in (
        (staff, "/portal/help"),
        (staff, f"/portal/orders/{reference}/trouble"),
        (agent, "/console/inbox"),
        (agent, "/console/vendors/kiln/questions"),
    ):
        browser.get(path)
        with statements() as seen:
            assert browser.get(path).status_code == 200
        counts[path] = len(seen)

    assert max(counts.values()) <= 7, counts
