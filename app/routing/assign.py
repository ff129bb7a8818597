"""Writing decisions down: fulfillment orders, promises, stock held, timeline and messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.catalog import service as catalog
from app.checks import service as checks
from app.checks.service import Subject
from app.extensions import db
from app.notices import service as notices
from app.notices.contract import Notice
from app.notifications.service import Message, tell
from app.orders import reminders
from app.orders.models import FoLine, FulfillmentOrder, OrderLine
from app.orders.service import settle, tell_vendors
from app.policies.documents import Messages
from app.promises.rules import end_of
from app.promises.service import Made, make
from app.routing.contract import Choice, Excluded, Option, Plan, Start, ToRoute
from app.routing.loading import Market, Rules, minor
from app.shared import bulk, ids
from app.timeline.service import SYSTEM, Decided, Happened, decide, record

# Of those who were not chosen a decision keeps the best of each line, and so many in all: a huge
# order's row would grow without end.
MOST_OF_LINE, MOST_TOLD = 12, 60


@dataclass(slots=True)
class Routed:
    """What came out for one order.

    `by_hand`: who moved it and why, where a person did; `before`: the day on which what others
    were given earlier arrives; `noted`: what the order itself says now of its promise, and since
    when it waits for units.
    """

    order: ToRoute
    lines: dict[str, Any]
    plan: Plan
    options: dict[str, list[Option]]
    excluded: list[Excluded]
    strategy: str
    by_hand: dict[str, str] | None = None
    before: date | None = None
    fos: list[dict[str, Any]] = field(default_factory=list)
    fo_lines: list[dict[str, Any]] = field(default_factory=list)
    noted: dict[str, Any] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Return whether these are all units of the order that are not canceled."""
        of_all: int = next(iter(self.lines.values())).of_all
        return sum(choice.units for choice in self.plan.choices) == of_all


def assign(routed: Routed, market: Market, rules: Rules, now: datetime) -> None:
    """Make one fulfillment order a parcel's beginning, with its promises."""
    by_start: dict[Start, list[Choice]] = defaultdict(list)
    for choice in routed.plan.choices:
        by_start[choice.option.start].append(choice)
    for (location_id, waits_until), choices in by_start.items():
        place = choices[0].option.candidate.place
        fo = _fo_row(routed.order, place.vendor_id, location_id, now)
        fo["waits_until"] = waits_until
        # What was given for one of them holds for the parcel.
        fo["ship_by"] = min(choice.option.ship_by for choice in choices)
        if rules.promises.confirm_within_hours is not None:
            fo["confirm_by"] = now + timedelta(hours=rules.promises.confirm_within_hours)
        routed.fos.append(fo)
        routed.fo_lines += [_fo_line_row(fo, c, routed.lines[c.option.line]) for c in choices]
        day = fo["ship_by"].astimezone(ZoneInfo(place.calendar.zone)).date()
        market.loads.add(location_id, day, market.timetable)
        for choice in choices:
            if not choice.option.is_bought_in:
                market.take(choice.option.candidate, choice.units)
    routed.noted = _noted(routed, now)


def _noted(routed: Routed, now: datetime) -> dict[str, Any]:
    order, plan = routed.order, routed.plan
    on, by = order.deliver_on, order.deliver_by
    # No day is promised for what nobody has.
    if plan.choices and not plan.unfilled and on is None:
        days = [choice.option.deliver_on for choice in plan.choices]
        on = max(*days, routed.before or days[0])
        by = end_of(on, order.promise_zone)
    since = (order.unfilled_since or now) if plan.unfilled else None
    return {"deliver_on": on, "deliver_by": by, "unfilled_since": since}


def _fo_row(order: ToRoute, vendor_id: UUID, location_id: UUID, now: datetime) -> dict[str, Any]:
    return {
        "id": ids.new(),
        "reference": ids.reference("FO"),
        "vendor_id": vendor_id,
        "location_id": location_id,
        "order_id": order.id,
        "order_number": order.number,
        "placed_at": order.placed_at,
        "cohort": order.cohort,
        "status": "assigned",
        "assigned_at": now,
        "confirm_by": None,
        "ship_by": None,
        "waits_until": None,
        # As ordered: a faster service was paid for one vendor's parcel. Whoever gets its lines may
        # be near enough, or have no such service; ops choose anew, with the prices from there.
        "ordered_service": order.shipping.get("service", "standard"),
        "ship_to": order.ship_to,
        "preferences": order.preferences,
    }


