"""Reading orders: for messages, for the API and for the console."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.orm import selectinload

from app.extensions import db
from app.orders.contract import FoStatus
from app.orders.models import FulfillmentOrder, Order, OrderLine
from app.policies.documents import Privacy
from app.policies.queries import in_force
from app.shared.errors import NotFound
from app.shared.work import PLATFORM, acting_as
from app.web.paging import Cut

# What a vendor still has to do, or waits to go on with.
UNDONE = (
    FoStatus.ASSIGNED,
    FoStatus.CONFIRMED,
    FoStatus.PICKING,
    FoStatus.PACKED,
    FoStatus.READY,
    FoStatus.ON_HOLD,
)


def words_in(statuses: Sequence[str]) -> str:
    """Return words of our own for an IN of SQL, where a partial index must know them."""
    return "(" + ", ".join(f"'{FoStatus(status)}'" for status in statuses) + ")"


IN_WORK = words_in(UNDONE)
# What a vendor does next, by step.
STEPS = {
    "confirm": (FoStatus.ASSIGNED,),
    "pick": (FoStatus.CONFIRMED,),
    "pack": (FoStatus.PICKING,),
    "ship": (FoStatus.PACKED, FoStatus.READY),
    "held": (FoStatus.ON_HOLD,),
}
WORK = text(
    "SELECT count(*) AS undone, count(*) FILTER (WHERE ship_by < :now) AS overdue,"
    " min(ship_by) FILTER (WHERE ship_by < :now) AS oldest,"
    " count(*) FILTER (WHERE ship_by >= :now AND ship_by < :tonight) AS today,"
    " min(ship_by) FILTER (WHERE ship_by >= :now) AS first,"
    " count(*) FILTER (WHERE status = 'assigned') AS unconfirmed,"
    " min(confirm_by) FILTER (WHERE status = 'assigned') AS first_word,"
    " count(*) FILTER (WHERE status = 'confirmed') AS to_pick,"
    " count(*) FILTER (WHERE status = 'picking') AS to_pack,"
    " count(*) FILTER (WHERE status IN ('packed', 'ready')) AS to_ship,"
    " count(*) FILTER (WHERE status = 'on_hold') AS held,"
    " (SELECT count(*) FROM fulfillment_orders WHERE vendor_id = :vendor"
    f"  AND preferences->>'gift_wrap' = 'true' AND status IN {IN_WORK}) AS gifts,"
    " (SELECT count(*) FROM fulfillment_orders WHERE vendor_id = :vendor"
    "  AND shipped_at >= :morning) AS gone,"
    " (SELECT count(*) FROM fulfillment_orders WHERE vendor_id = :vendor"
    "  AND shipped_at >= :morning AND shipped_at > ship_by) AS gone_late"
    f" FROM fulfillment_orders WHERE vendor_id = :vendor AND status IN {IN_WORK}"
)
DAY = timedelta(days=1)
# A day of a location begins and ends by its own clock: its neighbors are read, too.
LOADS = text(
    "SELECT f.location_id, (f.ship_by AT TIME ZONE l.zone)::date AS day, count(*) AS n"
    " FROM fulfillment_orders f JOIN locations l ON l.id = f.location_id"
    " WHERE f.location_id = ANY(:ids) AND f.ship_by >= :since AND f.ship_by < :until"
    " AND f.status = ANY(:undone) GROUP BY 1, 2"
)
UNDONE_ROWS = (
    "SELECT f.id, f.reference, f.order_number, f.status, f.location_id, f.assigned_at,"
    " f.confirm_by, f.confirmed_at, f.ship_by, f.shipped_at, f.service, f.cancel_at,"
    " f.ship_to->>'city' AS city,"
    " f.ship_to->>'country' AS country, f.preferences->>'gift_wrap' = 'true' AS is_gift,"
    " coalesce(l.few, '{{}}') AS few, l.lines"
    " FROM fulfillment_orders f CROSS JOIN LATERAL (SELECT count(*) AS lines,"
    "  (array_agg(json_build_array(ordered - declined - canceled, title) ORDER BY line))[1\\:3]"
    "  AS few"
    "  FROM fo_lines WHERE fo_id = f.id) l"
    " WHERE f.status IN {statuses} AND {gifts} AND {cut} ORDER BY {order} LIMIT :size"
)
WORK_BY_VENDOR = text(
    "SELECT vendor_id, count(*) AS undone, count(*) FILTER (WHERE ship_by < :now) AS overdue"
    " FROM fulfillment_orders WHERE status = ANY(:undone) GROUP BY vendor_id"
)


def contacts(order_ids: Iterable[UUID]) -> dict[UUID, Any]:
    """Return who to tell about orders, and the facts that every message names."""
    rows = db.session.execute(
        text(
            "SELECT o.id, o.cohort, o.number, o.deliver_on, c.email, c.name, c.locale"
            " FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = ANY(:ids)"
        ),
        {"ids": sorted(set(order_ids))},
    )
    return {row.id: row for row in rows}


def facts_of(contact: Any) -> dict[str, Any]:
    """Return the facts that every message to a customer names, and what language they speak."""
    day = _day(contact.deliver_on)
    facts = {"number": contact.number, "name": contact.name, "promised": day}
    return facts | {"language": contact.locale}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def order_id_of(channel: str, number: str) -> UUID:
    """Return the key of an order by its channel's own number."""
    found: UUID | None = db.session.scalar(
        text("SELECT id FROM orders WHERE channel = :channel AND number = :number"),
        {"channel": channel, "number": number},
    )
    if found is None:
        detail = f"There is no order '{number}' on channel '{channel}'."
        raise NotFound(detail)
    return found


