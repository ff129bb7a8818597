"""The portal: what one vendor has to do, and nothing of any other; and ops looking over it."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import DBAPIError

from app.extensions import db
from app.orders.contract import Action
from app.orders.service import Confirmation, act, confirm
from app.shared.work import OPS, transaction, vendor_scope
from app.web.paging import SIZE
from tests.conftest import NOW
from tests.faces.test_audit_page import statements
from tests.factories import (
    at,
    line,
    make_order,
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

HOUR = timedelta(hours=1)
STEPS = ("confirm", "pick", "pack", "ship", "held", "gift")
PARTS: dict[str, list[str]] = {step: [] for step in STEPS}
SECRET = {"email": "ada@private.example", "phone": "+46 70 123 45 67"}


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 500}, zone="Europe/Stockholm")


@pytest.fixture
def staff(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_staff", "Noor Aziz", vendor=kiln))


@pytest.fixture
def agent(app: Flask) -> FlaskClient:
    """A browser in which an ops agent has signed in."""
    return browser_of(app, make_person("ops_agent"))


def order(number: str = "A-1", **changes: object) -> str:
    """Have an order placed and routed; return its fulfillment order."""
    customer = {"external_id": "C-1", "name": "Ada Lind", **SECRET}
    (reference,) = references(routed_order(number, customer=customer, **changes))
    return reference


def words(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def listed(page: str) -> list[str]:
    return re.findall(r'<h3><a class="code" href="[^"]+">([^<]+)', page)


# The work -----------------------------------------------------------------------------------


def test_work_is_grouped_by_how_soon_it_must_leave(staff: FlaskClient) -> None:
    late = order("A-1")
    at(NOW + 20 * HOUR)
    (later,) = references(routed_order("A-2", placed_at=(NOW + 19 * HOUR).isoformat()))
    moment = one("SELECT ship_by FROM fulfillment_orders WHERE reference = :r", r=late).ship_by
    at(moment - HOUR)

    before = staff.get("/portal/").text
    at(moment + HOUR)
    after = staff.get("/portal/").text

    assert listed(before) == listed(after) == [late, later]
    assert "Leaves today 1 order." in words(before)
    assert "Overdue 1 order. Ship these first." in words(after)
    assert "Later 1 order." in words(after)
    assert "1 h late" in words(after)
    assert f'btn-primary" href="/portal/orders/{late}/confirm"' in after
    assert f'btn-quiet" href="/portal/orders/{later}/confirm"' in after


def test_what_has_left_or_was_called_off_is_no_work(staff: FlaskClient) -> None:
    reference = order("A-1")
    with transaction(OPS) as now:
        confirm([Confirmation(reference)], actor="kiln", now=now)
    send(reference, parcel(1, NOW))

    page = staff.get("/portal/").text

    assert listed(page) == []
    assert "Nothing has to leave" in page


def test_times_are_those_of_the_vendors_place(staff: FlaskClient) -> None:
    reference = order("A-1")

    page = words(staff.get("/portal/").text)

    assert "Mon, Nov 23, 10:00 in Europe/Stockholm" in page
    due = one("SELECT confirm_by FROM fulfillment_orders WHERE reference = :r", r=reference)
    assert f"confirm by {(due.confirm_by + HOUR):%a, %b %d, %H:%M}" in page


def test_work_is_turned_page_by_page(staff: FlaskClient) -> None:
    for n in range(SIZE + 2):
        make_order(f"P-{n}")
    run_jobs("route_orders")

    first = staff.get("/portal/").text
    (onward,) = re.findall(r'href="([^"]+)" rel="next"', first)
    second = staff.get(html.unescape(onward)).text

    assert (len(listed(first)), len(listed(second))) == (SIZE, 2)
    assert not set(listed(first)) & set(listed(second))
    assert f"{SIZE + 2} orders." in words(second)


def test_a_page_of_work_costs_three_statements_and_the_sessions(staff: FlaskClient) -> None:
    order("A-1")
    order("A-2")
    staff.get("/portal/")

    with statements() as seen:
        staff.get("/portal/")

    assert len(seen) <= 3


# One fulfillment order ----------------------------------------------------------------------


def test_a_fulfillment_order_says_what_where_and_by_when(staff: FlaskClient) -> None:
    wishes = {"gift_wrap": True, "gift_message": "Happy birthday"}
    options = {"glaze": "sand"}
    reference = order("A-1", lines=[line("MUG", 3, options=options)], preferences=wishes)

    page = words(staff.get(f"/portal/orders/{reference}").text)

    for told in (
        f"{reference} Assigned",
        "of order A-1",
        "Mug MUG · glaze: sand 3 0 0 0",
        "Ada Lind Storgatan 1 211 34 Malmö SE",
        "Gift message Happy birthday",
    ):
        assert told in page


def test_each_step_leads_to_the_page_where_it_is_done(staff: FlaskClient) -> None:
    reference = order("A-1")
    path = f"/portal/orders/{reference}"
    new = staff.get(path).text
    with transaction(OPS) as now:
        confirm([Confirmation(reference)], actor="kiln", now=now)
    picking = staff.get(path).text
    with transaction(OPS) as now:
        act([reference], Action.PACK, actor="kiln", now=now)
    packed = staff.get(path).text
    send(reference, parcel(1, NOW))
    shipped = staff.get(path).text

    assert f'btn-primary" href="{path}/confirm">Confirm' in new
    assert f'btn-primary" href="{path}/pick">Pick' in picking
    assert f'btn-primary" href="{path}/ship">Ship' in packed
    assert "btn-primary" not in shipped.split("<main")[1].split("order-cols")[0]
    assert f'href="{path}/ship"' in shipped
    assert "handed over Mon, Nov 23, 10:00" in words(shipped)


def test_work_is_shown_by_what_is_next(staff: FlaskClient) -> None:
    waiting, picked = order("A-1"), order("A-2", preferences={"gift_wrap": True})
    with transaction(OPS) as now:
        confirm([Confirmation(picked)], actor="kiln", now=now)

    page = staff.get("/portal/").text
    parts = {step: listed(staff.get(f"/portal/?step={step}").text) for step in PARTS}

    assert "All work 2 To confirm 1 To pick 1 Gift 1" in words(page)
    assert parts == PARTS | {"confirm": [waiting], "pick": [picked], "gift": [picked]}
    assert listed(staff.get("/portal/?step=nonsense").text) == [waiting, picked]


def test_nothing_of_how_to_reach_the_customer_is_shown(staff: FlaskClient) -> None:
    reference = order("A-1")

    pages = [staff.get(path).text for path in ("/portal/", f"/portal/orders/{reference}")]

    assert not [secret for secret in SECRET.values() for page in pages if secret in page]


def test_another_vendors_work_does_not_exist(staff: FlaskClient, kiln: UUID) -> None:
    make_vendor_with_stock("tallow", {"CANDLE": 5})
    theirs = order("A-1", lines=[line("CANDLE")])

    answer = staff.get(f"/portal/orders/{theirs}")

    assert answer.status_code == 404
    assert theirs not in staff.get("/portal/").text
    assert staff.get("/portal/orders/FO-NONE").status_code == 404


# Who may ------------------------------------------------------------------------------------


def test_strangers_are_sent_to_the_door(client: FlaskClient) -> None:
    for path in ("/portal/", "/portal/orders/FO-1", "/portal/team", "/portal/keys"):
        answer = client.get(path)
        assert (answer.status_code, answer.location) == (302, f"/signin?next={path}")


@pytest.mark.parametrize("role", ["ops_agent", "ops_lead", "senior_management", "administrator"])
def test_ops_have_no_portal_of_their_own(app: Flask, role: str) -> None:
    browser = browser_of(app, make_person(role))

    assert browser.get("/portal/").status_code == 403


def test_a_vendors_people_have_no_console(staff: FlaskClient) -> None:
    assert staff.get("/console/").status_code == 403
    assert staff.post("/console/vendors/kiln/view").status_code == 403


# Looking over a vendor's shoulder -----------------------------------------------------------


def test_vendors_are_listed_with_what_they_have_to_do(agent: FlaskClient, kiln: UUID) -> None:
    make_vendor_with_stock("tallow", {"CANDLE": 5}, status="paused")
    order("A-1")
    at(NOW + timedelta(days=9))

    page = words(agent.get("/console/vendors").text)
    found = words(agent.get("/console/vendors?q=TALL").text)

    assert "1 of 2 has something overdue." in page
    assert "Kiln kiln Active Merchant 1 overdue 1" in page
    assert page.index("Kiln") < page.index("Tallow")
    assert "nothing to do Tallow tallow Paused Merchant 0 overdue 0" in found
    assert "Kiln" not in found


def test_ops_see_what_a_vendor_sees_until_they_leave(agent: FlaskClient, kiln: UUID) -> None:
    reference = order("A-1")

    answer = agent.post("/console/vendors/kiln/view")

    assert answer.location == "/portal/"
    page = agent.get("/portal/").text
    assert "You see what Kiln sees. Nothing can be changed from here." in words(page)
    assert listed(page) == [reference]
    assert agent.get(f"/portal/orders/{reference}").status_code == 200
    assert agent.post("/console/leave-view").location == "/console/vendors"
    assert agent.get("/portal/").status_code == 403
    acts = rows("SELECT action, actor, subject FROM audit ORDER BY position")
    assert [tuple(act) for act in acts][:2] == [
        ("view_as_vendor_began", "Imani Brooks", "Kiln"),
        ("view_as_vendor_ended", "Imani Brooks", "Kiln"),
    ]


def test_whoever_looks_is_shown_no_form_that_writes(agent: FlaskClient, kiln: UUID) -> None:
    noor = make_person("vendor_staff", "Noor Aziz", vendor=kiln)
    reference = order("A-1")
    agent.post("/console/vendors/kiln/view")

    pages = [agent.get(path).text for path in ("/portal/", f"/portal/orders/{reference}")]
    refused = [
        agent.get("/portal/team"),
        agent.get("/portal/keys"),
        agent.get(f"/portal/team/{noor}"),
        agent.post("/portal/team/invite"),
        agent.post("/portal/keys/new"),
        agent.post(f"/portal/team/{noor}/active", data={"active": "0"}),
    ]

    actions = re.findall(r'action="([^"]+)" method="post"', " ".join(pages))
    # How pages look is their own.
    assert set(actions) == {"/console/leave-view", "/account/theme", "/signout"}
    assert not [page for page in pages if "/portal/team" in page or "/portal/keys" in page]
    assert {answer.status_code for answer in refused} == {403}


def test_whoever_looks_could_not_write_if_they_tried(app: Flask, kiln: UUID) -> None:
    order("A-1")

    with (
        pytest.raises(DBAPIError, match="read-only transaction"),
        transaction(vendor_scope(kiln, is_read_only=True)),
    ):
        db.session.execute(db.text("UPDATE fulfillment_orders SET status = 'confirmed'"))


@pytest.mark.parametrize(("role", "status"), [("senior_management", 403), ("ops_lead", 302)])
def test_looking_is_for_those_who_help(app: Flask, kiln: UUID, role: str, status: int) -> None:
    browser = browser_of(app, make_person(role))

    assert browser.post("/console/vendors/kiln/view").status_code == status
    offered = "See what they see" in browser.get("/console/vendors").text
    assert offered == (status == 302)


def test_a_vendor_that_does_not_exist_cannot_be_looked_at(agent: FlaskClient) -> None:
    assert agent.post("/console/vendors/nobody/view").status_code == 404