def _fo_line_row(fo: dict[str, Any], choice: Choice, line: Any) -> dict[str, Any]:
    return {
        "id": ids.new(),
        "fo_id": fo["id"],
        "vendor_id": fo["vendor_id"],
        "order_id": fo["order_id"],
        "order_line_id": line.id,
        "listing_id": choice.option.candidate.listing_id,
        "line": line.external_id,
        "sku": line.sku,
        "title": line.title,
        "options": line.options,
        "ordered": choice.units,
        "is_bought_in": choice.option.is_bought_in,
    }


def write(routed: Sequence[Routed], market: Market, rules: Rules, now: datetime) -> None:
    """Write what was decided; SoldOut where stock that was counted on is gone by now."""
    fos = [fo for r in routed for fo in r.fos]
    lines = [line for r in routed for line in r.fo_lines]
    db.session.flush()
    with bulk.together():
        bulk.insert(FulfillmentOrder, fos)
        bulk.insert(FoLine, lines)
        _reduce_unrouted(routed)
        _promise(routed, now)
        # A retry that finds nothing new is not a new decision.
        news = [r for r in routed if r.fos or r.noted["unfilled_since"] == now]
        decide([_decision(r, rules) for r in news], now)
        record([_entry(r) for r in routed if r.fos], now)
    tell_vendors(fo["vendor_id"] for fo in fos)
    changed = [r for r in routed if _is_other(r)]
    with bulk.together():
        same = {r.order.id for r in routed}
        same -= settle(same, now, {r.order.id: r.noted for r in changed})
        checks.wake("order changed", [Subject(key, "order", key) for key in same], now)
        _wake(fos, rules, now)
        _tell(routed, market, rules.messages, now)
    # Last, so that nobody who wants the same stock waits for all of the above.
    catalog.reserve(
        [
            {
                "fo_line_id": x["id"],
                "listing_id": x["listing_id"],
                "vendor_id": x["vendor_id"],
                "quantity": x["ordered"],
            }
            for x in lines
            if not x["is_bought_in"]
        ]
    )


def _is_other(r: Routed) -> bool:
    """Return whether the order says something else now than before."""
    return any(getattr(r.order, name) != value for name, value in r.noted.items())


def _wake(fos: Sequence[dict[str, Any]], rules: Rules, now: datetime) -> None:
    subjects = [Subject(fo["id"], "fulfillment_order", fo["order_id"]) for fo in fos]
    checks.wake("fulfillment order changed", subjects, now)
    hours = rules.routing.document.take_back_unconfirmed_hours
    confirm_in = rules.promises.confirm_within_hours
    if hours is not None and confirm_in is not None:
        at = now + timedelta(hours=hours + confirm_in)
        checks.look_at("take_back_unconfirmed", subjects, at)
    moments = {
        subject: reminders.first_look(now, fo["confirm_by"], fo["ship_by"], rules.promises)
        for subject, fo in zip(subjects, fos, strict=True)
    }
    checks.look_later(reminders.WATCHER, {s: at for s, at in moments.items() if at})


def _reduce_unrouted(routed: Sequence[Routed]) -> None:
    given: dict[UUID, int] = defaultdict(int)
    for r in routed:
        for choice in r.plan.choices:
            given[r.lines[choice.option.line].id] += choice.units
    unrouted = {x.id: x.unrouted for r in routed for x in r.lines.values()}
    rows = [{"id": key, "unrouted": unrouted[key] - units} for key, units in given.items()]
    bulk.update(OrderLine, rows, key="id")


def _promise(routed: Sequence[Routed], now: datetime) -> None:
    made = []
    for r in routed:
        for fo in r.fos:
            made.append(Made(fo["order_id"], fo["id"], "ship_by", fo["ship_by"], "routing"))
            if fo["confirm_by"]:
                made.append(
                    Made(fo["order_id"], fo["id"], "confirm_by", fo["confirm_by"], "routing")
                )
        if by := r.noted["deliver_by"]:
            made.append(Made(r.order.id, r.order.id, "deliver_by", by, "routing"))
    make(made, now)


