"""A tracking number that two vendors claim: ops see both, and say whose it is."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.keys import ensure_key
from app.extensions import db
from app.shared.work import ACCOUNTS, OPS, transaction
from tests.conftest import Sql
from tests.factories import line, make_vendor_with_stock, one, rows
from tests.handing import OTHER_UPS, UPS, form, labeled, packages, packed, shipments, told
from tests.people import browser_of, make_person

CLAIMS = "SELECT tracking_number, settled_by, is_kept FROM number_claims"
TOLD = (
    "SELECT coalesce(v.code, 'ops'), n.kind FROM notices n"
    " LEFT JOIN vendors v ON n.audience = 'vendor:' || v.id"
    " WHERE n.kind <> 'work_assigned' ORDER BY n.at, n.id"
)


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 500})


@pytest.fixture
def tallow(app: Flask) -> UUID:
    return make_vendor_with_stock("tallow", {"CANDLE": 500})


@pytest.fixture
def noor(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_staff", "Noor Aziz", vendor=kiln))


@pytest.fixture
def ruth(app: Flask, tallow: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_owner", "Ruth Adler", vendor=tallow))


@pytest.fixture
def agent(app: Flask) -> FlaskClient:
    return browser_of(app, make_person("ops_agent", "Imani Brooks"))


@pytest.fixture
def squatted(app: Flask, ruth: FlaskClient) -> str:
    """Ruth's parcel, on whose label stands a number that is not hers; return the parcel."""
    reference, package = labeled(ruth, "B-1", lines=[line("CANDLE")])
    key = key_of("tallow")
    parcel = {"package": package, "carrier": "ups", "tracking_number": UPS}
    made = app.test_client().post(
        f"/api/v1/fulfillment-orders/{reference}/label", json={"parcels": [parcel]}, headers=key
    )
    assert made.status_code == 200
    return package


def key_of(code: str) -> dict[str, str]:
    vendor = one("SELECT id FROM vendors WHERE code = :code", code=code).id
    with transaction(ACCOUNTS):
        ensure_key(f"{code}-key", f"onw_of_{code}", vendor)
    return {"Authorization": f"Bearer onw_of_{code}"}


def test_a_number_of_another_vendors_label_is_freed_by_ops(
    noor: FlaskClient, agent: FlaskClient, ruth: FlaskClient, squatted: str, sql: Sql
) -> None:
    reference, package = labeled(noor, "A-1")

    for _again in range(2):
        refused = noor.post(f"/portal/orders/{reference}/ship", data=form(package, UPS))
        assert f"{UPS} is another parcel's number" in told(refused.text)
        assert not any(word in refused.text for word in ("Tallow", squatted, "B-1"))
    page = told(agent.get("/console/numbers").text)
    inbox = told(agent.get("/console/inbox").text)
    unsaid = agent.post(f"/console/packages/{squatted}/void", data={"reason": " "})
    voided = agent.post(f"/console/packages/{squatted}/void", data={"reason": "Kiln has a receipt"})
    shipped = noor.post(f"/portal/orders/{reference}/ship", data=form(package, UPS))

    assert f"UPS {UPS}" in page
    assert page.index("Claims it Kiln") < page.index("Has it Tallow")
    assert squatted in page
    assert "1 number is claimed twice" in inbox
    assert (unsaid.status_code, "Say why the label is void." in told(unsaid.text)) == (422, True)
    assert (voided.status_code, shipped.status_code) == (303, 303)
    assert shipments() == [("ups", UPS, package)]
    assert sql(TOLD) == [
        ("ops", "number_claimed"),
        ("tallow", "label_voided"),
        ("kiln", "number_free"),
    ]
    assert "Kiln has a receipt" in told(ruth.get("/portal/notices").text)
    assert "No number is claimed twice" in told(agent.get("/console/numbers").text)
    assert "claimed twice" not in told(agent.get("/console/inbox").text)


def test_a_claim_that_is_wrong_is_answered_and_stays_answered(
    noor: FlaskClient, agent: FlaskClient, squatted: str, sql: Sql
) -> None:
    reference, package = labeled(noor, "A-1")
    noor.post(f"/portal/orders/{reference}/ship", data=form(package, UPS))
    claim = one("SELECT id FROM number_claims").id

    kept = [agent.post(f"/console/numbers/{claim}/keep").status_code for _again in range(2)]
    noor.post(f"/portal/orders/{reference}/ship", data=form(package, UPS))

    assert kept == [303, 404]
    assert sql(CLAIMS) == [(UPS, "Imani Brooks", True)]
    assert sql(TOLD) == [("ops", "number_claimed"), ("kiln", "number_kept")]
    assert "is another parcel's number" in told(noor.get("/portal/notices").text)
    assert shipments() == []


