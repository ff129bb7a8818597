"""Cases in words: what is wrong, since when, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for
from sqlalchemy import Row

from app.carriers.registry import CARRIERS
from app.console.climbs import moves
from app.console.strips import strip
from app.shared.language import _, _p, later
from app.web.deadlines import Deadline, deadline
from app.web.marks import bdi, in_turn, rich
from app.web.words import day, delay, plain, small, span, when

# How far a late order is.
STANDS = {
    "received": later("No vendor has it yet"),
    "open": later("Nothing has left yet"),
    "partly_shipped": later("A part of it has left"),
    "shipped": later("All of it is on its way"),
    "partly_delivered": later("A part of it has arrived"),
    "delivered": later("All of it has arrived"),
    "canceled": later("It is canceled"),
}
# Carrier's words for a parcel that the plain word does not say well.
PARCELS = {
    "info_received": later("label made"),
    "available_for_pickup": later("ready for pickup"),
    "exception": later("held by the carrier"),
}
# Which policy decided: one that was published, and the one that Onward comes with.
POLICIES = {
    "watch": (later("watch policy, version {version}"), later("built-in watch policy")),
    "routing": (later("routing policy, version {version}"), later("built-in routing policy")),
    "promises": (later("promises policy, version {version}"), later("built-in promises policy")),
    "lanes": (later("rate card, version {version}"), later("built-in rate card")),
    "compensation": (
        later("compensation policy, version {version}"),
        later("built-in compensation policy"),
    ),
}
POLICY = (later("{kind} policy, version {version}"), later("built-in {kind} policy"))
# Why a fulfillment order has not left, by its status.
WAITS = {
    "assigned": later("The vendor has not confirmed it."),
    "confirmed": later("The vendor has confirmed it and not begun to pick."),
    "picking": later("It is being picked."),
    "packed": later("It is packed and has no label."),
    "ready": later("It is labeled and waits for the carrier."),
}


def carrier_title(code: str) -> str:
    """Return a carrier's name; one without an adapter keeps its code."""
    return CARRIERS[code].title if code in CARRIERS else code.upper()


def actor(code: str) -> str:
    """Return who did something: the platform, a carrier, or a person by name."""
    known = {"onward": "Onward"} | {carrier.code: carrier.title for carrier in CARRIERS.values()}
    return known.get(code, code)


def short(number: str) -> str:
    """Return a tracking number as lists show it."""
    return f"…{number[-4:]}"


def _late_dispatch(row: Row[Any]) -> str:
    if row.never_left:
        return _("{vendor} never handed it over", vendor=row.vendor)
    if row.ended_at:
        return _("{vendor} handed it over late", vendor=row.vendor)
    return _("{vendor} has not handed it over", vendor=row.vendor)


def _late_delivery(row: Row[Any]) -> str:
    return _(STANDS[row.order_status]) if row.order_status in STANDS else plain(row.order_status)


def _stalled(row: Row[Any]) -> str:
    parcel = short(row.facts["name"])
    if row.ended_at:
        return _("{vendor} · {parcel} moves again", vendor=row.vendor, parcel=parcel)
    return _("{vendor} · {parcel} has no new scan", vendor=row.vendor, parcel=parcel)


def _out_of_stock(row: Row[Any]) -> str:
    return _("A vendor was found") if row.ended_at else _("No vendor can ship all of it")


SENTENCES: dict[str, Callable[[Row[Any]], str]] = {
    "late_dispatch": _late_dispatch,
    "late_delivery": _late_delivery,
    "stalled": _stalled,
    "out_of_stock": _out_of_stock,
}


def sentence(row: Row[Any]) -> str:
    """Return in one line what is wrong."""
    words_of = SENTENCES.get(row.kind)
    return words_of(row) if words_of else str(row.facts.get("name", row.number))


# What had to happen by the moment a case began.
DUE = {"late_dispatch": later("ship by {moment}"), "stalled": later("scan by {moment}")}
SINCE = later("since {moment}")


def clock(row: Row[Any], now: datetime) -> Deadline | None:
    """Return the clock of a case: the deadline that was missed, or the one it endangers."""
    if row.kind == "out_of_stock":
        if row.deliver_by is None:
            return None
        due = _("deliver by {day}", day=day(row.deliver_on))
        return deadline(row.deliver_by, now, due, since=row.placed_at, done_at=row.ended_at)
    if row.kind == "late_delivery" and row.deliver_on:
        due = _("deliver by {day}", day=day(row.deliver_on))
    else:
        due = _(DUE.get(row.kind, SINCE), moment=when(row.occurred_at))
    return deadline(row.occurred_at, now, due, done_at=row.ended_at)


@dataclass(frozen=True, slots=True)
class Moved:
    """A date that moved: what it was, what is true now, and why; the reason may stand alone."""

    was: str | None = None
    now: str | None = None
    because: str | None = None


def _moved_dispatch(_row: Row[Any], of: Row[Any], _now: datetime) -> Moved:
    because = _(WAITS[of.status]) if of.status in WAITS else None
    if of.hold_reason:
        because = _("On hold: {reason}", reason=of.hold_reason)
    left = _("not handed over")
    if of.shipped_at:
        left = _("handed over {moment}", moment=when(of.shipped_at))
    return Moved(when(of.ship_by), left, because)


