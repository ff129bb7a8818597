"""Everything a word names, in one statement: each part is some rows of a kind, the best first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from app.console.catalog_queries import NAMED
from app.console.order_queries import LEAST_OF_A_NUMBER, search
from app.extensions import db

# A few are shown, so it is enough to choose from some hundreds.
MOST_HITS = 300
FOUND = (
    ", few_of_them AS (SELECT o.*, o.id IN (SELECT order_id FROM hits WHERE is_exact) AS is_exact"
    "  FROM orders o WHERE o.id IN (SELECT order_id FROM hits)"
    "  ORDER BY is_exact DESC, o.placed_at DESC LIMIT :few),"
    " named AS (SELECT o.id, o.reference, o.number, o.status, o.placed_at, c.name AS customer,"
    "  o.is_exact FROM few_of_them o JOIN customers c ON c.id = o.customer_id"
    "  ORDER BY o.is_exact DESC, o.placed_at DESC)"
)
# The first part names the columns of all; `target` is the reference or code to go to.
ORDERS = (
    "SELECT 'order' AS kind, is_exact, number AS label, customer AS about, reference AS target,"
    " status FROM named"
)
CUSTOMERS = (
    "SELECT 'customer', b.is_exact, c.name, concat_ws(', ', c.channel, c.external_id, c.email),"
    " coalesce(c.email, c.external_id), ''"
    " FROM (SELECT id, bool_or(is_exact) AS is_exact FROM buyers GROUP BY id) b"
    " JOIN customers c ON c.id = b.id ORDER BY b.is_exact DESC, c.name LIMIT :few"
)
# Prefixes are sorted as their index is (~<~), so that a short word reads a few rows of many.
PARCELS = (
    "SELECT 'parcel', s.tracking_number = :number, s.tracking_number, o.number, o.reference,"
    " s.status FROM shipments s JOIN orders o ON o.id = s.order_id WHERE {parcels}"
    " ORDER BY s.tracking_number USING ~<~, s.shipped_at DESC LIMIT :few"
)
FULFILLMENT_ORDERS = (
    "SELECT 'fulfillment_order', true, f.reference, v.name || ', ' || f.order_number, o.reference,"
    " f.status FROM fulfillment_orders f JOIN orders o ON o.id = f.order_id"
    " JOIN vendors v ON v.id = f.vendor_id WHERE f.reference = upper(:q)"
)
CASE = (
    "SELECT 'case', true, x.kind, o.number, x.reference, x.severity FROM exception_cases x"
    " JOIN orders o ON o.id = x.order_id WHERE x.reference = upper(:q)"
)
OPEN_CASES = (
    "SELECT 'case', false, x.kind, n.number, x.reference, x.severity FROM named n"
    " JOIN exception_cases x ON x.order_id = n.id WHERE n.is_exact AND x.closed_at IS NULL"
    " AND x.reference <> upper(:q) ORDER BY"
    " array_position(ARRAY['critical', 'warning'], x.severity), x.occurred_at LIMIT :few"
)
# What is sold, whoever describes it or only lists it; the first way that finds a SKU says it.
SKUS = (
    "SELECT sku, true AS is_exact FROM products WHERE gtin = ANY(:gtins)",
    *(
        f"SELECT sku, sku = {q} FROM {table} WHERE sku ^@ {q} ORDER BY sku USING ~<~ LIMIT :few"
        for table in ("products", "listings")
        for q in (":q", "upper(:q)")
    ),
    # Their index has the vendors' own codes vendor by vendor: a whole code is sought, for a
    # beginning would be read from the shelves of each of them.
    (
        "SELECT l.sku, true FROM vendors v CROSS JOIN LATERAL (SELECT sku FROM listings"
        " WHERE vendor_id = v.id AND own_code_sought = upper(:q) LIMIT :few) l LIMIT :few"
    ),
    # Those that are called so from the beginning come before those of which it is another word.
    (
        f"SELECT sku, false FROM (SELECT sku, title FROM products p WHERE {NAMED.format(t='p')}"
        " LIMIT :most) named"
        " ORDER BY lower(title) ^@ lower(:q) DESC, lower(title) LIMIT :few"
    ),
)
PRODUCTS = (
    "SELECT 'product', k.is_exact, k.sku,"
    " coalesce(p.title, (SELECT min(title) FROM listings WHERE sku = k.sku)), k.sku, ''"
    " FROM (SELECT sku, bool_or(is_exact) AS is_exact"
    f"  FROM ({' UNION ALL '.join(f'({way})' for way in SKUS)}) u GROUP BY sku) k"
    " LEFT JOIN products p ON p.sku = k.sku"
    " ORDER BY k.is_exact DESC, k.sku USING ~<~ LIMIT :few"
)
# There are some thousands of them at most: any word of their names is looked for.
VENDORS = (
    "SELECT 'vendor', lower(:q) IN (lower(code), lower(name), lower(coalesce(email, ''))), name,"
    " code, code, status FROM vendors WHERE strpos(' ' || lower(name), ' ' || lower(:q)) > 0"
    " OR lower(code) ^@ lower(:q) OR lower(email) ^@ lower(:q)"
    # Many e-mails begin alike ("orders@"): whoever is called so comes before them.
    " ORDER BY 2 DESC, (strpos(' ' || lower(name), ' ' || lower(:q)) > 0"
    " OR lower(code) ^@ lower(:q)) DESC, name LIMIT :few"
)
IMPORT = (
    "SELECT 'import', true, filename, reference, reference, status FROM imports"
    " WHERE reference = upper(:q)"
)
BATCH = (
    "SELECT 'batch', true, act, made_by, reference, status FROM batches WHERE reference = upper(:q)"
)
ALWAYS = (
    ORDERS,
    CUSTOMERS,
    FULFILLMENT_ORDERS,
    CASE,
    OPEN_CASES,
    PRODUCTS,
    VENDORS,
    IMPORT,
    BATCH,
)


def found(q: str, few: int) -> Sequence[Row[Any]]:
    """Return the things a word finds, a few of each kind with the best first."""
    what = search(q)
    where = _parcels(q)
    parts = [*ALWAYS, *([PARCELS.format(parcels=where)] if where else [])]
    sql = what.clause + FOUND + " UNION ALL ".join(f"({part})" for part in parts)
    return db.session.execute(text(sql), {**what.values, "most": MOST_HITS, "few": few}).all()


def _parcels(q: str) -> str:
    if re.fullmatch(r"(?i)SH-\w+", q):
        return "s.reference = upper(:q)"
    is_number = re.fullmatch(rf"[\w -]{{{LEAST_OF_A_NUMBER},}}", q)
    return "s.tracking_number ^@ :number" if is_number else ""
