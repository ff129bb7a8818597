"""Programs' keys: made, shown once, and revoked, by whose they are."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.accounts.keys import principal_of
from app.extensions import db
from app.shared.work import ACCOUNTS, transaction
from tests.conftest import caller
from tests.factories import make_vendor_with_stock
from tests.people import browser_of, make_person

FORM = {"name": "Webshop", "rights": ["orders:read", "orders:write"]}
TOKEN = re.compile(r"onw_[\w-]{20,}")


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln")


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    return browser_of(app, make_person("administrator", "Teo Marin"))


@pytest.fixture
def owner(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_owner", "Elin Berg", vendor=kiln))


def kept() -> list[tuple[object, ...]]:
    query = "SELECT name, rights, vendor_id, made_by, revoked_at IS NULL FROM api_keys ORDER BY id"
    with transaction(ACCOUNTS):
        return [tuple(row) for row in db.session.execute(text(query))]


def key_id(name: str) -> UUID:
    with transaction(ACCOUNTS):
        query = text("SELECT id FROM api_keys WHERE name = :name")
        found: UUID = db.session.execute(query, {"name": name}).scalar_one()
    return found


def test_a_key_is_shown_once_with_a_call_to_try_it(app: Flask, admin: FlaskClient) -> None:
    app.config["PUBLIC_URL"] = "https://shop.example"

    answer = admin.post("/console/keys/new", data=FORM)

    (token,) = set(TOKEN.findall(answer.text))
    assert answer.headers["Cache-Control"] == "no-store"
    assert f"curl -H 'Authorization: Bearer {token}'" in answer.text
    assert "https://shop.example/api/v1/orders/" in answer.text
    assert kept() == [("Webshop", ["orders:read", "orders:write"], None, "Teo Marin", True)]
    assert principal_of(token) is not None
    again = admin.get("/console/keys").text
    assert token not in again
    assert f"{token[:8]}…" in again


def test_the_form_sent_again_makes_no_second_key(admin: FlaskClient) -> None:
    admin.post("/console/keys/new", data=FORM)

    answer = admin.post("/console/keys/new", data=FORM)

    assert answer.status_code == 422
    assert 'id="name-err"' in answer.text
    assert TOKEN.findall(answer.text) == []
    assert len(kept()) == 1


def test_a_key_that_only_writes_has_no_address_to_try(admin: FlaskClient, kiln: UUID) -> None:
    data = {"name": "Sync", "rights": ["stock:write"], "vendor": str(kiln)}

    page = admin.post("/console/keys/new?whose=vendor", data=data).text

    assert "How it is sent" in page
    assert "curl" not in page


@pytest.mark.parametrize(
    ("query", "chosen"),
    [
        ("", ["orders:read", "orders:write", "payments:write"]),
        ("?whose=vendor", ["fulfillment:read", "fulfillment:write", "stock:write"]),
    ],
)
def test_a_new_key_offers_what_most_need(admin: FlaskClient, query: str, chosen: list[str]) -> None:
    page = admin.get(f"/console/keys/new{query}").text

    assert re.findall(r'value="([^"]+)" checked', page) == chosen


@pytest.mark.parametrize(
    ("query", "change", "told"),
    [
        ("", {"name": ""}, "name: Enter what the program is called."),
        ("", {"name": "a\x07b"}, "name: It holds a character that cannot be shown."),
        ("", {"rights": []}, "rights: Choose at least one."),
        ("", {"rights": ["stock:take"]}, "rights: not a valid choice"),
        ("?whose=vendor", {"rights": ["stock:write"]}, "vendor: Choose whose key it is."),
        ("?whose=vendor", {"rights": ["orders:read"]}, "rights: not a valid choice"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    admin: FlaskClient, query: str, change: dict[str, object], told: str
) -> None:
    make_vendor_with_stock("kiln")
    answer = admin.post(f"/console/keys/new{query}", data=FORM | change)

    field, _, sentence = told.partition(": ")
    error = re.search(rf'id="{field}-err">.*?</p>', answer.text, re.DOTALL)
    assert answer.status_code == 422
    assert error is not None
    assert sentence in error[0]
    assert kept() == []


def test_a_revoked_key_opens_nothing_and_stays_in_sight(app: Flask, admin: FlaskClient) -> None:
    data = FORM | {"rights": ["clock:read"]}
    (token,) = set(TOKEN.findall(admin.post("/console/keys/new", data=data).text))
    api = caller(app, token)
    assert api("GET", "/clock").status_code == 200

    answer = admin.post(f"/console/keys/{key_id('Webshop')}/revoke")

    page = admin.get(answer.location).text
    assert "The key is revoked." in page
    assert "No key is in use" in page
    assert "Webshop" in page
    assert api("GET", "/clock").status_code == 401


def test_a_key_is_revoked_once(admin: FlaskClient) -> None:
    admin.post("/console/keys/new", data=FORM)
    path = f"/console/keys/{key_id('Webshop')}/revoke"
    admin.post(path)

    answer = admin.post(path)

    assert "was revoked already" in admin.get(answer.location).text


# A vendor's own -----------------------------------------------------------------------------


def test_an_owners_key_is_her_vendors_whatever_is_sent(
    owner: FlaskClient, admin: FlaskClient, kiln: UUID
) -> None:
    other = make_vendor_with_stock("tallow")
    admin.post("/console/keys/new", data=FORM)
    data = {"name": "Shelf", "rights": ["stock:write"], "vendor": str(other)}

    owner.post("/portal/keys/new?whose=marketplace", data=data)

    assert kept()[1:] == [("Shelf", ["stock:write"], kiln, "Elin Berg", True)]
    page = owner.get("/portal/keys").text
    assert "Shelf" in page
    assert "Webshop" not in page


@pytest.mark.parametrize("right", ["orders:read", "policies:write", "fulfillment:*"])
def test_an_owner_gives_no_right_of_the_marketplace(owner: FlaskClient, right: str) -> None:
    answer = owner.post("/portal/keys/new", data={"name": "Shelf", "rights": [right]})

    assert answer.status_code == 422
    assert kept() == []


@pytest.mark.parametrize("whose", ["another vendor's", "the marketplace's"])
def test_another_vendors_keys_do_not_exist(
    owner: FlaskClient, admin: FlaskClient, whose: str
) -> None:
    if whose == "the marketplace's":
        admin.post("/console/keys/new", data=FORM)
    else:
        other = str(make_vendor_with_stock("tallow"))
        data = FORM | {"rights": ["stock:write"], "vendor": other}
        admin.post("/console/keys/new?whose=vendor", data=data)

    answer = owner.post(f"/portal/keys/{key_id('Webshop')}/revoke")

    assert answer.status_code == 404
    assert [row[-1] for row in kept()] == [True]


@pytest.mark.parametrize("role", ["ops_agent", "ops_lead", "senior_management", "vendor_staff"])
def test_keys_are_administrators_and_owners_alone(app: Flask, kiln: UUID, role: str) -> None:
    vendor = kiln if role == "vendor_staff" else None
    browser = browser_of(app, make_person(role, "Somebody Else", vendor=vendor))

    looks = [browser.get(f"/{face}/keys").status_code for face in ("console", "portal")]
    acts = [
        browser.post(f"/{face}/keys/new", data=FORM).status_code for face in ("console", "portal")
    ]

    assert set(looks + acts) == {403}
    assert kept() == []
