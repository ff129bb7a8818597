"""M2, the two-vendor canary: nothing of vendor B shows or moves for anybody of vendor A."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.accounts import keys, people
from app.accounts.contract import Person
from app.accounts.keys import ensure_key
from app.accounts.sessions import actor_of
from app.choices import service as choices
from app.choices.contract import Instead
from app.doors.table import Audience
from app.extensions import db
from app.jobs import JOBS
from app.orders import service as orders
from app.orders.confirmations import Confirmation
from app.orders.contract import Action, DeclineCode
from app.shared import ids
from app.shared.errors import NotFound
from app.shared.work import ACCOUNTS, OPS, PLATFORM, transaction, vendor_scope
from app.shipments import claims, labeling, photos, picking, pickups
from app.shipments.contract import Asked
from app.shipments.entered import Claim
from app.shipments.labeling import Wanted
from app.shipments.picking import Told
from app.shipments.pickups import Booking
from app.threads.contract import Draft, Known, Thread, Visibility
from app.threads.photos import draw
from app.threads.service import write
from app.vendors.queries import location_of
from app.vendors.service import close_days, open_days
from app.webhooks import service as webhooks
from app.webhooks.contract import EVENTS
from simulator.numbers import fedex_number
from tests.conftest import NOW
from tests.factories import (
    confirmed,
    line,
    make_vendor_with_stock,
    one,
    references,
    routed_order,
    rows,
    run_jobs,
    shipped_order,
)
from tests.people import browser_of, make_person, person_of
from tests.pictures import photo
from tests.security.census import knock, ways

# In every text of B's that a vendor, a customer or one of its people chooses.
CANARY = "CANARY-B"
TENANT_TABLES = (
    "choices",
    "closures",
    "fo_lines",
    "fulfillment_orders",
    "labels",
    "listings",
    "locations",
    "notes",
    "package_lines",
    "packages",
    "photos",
    "pickups",
    "reservations",
    "scans",
    "shipment_lines",
    "shipments",
    "stock",
    "vendors",
    "waves",
    "webhook_deliveries",
    "webhook_endpoints",
)


EVE = (date(2026, 12, 24), date(2026, 12, 24))


@dataclass(frozen=True)
class Theirs:
    """What B has, by the names that addresses have for it, and how A comes in."""

    vendor: UUID
    known: dict[str, Any]
    fulfillment_orders: list[str]


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def a(app: Flask) -> UUID:
    """Vendor A, with work of its own."""
    vendor = make_vendor_with_stock("kiln", {"MUG": 10})
    routed_order("A-1", [line("MUG")])
    return vendor


@pytest.fixture
def b(app: Flask, a: UUID) -> Theirs:
    """Vendor B: the mirror of A, with a canary in every text."""
    vendor = make_vendor_with_stock(f"{CANARY}-code", {f"{CANARY}-SKU": 20})
    goods = line(f"{CANARY}-SKU", title=f"{CANARY}-title", options={"note": f"{CANARY}-option"})
    to = {"name": f"{CANARY}-to", "line1": f"{CANARY}-street", "city": f"{CANARY}-city"}
    who = {"external_id": f"{CANARY}-c", "name": f"{CANARY}-buyer", "email": "b@example.org"}
    changes = {"ship_to": to | {"postal_code": "211 34", "country": "SE"}, "customer": who}
    waiting = routed_order(f"{CANARY}-1", [goods], **changes)
    sent = shipped_order(7, lines=[goods], number=f"{CANARY}-2", **changes)
    offer_of(vendor, routed_order(f"{CANARY}-4", [goods], **changes))
    walk_of(vendor, routed_order(f"{CANARY}-5", [goods], **changes))
    owner = make_person("vendor_owner", f"{CANARY}-owner", vendor=vendor)
    with transaction(ACCOUNTS):
        ensure_key(f"{CANARY}-key", "onw_of_b", vendor)
    with transaction(OPS):
        place = location_of(f"{CANARY}-code", "main")
        close_days(place, *EVE, f"{CANARY}-closed", by=f"{CANARY}-owner")
    who_b = person_of(owner)
    with transaction(ACCOUNTS):
        people.invite("new@b.example", f"{CANARY}-invited", "vendor_staff", vendor, who_b)
        key = next(k for k in keys.keys(vendor))
        (invited,) = people.invitations(vendor)
    (reference,) = references(waiting)
    known = {
        "reference": reference,
        "number": f"{CANARY}-1",
        "code": f"{CANARY}-code",
        "location": "main",
        "location_id": place.id,
        "listing_id": listing_of(vendor),
        **webhook_of(vendor, who_b, reference),
        **parcel_of(vendor, routed_order(f"{CANARY}-3", [goods], **changes)),
        "user_id": owner,
        "key_id": key.id,
        "link_id": invited.id,
        "session_id": who_b.session_id,
        "photo_id": note_with_photo(vendor, waiting),
    }
    return Theirs(vendor, known, [reference, sent.reference])


def listing_of(vendor: UUID) -> UUID:
    """Return what B sells."""
    key: UUID = one("SELECT id FROM listings WHERE vendor_id = :id", id=vendor).id
    return key


def webhook_of(vendor: UUID, owner: Person, about: str) -> dict[str, Any]:
    """Have B's programs listen; return the endpoint, and a delivery that failed."""
    with transaction(vendor_scope(vendor)):
        url = f"https://{CANARY}.example.com/hook"
        endpoint, _ = webhooks.add(vendor, url, list(EVENTS), actor_of(owner))
        webhooks.test(endpoint, ids.new(), actor_of(owner))
    delivery = one(
        "UPDATE webhook_deliveries SET status = 'failed', subject = :about, kind = :kind"
        " RETURNING id",
        about=about,
        kind=f"{CANARY}-kind",
    )
    return {"endpoint_id": endpoint, "delivery_id": delivery.id}


