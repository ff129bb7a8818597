"""S16-S27, S51: the vendor's day, attacked: by rivals, by whoever only looks, and twice at once."""

from __future__ import annotations

import io
import threading
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.integrity import broken_invariants
from app.orders import service as orders
from app.shared.work import OPS, transaction, vendor_scope
from app.shipments import labeling, packing
from app.shipments import service as shipping
from app.shipments.contract import Asked
from app.shipments.handover import to_ship
from app.shipments.labeling import Wanted
from app.shipments.pack_rules import Parcel
from app.shipments.service import Dispatch
from tests.conftest import NOW, Api, caller
from tests.factories import (
    ADDRESS,
    at,
    confirmed,
    line,
    make_vendor_with_stock,
    one,
    references,
    routed_order,
    rows,
    vendor_key,
)
from tests.handing import (
    OTHER_UPS,
    UPS,
    form,
    labeled,
    packages,
    pages,
    shipments,
    status,
    told,
)
from tests.people import browser_of, make_person
from tests.pictures import photo
from tests.security.census import knock, ways
from tests.security.test_two_vendors import rows_of

NOBODYS = "FO-0000000000"


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 500, "BOWL": 500}, zone="Europe/Stockholm")


@pytest.fixture
def noor(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_owner", "Noor Aziz", vendor=kiln))


@pytest.fixture
def robot(app: Flask, kiln: UUID) -> Api:
    """A program of the same vendor."""
    return caller(app, vendor_key("kiln", "onw_of_kiln"))


@pytest.fixture
def tallow(app: Flask) -> UUID:
    return make_vendor_with_stock("tallow", {"CANDLE": 500})


@pytest.fixture
def rival(app: Flask, tallow: UUID) -> FlaskClient:
    """Somebody of another vendor."""
    return browser_of(app, make_person("vendor_owner", "Ruth Adler", vendor=tallow))


def in_parcels(vendor: UUID, *units: int, **changes: Any) -> tuple[str, list[str]]:
    """Have an order packed in parcels of so many units; return it and them."""
    (reference,) = confirmed(routed_order(lines=[line("MUG", sum(units))], **changes))
    with transaction(vendor_scope(vendor)) as now:
        held = [Parcel({"1": n}) for n in units]
        packing.pack(reference, held, ticks=None, actor="tests", now=now)
    return reference, packages(reference)


def number(vendor: UUID, reference: str, on: str) -> None:
    """Put a label with a UPS number on the only parcel of an order."""
    with transaction(vendor_scope(vendor)) as now:
        wanted = Wanted(asked=Asked("ups", on))
        labeling.make(reference, [wanted], actor="tests", now=now)


def require_unbroken() -> None:
    with transaction(OPS):
        assert broken_invariants() == []


# A rival -----------------------------------------------------------------------------------------


def test_s20_a_rivals_walks_and_scans_are_nobodys(
    noor: FlaskClient, rival: FlaskClient, tallow: UUID
) -> None:
    (theirs,) = confirmed(routed_order(lines=[line("CANDLE")]))
    (mine,) = confirmed(routed_order())
    walk_id, scan_id = str(uuid4()), str(uuid4())
    walk = rival.post("/portal/pick", data={"order": theirs, "scan": walk_id}).location
    rival.post(walk, data={"code": "CANDLE", "scan": scan_id})
    before = rows_of(tallow)

    knocks = [
        noor.get(walk),
        noor.get(f"{walk}/pick-list.pdf"),
        noor.post(walk, data={"code": "CANDLE"}),
        noor.post(f"{walk}/undo", data={"scan": scan_id}),
        noor.post(f"/portal/orders/{mine}/pick/undo", data={"scan": scan_id}),
        noor.post(f"/portal/orders/{theirs}/pick/undo", data={"scan": scan_id}),
        noor.post("/portal/pick", data={"order": [mine, theirs]}),
    ]
    taken = noor.post("/portal/pick", data={"order": mine, "scan": walk_id})
    jump = noor.post(f"/portal/orders/{mine}/pick", data={"code": theirs})
    seen = noor.get(f"/portal/orders/{mine}/pick?scan={scan_id}")

    assert [answer.status_code for answer in knocks] == [404] * len(knocks)
    assert taken.status_code == 409
    assert theirs not in jump.location
    assert "CANDLE" not in seen.text
    assert rows_of(tallow) == before


def test_s22_a_list_tells_a_rivals_names_and_names_that_never_were_alike(
    noor: FlaskClient, rival: FlaskClient
) -> None:
    theirs, package = labeled(rival, "T-1", lines=[line("CANDLE")])

    said = set()
    for name in (theirs, package, "T-1", NOBODYS):
        page = told(noor.post("/portal/ship/many", data={"rows": f"{name},ups,{UPS}"}).text)
        said.add(page.partition("Not taken")[2].partition("The list")[0].replace(name, "X"))

    assert len(said) == 1


def test_s22_whose_a_number_is_nobody_is_told(
    noor: FlaskClient, rival: FlaskClient, kiln: UUID, tallow: UUID, robot: Api
) -> None:
    theirs, package = labeled(rival, "T-1", lines=[line("CANDLE")])
    mine, _ = labeled(noor, "M-1")
    own, _ = labeled(noor, "M-2")
    number(tallow, theirs, UPS)
    number(kiln, own, OTHER_UPS)
    before = rows_of(tallow)

    answers = [
        noor.get(f"/portal/ship/check?number={n}&of={of}").json
        for n in (UPS, OTHER_UPS)
        for of in (mine, theirs, NOBODYS)
    ]
    checks = {str(one).replace(UPS, "X").replace(OTHER_UPS, "X") for one in answers}
    labels = [
        robot("POST", f"/fulfillment-orders/{mine}/label", {"parcels": [{"package": name}]}).json
        for name in (package, "PK-0000000000")
    ]

    assert answers[0]["tone"] == "crit"
    assert len(checks) == 1
    assert labels[0]["detail"].replace(package, "X") == labels[1]["detail"].replace(
        "PK-0000000000", "X"
    )
    assert rows_of(tallow) == before


def test_s51_the_number_of_a_rivals_label_ships_nothing_of_mine(
    noor: FlaskClient, rival: FlaskClient, tallow: UUID, robot: Api
) -> None:
    theirs, package = labeled(rival, "T-1", lines=[line("CANDLE")])
    number(tallow, theirs, UPS)
    mine, _ = labeled(noor, "M-1")

    parcels = {"parcels": [{"carrier": "ups", "tracking_number": UPS}]}
    stolen = robot("POST", f"/fulfillment-orders/{mine}/ship", parcels)
    rightful = rival.post(f"/portal/orders/{theirs}/ship", data=form(package, UPS))

    assert stolen.status_code == 409
    assert rightful.status_code == 303
    assert shipments() == [("ups", UPS, package)]


@pytest.mark.parametrize("move", ["label", "pack", "pick", "confirm", "hold", "release"])
def test_s20_a_program_moves_nothing_of_a_rivals(
    app: Flask, rival: FlaskClient, tallow: UUID, robot: Api, move: str
) -> None:
    theirs, _ = labeled(rival, "T-1", lines=[line("CANDLE")])
    before = rows_of(tallow)

    answers = [
        robot("POST", f"/fulfillment-orders/{name}/{move}", {}) for name in (theirs, NOBODYS)
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json["detail"].replace(theirs, NOBODYS) == answers[1].json["detail"]
    assert rows_of(tallow) == before


def test_s22_a_rivals_goods_and_goods_that_never_were_are_told_alike(
    tallow: UUID, robot: Api
) -> None:
    (mine,) = references(routed_order())

    said = [
        robot(
            "POST",
            f"/fulfillment-orders/{mine}/confirm",
            {"lines": {"1": 1}, "code": "out_of_stock", "offers": {"1": {"substitute": sku}}},
        ).json["detail"]
        for sku in ("CANDLE", "NOTHING")
    ]

    assert said[0].replace("CANDLE", "X") == said[1].replace("NOTHING", "X")


def test_s20_a_rivals_questions_photos_and_pickups_are_nobodys(
    noor: FlaskClient, rival: FlaskClient, tallow: UUID
) -> None:
    asked = {"body": "ours alone", "once": str(uuid4()), "photos": (io.BytesIO(photo()), "x.jpg")}
    rival.post("/portal/help", data=asked, content_type="multipart/form-data")
    booking = {"carrier": "ups", "location": "main", "day": "2026-11-23"}
    rival.post("/portal/ship/pickups", data=booking | {"from": "08:00", "until": "17:00"})
    picture, pickup = one("SELECT id FROM photos").id, one("SELECT id FROM pickups").id
    (mine,) = references(routed_order())
    missed = {"what": "carrier", "pickup": str(pickup), "once": str(uuid4())}
    before = rows_of(tallow)

    knocks = [
        noor.get(f"/portal/photos/{picture}"),
        noor.post(f"/portal/ship/pickups/{pickup}/cancel"),
        noor.post(f"/portal/ship/pickups/{pickup}/came"),
        noor.post(f"/portal/orders/{mine}/trouble", data=missed),
    ]
    noor.post("/portal/help", data={"body": "mine", "once": str(uuid4()), "vendor_id": tallow})

    assert rival.get(f"/portal/photos/{picture}").status_code == 200
    assert [answer.status_code for answer in knocks] == [404] * 4
    assert "ours alone" not in noor.get("/portal/help").text
    assert rows_of(tallow) == before


# Twice, and at once ------------------------------------------------------------------------------


def ship_meanwhile(app: Flask, vendor: UUID, reference: str, package: str) -> None:
    """Have somebody else ship a package, in a transaction of its own."""

    def other() -> None:
        with app.app_context(), transaction(vendor_scope(vendor)) as now:
            parcel = shipping.Parcel("ups", UPS, now, package=package)
            shipping.ship([Dispatch(reference, [parcel])], actor="other", now=now)

    quick = threading.Thread(target=other)
    quick.start()
    quick.join()


def test_a_parcel_that_left_since_somebody_looked_leaves_once(app: Flask, kiln: UUID) -> None:
    reference, (first, _second) = in_parcels(kiln, 1, 1)

    with transaction(vendor_scope(kiln)) as now:
        leaving, _gone = to_ship(reference)
        ship_meanwhile(app, kiln, reference, first)
        parcel = shipping.Parcel("ups", OTHER_UPS, now, package=first)
        (outcome,) = shipping.ship([Dispatch(reference, [parcel])], actor="slow", now=now)

    assert len(leaving.packed) == 2
    assert "has left already" in str(outcome)
    assert shipments() == [("ups", UPS, first)]
    require_unbroken()


def test_a_parcel_that_left_since_somebody_looked_gets_no_label(app: Flask, kiln: UUID) -> None:
    reference, (first, second) = in_parcels(kiln, 1, 1)

    with transaction(vendor_scope(kiln)) as now:
        leaving, _gone = to_ship(reference)
        ship_meanwhile(app, kiln, reference, first)
        labeling.make(reference, (), actor="slow", now=now)

    made = rows("SELECT p.reference FROM labels l JOIN packages p ON p.id = l.package_id")
    assert len(leaving.packed) == 2
    assert [row.reference for row in made] == [second]


@pytest.mark.parametrize("is_order", [True, False])
def test_a_list_that_names_a_parcel_twice_ships_it_once(
    noor: FlaskClient, kiln: UUID, is_order: bool
) -> None:
    reference, (first, _second) = in_parcels(kiln, 1, 1)
    text = f"{first},ups,{UPS}\n{reference if is_order else first},ups,{OTHER_UPS}"

    noor.post("/portal/ship/many", data={"rows": text, "step": "ship"})

    assert shipments() == [("ups", UPS, first)]
    require_unbroken()


def test_a_scan_that_is_replayed_on_another_order_counts_and_says_so_nowhere(
    noor: FlaskClient,
) -> None:
    (first,), (second,) = confirmed(routed_order()), confirmed(routed_order())
    short = {"line": "1", "units": "1", "reason": "damaged", "scan": str(uuid4())}
    scan = {"code": "MUG", "scan": str(uuid4())}

    answers = [
        noor.post(f"/portal/orders/{name}/pick{path}", data=sent).status_code
        for name in (first, second)
        for path, sent in (("", scan), ("/short", short))
    ]

    assert answers == [303, 303, 409, 409]
    sql = "SELECT l.picked, l.declined FROM fo_lines l JOIN fulfillment_orders f ON f.id = l.fo_id"
    found = [tuple(one(f"{sql} WHERE f.reference = :r", r=name)) for name in (first, second)]
    assert found == [(1, 1), (0, 0)]


def test_a_parcel_whose_units_are_wanted_no_more_stays_and_holds_up_no_other(
    noor: FlaskClient, kiln: UUID
) -> None:
    reference, (first, second) = in_parcels(kiln, 1, 2)
    noor.post(f"/portal/orders/{reference}/labels")
    stale = form(first, UPS) | form(second, OTHER_UPS)
    key = one("SELECT order_id FROM fulfillment_orders").order_id
    with transaction(OPS) as now:
        shipping.cancel(key, {"1": 2}, actor="ops", reason="not wanted", now=now)

    slips = pages(noor.get(f"/portal/orders/{reference}/papers.pdf").data)
    refused = noor.post(f"/portal/orders/{reference}/ship", data=stale)
    before = shipments()
    shipped = noor.post(f"/portal/orders/{reference}/ship", data=form(first, UPS))

    assert not any(second in words for words in slips)
    assert refused.status_code == 409
    assert f"What {second} held is wanted no more" in told(refused.text)
    assert before == []
    assert shipped.status_code == 303
    assert status(reference) == "shipped"
    require_unbroken()


# Whose word it is --------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [1, 400])
def test_s27_a_program_ships_nothing_before_it_was_given_it(
    noor: FlaskClient, robot: Api, days: int
) -> None:
    reference, _ = labeled(noor)
    then = (NOW - timedelta(days=days)).isoformat()
    parcel = {"carrier": "ups", "tracking_number": UPS, "shipped_at": then}

    answer = robot("POST", f"/fulfillment-orders/{reference}/ship", {"parcels": [parcel]})

    assert answer.status_code == 422
    assert shipments() == []


def test_s16_whoever_looks_over_a_shoulder_does_nothing_of_a_day(
    app: Flask, noor: FlaskClient, kiln: UUID
) -> None:
    reference, package = labeled(noor)
    booking = {"carrier": "ups", "location": "main", "day": "2026-11-23"}
    noor.post("/portal/ship/pickups", data=booking | {"from": "08:00", "until": "17:00"})
    place, pickup = one("SELECT id FROM locations").id, one("SELECT id FROM pickups").id
    browser = browser_of(app, make_person("ops_agent", "Olga Ops"))
    browser.post("/console/vendors/kiln/view")
    known = {"reference": reference, "package": package, "location_id": place, "pickup_id": pickup}
    before = rows_of(kiln)

    posts = [way for way in ways(app, **known) if way.method == "POST"]
    told = {
        way.path: knock(browser, way, data=form(package, UPS)).status_code
        for way in posts
        if way.endpoint.startswith("portal.") and way.endpoint != "portal.see_notices"
    }

    assert set(told.values()) == {403}, told
    assert len(told) > 30
    assert rows_of(kiln) == before


def end_as(how: str, reference: str) -> None:
    """Have a fulfillment order end: delivered long ago, called off, or taken back."""
    if how == "canceled":
        key = one("SELECT order_id FROM fulfillment_orders").order_id
        with transaction(OPS) as now:
            orders.cancel(key, None, actor="ops", reason="not wanted", now=now)
        return
    with transaction(OPS):
        sql = "UPDATE fulfillment_orders SET status = :s, delivered_at = :at WHERE reference = :r"
        arrived = NOW if how == "delivered" else None
        db.session.execute(db.text(sql), {"s": how, "at": arrived, "r": reference})
    at(NOW + timedelta(days=400))


@pytest.mark.parametrize("how", ["delivered", "canceled", "rejected"])
def test_s25_where_it_went_is_on_no_page_and_no_paper_once_it_is_over(
    noor: FlaskClient, kiln: UUID, robot: Api, how: str
) -> None:
    to = ADDRESS | {"city": "Xanadu", "line1": "Zzyzx Road 9", "name": "Quentin Quill"}
    wishes = {"gift_message": "key at Zzyzx", "delivery_instructions": "ring at Quentin"}
    reference, names = in_parcels(kiln, 1, 1, ship_to=to, preferences=wishes | {"gift_wrap": True})
    noor.post(f"/portal/orders/{reference}/labels")
    if how == "delivered":
        noor.post(
            f"/portal/orders/{reference}/ship", data=form(names[0], UPS) | form(names[1], OTHER_UPS)
        )
    end_as(how, reference)

    ends: tuple[str, ...] = (
        "",
        "/confirm",
        "/pick",
        "/pack",
        "/ship",
        "/trouble",
        "/pick-list.pdf",
        "/papers.pdf",
    )
    ends += ("/receipt.pdf", "/gift.pdf")
    papers = ("label.pdf", "label.zpl", "slip.pdf", "return.pdf")
    paths = [f"/portal/orders/{reference}{end}" for end in ends]
    paths += [f"/portal/packages/{name}/{paper}" for name in names for paper in papers]
    paths += ["/portal/ship/manifest?day=2026-11-23", f"/portal/find?q={reference}"]
    paths += ["/portal/ship/manifest.pdf?day=2026-11-23&carrier=ups&location=main"]
    paths += ["/portal/", f"/portal/ship/papers.pdf?of={reference}"]
    answers = [noor.get(path) for path in paths]
    answers += [robot("GET", f"/fulfillment-orders/{reference}")]
    answers += [robot("GET", f"/packages/{name}/label") for name in names]

    telling = [
        (answer.request.path, word)
        for answer in answers
        for word in ("Xanadu", "Zzyzx", "Quentin")
        if word in (answer.text if answer.mimetype != "application/pdf" else printed(answer.data))
    ]
    assert telling == []


def printed(content: bytes) -> str:
    return "\n".join(pages(content))
