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
from app.web.deadlines import Deadline, deadline
from app.web.words import day, delay, plain, span, when

# How far a late order is.
STANDS = {
    "received": "No vendor has it yet",
    "open": "Nothing has left yet",
    "partly_shipped": "A part of it has left",
    "shipped": "All of it is on its way",
    "partly_delivered": "A part of it has arrived",
    "delivered": "All of it has arrived",
    "canceled": "It is canceled",
}
# Carrier's words for a parcel that the plain word does not say well.
PARCELS = {
    "info_received": "label made",
    "available_for_pickup": "ready for pickup",
    "exception": "held by the carrier",
}
# Why a fulfillment order has not left, by its status.
WAITS = {
    "assigned": "The vendor has not confirmed it.",
    "confirmed": "The vendor has confirmed it and not begun to pick.",
    "picking": "It is being picked.",
    "packed": "It is packed and has no label.",
    "ready": "It is labeled and waits for the carrier.",
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
    return f"{row.vendor} {'handed it over late' if row.ended_at else 'has not handed it over'}"


def _late_delivery(row: Row[Any]) -> str:
    return STANDS.get(row.order_status, plain(row.order_status))


def _stalled(row: Row[Any]) -> str:
    verb = "moves again" if row.ended_at else "has no new scan"
    return f"{row.vendor} · {short(row.facts['name'])} {verb}"


def _out_of_stock(row: Row[Any]) -> str:
    return "A vendor was found" if row.ended_at else "No vendor can ship all of it"


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
DUE = {"late_dispatch": "ship by", "stalled": "scan by"}


def clock(row: Row[Any], now: datetime) -> Deadline | None:
    """Return the clock of a case: the deadline that was missed, or the one it endangers."""
    if row.kind == "out_of_stock":
        if row.deliver_by is None:
            return None
        due = f"deliver by {day(row.deliver_on)}"
        return deadline(row.deliver_by, now, due, since=row.placed_at, done_at=row.ended_at)
    if row.kind == "late_delivery" and row.deliver_on:
        due = f"deliver by {day(row.deliver_on)}"
    else:
        due = f"{DUE.get(row.kind, 'since')} {when(row.occurred_at)}"
    return deadline(row.occurred_at, now, due, done_at=row.ended_at)


@dataclass(frozen=True, slots=True)
class Moved:
    """A date that moved: what it was, what is true now, and why; the reason may stand alone."""

    was: str | None = None
    now: str | None = None
    because: str | None = None


def _moved_dispatch(_row: Row[Any], of: Row[Any], _now: datetime) -> Moved:
    because = f"On hold: {of.hold_reason}" if of.hold_reason else WAITS.get(of.status)
    left = f"handed over {when(of.shipped_at)}" if of.shipped_at else "not handed over"
    return Moved(when(of.ship_by), left, because)


def _moved_delivery(row: Row[Any], of: Row[Any], now: datetime) -> Moved:
    if of.delivered_at:
        return Moved(day(row.deliver_on), f"arrived {when(of.delivered_at)}")
    if of.carrier is None:
        return Moved(day(row.deliver_on), "no new date", "No parcel has left yet.")
    expected = day(of.eta) if of.eta and of.eta > now else "no new date"
    return Moved(day(row.deliver_on), expected, parcel_words(of))


def _moved_stall(_row: Row[Any], of: Row[Any], _now: datetime) -> Moved:
    return Moved(because=f"{parcel_words(of)} {_last_scan(of)}")


def _moved_stock(_row: Row[Any], of: Row[Any], _now: datetime) -> Moved:
    what = f"Missing: {of.missing}. " if of.missing else ""
    return Moved(because=f"{what}Routing looks again every hour, and when stock comes in.")


MOVED: dict[str, Callable[[Row[Any], Row[Any], datetime], Moved]] = {
    "late_dispatch": _moved_dispatch,
    "late_delivery": _moved_delivery,
    "stalled": _moved_stall,
    "out_of_stock": _moved_stock,
}


def parcel_words(of: Row[Any]) -> str:
    """Return where a parcel is and what holds it, as its carrier says."""
    status = PARCELS.get(of.status, plain(of.status).lower())
    held = f", {delay(of.delay_reason)}" if of.delay_reason else ""
    return f"{carrier_title(of.carrier)} {short(of.tracking_number)}: {status}{held}."


def _last_scan(of: Row[Any]) -> str:
    if not of.last_scan_at:
        return f"Handed over {when(of.shipped_at)} and never scanned."
    said = ", ".join(part for part in (of.description, of.place) if part)
    return f"Last scan {when(of.last_scan_at)}: {said}."


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
    known: dict[str, str | None] = {
        "Vendor": row.vendor,
        "Location": getattr(of, "location", None),
        "Carrier": carrier_title(of.carrier) if getattr(of, "carrier", None) else None,  # type: ignore[union-attr]
        "Tracking number": getattr(of, "tracking_number", None),
        "Since": when(row.occurred_at),
        "Critical since": when(row.critical_at) if row.critical_at else None,
        "Found": when(row.raised_at),
        "Over since": when(row.ended_at) if row.ended_at else None,
        "Resolved": _resolved(row) if row.resolved_at else None,
        "Case": row.reference,
        "Rule": policy("watch", row.policy_version),
    }
    return [(term, value) for term, value in known.items() if value]


def _resolved(row: Row[Any]) -> str:
    return f"{actor(row.resolved_by)}, {when(row.resolved_at)}"


def policy(kind: str, version: int) -> str:
    """Return which policy decided."""
    return f"{kind} policy, version {version}" if version else f"built-in {kind} policy"
