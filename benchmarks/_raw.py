"""The limit: the same rows by one statement that nothing stands before.

As an owner of the database, whom no row-level security asks, and without what intake and routing
are for: nothing is validated, doubted, chosen or told, no order is known twice, and no line hears
whether its units were there. Keys are made as ours are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from _shop import ADDRESS, SHIPPING_MINOR, UNIT_MINOR

from app.orders.contract import NewOrder
from app.shared import ids

SHIP_TO, FACTS = json.dumps(ADDRESS), json.dumps({"lines": 3})
# About as long as a decision of two lines with two ways each.
DECISION = json.dumps(
    {"strategy": "balanced", "chosen": ["x" * 220] * 2, "others": ["x" * 220] * 2}
)
LINES = 3
# Ten rows: a customer, an order, its three lines, its promise, an entry, a message, two checks.
SINGLE = f"""
WITH buyer AS (INSERT INTO customers (id, channel, external_id, name, email)
    VALUES (%(customer)s, 'webshop', %(number)s, %(name)s, %(email)s)),
placed AS (INSERT INTO orders (id, reference, channel, number, cohort, placed_at, received_at,
        customer_id, currency, items_minor, freight_minor, ship_to, shipping, preferences, status,
        deliver_on, deliver_by, promise_zone, request_sha256)
    VALUES (%(order)s, %(reference)s, 'webshop', %(number)s, date_trunc('month', now())::date,
        %(at)s, now(), %(customer)s, 'EUR', %(items)s, {SHIPPING_MINOR}, %(ship_to)s,
        '{{"service": "standard"}}', '{{}}', 'received', %(day)s, %(day)s::date + 1, 'UTC',
        %(digest)s)),
lines AS (INSERT INTO order_lines (id, order_id, external_id, sku, title, options, quantity,
        unrouted, unit_price_minor, shipping_minor)
    VALUES {
    ", ".join(
        f"(%(line{n})s, %(order)s, '{n}', %(sku{n})s, %(sku{n})s, '{{}}', 1, 1, {UNIT_MINOR}, 0)"
        for n in range(LINES)
    )
}),
promise AS (INSERT INTO promises (order_id, subject_id, kind, version, due_at, reason, made_at)
    VALUES (%(order)s, %(order)s, 'deliver_by', 1, %(day)s, 'given with the order', now())),
entry AS (INSERT INTO timeline (cohort, order_id, at, event, subject_id, actor, facts, source)
    VALUES (date_trunc('month', now())::date, %(order)s, now(), 'order_placed', %(order)s, 'raw',
        %(facts)s, 'person')),
message AS (INSERT INTO notifications (id, cohort, order_id, dedupe_key, audience, channel,
        recipient, template, facts, status, made_at, due_at)
    VALUES (%(message)s, date_trunc('month', now())::date, %(order)s, 'order_received:',
        'customer', 'email', %(email)s, 'order_received', %(facts)s, 'queued', now(), now()))
INSERT INTO checks (subject_id, watcher, subject_kind, order_id, next_check_at)
    VALUES (%(order)s, 'route_orders', 'order', %(order)s, now()),
        (%(order)s, 'watch', 'order', %(order)s, now())
"""
# Ten rows of an order that is taken in and routed: the order, its lines, its fulfillment order and
# that one's lines, what is held for them, and the stock it is held from.
TEN_ROWS = f"""
WITH placed AS (INSERT INTO orders (id, reference, channel, number, cohort, placed_at, received_at,
        customer_id, currency, items_minor, freight_minor, ship_to, shipping, preferences, status,
        promise_zone, request_sha256)
    SELECT id, 'OR-' || id, 'webshop', number, date_trunc('month', now())::date, now(), now(),
        %(customer)s, 'EUR', items, {SHIPPING_MINOR}, %(ship_to)s, '{{"service": "standard"}}',
        '{{}}', 'open', 'UTC', digest
    FROM unnest(%(orders)s::uuid[], %(numbers)s::text[], %(items)s::bigint[], %(digests)s::text[])
        o (id, number, items, digest)),