def _moved_delivery(row: Row[Any], of: Row[Any], now: datetime) -> Moved:
    if of.delivered_at:
        return Moved(day(row.deliver_on), _("arrived {moment}", moment=when(of.delivered_at)))
    if of.carrier is None:
        return Moved(day(row.deliver_on), _("no new date"), _("No parcel has left yet."))
    expected = day(of.eta) if of.eta and of.eta > now else _("no new date")
    return Moved(day(row.deliver_on), expected, parcel_words(of))


def _moved_stall(_row: Row[Any], of: Row[Any], _now: datetime) -> Moved:
    return Moved(because=in_turn([parcel_words(of), _last_scan(of)]))


def _moved_stock(_row: Row[Any], of: Row[Any], _now: datetime) -> Moved:
    again = _("Routing looks again every hour, and when stock comes in.")
    if not of.missing:
        return Moved(because=again)
    what = ", ".join(_("{n} of {sku}", n=units, sku=sku) for units, sku in of.missing)
    return Moved(because=f"{_('Missing: {what}.', what=what)} {again}")


MOVED: dict[str, Callable[[Row[Any], Row[Any], datetime], Moved]] = {
    "late_dispatch": _moved_dispatch,
    "late_delivery": _moved_delivery,
    "stalled": _moved_stall,
    "out_of_stock": _moved_stock,
}


def parcel_words(of: Row[Any]) -> str:
    """Return where a parcel is and what holds it, as its carrier says."""
    status = _(PARCELS[of.status]) if of.status in PARCELS else small(of.status)
    facts = {
        "carrier": carrier_title(of.carrier),
        "number": short(of.tracking_number),
        "status": status,
    }
    if not of.delay_reason:
        return _("{carrier} {number}: {status}.", **facts)
    return _("{carrier} {number}: {status}, {delay}.", delay=delay(of.delay_reason), **facts)


def _last_scan(of: Row[Any]) -> str:
    if not of.last_scan_at:
        return _("Handed over {moment} and never scanned.", moment=when(of.shipped_at))
    said = ", ".join(part for part in (of.description, of.place) if part)
    return rich("Last scan {moment}: {words}.", moment=when(of.last_scan_at), words=bdi(said))


def listed(row: Row[Any], now: datetime, href: str) -> dict[str, Any]:
    """Return a case as a row of the queue."""
    return {
        "severity": row.severity,
        "kind": row.kind,
        "reference": row.reference,
        "order_number": row.number,
        "order_href": url_for("console.order", reference=row.order_reference),
        "sub": sentence(row),
        "at_risk": None if row.closed_at else (row.worth, row.currency),
        "deadline": clock(row, now),
        "owner": row.acknowledged_by,
        "href": href,
    }


def panel(row: Row[Any], of: Row[Any] | None, now: datetime) -> dict[str, Any]:
    """Return a case in full, but for who is told."""
    moved = MOVED[row.kind](row, of, now) if of and row.kind in MOVED else Moved()
    return listed(row, now, "") | {
        "subject": row.facts.get("name"),
        "open_for": span(now - row.raised_at),
        "state": _state(row),
        "sentence": f"{sentence(row)}.",
        "was": moved.was,
        "now": moved.now,
        "because": moved.because,
        "strip": _strip(row, of, now) if row.kind == "late_delivery" else None,
        "facts": _facts(row, of),
        "escalation": None,
        "moves": moves(row),
    }


def _state(row: Row[Any]) -> str:
    return "closed" if row.closed_at else "acknowledged" if row.acknowledged_at else "open"


def _strip(row: Row[Any], of: Row[Any] | None, now: datetime) -> dict[str, Any] | None:
    zone = ZoneInfo(row.promise_zone)
    arrived = of.delivered_at.astimezone(zone).date() if of and of.delivered_at else None
    expected = of.eta.astimezone(zone).date() if of and of.eta else None
    return strip(now.astimezone(zone).date(), row.deliver_on, expected, arrived)


def _facts(row: Row[Any], of: Row[Any] | None) -> list[tuple[str, str]]:
    carrier = getattr(of, "carrier", None)
    known: list[tuple[str, str | None]] = [
        (_("Vendor"), row.vendor),
        (_("Location"), getattr(of, "location", None)),
        (_("Carrier"), carrier_title(carrier) if carrier else None),
        (_("Tracking number"), getattr(of, "tracking_number", None)),
        (_("Since"), when(row.occurred_at)),
        (_("Critical since"), when(row.critical_at) if row.critical_at else None),
        (_p("of a case", "Found"), when(row.raised_at)),
        (_("Over since"), when(row.ended_at) if row.ended_at else None),
        (_("Resolved"), _resolved(row) if row.resolved_at else None),
        (_("Case"), row.reference),
        (_("Rule"), policy("watch", row.policy_version)),
    ]
    return [(term, value) for term, value in known if value]


def _resolved(row: Row[Any]) -> str:
    return f"{actor(row.resolved_by)}, {when(row.resolved_at)}"


def policy(kind: str, version: int) -> str:
    """Return which policy decided."""
    published, built_in = POLICIES.get(kind, POLICY)
    if version:
        return _(published, kind=kind, version=version)
    return _(built_in, kind=kind)
