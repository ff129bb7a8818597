"""Search: one word finds orders, customers, products and the rest by any of their names."""

from __future__ import annotations

import re
import unicodedata

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import text

from app.catalog.service import save_products
from app.console.order_queries import MOST_HITS
from app.extensions import db
from app.intake import changes
from app.intake.forms import OrderForm
from app.orders import intake
from app.orders.changes import Change
from app.shared.work import OPS, transaction
from app.web.paging import SIZE
from tests.conftest import Sql
from tests.faces.test_find import ask, found, of
from tests.factories import (
    ACTOR,
    ADDRESS,
    line,
    make_order,
    make_vendor_with_stock,
    one,
    order_body,
    shipped_order,
)
from tests.people import browser_of, make_person, vendor_id

GTIN = "4006381333931"


def buyer(name: str, external_id: str, **more: str) -> dict[str, str]:
    return {"external_id": external_id, "name": name} | more


@pytest.fixture
def world(app: Flask, jobs_run_here: None) -> None:
    """Three customers, a gift, a parcel under way, and products that are described or not."""
    make_vendor_with_stock("kiln", {"MUG-RED": 50})
    make_vendor_with_stock("ridge-co", {"THROW": 50})
    with transaction(OPS):
        db.session.execute(text("UPDATE listings SET own_code = 'K-0417' WHERE sku = 'THROW'"))
        save_products([{"sku": "BOWL-9", "title": "Salad bowl", "gtin": GTIN}])
    ada = buyer("Ada María Lind", "C-77", email="Ada.Lind@example.org", phone="+46 70-123 45 67")
    shipped_order(1, lines=[line("MUG-RED")], number="W-1001", customer=ada)
    zuraw = buyer("Łukasz Żuraw", "C-8", phone="555 1234")
    own = ADDRESS | {"name": "Łukasz Żuraw"}
    make_order("W-1002", [line("BOWL-9")], customer=zuraw, ship_to=own)
    gift = ADDRESS | {"name": "Zoë Ångström", "company": "Späti & Söhne"}
    make_order(
        "W-1003", customer=buyer("Bo O'Brien", "C-9", email="customer18@example.org"), ship_to=gift
    )


def orders_of(browser: FlaskClient, q: str) -> list[str]:
    """Return the numbers that a list shows, or the one that it leads to."""
    answer = browser.get("/console/orders", query_string={"q": q})
    if answer.status_code == 302:
        reference = answer.location.rpartition("/")[2]
        return [one("SELECT number FROM orders WHERE reference = :r", r=reference).number]
    return sorted(set(re.findall(r"\bW-100\d\b", answer.text)))


@pytest.mark.parametrize(
    ("q", "number"),
    [
        ("ada", "W-1001"),
        ("LIND", "W-1001"),
        ("maria", "W-1001"),
        ("Mari", "W-1001"),
        ("lind ada", "W-1001"),
        ("ad li", "W-1001"),
        ("lukasz", "W-1002"),
        ("ŻURAW", "W-1002"),
        ("zuraw łuk", "W-1002"),
        ("o'brien", "W-1003"),
        ("brien", "W-1003"),
        ("zoe", "W-1003"),
        ("angstrom", "W-1003"),
        ("spati", "W-1003"),
        ("sohne zoë", "W-1003"),
        ("ada.lind@example.org", "W-1001"),
        ("ADA.LIND@EXAMPLE.ORG", "W-1001"),
        ("ada.lind@", "W-1001"),
        ("+46701234567", "W-1001"),
        ("0046 70 123 45 67", "W-1001"),
        ("070-1234567", "W-1001"),
        ("+46 (0)70 123 45 67", "W-1001"),
        ("1234567", "W-1001"),
        ("+49 30 5551234", "W-1002"),
        ("555-1234", "W-1002"),
        ("C-77", "W-1001"),
        ("c-8", "W-1002"),
        ("w-1003", "W-1003"),
        ("#W-1003", "W-1003"),
        ("#w-1003", "W-1003"),
        ("customer18", "W-1003"),
        ("CUSTOMER1", "W-1003"),
        ("bowl-9", "W-1002"),
        (GTIN, "W-1002"),
        (f"0{GTIN}", "W-1002"),
    ],
)
def test_an_order_is_found_by_any_of_its_names(
    world: None, ops_client: FlaskClient, q: str, number: str
) -> None:
    assert orders_of(ops_client, q) == [number]
    assert any(words.startswith(number) for words in of("Orders", ask(ops_client, q)))


@pytest.mark.parametrize(
    "q", ["lind bo", "a", "da", "ind", "+46701234568", "C-7777", "nobody@", "_"]
)
def test_what_is_nobodys_name_finds_no_order(world: None, ops_client: FlaskClient, q: str) -> None:
    assert orders_of(ops_client, q) == []


