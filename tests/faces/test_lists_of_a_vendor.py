"""Orders of one vendor are read from an index of their own: the same rows that are sought else."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import text

from app.console.order_list import SPEC
from app.extensions import db
from app.lists.asked import Asked, asked_by, conditions
from app.lists.spec import Conditions
from app.orders.contract import Action
from app.orders.service import act
from app.shared.work import OPS, transaction
from app.web.paging import Cut
from tests.factories import line, make_vendor_with_stock, one, references, routed_order

WHO: Any = SimpleNamespace(id=UUID(int=1))
TOWN = {"name": "Ada Lind", "line1": "Storgatan 1", "city": "Malmö", "postal_code": "211 34"}
DANISH = {"country": "DK", "postal_code": "1050"}
# A second part of an order at the same vendor.
TWICE = text(
    "INSERT INTO fulfillment_orders SELECT (jsonb_populate_record(f, jsonb_build_object("
    " 'id', uuidv7(), 'reference', 'FX-' || right(f.reference, 10),"
    " 'status', CAST(:status AS text)))).*"
    " FROM fulfillment_orders f WHERE order_number = ANY(:numbers)"
)
TO = text("UPDATE fulfillment_orders SET status = :status WHERE order_number = ANY(:numbers)")


@pytest.fixture
def shop(app: Flask, jobs_run_here: None) -> None:
    """Orders of two vendors, some placed at the same moment, some in two parts or rejected."""
    make_vendor_with_stock("kiln", {"MUG": 50})
    make_vendor_with_stock("tallow", {"SOAP": 50})
    for n in range(12):
        keys = routed_order(
            f"A-{n}",
            [line("SOAP" if n % 5 == 4 else "MUG", 1)],
            ship_to=TOWN | ({"country": "SE"} if n % 3 else DANISH),
            placed_at=f"2026-11-{15 + n // 3:02}T08:00:00+00:00",
        )
        if n in {3, 8}:
            names = references(keys)
            with transaction(OPS) as now:
                act(names, Action.HOLD, actor="Kiln", now=now, reason="no box")
    with transaction(OPS):
        # Alive twice; alive and rejected, either first; rejected alone, and twice.
        db.session.execute(TWICE, {"numbers": ["A-0", "A-7"], "status": "confirmed"})
        db.session.execute(TO, {"numbers": ["A-1", "A-6", "A-10"], "status": "rejected"})
        db.session.execute(TWICE, {"numbers": ["A-1"], "status": "assigned"})
        db.session.execute(TWICE, {"numbers": ["A-2", "A-10"], "status": "canceled"})


def every_page(of: Asked, what: Conditions, *, is_back: bool, size: int) -> list[str]:
    """Return the numbers that are listed, page by page, from one end to the other."""
    found: list[str] = []
    cut = Cut(size=size)
    if is_back:
        last = SPEC.fetch(what, Cut(size=100), of.order)[-1]
        found, cut = [last.number], Cut(SPEC.key(last, of.order), is_back=True, size=size)
    while rows := SPEC.fetch(what, cut, of.order)[:size]:
        found += [row.number for row in rows]
        cut = replace(cut, key=SPEC.key(rows[-1], of.order))
    return found


@pytest.mark.parametrize(
    "query",
    [
        "vendor=kiln",
        "vendor=tallow",
        "vendor=kiln&vendor=nobody",
        "vendor=kiln&country=SE",
        "vendor=kiln&status=open&channel=webshop",
        "vendor=kiln&view=held",
        "vendor=kiln&placed_from=2026-11-16&placed_to=2026-11-17",
        "vendor=kiln&q=A-1",
        "vendor=kiln&country=SE&country=DK&q=Ada",
    ],
)
def test_they_are_the_same_rows_in_every_order(shop: None, query: str) -> None:
    for sort in SPEC.sorts:
        of = asked_by(SPEC, f"{query}&sort={sort}")
        with transaction(OPS) as now:
            quick = conditions(of, WHO, now, ZoneInfo("UTC"))
            plain = replace(quick, joined=None)
            counted = quick.clause + SPEC.ids.format(where=quick.where)
            ids = db.session.scalars(text(counted), dict(quick.values)).all()
            found = {
                (is_quick, is_back): every_page(
                    of, quick if is_quick else plain, is_back=is_back, size=2 if is_quick else 100
                )
                for is_quick in (True, False)
                for is_back in (True, False)
            }
        assert quick.joined
        assert found[True, False] == found[False, False] == found[True, True][::-1]
        assert found[True, True] == found[False, True]
        assert 0 < len(ids) == len(found[True, True]) == len(set(found[True, True]))


def test_of_a_vendors_parts_those_it_has_make_an_order_its_own(shop: None) -> None:
    of = asked_by(SPEC, "vendor=kiln&sort=oldest")
    with transaction(OPS) as now:
        quick = conditions(of, WHO, now, ZoneInfo("UTC"))
        found = every_page(of, quick, is_back=False, size=100)

    assert sorted(found) == sorted(f"A-{n}" for n in (0, 1, 2, 3, 5, 7, 8, 11))


@pytest.mark.parametrize("query", ["vendor=kiln&vendor=tallow", "vendor=nobody", "country=SE"])
def test_what_is_not_of_one_vendor_is_sought_as_ever(shop: None, query: str) -> None:
    with transaction(OPS) as now:
        assert conditions(asked_by(SPEC, query), WHO, now, ZoneInfo("UTC")).joined is None


def test_a_part_was_placed_when_its_order_was(shop: None) -> None:
    differing = one(
        "SELECT count(*) AS n FROM fulfillment_orders f JOIN orders o ON o.id = f.order_id"
        " WHERE f.placed_at <> o.placed_at"
    )
    assert differing.n == 0
