"""Words: how moments, spans, money and what happened read on a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from babel.numbers import format_currency, format_decimal
from flask import Flask, g, has_app_context

from app.shared import clock, language
from app.shared.clock import machine_now
from app.shared.language import _, _n, later
from app.shared.money import Money, exponent
from app.web import zones

DAY, HOUR, MINUTE = 86_400, 3_600, 60
# From here on hours say nothing any more: "45 d".
DAYS_ALONE = 10
# What is nearer than this is now; what is farther than a week is a day of the calendar.
JUST_NOW, A_WEEK = timedelta(seconds=5), timedelta(days=7)
# Written here without asking anybody: a page has hundreds of days and amounts.
ENGLISH = {language.ENGLISH, *language.PSEUDO}
SYMBOLS = {"BRL": "R$", "EUR": "€", "GBP": "£", "JPY": "¥", "USD": "$"}
Amount = tuple[int, str]


def register(app: Flask) -> None:
    """Give the templates their filters."""
    filters: dict[str, Callable[..., str]] = {
        "ago": ago,
        "day": day,
        "precise": precise,
        "when": when,
        "money": money,
        "whole": whole,
    }
    for name, words in filters.items():
        app.add_template_filter(words, name)
    app.jinja_env.globals["page_clocks"] = page_clocks
    app.jinja_env.globals["zone_name"] = zone_name
    app.jinja_env.globals["is_own_zone"] = zones.is_readers_own


def read_at(now: datetime) -> None:
    """Say which moment of the world a page is read at; asked inside a transaction.

    Its year need not be named, and its scripts count on from there at the world's pace.
    """
    g.now, g.rate = now, clock.read().rate


def page_clocks() -> dict[str, str | float]:
    """Return what a page tells its scripts: the machine's time, and the world's where it knows."""
    told: dict[str, str | float] = {"data-machine": machine_now().isoformat()}
    if "now" in g:
        told |= {"data-now": g.now.isoformat(), "data-rate": g.rate}
    return told


def zone_name() -> str:
    """Return the name of the zone in which moments are shown."""
    return zones.shown().key


def _this_year(zone: ZoneInfo) -> int:
    return _read_at().astimezone(zone).year


def _read_at(*, real: bool = False) -> datetime:
    now: datetime | None = g.get("now") if has_app_context() and not real else None
    return now or machine_now()


def _spoken(day: date, zone: ZoneInfo) -> str:
    return _day(day, _this_year(zone), language.current())


# A list shows the same few days again and again.
@lru_cache(maxsize=1000)
def _day(day: date, this_year: int, spoken: str) -> str:
    if spoken in ENGLISH:
        words = f"{day:%a, %b} {day.day}"
        return words if day.year == this_year else f"{words}, {day.year}"
    parts = "MMMEd" if day.year == this_year else "yMMMEd"
    return str(format_skeleton(parts, day, locale=language.locale()))


def day(moment: date) -> str:
    """Return a day, "Thu, Nov 19"; with its year when that is another one."""
    zone = zones.shown()
    local = moment.astimezone(zone).date() if isinstance(moment, datetime) else moment
    return _spoken(local, zone)


def weekday(day: date) -> str:
    """Return a day of the week as a strip of days has it, "Thu"."""
    if language.current() in ENGLISH:
        return f"{day:%a}"
    return str(format_skeleton("E", day, locale=language.locale()))


def when(moment: datetime) -> str:
    """Return a day and its clock, "Thu, Nov 19, 02:22"."""
    return both(moment)[0]


def precise(moment: datetime) -> str:
    """Return a moment that cannot be mistaken: "Sun, Nov 1, 01:30, Malta time (UTC+1)"."""
    return both(moment)[1]


def both(moment: datetime) -> tuple[str, str]:
    """Return a moment as it is read at a glance, and so that it cannot be mistaken."""
    zone = zones.shown()
    local = moment.astimezone(zone)
    said = f"{_spoken(local.date(), zone)}, {local.hour:02d}:{local.minute:02d}"
    if zone.key == "UTC":
        return said, _("{moment} UTC", moment=said)
    place = zone.key.rpartition("/")[2].replace("_", " ")
    return said, _(
        "{moment}, {place} time (UTC{offset})", moment=said, place=place, offset=_offset(local)
    )


def _offset(local: datetime) -> str:
    """Return how far ahead of UTC a clock is, "+5:30"; nothing where it is not."""
    minutes = int((local.utcoffset() or timedelta(0)).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    sign = "\N{MINUS SIGN}" if minutes < 0 else "+"
    return f"{sign}{hours}{f':{rest:02d}' if rest else ''}" if minutes else ""


def ago(moment: datetime, *, real: bool = False) -> str:
    """Return how long ago or ahead a moment is, "8 m ago", "in 5 m"; beyond a week its day.

    `real`: of people's own time (sessions, notices, notes), which no world's clock moves.
    """
    length = _read_at(real=real) - moment
    if abs(length) < JUST_NOW:
        return _("just now")
    if abs(length) > A_WEEK:
        return day(moment)
    # One unit: who needs the minute looks at the clock beside it.
    said = _units(length)[0]
    return _("{span} ago", span=said) if length > timedelta(0) else _("in {span}", span=said)


def span(length: timedelta) -> str:
    """Return a length of time in two units at most: "1 d 2 h", "2 h 05 m", "24 m", "40 s"."""
    return " ".join(_units(length))


def _units(length: timedelta) -> list[str]:
    seconds = int(abs(length.total_seconds()))
    days, hours, minutes = seconds // DAY, seconds % DAY // HOUR, seconds % HOUR // MINUTE
    if days:
        rest = [_("{n} h", n=hours)] if hours and days < DAYS_ALONE else []
        return [_("{n} d", n=days), *rest]
    if hours:
        return [_("{n} h", n=hours), *([_("{n} m", n=f"{minutes:02d}")] if minutes else [])]
    return [_("{n} m", n=minutes) if minutes else _("{n} s", n=seconds)]


def decimal(number: float, pattern: str) -> str:
    """Return a number as the language writes it, by a pattern of its places: "#,##0.0"."""
    return str(format_decimal(number, pattern, locale=language.locale()))


def money(amount: Amount) -> str:
    """Return an amount with its symbol and minor units, "$12.00"; never an ASCII minus."""
    return _money(amount, exponent(amount[1]))


def whole(amount: Amount) -> str:
    """Return an amount in whole units, for lists that are read at a glance."""
    return _money(amount, 0)


def _money(amount: Amount, digits: int) -> str:
    minor, currency = amount
    symbol = SYMBOLS.get(currency, f"{currency}\N{NO-BREAK SPACE}")
    exact = Money(abs(minor), currency).decimal()
    rounded = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    shown = f"{rounded:,f}"
    # What rounds to nothing is nothing, not less than nothing.
    sign = "\N{MINUS SIGN}" if minor < 0 and shown.strip("0.") else ""
    if language.current() in ENGLISH:
        return f"{sign}{symbol}{shown}"
    pattern = language.locale().currency_formats["standard"].pattern
    places = pattern.replace(".00", f".{'0' * digits}" if digits else "")
    signed = -rounded if sign else rounded
    return str(
        format_currency(signed, currency, places, locale=language.locale(), currency_digits=False)
    )


def plain(word: str) -> str:
    """Return a code in plain words: "late_dispatch" is "Late dispatch"."""
    return _(word.replace("_", " ").capitalize())


def small(word: str) -> str:
    """Return a code in plain words as they stand inside a sentence, "late dispatch"."""
    return _(word.replace("_", " ").lower())


LEVELS = {
    "ops": later("Ops"),
    "ops_lead": later("The ops lead"),
    "senior_management": later("Senior management"),
}


def level(code: str) -> str:
    """Return who stands at a level of the climb."""
    return _(LEVELS[code]) if code in LEVELS else plain(code)


def rule(code: str) -> str:
    """Return a compensation rule in words: "late_4" is "late by 4 days or more"."""
    name, _line, days = code.partition("_")
    if name == "late" and days.isdecimal():
        return _n("late by {n} day or more", "late by {n} days or more", int(days))
    return small(code)


DELAYS = {
    "weather": later("delayed by weather"),
    "customs": later("held in customs"),
    "address": later("the address is wrong"),
    "recipient_unavailable": later("nobody was there"),
    "carrier_delay": later("delayed by the carrier"),
    "security": later("in a security check"),
}


def delay(code: str) -> str:
    """Return why a parcel is late, as a half sentence."""
    return _(DELAYS[code]) if code in DELAYS else small(code)


@dataclass(frozen=True, slots=True)
class Entry:
    """What an event is called; a part of its sentence that lacks a fact is left out."""

    title: str
    parts: tuple[str, ...] = ()
    icon: str = "circle"
    tone: str | None = None


FO = "{fulfillment_order}"
SINCE = (later("{case}, since {since}"),)
CASE = ("{case}",)
SAID = (later("scanned {at}"), "{delay}")
# By event and, where it changes the words, by the status or severity among its facts.
EVENTS = {
    "order_placed": Entry(later("Order placed"), ("{lines}",), "receipt"),
    "order_routed": Entry(
        later("Given to vendors"),
        ("{fulfillment_orders}", later("{unfilled} found no vendor")),
        "signpost-split",
        "accent",
    ),
    "order_held": Entry(later("Held for review"), ("{doubts}", "{reason}"), "pause-circle", "warn"),
    "order_released": Entry(later("Released after review"), ("{note}",), "arrow-right", "good"),
    "order_readdressed": Entry(
        later("Sent to another address"), ("{changes}", "{reason}"), "geo", "accent"
    ),
    "order_units_changed": Entry(
        later("More units wanted"), ("{quantities}", "{reason}"), "plus-lg", "accent"
    ),
    "order_wishes_changed": Entry(
        later("Wishes changed"), ("{changes}", "{reason}"), "gift", "accent"
    ),
    "order_promised_anew": Entry(
        later("Promised for another day"),
        (later("was {was_promised}, now {promised}"), "{why}"),
        "calendar-event",
        "accent",
    ),
    "order_expected_anew": Entry(
        later("Expected on another day"),
        (later("promised for {promised}, expected on {arrives}"), "{why}"),
        "calendar-event",
    ),
    "order_expected_late": Entry(
        later("Expected later than promised"),
        (later("promised for {promised}, expected on {arrives}"), "{why}"),
        "calendar-x",
        "warn",
    ),
    "order_canceled": Entry(
        later("Canceled"), ("{units}", "{quantities}", "{reason}", "{why}"), "slash-circle"
    ),
    "fulfillment_order_confirmed": Entry(
        later("Vendor confirmed"),
        (
            FO,
            later("{declined} declined"),
            "{decline}",
            "{reason}",
            later("hands it over on {ship_on}"),
            "{attested}",
        ),
        "check-circle",
        "good",
    ),
    "fulfillment_order_confirmed:rejected": Entry(
        later("Vendor declined"), (FO, "{decline}", "{reason}"), "arrow-return-left", "warn"
    ),
    "choice_offered": Entry(
        later("Vendor offers a choice"),
        (
            "{units} {sku}",
            later("to wait until {until}"),
            later("to take {substitute} instead"),
            later("or the money back"),
        ),
        "signpost-split",
        "warn",
    ),
    "choice_answered": Entry(
        later("The customer chose"),
        ("{answer}", "{units} {sku}", "{substitute}", "{note}"),
        "person",
        "good",
    ),
    "choice_moot": Entry(
        later("A choice was no longer needed"),
        ("{units}", later("they found another way")),
        "slash-circle",
    ),
    "fulfillment_order_taken_back": Entry(
        later("Taken back from the vendor"),
        # Before the two were told apart, what was taken back was said to be declined.
        (FO, later("{taken_back} taken back"), later("{declined} back to routing"), "{reason}"),
        "arrow-return-left",
        "warn",
    ),
    "fulfillment_order_label_made": Entry(
        later("Label made"), (FO, "{package}", "{number}"), "tag"
    ),
    "fulfillment_order_label_voided": Entry(
        later("Label voided"), (FO, "{package}", "{number}", "{reason}"), "tag", "warn"
    ),
    "fulfillment_order_picking": Entry(later("Picking began"), (FO,), "upc-scan"),
    "fulfillment_order_picked_short": Entry(
        later("Part of it was not there to pick"),
        (FO, "{sku}", later("{short} back to routing"), "{missing}"),
        "basket3",
        "warn",
    ),
    "fulfillment_order_packed": Entry(later("Packed"), (FO,), "box-seam"),
    "fulfillment_order_made_ready": Entry(later("Ready for the carrier"), (FO,), "check2-square"),
    "fulfillment_order_put_on_hold": Entry(
        later("Put on hold"), (FO, "{reason}"), "pause-circle", "warn"
    ),
    "fulfillment_order_released": Entry(later("Released"), (FO,), "arrow-right"),
    "fulfillment_order_expedited": Entry(
        later("Sent by a faster service"),
        (
            FO,
            "{service}",
            later("{amount} more, paid by the marketplace"),
            later("expected on {arrives}"),
            "{reason}",
        ),
        "lightning-charge",
        "accent",
    ),
    "fulfillment_order_sent_as_ordered": Entry(
        later("Sent as ordered again"),
        (FO, "{service}", later("expected on {arrives}"), "{reason}"),
        "arrow-return-left",
    ),
    "fulfillment_order_shipped": Entry(later("Vendor says shipped"), (FO,), "truck", "accent"),
    "parcel_shipped": Entry(later("Parcel handed over"), ("{carrier} {number}",), "box-seam"),
    "parcel_scanned": Entry(later("Parcel {status}"), SAID, "truck"),
    "parcel_scanned:delivered": Entry(later("Parcel delivered"), SAID, "house-check-fill", "good"),
    "parcel_scanned:out_for_delivery": Entry(
        later("Parcel out for delivery"), SAID, "geo-alt-fill"
    ),
    "parcel_scanned:exception": Entry(
        later("Parcel held by the carrier"), SAID, "exclamation-triangle-fill", "warn"
    ),
    "parcel_scanned:attempt_failed": Entry(
        later("Nobody took the parcel"), SAID, "door-closed", "warn"
    ),
    "parcel_scanned:returned": Entry(
        later("Parcel turned back"), SAID, "arrow-return-left", "warn"
    ),
    "parcel_scanned:lost": Entry(later("Parcel lost"), SAID, "question-octagon-fill", "crit"),
    "case_raised": Entry(later("{kind} found"), SINCE, "exclamation-triangle-fill", "warn"),
    "case_raised:critical": Entry(
        later("{kind} found, critical"), SINCE, "exclamation-octagon-fill", "crit"
    ),
    "case_worsened": Entry(later("{kind} changed"), SINCE, "exclamation-triangle-fill", "warn"),
    "case_worsened:critical": Entry(
        later("{kind} became critical"), SINCE, "exclamation-octagon-fill", "crit"
    ),
    "case_closed": Entry(later("{kind} is over"), CASE, "check-lg", "good"),
    "escalation_opened": Entry(
        later("Escalated"), (*CASE, later("critical since {since}")), "bell", "warn"
    ),
    "escalation_climbed": Entry(later("{level} told"), CASE, "bell", "warn"),
    "escalation_acknowledged": Entry(
        later("Acknowledged, the climb has stopped"), CASE, "person-check"
    ),
    "escalation_unacknowledged": Entry(
        later("Given back, the climb goes on"), CASE, "person-dash", "warn"
    ),
    "escalation_reopened": Entry(later("Opened again"), CASE, "arrow-return-left", "warn"),
    "escalation_resolved": Entry(later("Escalation resolved"), CASE, "check-circle", "good"),
    "escalation_closed": Entry(
        later("Escalation closed"), (*CASE, "{why}"), "check-circle", "good"
    ),
    "note_added": Entry(later("Note written"), ("{visibility}", "{photos}"), "chat-left-text"),
    "compensation_offered": Entry(
        later("{amount} back offered"), ("{rule}", "{offer}"), "gift", "accent"
    ),
    "payment_pending": Entry(later("Payment pending"), ("{amount}",), "credit-card"),
    "payment_authorized": Entry(later("Payment authorized"), ("{amount}",), "credit-card"),
    "payment_captured": Entry(later("Payment captured"), ("{amount}",), "wallet2", "good"),
    "payment_failed": Entry(later("Payment failed"), ("{amount}",), "credit-card", "crit"),
    "payment_refund_due": Entry(later("To be paid back"), ("{amount}",), "wallet2", "warn"),
    "payment_refunded": Entry(later("Paid back"), ("{amount}",), "wallet2"),
}

NOTES = {
    "internal": later("internal"),
    "vendor": later("the vendor sees it"),
    "customer": later("the customer sees it"),
}
# Why an escalation is over, why units were called off by rule, and why something else is promised
# than was, as it was written down.
WHYS = (
    later("its cause went away"),
    later("not handed over in time"),
    later("address changed"),
    later("more units wanted"),
)


def _units_of(n: int) -> str:
    return _n("{n} unit", "{n} units", n)


# Why units were not there to pick.
MISSING = {
    "not_found": later("not found on its shelf"),
    "damaged": later("damaged"),
    "wrong_count": later("the stock count was wrong"),
}
# Fields of an order that plain words do not say well.
FIELDS = {"line1": later("Street"), "line2": later("Second line"), "deliver_by": later("Need-by")}


def field(name: str) -> str:
    """Return what a field of an order is called."""
    return _(FIELDS[name]) if name in FIELDS else plain(name)


# Why a person looks at an order before any vendor is given it.
DOUBTS = {
    "address": later("the address"),
    "unknown_sku": later("an item that nobody sells"),
    "wrong_vendor": later("a vendor that does not sell it"),
    "quantity": later("many units"),
    "value": later("a high value"),
    "currency": later("the currency"),
    "review": later("every such order is looked at"),
    "need_by": later("it would be too late"),
    "unfilled": later("nobody has all of it"),
    "manual": later("held by hand"),
    "shop": later("stopped in the shop"),
}


def doubt(code: str) -> str:
    """Return what is doubtful about an order, as a half sentence."""
    return _(DOUBTS[code]) if code in DOUBTS else small(code)


# Why a vendor cannot send what it was given.
DECLINES = {
    "out_of_stock": later("Out of stock"),
    "discontinued": later("Not sold any more"),
    "damaged": later("Damaged"),
    "cannot_ship_there": later("Cannot ship there"),
    "price_error": later("The price is wrong"),
    "other": later("Another reason"),
}


def decline(code: str) -> str:
    """Return why a vendor declined units."""
    return _(DECLINES[code]) if code in DECLINES else plain(code)


# How goods want to be packed (app.catalog.rules.PACKING), as whoever packs them is told.
PACKINGS = {
    "fragile": later("Fragile"),
    "upright": later("Keep upright"),
    "custom_packaging": later("Its own packaging"),
    "insert": later("Put the insert in"),
}

# What a customer may answer where a vendor cannot send what was ordered.
ANSWERS = {
    "wait": later("Wait"),
    "substitute": later("Something else"),
    "refund": later("Money back"),
}

# How a fact is put into words; the others are shown as they are.
FACTS: dict[str, Callable[[Any], str]] = {
    "lines": lambda n: _n("{n} line", "{n} lines", n),
    "units": _units_of,
    "declined": _units_of,
    "short": _units_of,
    "missing": lambda code: _(MISSING[code]) if code in MISSING else small(code),
    "decline": decline,
    "answer": lambda kind: _(ANSWERS[kind]) if kind in ANSWERS else plain(kind),
    "until": lambda s: day(date.fromisoformat(s)),
    "ship_on": lambda s: day(date.fromisoformat(s)),
    "arrives": lambda s: day(date.fromisoformat(s)),
    "promised": lambda s: day(date.fromisoformat(s)),
    "was_promised": lambda s: day(date.fromisoformat(s)),
    "attested": lambda _yes: _("The vendor has looked: the units are there"),
    "taken_back": _units_of,
    "unfilled": _units_of,
    "fulfillment_orders": ", ".join,
    "doubts": lambda codes: ", ".join(map(doubt, codes)),
    "changes": lambda fields: ", ".join(map(field, fields)),
    "quantities": lambda all_: ", ".join(f"{sku}: {was} → {now}" for sku, was, now in all_),
    "kind": plain,
    "status": small,
    "severity": small,
    "delay": delay,
    "visibility": lambda code: _(NOTES[code]) if code in NOTES else plain(code),
    "photos": lambda n: _n("{n} photo", "{n} photos", n),
    "level": level,
    "rule": rule,
    "why": _,
    "since": lambda s: when(datetime.fromisoformat(s)),
    "at": lambda s: when(datetime.fromisoformat(s)),
}


def happened(event: str, facts: Mapping[str, Any]) -> dict[str, str | None]:
    """Return an event in words: title, sentence, icon, tone; an unknown one by its own name."""
    variant = facts.get("status") or facts.get("severity")
    entry = EVENTS.get(f"{event}:{variant}") or EVENTS.get(event) or Entry(plain(event))
    known = _in_words(facts)
    parts = [part for template in entry.parts if (part := _fill(_(template), known))]
    sentence = ". ".join(part[0].upper() + part[1:] for part in parts)
    return {
        "title": _fill(_(entry.title), known) or plain(event),
        "sentence": f"{sentence}." if sentence else None,
        "icon": entry.icon,
        "tone": entry.tone,
    }


def _in_words(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the facts that say something, each in words."""
    known = {k: str(FACTS.get(k, str)(v)) for k, v in facts.items() if v not in (None, "", 0, [])}
    if "minor" in facts and "currency" in facts:
        known["amount"] = money((facts["minor"], facts["currency"]))
    return known


def _fill(template: str, known: Mapping[str, str]) -> str | None:
    try:
        return template.format_map(known)
    except KeyError:
        return None
