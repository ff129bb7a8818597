"""Whoever leases work takes one batch of it, however PostgreSQL goes about it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.extensions import db
from app.notifications import sending as messages
from app.shared import ids
from app.shared.work import PLATFORM, transaction
from app.shipments import tracking
from app.webhooks import sending as webhooks
from tests.factories import make_vendor_with_stock, shipped_order

# As where statistics are old: each row of the one side is looked for in the other.
ROW_BY_ROW = ("hashjoin", "mergejoin", "hashagg", "sort", "material", "memoize")
SIZE = 3
LATER = timedelta(days=1)
ENDPOINT = (
    "INSERT INTO webhook_endpoints (id, vendor_id, url, secret, kinds, made_at, made_by,"
    " listens_since, told_until) SELECT uuidv7(), id, 'https://example.org', '', '{}', now(), '',"
    " now(), now() FROM vendors"
)
DELIVERIES = (
    "INSERT INTO webhook_deliveries (id, vendor_id, endpoint_id, kind, once, subject, body, status,"
    " made_at, due_at) SELECT uuidv7(), vendor_id, id, 'test', n::text, '', '{}', 'queued', now(),"
    " '2026-01-01' FROM webhook_endpoints, generate_series(1, 8) n"
)


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("notifications", messages.LEASE),
        ("polls", tracking.LEASE),
        ("webhook_deliveries", webhooks.LEASE),
    ],
    ids=["messages", "polls", "webhooks"],
)
def test_a_lease_takes_one_batch(sql, table, statement):
    make_vendor_with_stock(stock={"MUG": 50})
    for n in range(1, 9):
        shipped_order(n)
    sql(ENDPOINT)
    sql(DELIVERIES)
    with transaction(PLATFORM) as now:
        for name in ROW_BY_ROW:
            db.session.execute(text(f"SET LOCAL enable_{name} = off"))
        values = {"now": now + LATER, "size": SIZE, "token": ids.new()}
        taken = db.session.execute(statement, values).all()

    assert len(taken) == SIZE
    assert sql(f"SELECT count(*) FROM {table} WHERE lease_token IS NOT NULL") == [(SIZE,)]