def order_id_called(reference: str) -> UUID:
    """Return the key of an order by our own reference."""
    found: UUID | None = db.session.scalar(
        text("SELECT id FROM orders WHERE reference = :reference"), {"reference": reference}
    )
    if found is None:
        detail = f"There is no order '{reference}'."
        raise NotFound(detail)
    return found


def ids_by_name(names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    """Return key and currency of orders by (channel, number); unknown ones are left out."""
    pairs = list(names)
    rows = db.session.execute(
        text(
            "SELECT o.id, o.channel, o.number, o.currency FROM orders o JOIN"
            " unnest(CAST(:channels AS text[]), CAST(:numbers AS text[])) v(channel, number)"
            " ON (o.channel, o.number) = (v.channel, v.number)"
        ),
        {"channels": [c for c, _ in pairs], "numbers": [n for _, n in pairs]},
    )
    return {(row.channel, row.number): row for row in rows}


def fulfillment_orders(
    status: str | None, due_before: datetime | None, after: str | None, limit: int
) -> Sequence[FulfillmentOrder]:
    """Return the scope's fulfillment orders, oldest first, from after a reference on."""
    query = select(FulfillmentOrder).options(selectinload(FulfillmentOrder.lines))
    if status:
        query = query.where(FulfillmentOrder.status == status)
    if due_before:
        query = query.where(FulfillmentOrder.ship_by < due_before)
    if after:
        query = query.where(FulfillmentOrder.id > fulfillment_order(after).id)
    return db.session.scalars(query.order_by(FulfillmentOrder.id).limit(limit)).all()


def fulfillment_order(reference: str) -> FulfillmentOrder:
    """Return one fulfillment order that the scope may see."""
    found: FulfillmentOrder | None = db.session.scalar(
        select(FulfillmentOrder)
        .where(FulfillmentOrder.reference == reference)
        .options(selectinload(FulfillmentOrder.lines))
    )
    if found is None:
        detail = f"There is no fulfillment order '{reference}'."
        raise NotFound(detail)
    return found


def undone(
    cut: Cut, statuses: Sequence[str] = UNDONE, *, only_gifts: bool = False
) -> Sequence[Row[Any]]:
    """Return the scope's fulfillment orders that have not left, the first to ship first.

    `few` are the first lines of each as [[units, title]], `lines` is how many there are.
    """
    where, order = cut.order("f.ship_by", "f.id")
    gifts = "f.preferences->>'gift_wrap' = 'true'" if only_gifts else "true"
    names = words_in(statuses)
    sql = text(UNDONE_ROWS.format(cut=where, gifts=gifts, order=order, statuses=names))
    return db.session.execute(sql, cut.values()).all()


def undone_of(vendor_id: UUID, most: int) -> Sequence[str]:
    """Return the references of what a vendor has not sent, the oldest first."""
    query = select(FulfillmentOrder.reference).where(FulfillmentOrder.vendor_id == vendor_id)
    query = query.where(FulfillmentOrder.status.in_(UNDONE)).order_by(FulfillmentOrder.id)
    return db.session.scalars(query.limit(most)).all()


def work_of(vendor_id: UUID, now: datetime, morning: datetime, tonight: datetime) -> Row[Any]:
    """Return how much a vendor has to do, by how soon and by what is next, and what left today."""
    values = {"vendor": vendor_id, "now": now, "morning": morning, "tonight": tonight}
    return db.session.execute(WORK, values).one()


def work_by_vendor(now: datetime) -> dict[UUID, Row[Any]]:
    """Return how much each vendor has to do, and how much of it is overdue."""
    rows = db.session.execute(WORK_BY_VENDOR, {"now": now, "undone": list(UNDONE)})
    return {row.vendor_id: row for row in rows}


def loads(location_ids: Sequence[UUID], now: datetime) -> dict[tuple[UUID, date], int]:
    """Return how much locations have to hand over yesterday, today and tomorrow, by their day."""
    values = {"ids": list(location_ids), "since": now - 2 * DAY, "until": now + 3 * DAY}
    found = db.session.execute(LOADS, {**values, "undone": list(UNDONE)})
    return {(row.location_id, row.day): row.n for row in found}


def has_orders() -> bool:
    """Return whether anybody has ordered anything yet."""
    return db.session.execute(text("SELECT 1 FROM orders LIMIT 1")).first() is not None


def address_days(now: datetime) -> int:
    """Return for how many days after a delivery its vendor still sees the address."""
    with acting_as(PLATFORM):
        return in_force(Privacy, now).document.vendor_sees_address_days


def paid_more(fo: FulfillmentOrder) -> tuple[int, str] | None:
    """Return what the marketplace pays for a faster service, in minor units, and their currency.

    Vendors read no orders themselves.
    """
    if fo.service is None:
        return None
    with acting_as(PLATFORM):
        query = select(Order.currency).where(Order.id == fo.order_id)
        return fo.service_minor or 0, db.session.scalars(query).one()


def order(order_id: UUID) -> Order:
    """Return an order."""
    return db.session.get_one(Order, order_id)


def lines_of(order_id: UUID) -> Sequence[OrderLine]:
    """Return an order's lines."""
    query = select(OrderLine).where(OrderLine.order_id == order_id)
    return db.session.scalars(query.order_by(OrderLine.external_id)).all()


def fulfillment_orders_of(order_id: UUID) -> Sequence[FulfillmentOrder]:
    """Return an order's fulfillment orders with their lines."""
    query = select(FulfillmentOrder).where(FulfillmentOrder.order_id == order_id)
    loaded = query.options(selectinload(FulfillmentOrder.lines)).order_by(FulfillmentOrder.id)
    return db.session.scalars(loaded).all()
