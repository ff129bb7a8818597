"""Who may be routed before those that have waited longer: an order that takes nothing from them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from app.shared import work

# A SKU is short where a place that has some has not enough for all that wait for it: whoever is
# first there is served first. Where nothing is left, nobody can be overtaken.
FAIR = (
    "WITH own AS MATERIALIZED (SELECT order_id, sku FROM order_lines"
    "  WHERE order_id = ANY(CAST(%(ids)s AS uuid[])) AND unrouted > 0),"
    " asked AS MATERIALIZED (SELECT sku, sum(unrouted) AS units FROM order_lines"
    "  WHERE sku = ANY(ARRAY(SELECT sku FROM own)) AND unrouted > 0 GROUP BY sku),"
    " short AS MATERIALIZED (SELECT a.sku FROM asked a JOIN listings l ON l.sku = a.sku"
    "  JOIN stock s ON s.listing_id = l.id"
    "  WHERE l.is_active AND s.on_hand > s.reserved AND s.on_hand - s.reserved < a.units)"
    " SELECT order_id FROM own GROUP BY order_id"
    " HAVING NOT bool_or(sku IN (SELECT sku FROM short))"
)


def fair(order_ids: Sequence[UUID]) -> list[UUID]:
    """Return those of these orders that want nothing of which those before them could go short."""
    return [row.order_id for row in work.rows(FAIR, {"ids": list(order_ids)})]
