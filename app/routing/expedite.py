"""Sending faster than ordered: the services compared, one booked, and everybody told.

A faster service belongs to one fulfillment order, is paid by the marketplace, and moves no promise:
what was promised stays what lateness is measured by. What goes to another vendor goes as ordered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import text

from app.extensions import db
from app.orders import service as orders
from app.orders import told
from app.orders.models import FulfillmentOrder, Order
from app.orders.queries import UNDONE, fulfillment_order
from app.orders.queries import order as order_of
from app.policies.documents import Lanes, Promises, Routing
from app.policies.queries import all_in_force
from app.promises.rules import Calendar
from app.routing.loading import Rules
from app.routing.rate_rules import Rate, Sending, Why, compare, hand_over, recommend
from app.shared.errors import Conflict, DomainError, IllegalMove, InvalidInput
from app.shared.language import _
from app.timeline.service import Decided, decide
from app.vendors.queries import closures, own_place

# A decision's row stays under a kilobyte or two: the cheapest few tell why.
MOST_TOLD = 8
PAID_BY = "marketplace"
# What has not left: its weight as far as the catalog knows it, its parcels, and their labels.
LEFT = text(
    "SELECT CAST(coalesce(sum(CAST(f.ordered - f.declined - f.canceled - f.shipped AS bigint)"
    "  * p.weight_g), 0) AS bigint) AS grams,"
    " greatest(1, (SELECT count(*) FROM packages WHERE fo_id = :id"
    "  AND shipment_id IS NULL)) AS parcels,"
    " (SELECT count(*) FROM packages p JOIN labels l ON l.package_id = p.id"
    "  WHERE p.fo_id = :id AND p.shipment_id IS NULL AND l.voided_at IS NULL"
    "  AND l.made_for IS NOT DISTINCT FROM :service) AS labels"
    " FROM fo_lines f LEFT JOIN products p ON p.sku = f.sku WHERE f.fo_id = :id"
)


@dataclass(frozen=True, slots=True)
class Compared:
    """The services of a fulfillment order, the recommended one and why, and by which rate card.

    `labels`: how many of its parcels are labeled, for the service that is in force.
    """

    fo: FulfillmentOrder
    order: Order
    sending: Sending
    rates: Sequence[Rate]
    best: Rate
    why: Why
    policy_version: int
    labels: int

    @property
    def booked(self) -> Rate:
        """Return the service that is in force."""
        return next(rate for rate in self.rates if rate.is_booked)

    @property
    def seen(self) -> str:
        """Return what tells these prices and days from others: whoever chooses says it."""
        facts = [(r.service, r.minor, r.arrives, r.is_booked) for r in self.rates]
        return sha256(repr(facts).encode()).hexdigest()[:16]

    def rate(self, service: str) -> Rate:
        """Return a service that may be chosen; refuse any other."""
        found = next((rate for rate in self.rates if rate.service == service), None)
        if found is None:
            said = _("The rate card has no service '{service}' for this way.", service=service)
            raise InvalidInput(said, service=said)
        if not found.may_be_chosen:
            ordered = self.sending.ordered
            said = _(
                "'{service}' is there no earlier than '{ordered}', as ordered. Choose another.",
                service=service,
                ordered=ordered,
            )
            raise InvalidInput(said, service=said)
        return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """By which service somebody wants a fulfillment order sent, and why.

    `seen`: of the comparison they chose from (None: any).
    """

    reference: str
    service: str
    reason: str
    seen: str | None = None


def services(reference: str, now: datetime) -> Compared:
    """Return the services by which a fulfillment order could go; refuse where it has left."""
    fo = fulfillment_order(reference)
    _require_here(fo)
    return _compared(fo, now)


def _require_here(fo: FulfillmentOrder) -> None:
    if fo.shipped_at:
        said = _("{name} has left; it cannot go by another service any more.", name=fo.reference)
        raise IllegalMove(said)
    if fo.status not in UNDONE:
        said = _("Nothing of {name} is sent any more, by whichever service.", name=fo.reference)
        raise IllegalMove(said)


def sending(fo: FulfillmentOrder, order: Order, now: datetime) -> Sending:
    """Return how a fulfillment order goes as it stands; its parcels are not looked at."""
    place = own_place(fo.location_id)
    closed = closures([fo.location_id], now.date())
    calendar = Calendar(
        zone=place.zone,
        cut_off=place.cut_off,
        working_days=frozenset(place.working_days),
        holidays=place.holidays,
        closures=tuple((one.first_day, one.last_day) for one in closed),
    )
    need_by = order.preferences.get("deliver_by")
    return Sending(
        origin=place.country,
        destination=order.ship_to.get("country", ""),
        zone=order.promise_zone,
        hand_over=hand_over(fo.ship_by, fo.ship_on, calendar, now),
        ordered=fo.ordered_service,
        booked=fo.sent_by,
        promised=order.deliver_on,
        need_by=date.fromisoformat(need_by) if need_by else None,
    )


def _compared(fo: FulfillmentOrder, now: datetime) -> Compared:
    order = order_of(fo.order_id)
    routing, promises, lanes = all_in_force([Routing, Promises, Lanes], now)
    rules = Rules(routing, promises.document, lanes.document)
    left = db.session.execute(LEFT, {"id": fo.id, "service": fo.service}).one()
    way = replace(sending(fo, order, now), parcels=left.parcels, grams=left.grams)
    rates = compare(
        way,
        rules.services(way.origin, way.destination),
        lambda name: rules.lane(way.origin, way.destination, name, order.currency),
    )
    best, why = recommend(rates)
    return Compared(fo, order, way, rates, best, why, lanes.version, left.labels)


def expedite(wanted: Wanted, *, actor: str, now: datetime) -> bool:
    """Send a fulfillment order by another service, or by the ordered one again; tell everybody.

    Returns whether that is a change: the same again is none. Conflict where prices, days or the
    service in force are others than whoever chose had seen; refused once it has left.
    """
    if not wanted.reason.strip():
        said = _("Say why, in a few words.")
        raise InvalidInput(said, reason=said)
    chosen: list[tuple[Compared, Rate]] = []

    def apply(fo: FulfillmentOrder) -> dict[str, Any] | bool:
        _require_here(fo)
        if wanted.service == fo.sent_by:
            return False
        found = _compared(fo, now)
        if wanted.seen is not None and wanted.seen != found.seen:
            said = _(
                "Services, prices or days have changed since you looked; {name} goes by '{service}'"
                " now. Compare again.",
                name=fo.reference,
                service=fo.sent_by,
            )
            raise Conflict(said)
        rate = found.rate(wanted.service)
        chosen.append((found, rate))
        fo.service = None if rate.is_ordered else rate.service
        fo.service_minor = None if rate.is_ordered else rate.more_minor
        return _facts(found, rate, wanted.reason)

    is_back = fulfillment_order(wanted.reference).ordered_service == wanted.service
    event = "sent as ordered" if is_back else "expedited"
    (outcome,) = orders.change([wanted.reference], apply, event=event, actor=actor, now=now)
    if isinstance(outcome, DomainError):
        raise outcome
    for found, rate in chosen:
        _tell(found, rate, wanted, actor, now)
    return bool(chosen)


def _facts(found: Compared, rate: Rate, reason: str) -> dict[str, Any]:
    facts = {"service": rate.service, "arrives": rate.arrives.isoformat(), "reason": reason}
    paid = {"minor": rate.more_minor, "currency": found.order.currency}
    return facts if rate.is_ordered else facts | paid


def _tell(found: Compared, rate: Rate, wanted: Wanted, actor: str, now: datetime) -> None:
    decide([_decision(found, rate, wanted, actor)], now)
    told.work_changed([found.fo], "service", now)
    told.expedited(found.order, found.fo, rate.arrives, is_faster=not rate.is_ordered, now=now)


def _decision(found: Compared, rate: Rate, wanted: Wanted, actor: str) -> Decided:
    """Store what was compared, recommended and chosen, as codes and numbers."""
    facts = {
        "fulfillment_order": found.fo.reference,
        "was": found.sending.booked,
        "service": rate.service,
        "recommended": found.best.service,
        "why": found.why,
        "paid_by": PAID_BY,
        "by": actor,
        "reason": wanted.reason,
        "options": [
            {
                "service": one.service,
                "price": one.minor,
                "more": one.more_minor,
                "arrives": one.arrives.isoformat(),
                "promise": one.keeps_promise,
                "need_by": one.keeps_need_by,
            }
            for one in found.rates[:MOST_TOLD]
        ],
    }
    return Decided(found.order.id, found.order.cohort, "service", found.policy_version, facts)