def parcel_of(vendor: UUID, order_id: UUID) -> dict[str, Any]:
    """Have B pack an order in a labeled parcel, and book a pickup; return their names."""
    (reference,) = confirmed(order_id)
    by, now = f"{CANARY}-packer", NOW
    with transaction(vendor_scope(vendor)):
        orders.act([reference], Action.PACK, actor=by, now=now)
        asked = Asked("fedex", fedex_number(77), f"{CANARY}-service")
        (packed,) = labeling.make(reference, [Wanted(asked=asked)], actor=by, now=now)
        noon = Booking("main", "ups", now.date(), time(12), time(14), f"{CANARY}-pickup")
        pickup = pickups.book(noon, by=by, now=now)
        photos.add(reference, {1: [draw(f"{CANARY}-box.jpg", photo())]}, by=by, now=now)
        found = {"package": packed.package.reference, "pickup_id": pickup.id}
    fo = one("SELECT fo_id FROM packages WHERE reference = :package", package=found["package"])
    with transaction(PLATFORM):
        claims.note([Claim(fo.fo_id, "ups", f"{CANARY}-number")], by=by, now=now)
    return found | {"claim_id": one("SELECT id FROM number_claims").id}


def walk_of(vendor: UUID, order_id: UUID) -> None:
    """Have B scan an order on a walk, out of a bin of its own."""
    (reference,) = confirmed(order_id)
    with transaction(vendor_scope(vendor)):
        by = Told(ids.new(), f"{CANARY}-typed", f"{CANARY}-picker", NOW)
        picking.set_bin(reference, "1", f"{CANARY}-bin")
        wave = picking.start_wave([reference], by)
        picking.scan_wave(wave, by)
        picking.scan(reference, Told(ids.new(), f"{CANARY}-SKU", f"{CANARY}-picker", NOW))


def offer_of(vendor: UUID, order_id: UUID) -> None:
    """Have B decline an order, and offer to send it later."""
    (reference,) = references(order_id)
    word = Confirmation(reference, {}, f"{CANARY}-reason", DeclineCode.OUT_OF_STOCK)
    instead = {"1": Instead(restock_on=EVE[0])}
    with transaction(vendor_scope(vendor)):
        choices.confirm([word], {reference: instead}, actor=f"{CANARY}-decliner", now=NOW)
    assert one("SELECT vendor_id FROM choices").vendor_id == vendor