lines AS (INSERT INTO order_lines (id, order_id, external_id, sku, title, options, quantity,
        unrouted, unit_price_minor, shipping_minor)
    SELECT id, order_id, name, sku, sku, '{{}}', 1, 0, {UNIT_MINOR}, 0
    FROM unnest(%(lines)s::uuid[], %(of_order)s::uuid[], %(names)s::text[], %(skus)s::text[])
        l (id, order_id, name, sku)),
parts AS (INSERT INTO fulfillment_orders (id, reference, vendor_id, location_id, order_id,
        order_number, placed_at, cohort, status, assigned_at, ship_by, ship_to, preferences)
    SELECT id, 'FO-' || id, vendor_id, location_id, order_id, number, now(),
        date_trunc('month', now())::date, 'assigned', now(), now() + interval '1 day',
        %(ship_to)s, '{{}}'
    FROM unnest(%(parts)s::uuid[], %(vendors)s::uuid[], %(locations)s::uuid[], %(orders)s::uuid[],
        %(numbers)s::text[]) f (id, vendor_id, location_id, order_id, number)),
part_lines AS (INSERT INTO fo_lines (id, fo_id, vendor_id, order_id, order_line_id, listing_id,
        line, sku, title, options, ordered)
    SELECT id, fo_id, vendor_id, order_id, line_id, listing_id, name, sku, sku, '{{}}', 1
    FROM unnest(%(part_lines)s::uuid[], %(of_part)s::uuid[], %(of_vendor)s::uuid[],
        %(of_order)s::uuid[], %(lines)s::uuid[], %(listings)s::uuid[], %(names)s::text[],
        %(skus)s::text[]) p (id, fo_id, vendor_id, order_id, line_id, listing_id, name, sku)),
held AS (INSERT INTO reservations (fo_line_id, listing_id, vendor_id, quantity)
    SELECT *, 1 FROM unnest(%(part_lines)s::uuid[], %(listings)s::uuid[], %(of_vendor)s::uuid[]))
UPDATE stock s SET reserved = s.reserved + v.units
    FROM (SELECT listing_id, count(*) AS units
        FROM unnest(%(listings)s::uuid[]) l (listing_id) GROUP BY 1) v
    WHERE s.listing_id = v.listing_id
"""
# And what else ours leaves behind: who bought, what is promised, decided, told and looked at.
EVERY_ROW = (
    TEN_ROWS.replace(
        "WITH placed",
        """
WITH buyers AS (INSERT INTO customers (id, channel, external_id, name, email)
    SELECT id, 'webshop', number, number, number || '@shop.example'
    FROM unnest(%(buyers)s::uuid[], %(numbers)s::text[]) c (id, number)),
promised AS (INSERT INTO promises (order_id, subject_id, kind, version, due_at, reason, made_at)
    SELECT order_id, subject_id, kind, 1, now() + interval '1 day', 'raw', now()
    FROM unnest(%(orders)s::uuid[], %(parts)s::uuid[]) o (order_id, part_id)
    CROSS JOIN LATERAL (VALUES ('ship_by', part_id), ('confirm_by', part_id),
        ('deliver_by', order_id)) p (kind, subject_id)),
entered AS (INSERT INTO timeline (cohort, order_id, at, event, subject_id, actor, facts, source)
    SELECT date_trunc('month', now())::date, id, now(), event, id, 'raw', %(facts)s, 'person'
    FROM unnest(%(orders)s::uuid[]) o (id)
    CROSS JOIN (VALUES ('order_placed'), ('order_routed')) e (event)),
told AS (INSERT INTO notifications (id, cohort, order_id, dedupe_key, audience, channel,
        recipient, template, facts, status, made_at, due_at)
    SELECT gen_random_uuid(), date_trunc('month', now())::date, id, template || ':', audience,
        'email', 'a@shop.example', template, %(facts)s, 'queued', now(), now()
    FROM unnest(%(orders)s::uuid[]) o (id) CROSS JOIN (VALUES ('order_received', 'customer'),
        ('work_assigned', 'vendor')) n (template, audience)),
noted AS (INSERT INTO notices (id, audience, kind, subject, facts, once, at)
    SELECT gen_random_uuid(), 'vendor:' || vendor_id, 'work_assigned', 'FO-' || id, %(facts)s,
        'work_assigned:' || id, now()
    FROM unnest(%(parts)s::uuid[], %(vendors)s::uuid[]) f (id, vendor_id)),
