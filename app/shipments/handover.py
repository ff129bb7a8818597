"""Reading what is about to leave and what has left: for the page of dispatch, and manifests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select, text, tuple_
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.orders.contract import FoStatus
from app.orders.locks import lock_fulfillment_orders
from app.orders.models import FulfillmentOrder
from app.orders.queries import address_days
from app.orders.rules import address_for_vendor
from app.shared.errors import NotFound
from app.shipments.models import Shipment
from app.shipments.packages import Packed, packages_of
from app.web.paging import Cut

LEAVING = (FoStatus.PACKED, FoStatus.READY)
MOST_HANDED = 2_000
HANDED = text(
    "SELECT s.reference, s.carrier, s.tracking_number, s.shipped_at, f.order_number,"
    " f.reference AS fo, f.location_id, f.status, f.delivered_at, f.ship_to, p.weight_g,"
    " coalesce(f.service, f.ordered_service) AS service"
    " FROM shipments s JOIN fulfillment_orders f ON f.id = s.fo_id"
    " LEFT JOIN packages p ON p.shipment_id = s.id"
    " WHERE s.vendor_id = :vendor AND s.shipped_at >= :since AND s.shipped_at < :until"
    " ORDER BY s.shipped_at, s.id LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class Leaving:
    """A fulfillment order that is packed, with its packages."""

    fo: FulfillmentOrder
    packed: Sequence[Packed]


def leaving(cut: Cut) -> list[Leaving]:
    """Return a page of what the scope has packed and not sent, the first to ship first."""
    place = (FulfillmentOrder.ship_by, FulfillmentOrder.id)
    query = select(FulfillmentOrder).options(joinedload(FulfillmentOrder.lines))
    query = query.where(FulfillmentOrder.status.in_(LEAVING))
    if cut.key:
        edge = (cut.key.at, cut.key.id)
        query = query.where(tuple_(*place) < edge if cut.is_back else tuple_(*place) > edge)
    ordered = query.order_by(*(one.desc() if cut.is_back else one for one in place))
    found = db.session.scalars(ordered.limit(cut.size + 1)).unique().all()
    packed = packages_of([fo.id for fo in found])
    return [Leaving(fo, packed.get(fo.id, [])) for fo in found]


def to_ship(reference: str, *, lock: bool = False) -> tuple[Leaving, Sequence[Shipment]]:
    """Return a fulfillment order with its packages, and its parcels that have left.

    `lock`: nobody ships any of it until the transaction ends.
    """
    if lock:
        fo = lock_fulfillment_orders([reference]).get(reference)
    else:
        query = select(FulfillmentOrder).options(joinedload(FulfillmentOrder.lines))
        found = query.where(FulfillmentOrder.reference == reference)
        fo = db.session.scalars(found).unique().one_or_none()
    if fo is None:
        detail = f"There is no fulfillment order '{reference}'."
        raise NotFound(detail)
    gone = select(Shipment).where(Shipment.fo_id == fo.id)
    parcels = db.session.scalars(gone.order_by(Shipment.shipped_at, Shipment.id)).all()
    return Leaving(fo, packages_of([fo.id]).get(fo.id, [])), parcels


def handed_over(vendor_id: Any, day: date, zone: ZoneInfo) -> Sequence[Row[Any]]:
    """Return a vendor's parcels that left on a day of a zone, the first first."""
    since = datetime.combine(day, time(), zone)
    until = datetime.combine(day + timedelta(days=1), time(), zone)
    values = {"vendor": vendor_id, "since": since, "until": until, "most": MOST_HANDED}
    return db.session.execute(HANDED, values).all()


def towns(handed: Sequence[Row[Any]], now: datetime) -> dict[str, str]:
    """Return where parcels went, by reference; "" where their vendor need not know it any more."""
    days = address_days(now) if any(row.delivered_at for row in handed) else 0
    seen = {row.reference: address_for_vendor(row, now, days) or {} for row in handed}
    return {
        name: " ".join(filter(None, (to.get("city"), to.get("country"))))
        for name, to in seen.items()
    }