@pytest.mark.parametrize(
    "q", ["ada.lind@example.org", "+46701234567", "C-77", "W-1001", "parcel", "part", "own"]
)
def test_a_name_that_names_just_one_order_leads_straight_to_it(
    world: None, ops_client: FlaskClient, q: str
) -> None:
    row = one(
        "SELECT o.reference AS own, f.reference AS part, s.tracking_number AS parcel FROM orders o"
        " JOIN fulfillment_orders f ON f.order_id = o.id JOIN shipments s ON s.order_id = o.id"
    )
    word = getattr(row, q, q)

    answer = ops_client.get("/console/orders", query_string={"q": word})

    assert (answer.status_code, answer.location) == (302, f"/console/orders/{row.own}")


@pytest.mark.parametrize("q", ["lower-abc", "LOWER-ABC", "Lower-Abc", "#Lower-ABC"])
def test_the_case_of_an_orders_number_does_not_matter(ops_client: FlaskClient, q: str) -> None:
    key = make_order("lower-abc")
    reference = one("SELECT reference FROM orders WHERE id = :key", key=key).reference

    answer = ops_client.get("/console/orders", query_string={"q": q})

    assert (answer.status_code, answer.location) == (302, f"/console/orders/{reference}")
    assert found(ask(ops_client, q))[0][1].startswith("lower-abc")


def test_a_number_that_was_taken_in_with_its_mark_is_found_with_it(ops_client: FlaskClient) -> None:
    key = make_order("#H-1018")
    reference = one("SELECT reference FROM orders WHERE id = :key", key=key).reference

    answer = ops_client.get("/console/orders", query_string={"q": "#h-1018"})

    assert (answer.status_code, answer.location) == (302, f"/console/orders/{reference}")


def test_who_is_called_so_comes_before_whose_e_mail_begins_so(
    ops_client: FlaskClient, sql: Sql
) -> None:
    for code in ("alder", "birch", "shop-zeta"):
        make_vendor_with_stock(code)
    sql("UPDATE vendors SET email = 'shop@' || code || '.example' WHERE code <> 'shop-zeta'")
    sql("UPDATE vendors SET email = NULL WHERE code = 'shop-zeta'")

    shown = [words.split()[0] for words in of("Vendors", ask(ops_client, "shop"))]

    assert shown == ["Shop-Zeta", "Alder", "Birch"]


def test_a_vendors_e_mail_finds_it_in_their_list(world: None, ops_client: FlaskClient) -> None:
    page = ops_client.get("/console/vendors?q=KILN@vendors").text

    assert "/console/vendors/kiln" in page
    assert "/console/vendors/ridge-co" not in page


@pytest.mark.parametrize("q", ["ada", "example.org", "bowl-9"])
def test_a_name_that_others_may_have_shows_a_list(
    world: None, ops_client: FlaskClient, q: str
) -> None:
    assert ops_client.get("/console/orders", query_string={"q": q}).status_code == 200


@pytest.mark.parametrize(
    ("q", "group", "label", "href"),
    [
        ("lind", "Customers", "Ada María Lind", "/console/orders?q=Ada.Lind@example.org"),
        ("C-8", "Customers", "Łukasz Żuraw", "/console/orders?q=C-8"),
        ("555 1234", "Customers", "Łukasz Żuraw", "/console/orders?q=C-8"),
        ("BOWL-9", "Products", "BOWL-9 Salad bowl", "/console/catalog/BOWL-9"),
        ("bow", "Products", "BOWL-9 Salad bowl", "/console/catalog/BOWL-9"),
        ("salad", "Products", "BOWL-9 Salad bowl", "/console/catalog/BOWL-9"),
        ("bowl sal", "Products", "BOWL-9 Salad bowl", "/console/catalog/BOWL-9"),
        (GTIN, "Products", "BOWL-9 Salad bowl", "/console/catalog/BOWL-9"),
        ("K-0417", "Products", "THROW Throw", "/console/catalog/THROW"),
        ("k-0417", "Products", "THROW Throw", "/console/catalog/THROW"),
        ("throw", "Products", "THROW Throw", "/console/catalog/THROW"),
        ("ridge", "Vendors", "Ridge-Co", "/console/vendors/ridge-co"),
        ("Ridge-Co@vendors.example", "Vendors", "Ridge-Co", "/console/vendors/ridge-co"),
        ("ridge-co@v", "Vendors", "Ridge-Co", "/console/vendors/ridge-co"),
    ],
)
def test_each_kind_is_found_and_leads_to_its_record(  # noqa: PLR0913, PLR0917 - what is asked and found
    world: None, ops_client: FlaskClient, q: str, group: str, label: str, href: str
) -> None:
    shown = [(name, words, where) for name, words, where in found(ask(ops_client, q))]

    (there,) = [where for name, words, where in shown if name == group and words.startswith(label)]
    assert there == href
    assert ops_client.get(there).status_code in {200, 302}


def test_what_is_named_exactly_comes_first(world: None, ops_client: FlaskClient) -> None:
    assert found(ask(ops_client, "bowl-9"))[0][0] == "Products"
    assert found(ask(ops_client, "ada.lind@example.org"))[0][0] == "Orders"
    assert found(ask(ops_client, "ridge-co"))[0][0] == "Vendors"


