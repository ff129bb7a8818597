"""What is read of one order is found by an index, however many other orders there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from sqlalchemy import text

from app.api.documents import order_document
from app.api.placed import placed_documents
from app.console import order_queries as page
from app.extensions import db
from app.orders.queries import order
from app.shared.work import OPS, transaction
from tests.factories import busy, make_order, make_vendor_with_stock, shipped_order

OTHERS = 100
READ = "SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"


@pytest.fixture(autouse=True)
def _others(sql):
    make_vendor_with_stock(stock={"MUG": 2 * OTHERS})
    busy(OTHERS)
    sql("ANALYZE")


@contextmanager
def few_rows_read() -> Iterator[None]:
    """Have PostgreSQL read a whole table only where no index would do; it must nowhere."""
    with transaction(OPS):
        db.session.execute(text("SET LOCAL enable_seqscan = off"))
        before = dict(db.session.execute(text(READ)).all())
        yield
        after = dict(db.session.execute(text(READ)).all())
    assert {t: n for t, n in after.items() if n - before.get(t, 0) >= OTHERS} == {}


def test_an_order_is_read_by_indexes():
    key = shipped_order().order_id
    of_one: tuple[Callable[[UUID], object], ...] = (
        order_document,
        page.lines,
        page.fulfillment_orders,
        page.fo_lines,
        page.parcels,
        page.offer,
    )

    with few_rows_read():
        found = order(key)
        page.messages(page.order(found.reference))
        for read in of_one:
            read(key)


def test_an_order_that_has_just_come_in_is_answered_by_indexes():
    key = make_order()

    with few_rows_read():
        placed_documents({key: order(key).cohort})