@pytest.mark.parametrize("way", ["label", "ship", "many", "list", "file"])
def test_every_way_to_say_a_number_is_heard(
    app: Flask, noor: FlaskClient, squatted: str, sql: Sql, way: str
) -> None:
    reference, package = labeled(noor, "A-1")
    parcel = {"carrier": "ups", "tracking_number": UPS}
    api, key = app.test_client(), key_of("kiln")
    work = f"/api/v1/fulfillment-orders/{reference}"

    if way == "label":
        api.post(f"{work}/label", json={"parcels": [parcel]}, headers=key)
    elif way == "ship":
        api.post(f"{work}/ship", json={"parcels": [parcel]}, headers=key)
    elif way == "many":
        many = {"fulfillment_orders": [{"id": reference, "parcels": [parcel]}]}
        api.post("/api/v1/fulfillment-orders/ship", json=many, headers=key)
    elif way == "list":
        sent = {"rows": f"{package},ups,{UPS}"}
        noor.post("/portal/ship/many", data=sent)
        assert sql(CLAIMS) == []
        noor.post("/portal/ship/many", data=sent | {"step": "ship"})
    else:
        sent = {"number": UPS, "carrier": "ups"}
        noor.post(f"/portal/packages/{package}/label", data=sent)

    assert sql(CLAIMS) == [(UPS, None, False)]
    assert shipments() == []


def test_ones_own_mistake_concerns_nobody_else(noor: FlaskClient, sql: Sql) -> None:
    first, a = labeled(noor, "A-1")
    _second, b = labeled(noor, "A-2")
    noor.post(f"/portal/orders/{first}/ship", data=form(a, UPS))

    refused = noor.post(f"/portal/orders/{_second}/ship", data=form(b, UPS))

    assert "is another parcel's number" in told(refused.text)
    assert sql(CLAIMS) == []


@pytest.mark.parametrize(
    "gone",
    [
        "UPDATE labels SET made_at = made_at - interval '366 days'",
        "UPDATE fulfillment_orders SET status = 'canceled' WHERE order_number = 'B-1'",
        "UPDATE fulfillment_orders SET status = 'shipped' WHERE order_number = 'B-1'",
    ],
)
def test_a_label_that_will_never_leave_holds_no_number(
    noor: FlaskClient, squatted: str, gone: str
) -> None:
    reference, package = labeled(noor, "A-1")
    with transaction(OPS):
        db.session.execute(db.text(gone))

    shipped = noor.post(f"/portal/orders/{reference}/ship", data=form(package, UPS))

    assert shipped.status_code == 303
    assert shipments() == [("ups", UPS, package)]


def test_a_number_that_has_left_is_shown_and_has_no_label_to_void(
    noor: FlaskClient, agent: FlaskClient, ruth: FlaskClient
) -> None:
    theirs = packed("B-1", lines=[line("CANDLE")])
    ruth.post(f"/portal/orders/{theirs}/labels")
    (candle,) = packages(theirs)
    ruth.post(f"/portal/orders/{theirs}/ship", data=form(candle, OTHER_UPS))
    reference, package = labeled(noor, "A-1")

    noor.post(f"/portal/orders/{reference}/ship", data=form(package, OTHER_UPS))
    page = agent.get("/console/numbers")
    voided = agent.post(f"/console/packages/{candle}/void", data={"reason": "not theirs"})

    assert "It has left, so there is no label to void" in told(page.text)
    assert "/void" not in page.text
    assert voided.status_code == 409
    assert [row.void_reason for row in rows("SELECT void_reason FROM labels")] == [None, None]


def test_a_vendor_that_voids_its_label_frees_the_number_itself(
    noor: FlaskClient, ruth: FlaskClient, squatted: str, sql: Sql
) -> None:
    reference, package = labeled(noor, "A-1")
    noor.post(f"/portal/orders/{reference}/ship", data=form(package, UPS))

    ruth.post(f"/portal/packages/{squatted}/void", data={"reason": "a typo"})

    assert sql(CLAIMS) == [(UPS, "system", False)]
    assert sql(TOLD) == [("ops", "number_claimed"), ("kiln", "number_free")]


def test_who_reads_only_is_offered_nothing(app: Flask, noor: FlaskClient, squatted: str) -> None:
    reference, package = labeled(noor, "A-1")
    noor.post(f"/portal/orders/{reference}/ship", data=form(package, UPS))
    reader = browser_of(app, make_person("senior_management", "Vera Blom"))

    page = reader.get("/console/numbers")
    voided = reader.post(f"/console/packages/{squatted}/void", data={"reason": "x"})

    assert UPS in page.text
    assert "/void" not in page.text
    assert voided.status_code == 403
    assert (
        rows("SELECT 1 FROM labels WHERE voided_at IS NOT NULL AND tracking_number = :n", n=UPS)
        == []
    )


def test_a_claim_waits_no_longer_than_its_work(
    noor: FlaskClient, agent: FlaskClient, squatted: str
) -> None:
    reference, package = labeled(noor, "A-1")
    noor.post(f"/portal/orders/{reference}/ship", data=form(package, UPS))

    noor.post(f"/portal/orders/{reference}/ship", data=form(package, OTHER_UPS))

    assert shipments() == [("ups", OTHER_UPS, package)]
    assert "No number is claimed twice" in told(agent.get("/console/numbers").text)