decided AS (INSERT INTO decisions (cohort, order_id, kind, policy_version, facts, made_at)
    SELECT date_trunc('month', now())::date, id, 'routing', 0, %(decision)s, now()
    FROM unnest(%(orders)s::uuid[]) o (id)),
watched AS (INSERT INTO checks (subject_id, watcher, subject_kind, order_id, next_check_at)
    SELECT subject_id, watcher, 'order', order_id, now() + interval '1 day'
    FROM unnest(%(orders)s::uuid[], %(parts)s::uuid[]) o (order_id, part_id)
    CROSS JOIN LATERAL (VALUES ('watch', order_id), ('watch', part_id),
        ('take_back_unconfirmed', part_id), ('remind_vendors', part_id)) c (watcher, subject_id)),
placed""",
        1,
    )
    .replace("%(customer)s, 'EUR'", "customer, 'EUR'")
    .replace("%(digests)s::text[])", "%(digests)s::text[], %(buyers)s::uuid[])")
    .replace("o (id, number, items, digest)", "o (id, number, items, digest, customer)")
)
PLACES = "SELECT sku, id, vendor_id, location_id FROM listings ORDER BY cost_minor DESC"
A_CUSTOMER = "SELECT id FROM customers LIMIT 1"


class Raw:
    """A connection that writes orders as quickly as PostgreSQL can."""

    def __init__(self, superuser: str) -> None:
        self.connection = psycopg.connect(superuser, autocommit=True)
        rows = self.connection.execute(PLACES).fetchall()
        # The cheapest place of a SKU is known beforehand: a limit decides nothing.
        self.places: dict[str, tuple[UUID, UUID, UUID]] = {sku: row for sku, *row in rows}
        (self.customer,) = self.connection.execute(A_CUSTOMER).fetchone() or (None,)

    def place(self, order: NewOrder) -> None:
        """Write one order as intake leaves it: one statement, prepared, a transaction by itself."""
        values: dict[str, Any] = {
            "order": ids.new(),
            "customer": ids.new(),
            "message": ids.new(),
            "reference": ids.reference("OR"),
            "number": order.number,
            "name": order.customer.name,
            "email": order.customer.email,
            "at": order.placed_at,
            "day": order.deliver_on,
            "items": len(order.lines) * UNIT_MINOR,
            "ship_to": SHIP_TO,
            "facts": FACTS,
            "digest": order.request_sha256,
        }
        values |= {f"line{n}": ids.new() for n in range(LINES)}
        values |= {f"sku{n}": line.sku for n, line in enumerate(order.lines)}
        self.connection.execute(SINGLE, values, prepare=True)

    def place_and_route(self, orders: Sequence[NewOrder], sql: str = EVERY_ROW) -> None:
        """Write orders as routing leaves them, each of one vendor: one statement for all."""
        rows = [(o, ids.new(), ids.new(), self.places[o.lines[0].sku]) for o in orders]
        lines = [(key, part, line) for o, key, part, _ in rows for line in o.lines]
        places = [self.places[line.sku] for *_, line in lines]
        values = {
            "customer": self.customer,
            "buyers": [ids.new() for _ in rows],
            "facts": FACTS,
            "decision": DECISION,
            "ship_to": SHIP_TO,
            "orders": [key for _, key, _, _ in rows],
            "numbers": [o.number for o, *_ in rows],
            "items": [len(o.lines) * UNIT_MINOR for o, *_ in rows],
            "digests": [o.request_sha256 for o, *_ in rows],
            "parts": [part for _, _, part, _ in rows],
            "vendors": [vendor for *_, (_, vendor, _) in rows],
            "locations": [location for *_, (_, _, location) in rows],
            "lines": [ids.new() for _ in lines],
            "of_order": [key for key, *_ in lines],
            "names": [line.external_id for *_, line in lines],
            "skus": [line.sku for *_, line in lines],
            "part_lines": [ids.new() for _ in lines],
            "of_part": [part for _, part, _ in lines],
            "of_vendor": [vendor for _, vendor, _ in places],
            "listings": [listing for listing, *_ in places],
        }
        self.connection.execute(sql, values, prepare=True)
