"""What migrations make of rows that are there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from flask_migrate import upgrade

from app.extensions import db
from app.shared import ids
from tests.conftest import ROOT, make_app, other_database

NAME = "of_before"
MIGRATIONS = str(ROOT / "migrations")
PERSON = (
    "INSERT INTO users (id, email, name, role, password_hash) VALUES (%s, %s, %s, 'ops_agent', '')"
)
LETTER = (
    "INSERT INTO dead_letters (job, subject, reason, attempts, raised_at, closed_at, closed_by)"
    " VALUES ('watch', %s, 'r', 1, now(), now(), %s)"
)


@contextmanager
def grown_from(revision: str, cluster: Any, valkey_url: str) -> Iterator[tuple[Any, Any]]:
    """Yield a database of a revision to fill, and what asks it when it is migrated since."""
    with psycopg.connect(cluster.superuser, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{NAME}" OWNER {owner_of(cluster)}')
        app, address = make_app(cluster, NAME, valkey_url), other_database(cluster.superuser, NAME)

        def found_after(*questions: str) -> list[Any]:
            before.commit()
            upgrade(directory=MIGRATIONS)
            return [before.execute(sql).fetchall() for sql in questions]

        with app.app_context():
            upgrade(directory=MIGRATIONS, revision=revision)
            with psycopg.connect(address) as before:
                yield before, found_after
            db.engine.dispose()
        server.execute(f'DROP DATABASE "{NAME}"')


def test_what_somebody_did_before_0005_is_theirs_where_nobody_shares_their_name(
    cluster, valkey_url
):
    ada, people = ids.new(), ("Imani", "Imani")
    with grown_from("0004", cluster, valkey_url) as (before, found_after):
        before.execute(PERSON, [ada, "ada@example.org", "Ada"])
        for n, name in enumerate(people):
            before.execute(PERSON, [ids.new(), f"{n}@example.org", name])
        for name in ("Ada", "Imani", "Bo"):
            before.execute(LETTER, [f"order of {name}", name])
        (found,) = found_after("SELECT closed_by, closed_by_id FROM dead_letters")

    assert dict(found) == {"Ada": ada, "Imani": None, "Bo": None}


def test_what_vendors_had_before_0007_is_placed_sought_and_counted(cluster, valkey_url):
    with grown_from("0006", cluster, valkey_url) as (before, found_after):
        fill_as_of_0006(before)
        work, sold, photos = found_after(
            "SELECT f.reference, f.ordered_service, f.service, f.placed_at = o.placed_at"
            " FROM fulfillment_orders f JOIN orders o ON o.id = f.order_id ORDER BY 1",
            "SELECT l.sku, l.title_sought, l.own_code_sought, s.is_few"
            " FROM listings l JOIN stock s ON s.listing_id = l.id ORDER BY 1",
            "SELECT note_id IS NOT NULL, package_id, taken_at, taken_by FROM photos",
        )

    assert work == [("FO-1", "express", None, True), ("FO-2", "standard", None, True)]
    assert sold == [("BOWL", "bowl, ünïcode", None, True), ("MUG", "mug, ünïcode", "K-1", False)]
    assert photos == [(True, None, None, None)]


def fill_as_of_0006(database: Any) -> None:
    """Write down a vendor with two listings, two orders with their parts, and a note's photo."""

    def put(table: str, **values: Any) -> Any:
        if table != "stock":
            values = {"id": ids.new()} | values
        names, marks = ", ".join(values), ", ".join(f"%({name})s" for name in values)
        database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)
        return values.get("id")

    vendor = put("vendors", code="kiln", name="Kiln", email="k@example.org", status="active")
    where = {"zone": "UTC", "country": "SE", "cut_off": "15:00", "handling_days": 1}
    place = put("locations", vendor_id=vendor, code="main", name="Main", **where)
    theirs = {"vendor_id": vendor, "location_id": place}
    for sku, on_hand, code in (("BOWL", 5, None), ("MUG", 6, "k-1")):
        said = {"title": f"{sku}, ÜNÏCODE", "cost_minor": 1, "currency": "EUR", "own_code": code}
        listing = put("listings", **theirs, sku=sku, **said)
        put("stock", listing_id=listing, vendor_id=vendor, on_hand=on_hand)
    ada = put("customers", channel="web", external_id="C-1", name="Ada")
    blank = {"ship_to": "{}", "preferences": "{}", "cohort": "2026-11-01"}
    for n, shipping in enumerate(('{"service": "express"}', "{}"), 1):
        at = f"2026-11-0{n} 10:00:00.123456+00"
        money = {"currency": "EUR", "items_minor": 1, "freight_minor": 0}
        times = {"placed_at": at, "received_at": at, "promise_zone": "UTC"}
        name = {"reference": f"OR-{n}", "channel": "web", "number": f"N-{n}", "customer_id": ada}
        said = {"shipping": shipping, "status": "open", "request_sha256": ""}
        order = put("orders", **name, **times, **money, **said, **blank)
        times = {"assigned_at": at, "ship_by": at, "status": "rejected" if n > 1 else "confirmed"}
        of = {"reference": f"FO-{n}", "order_id": order, "order_number": f"N-{n}"}
        put("fulfillment_orders", **of, **theirs, **times, **blank)
    said = {"visibility": "internal", "author": "Imani", "author_role": "ops_agent", "body": "b"}
    note = put("notes", order_id=order, author_id=ada, once=ids.new(), at=at, **said)
    picture = {"media_type": "image/png", "width": 1, "height": 1, "content": b"x"}
    put("photos", note_id=note, name="mug.png", **picture)


def owner_of(cluster) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(cluster.owner)["user"])
