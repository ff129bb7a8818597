"""One order in words: its promise, its vendors' parts, its money, its story."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for
from sqlalchemy import Row

from app.carriers.registry import CARRIERS
from app.console import lists
from app.console.cases import actor, carrier_title, parcel_words, sentence
from app.console.service_words import decided
from app.console.strips import strip
from app.console.why import vendors_in, why
from app.orders.models import OrderHold
from app.orders.queries import UNDONE
from app.orders.rules import is_after_due
from app.orders.words import sentence as doubt_sentence
from app.promises.rules import day_of
from app.routing.words import day_told
from app.shared.language import _, _p, later
from app.threads.page import photos_shown
from app.timeline.models import Decision
from app.web.deadlines import Deadline, deadline
from app.web.words import day, decline, field, when

__all__ = ["Loaded", "shown", "vendors_in"]

# Where nothing is waited for any more.
ENDED = {"canceled", "rejected"}
PROMISED_BY = {
    "routing": later("computed by routing"),
    "given with the order": later("given with the order"),
    "address changed": later("address changed"),
    "more units wanted": later("more units wanted"),
}
PAYMENTS = {
    "pending": (later("Pending"), "hourglass-split", "mute"),
    "authorized": (later("Authorized"), "credit-card", "mute"),
    "captured": (later("Captured"), "wallet2", "good"),
    "failed": (later("Failed"), "x-octagon-fill", "crit"),
    "refunded": (later("Paid back"), "arrow-return-left", "info"),
    "canceled": (later("Canceled"), "slash-circle", "mute"),
}
UNHEARD = (later("Not heard of"), "circle", "mute")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """An order as it was read: rows, while their transaction is open."""

    row: Row[Any]
    lines: Sequence[Row[Any]]
    fulfillment_orders: Sequence[Row[Any]]
    fo_lines: Sequence[Row[Any]]
    parcels: Sequence[Row[Any]]
    cases: Sequence[Row[Any]]
    offer: Row[Any] | None
    messages: Sequence[Row[Any]]
    decisions: Sequence[Decision]
    vendors: dict[str, str]
    holds: Sequence[OrderHold]


def shown(of: Loaded, now: datetime) -> dict[str, Any]:
    """Return what the page shows."""
    row, to = of.row, of.row.ship_to
    prices = {line.id: line.unit_price_minor for line in of.lines}
    cases = [_case(case) for case in of.cases]
    return {
        "number": row.number,
        "reference": row.reference,
        "channel": row.channel,
        "status": row.status,
        "customer": row.customer,
        "place": ", ".join(part for part in (to.get("city"), to.get("country")) if part),
        "ship_to": _address(to),
        "email": row.email,
        "placed": row.placed_at,
        "total": (row.items_minor + row.freight_minor, row.currency),
        "trouble": next((case for case in cases if not case["closed"]), None),
        "promise": _promise(of, now),
        "unrouted": [_unrouted(line, row.currency) for line in of.lines if line.unrouted],
        "fulfillment_orders": [
            _fulfillment_order(fo, of, prices, now) for fo in of.fulfillment_orders
        ],
        **_decisions(of, row.currency),
        "money": _money(row, of.fulfillment_orders),
        "offer": _offer(of.offer),
        "messages": [lists.message(message) for message in of.messages],
        "cases": cases,
        "holds": [hold(one) for one in of.holds],
        "wishes": list(_wishes(row.preferences)),
        "moves": [],
    }


def hold(of: OrderHold) -> dict[str, Any]:
    """Return why an order is held, since when, and by whom."""
    return {
        "sentence": doubt_sentence(of.code, of.facts),
        "at": of.held_at,
        "by": actor(of.held_by),
    }


def _wishes(asked: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return what the customer asks for, in their own words."""
    if asked.get("gift_wrap"):
        yield _("Gift"), _("wrap it")
    for name in ("gift_message", "delivery_instructions", "preferred_delivery_time"):
        if asked.get(name):
            yield field(name), asked[name]
    if asked.get("deliver_by"):
        yield field("deliver_by"), day(date.fromisoformat(asked["deliver_by"]))


def _address(to: dict[str, Any]) -> list[str]:
    town = " ".join(part for part in (to.get("postal_code"), to.get("city")) if part)
    parts = (
        to.get("name"),
        to.get("company"),
        to.get("line1"),
        to.get("line2"),
        town,
        to.get("region"),
    )
    return [str(part) for part in (*parts, to.get("country")) if part]


