"""A dry run: which of the last orders would wait for a person under another policy of doubts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text

from app.catalog.queries import known_skus
from app.extensions import db
from app.orders.doubts import Asked, Bought, Doubt, Sku, unusual_in
from app.policies.documents import Doubts
from app.shared import work

# Whatever became of them since.
MOST = 200
LAST = text(
    "SELECT id, number, reference, channel, currency, items_minor FROM orders"
    " ORDER BY placed_at DESC, id DESC LIMIT :most"
)
LINES = text(
    "SELECT order_id, external_id, sku, quantity FROM order_lines WHERE order_id = ANY(:ids)"
    " ORDER BY order_id, external_id"
)


@dataclass(frozen=True, slots=True)
class Changed:
    """An order that would be doubted otherwise: what the policies say against it."""

    number: str
    reference: str
    was: Sequence[Doubt]
    becomes: Sequence[Doubt]


@dataclass(slots=True)
class Trial:
    """How many orders were tried, and those that would be doubted otherwise."""

    tried: int = 0
    changed: list[Changed] = field(default_factory=list)


def trial(was: Doubts, becomes: Doubts, most: int = MOST) -> Trial:
    """Doubt the last orders by two policies, each as it is now; nothing is written."""
    orders = db.session.execute(LAST, {"most": most}).all()
    lines: dict[UUID, list[Asked]] = defaultdict(list)
    for row in db.session.execute(LINES, {"ids": [order.id for order in orders]}):
        lines[row.order_id].append(Asked(row.external_id, row.sku, row.quantity))
    skus = {line.sku for own in lines.values() for line in own}
    known = {r.sku: Sku(r.is_known, r.most_units) for r in work.answer(known_skus(skus))}
    tried = Trial(len(orders))
    for one in orders:
        bought = Bought(one.channel, lines[one.id], one.items_minor, one.currency)
        before, after = (unusual_in(bought, known, policy) for policy in (was, becomes))
        if [doubt.code for doubt in before] != [doubt.code for doubt in after]:
            tried.changed.append(Changed(one.number, one.reference, before, after))
    return tried