def _decision(r: Routed, rules: Rules) -> Decided:
    """Store who was chosen, who was not and why, as codes and numbers."""
    chosen = {(c.option.line, c.option.pool) for c in r.plan.choices}
    others = [
        option
        for found in r.options.values()
        for option in sorted(
            (o for o in found if (o.line, o.pool) not in chosen), key=lambda o: (o.rank, _sum(o))
        )[:MOST_OF_LINE]
    ]
    compared = sum(map(len, r.options.values())) + len(r.excluded) - len(chosen)
    starts = {c.option.start for c in r.plan.choices}
    told = [_told(option, option.units) for option in others[:MOST_TOLD]]
    why_not = [one._asdict() for one in r.excluded[:MOST_TOLD]]
    facts = {
        "strategy": r.strategy,
        "method": r.plan.method,
        "score": round(r.plan.score),
        "parcels": len(starts),
        "split": minor(rules.routing.document.split, r.order.currency) * max(0, len(starts) - 1),
        "policies": rules.versions,
        "chosen": [_told(choice.option, choice.units) for choice in r.plan.choices],
        "others": told,
        "excluded": why_not,
        "left_out": compared - len(told) - len(why_not),
        "unfilled": r.plan.unfilled,
        "is_whole": r.is_whole,
        "one_place": _is_of_one_place(r),
    }
    if r.by_hand:
        facts["by_hand"] = r.by_hand
    version = rules.routing.version
    return Decided(r.order.id, r.order.cohort, "routing", version, facts)


def _is_of_one_place(r: Routed) -> bool:
    """Return whether one parcel could have held all that is chosen."""
    units: dict[str, int] = defaultdict(int)
    for choice in r.plan.choices:
        units[choice.option.line] += choice.units
    able = ({o.start for o in r.options[line] if o.units >= many} for line, many in units.items())
    return bool(units) and bool(set.intersection(*able))


def _sum(option: Option) -> int:
    price = option.price
    return price.goods + price.kilos + price.late + price.standing + option.parcel


def _told(option: Option, units: int) -> dict[str, Any]:
    """Return an option as a decision keeps it; money in minor units, for these units."""
    goods, kilos, late, standing = (round(x * units / option.of_units) for x in option.price)
    told = {
        "line": option.line,
        "vendor": option.candidate.place.vendor,
        "place": option.candidate.place.code,
        "units": units,
        "has": option.candidate.available,
        "cost": option.candidate.cost_minor,
        "goods": goods,
        "kilos": kilos,
        "parcel": option.parcel,
        "freight": kilos + option.parcel,
        "late": late,
        "standing": standing,
        "ship_by": option.ship_by.isoformat(),
        "arrives": option.deliver_on.isoformat(),
    }
    if option.waits_until:
        told["waits_until"] = option.waits_until.isoformat()
    return told


def _entry(r: Routed) -> Happened:
    facts: dict[str, Any] = {
        "fulfillment_orders": [fo["reference"] for fo in r.fos],
        "unfilled": r.plan.unfilled,
    }
    if r.by_hand:
        facts["reason"] = r.by_hand["reason"]
    actor = r.by_hand["by"] if r.by_hand else SYSTEM
    return Happened(r.order.id, r.order.cohort, "order_routed", actor, facts=facts)


def _tell(routed: Sequence[Routed], market: Market, policy: Messages | None, now: datetime) -> None:
    emails = {row.vendor_id: row.vendor_email for row in market.rows.values()}
    work = [(r, fo) for r in routed for fo in r.fos]
    tell(
        [
            Message(
                r.order.id,
                r.order.cohort,
                "vendor",
                emails[fo["vendor_id"]],
                "work_assigned",
                fo["reference"],
                {"fulfillment_order": fo["reference"], "ship_by": fo["ship_by"].isoformat()},
            )
            for r, fo in work
        ],
        now,
        policy,
    )
    notices.tell(
        [
            Notice(
                f"vendor:{fo['vendor_id']}",
                "work_assigned",
                fo["reference"],
                f"work_assigned:{fo['reference']}",
                {"number": r.order.number, "ship_by": fo["ship_by"].isoformat()},
            )
            for r, fo in work
        ]
    )