def _promise(of: Loaded, now: datetime) -> dict[str, Any] | None:
    row = of.row
    if row.deliver_by is None:
        return None
    zone = ZoneInfo(row.promise_zone)
    arrived = row.delivered_at.astimezone(zone).date() if row.delivered_at else None
    # Until a parcel has left, only a change of the order tells of another day.
    told = {} if of.parcels else row.dated or {}
    expected = _expected(of.parcels, zone) or day_told(told)
    is_open = row.status != "canceled"
    return {
        "promised": day(row.deliver_on),
        "now": _news(row, expected, arrived),
        "because": None if arrived else _held(of.parcels) or _why(told.get("why")),
        "deadline": _clock(row, now) if is_open else None,
        "strip": strip(now.astimezone(zone).date(), row.deliver_on, expected, arrived),
        **_versions(row.promises or (), zone),
        "chances": None,
    }


def _versions(promises: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> dict[str, str | None]:
    """Return who made a promise; what it was before and why it is another one, where it is."""
    made = _why(promises[0]["reason"]) if promises else None
    if len(promises) < 2:  # noqa: PLR2004 - the one that stands, and one before
        return {"source": made, "was": None, "moved": None}
    before = datetime.fromisoformat(promises[-2]["due_at"])
    return {
        "source": made,
        "was": day(day_of(before, zone.key)),
        "moved": _why(promises[-1]["reason"]),
    }


def _why(why: str | None) -> str | None:
    return _(PROMISED_BY[why]) if why in PROMISED_BY else why


def _expected(parcels: Sequence[Row[Any]], zone: ZoneInfo) -> date | None:
    """Return the day of the last parcel that is still expected."""
    etas = [parcel.eta for parcel in parcels if parcel.eta and not parcel.delivered_at]
    return max(etas).astimezone(zone).date() if etas else None


def _news(row: Row[Any], expected: date | None, arrived: date | None) -> str | None:
    if arrived:
        is_late = arrived > row.deliver_on
        return _("arrived {moment}", moment=when(row.delivered_at)) if is_late else None
    is_later = expected and expected > row.deliver_on
    return _("expected {day}", day=day(expected)) if expected and is_later else None


def _held(parcels: Sequence[Row[Any]]) -> str | None:
    held = next((p for p in parcels if p.delay_reason and not p.delivered_at), None)
    return parcel_words(held) if held else None


def _clock(row: Row[Any], now: datetime) -> Deadline:
    due = _("end of {day}", day=day(row.deliver_on))
    return deadline(row.deliver_by, now, due, since=row.placed_at, done_at=row.delivered_at)


def _options(options: dict[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in options.items())


def _line(line: Row[Any], price: tuple[int, str], **units: int) -> dict[str, Any]:
    none = dict.fromkeys(("confirmed", "shipped", "delivered"), 0)
    named = {"title": line.title, "sku": line.sku, "options": _options(line.options)}
    return named | none | units | {"price": price}


def _unrouted(line: Row[Any], currency: str) -> dict[str, Any]:
    price = (line.unit_price_minor, currency)
    return _line(line, price, ordered=line.unrouted, canceled=line.canceled)


def _fo_line(line: Row[Any], price: tuple[int, str]) -> dict[str, Any]:
    names = ("ordered", "confirmed", "shipped", "delivered", "canceled", "declined")
    return _line(line, price, **{name: getattr(line, name) for name in names})


def _fulfillment_order(
    fo: Row[Any], of: Loaded, prices: dict[Any, int], now: datetime
) -> dict[str, Any]:
    is_open, currency = fo.status not in ENDED, of.row.currency
    numbered = enumerate(of.parcels, 1)
    return {
        "reference": fo.reference,
        "vendor": fo.vendor,
        "location": fo.location,
        "status": fo.status,
        "hold_reason": fo.hold_reason,
        "ends": _ends(fo),
        "service": _service(fo, currency) if is_open else None,
        "is_here": fo.status in UNDONE,
        "word": list(_word(fo)),
        "confirm_by": _until(fo, fo.confirm_by, fo.confirmed_at, now) if is_open else None,
        "ship_by": _until(fo, fo.ship_by, fo.shipped_at, now) if is_open else None,
        "lines": [
            _fo_line(line, (prices[line.order_line_id], currency))
            for line in of.fo_lines
            if line.fo_id == fo.id
        ],
        "parcels": [_parcel(parcel, n) for n, parcel in numbered if parcel.fo_id == fo.id],
        "photos": photos_shown(fo.photos or (), "console.photo"),
    }


def _decisions(of: Loaded, currency: str) -> dict[str, Any]:
    """Return why it is with whom and by which service each part goes, and what was before."""
    whys: list[dict[str, Any]] = []
    before: list[dict[str, Any]] = []
    services: dict[str, dict[str, Any]] = {}
    for one in of.decisions:
        if one.kind != "service":
            # What the customer is told now goes by what the order is now.
            anew = None if whys else day_told(of.row.dated)
            whys.append(why(one, of.vendors, currency, anew))
            continue
        told = decided(one, currency)
        # The newest of each part comes first.
        if services.setdefault(told["subject"], told) is not told:
            before.append(told)
    return {
        "why": whys[0] if whys else None,
        "services": list(services.values()),
        "earlier": [*whys[1:], *before],
    }


def _service(fo: Row[Any], currency: str) -> dict[str, Any]:
    """Return by which service it goes, and who pays what for that."""
    paid = (fo.service_minor, currency) if fo.service else None
    return {"name": fo.service or fo.ordered_service, "ordered": fo.ordered_service, "paid": paid}


def _ends(fo: Row[Any]) -> str | None:
    """Return when it ends unless it leaves, or that it has ended because it did not."""
    if fo.lapsed_at:
        return _(
            "Canceled {moment}: it had not left, and should have by {due}.",
            moment=when(fo.lapsed_at),
            due=when(fo.ship_by),
        )
    if fo.cancel_at and fo.status in UNDONE:
        return _("Canceled on {moment} unless it leaves.", moment=when(fo.cancel_at))
    return None


def _word(fo: Row[Any]) -> Iterator[tuple[str, str | None, str]]:
    """Return what a vendor said when it was asked: sign, tone and sentence of each."""
    if fo.ship_on and is_after_due(fo.ship_on, fo.ship_by, fo.zone):
        said = _("hands it over on {day}, later than promised", day=day(fo.ship_on))
        yield "exclamation-triangle-fill", "warn", said
    elif fo.ship_on:
        yield "calendar-event", None, _("hands it over on {day}", day=day(fo.ship_on))
    if fo.has_attested:
        yield "check2-square", "good", _("has looked: the units are there")
    if fo.decline_code:
        why = ", ".join(filter(None, (decline(fo.decline_code), fo.decline_reason)))
        yield "arrow-return-left", "warn", _("declined: {why}", why=why)


def _until(
    fo: Row[Any], due_at: datetime | None, done_at: datetime | None, now: datetime
) -> Deadline | None:
    if due_at is None:
        return None
    due = _("by {moment}", moment=when(due_at))
    return deadline(due_at, now, due, since=fo.assigned_at, done_at=done_at)


def _parcel(parcel: Row[Any], number: int) -> dict[str, Any]:
    carrier = CARRIERS.get(parcel.carrier)
    said = ", ".join(part for part in (parcel.description, parcel.place) if part)
    return {
        "name": _("Parcel {n}", n=number),
        "carrier": carrier_title(parcel.carrier),
        "number": parcel.tracking_number,
        "url": carrier.tracking_url(parcel.tracking_number) if carrier else None,
        "status": parcel.status,
        "delay": parcel.delay_reason,
        "said": said or _("The vendor says it has left; the carrier has not scanned it yet."),
        "at": parcel.last_scan_at or parcel.shipped_at,
    }


def _case(case: Row[Any]) -> dict[str, Any]:
    return {
        "severity": case.severity,
        "kind": case.kind,
        "href": url_for("console.case", reference=case.reference),
        "sentence": sentence(case),
        "opened": case.occurred_at,
        "closed": case.ended_at,
    }


def _money(row: Row[Any], parts: Sequence[Row[Any]]) -> dict[str, Any]:
    told, icon, tone = PAYMENTS.get(row.payment, UNHEARD)
    total = row.items_minor + row.freight_minor
    sums = [(_("Items"), row.items_minor, True), (_("Freight"), row.freight_minor, True)]
    if row.payment:
        sums += [
            (_("Authorized"), row.authorized_minor, False),
            (_("Captured"), row.captured_minor, False),
            (_("Paid back"), -row.refunded_minor, False),
            (_("To be paid back"), -row.pending_minor, False),
        ]
    rows = [(label, minor, False) for label, minor, always in sums if always or minor]
    rows.insert(2, (_("Total"), total, True))
    # No part of what the customer pays; what was never sent costs nothing.
    faster = [p.service_minor for p in parts if p.service and p.status not in ENDED]
    if faster:
        rows.append((_("Faster service, paid by the marketplace"), sum(faster), False))
    return {
        "status": {"words": _(told), "icon": icon, "tone": tone},
        "rows": [
            {"label": label, "amount": (minor, row.currency), "strong": strong}
            for label, minor, strong in rows
        ],
        "sentence": None if row.payment else _("The channel has said nothing of the money yet."),
    }


def _offer(row: Row[Any] | None) -> dict[str, Any] | None:
    return lists.offer(row) | {"what": _p("of money", "back")} if row else None