def note_with_photo(vendor: UUID, order_id: UUID) -> UUID:
    """Have ops write to a vendor about an order; return the photo that goes with it."""
    author = Known(make_person(name=f"{CANARY}-ops", email="ops@b.example"), CANARY, "ops_agent")
    drawn = draw(f"{CANARY}.jpg", photo())
    draft = Draft(
        body=f"{CANARY}-note",
        once=ids.new(),
        visibility=Visibility.VENDOR,
        vendor_id=vendor,
        photos=[drawn],
    )
    row = one("SELECT cohort, reference, number FROM orders WHERE id = :id", id=order_id)
    thread = Thread(order_id, row.cohort, row.reference, row.number)
    with transaction(OPS) as now:
        write(draft, thread, author, [author], now)
    key: UUID = one("SELECT id FROM photos WHERE note_id IS NOT NULL").id
    return key


def rows_of(vendor: UUID) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of a vendor as it is now."""
    found = {}
    with transaction(OPS):
        for table in TENANT_TABLES:
            column = "id" if table == "vendors" else "vendor_id"
            sql = text(f"SELECT t::text FROM {table} t WHERE {column} = :id ORDER BY 1")
            found[table] = [tuple(row) for row in db.session.execute(sql, {"id": vendor})]
    with transaction(ACCOUNTS):
        for table in ("users", "links", "api_keys"):
            sql = text(f"SELECT t::text FROM {table} t WHERE vendor_id = :id ORDER BY 1")
            found[table] = [tuple(row) for row in db.session.execute(sql, {"id": vendor})]
    return found


Visit = Callable[..., Any]


def visitors(app: Flask, vendor: UUID) -> dict[str, Visit]:
    """Return everybody who may come in for a vendor: its owner, its staff and its key."""
    with transaction(ACCOUNTS):
        ensure_key("robot", "onw_of_a", vendor)
    owner = make_person("vendor_owner", "Ann Owner", vendor=vendor)
    staff = make_person("vendor_staff", "Abe Staff", vendor=vendor)
    key = {"Authorization": "Bearer onw_of_a"}
    return {
        "owner": lambda way, **sent: knock(browser_of(app, owner), way, **sent),
        "staff": lambda way, **sent: knock(browser_of(app, staff), way, **sent),
        "key": lambda way, **sent: knock(app.test_client(), way, headers=key, **sent),
    }


def is_telling(answer: Any, asked: Mapping[str, Any] | None = None) -> bool:
    """Return whether an answer shows the canary, in its body or in a header.

    What an address named itself may be said back, and nothing more.
    """
    told = (answer.text + str(answer.headers)).lower()
    for word in (asked or {}).values():
        told = told.replace(str(word).lower(), "")
    return CANARY.lower() in told


@pytest.mark.parametrize("who", ["owner", "staff", "key"])
def test_m2_no_route_shows_or_changes_anything_of_another_vendor(
    app: Flask, a: UUID, b: Theirs, who: str
) -> None:
    visit, before = visitors(app, a)[who], rows_of(b.vendor)
    for way in ways(app, **b.known):
        is_theirs = way.door.audience in {Audience.VENDOR, Audience.KEY, Audience.PERSON}
        sent = {"json": {}} if way.door.audience is Audience.KEY and way.method != "GET" else {}
        answer = visit(way, **sent)
        told = f"{way.method} {way.path}: {answer.status_code}"
        assert not is_telling(answer, b.known), told
        if is_theirs and way.door.names and who == "owner" and way.door.audience is Audience.VENDOR:
            assert answer.status_code == 404, told
    assert rows_of(b.vendor) == before


def test_m2_a_list_shows_a_vendors_own_and_none_of_the_others(
    app: Flask, a: UUID, b: Theirs
) -> None:
    visit = visitors(app, a)["owner"]
    (mine,) = references_of(a)
    lists = {"portal.work": mine, "portal.team": "Abe Staff", "portal.keys": "robot"}
    lists |= {"portal.stock": "MUG", "portal.stock_file": "MUG"}
    for way in ways(app):
        if way.endpoint in lists and way.method == "GET":
            answer = visit(way)
            assert lists[way.endpoint] in answer.text
            assert not is_telling(answer)


def test_s20_ids_in_a_body_reach_nothing_of_another_vendor(app: Flask, a: UUID, b: Theirs) -> None:
    before, mine = rows_of(b.vendor), references_of(a)
    key = {"Authorization": "Bearer onw_of_a"}
    visitors(app, a)
    many = [{"id": name} for name in (*b.fulfillment_orders, *mine)]
    parcels = [{"carrier": "fedex", "tracking_number": "449044304137821"}]
    client = app.test_client()

    confirmed = client.post(
        "/api/v1/fulfillment-orders/confirm", json={"fulfillment_orders": many}, headers=key
    )
    shipped = client.post(
        "/api/v1/fulfillment-orders/ship",
        json={"fulfillment_orders": [{**fo, "parcels": parcels} for fo in many[:2]]},
        headers=key,
    )
    counted = client.post(
        "/api/v1/stock",
        json={"stock": [{"location": "main", "sku": f"{CANARY}-SKU", "on_hand": 0}]},
        headers=key,
    )

    assert [r["status"] for r in confirmed.json["results"]] == [404, 404, 200]
    assert [r["status"] for r in shipped.json["results"]] == [404, 404]
    assert counted.status_code == 404
    assert rows_of(b.vendor) == before


def test_m2_a_vendor_sees_closes_and_opens_no_day_of_another(
    app: Flask, a: UUID, b: Theirs
) -> None:
    before, theirs = rows_of(b.vendor), f"{CANARY}-code"
    with transaction(OPS):
        place = location_of(theirs, "main")
    with transaction(vendor_scope(a)):
        seen = db.session.execute(text("SELECT c::text FROM closures c")).all()
        with pytest.raises(NotFound):
            location_of(theirs, "main")
        # With the row in its hand, too.
        with pytest.raises(NotFound):
            open_days(place, *EVE)
    with pytest.raises(ProgrammingError, match="row-level"), transaction(vendor_scope(a)):
        close_days(place, date(2026, 12, 27), date(2026, 12, 28), "mine", by="Ann")
    # In its own name, at a place that is not its own.
    mine = SimpleNamespace(id=place.id, zone=place.zone, vendor_id=a)
    with pytest.raises(ProgrammingError, match="row-level"), transaction(vendor_scope(a)):
        close_days(cast("Any", mine), date(2026, 12, 27), date(2026, 12, 28), "mine", by="Ann")

    assert seen == []
    assert rows_of(b.vendor) == before


def references_of(vendor: UUID) -> list[str]:
    found = rows("SELECT reference FROM fulfillment_orders WHERE vendor_id = :id", id=vendor)
    return [row.reference for row in found]


def test_s20_another_vendors_work_and_work_that_never_was_are_told_alike(
    app: Flask, a: UUID, b: Theirs
) -> None:
    visitors(app, a)
    key = {"Authorization": "Bearer onw_of_a"}
    theirs, never = b.fulfillment_orders[0], "FO-0000000000"

    answers = [
        app.test_client().get(f"/api/v1/fulfillment-orders/{name}", headers=key)
        for name in (theirs, never)
    ]

    told = [(x.status_code, x.json["detail"].replace(theirs, never)) for x in answers]
    assert told[0] == told[1]
    assert told[0][0] == 404


def test_s23_background_work_carries_no_vendor_and_no_id(app: Flask, a: UUID, b: Theirs) -> None:
    """A job's arguments can be written by whoever reaches Valkey; ours have none."""
    run_jobs()

    for job in JOBS.values():
        assert job.path.count(".") == 2
    with transaction(vendor_scope(a)):
        seen = db.session.execute(text("SELECT f::text FROM fulfillment_orders f")).all()
    assert CANARY not in json.dumps([tuple(row) for row in seen])