def test_imports_and_bulk_changes_are_found_by_their_references(
    world: None, ops_client: FlaskClient, sql: Sql
) -> None:
    row = one("SELECT reference FROM orders WHERE number = 'W-1002'").reference
    ops_client.post("/console/batches", data={"act": "orders.hold", "row": row})
    batch = one("SELECT reference FROM batches").reference
    sql(
        "INSERT INTO imports (id, reference, kind, format, filename, size, header, delimiter,"
        " mapping, fixed, status, is_dry_run, made_at, made_by) VALUES (gen_random_uuid(),"
        " 'IM-7K2M9QX4TD', 'orders', 'csv', 'may.csv', 1, '[]', ',', '{}', '{}', 'canceled',"
        " false, now(), 'Imani')"
    )

    for q, group, label, href in (
        (batch.lower(), "Bulk changes", "Put on hold", f"/console/batches/{batch}"),
        ("im-7k2m9qx4td", "Imports", "may.csv", "/console/imports/IM-7K2M9QX4TD"),
    ):
        name, words, where = found(ask(ops_client, q))[0]
        assert (name, where) == (group, href)
        assert words.startswith(label)


def test_a_word_that_fits_too_many_orders_shows_some_of_them(ops_client: FlaskClient) -> None:
    bodies = [order_body(f"X-{n:03}", [line("NONE")]) for n in range(MOST_HITS + 20)]
    with transaction(OPS) as now:
        many = [OrderForm.model_validate(body).to_order(now) for body in bodies]
        intake.place(many, zone="UTC", actor=ACTOR, now=now)

    page = ops_client.get("/console/orders?q=x-")
    all_of_it = ops_client.get("/console/lists/orders/export.csv?q=x-", buffered=True)

    assert (page.status_code, all_of_it.status_code) == (200, 200)
    assert len(set(re.findall(r"\bX-\d{3}\b", page.text))) == SIZE
    assert len(set(re.findall(r"\bX-\d{3}\b", all_of_it.text))) == MOST_HITS
    assert ops_client.get("/console/orders?q=x-519").status_code == 302


def test_an_order_that_goes_elsewhere_is_found_by_whom_it_goes_to_now(
    world: None, ops_client: FlaskClient
) -> None:
    key = one("SELECT id FROM orders WHERE number = 'W-1003'").id

    with transaction(OPS) as now:
        changes.readdress(key, ADDRESS | {"name": "Nia Falk"}, Change(ACTOR, now))

    assert orders_of(ops_client, "falk") == ["W-1003"]
    assert orders_of(ops_client, "angstrom") == []
    assert orders_of(ops_client, "brien") == ["W-1003"]


def test_a_customer_is_found_by_the_name_they_have_now(
    world: None, ops_client: FlaskClient
) -> None:
    make_order("W-1004", customer=buyer("Ada Holm", "C-77"))

    assert orders_of(ops_client, "holm") == ["W-1001", "W-1004"]
    # The parcel went to whoever the label named.
    assert orders_of(ops_client, "falk") == []


def test_whom_orders_go_to_is_no_business_of_vendors(app: Flask, world: None, sql: Sql) -> None:
    ((may,),) = sql("SELECT has_table_privilege('onward_vendor', 'recipients', 'SELECT')")
    assert may is False
    kiln = browser_of(app, make_person("vendor_owner", "Ann Owner", vendor=vendor_id("kiln")))

    for q in ("zoe", "ada.lind@example.org", "+46701234567", "C-77", "W-1003", "lukasz"):
        assert found(ask(kiln, q, "portal")) == [], q


# Latin, Greek, Cyrillic, Hebrew, Arabic and Chinese, with marks, figures and what parts words.
ALPHABETS = ((0x20, 0x24F), (0x300, 0x36F), (0x370, 0x52F), (0x5D0, 0x5EA), (0x620, 0x669))
LETTERS = [
    some.characters(min_codepoint=first, max_codepoint=last, exclude_categories=["Cn", "Cc", "Sk"])
    for first, last in (*ALPHABETS, (0x4E00, 0x9FFF))
]
NAMES = some.text(some.one_of(LETTERS), min_size=1, max_size=30)


@given(name=NAMES, cut=some.integers(1, 30), spell=some.sampled_from([str.upper, str.lower]))
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_every_beginning_of_every_word_finds_a_name(app, name, cut, spell):
    # Not every mark has a combining class: a joiner of graphemes has none.
    kept = [c if c.isalnum() or unicodedata.category(c) == "Mn" else " " for c in name]
    asked = " ".join(word[:cut] for word in "".join(kept).split())
    question = text(
        "SELECT coalesce(array_to_tsvector(words_of(:name)) @@ names_like(:q),"
        " words_of(:q) = '{}') AS fits"
    )
    with transaction(OPS):
        for q in (asked, name, unicodedata.normalize("NFD", asked)):
            assert db.session.execute(question, {"name": name, "q": q}).scalar_one()
        plain = re.fullmatch(r"[A-Za-z ]+", name)
        if plain:
            values = {"name": name, "q": spell(asked)}
            assert db.session.execute(question, values).scalar_one()
