"""A vendor's work: what has to leave by when, and one fulfillment order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row

from app.carriers.registry import CARRIERS
from app.doors.guard import may
from app.orders import queries
from app.orders.contract import FoStatus
from app.orders.models import FulfillmentOrder
from app.orders.rules import address_for_vendor
from app.portal import notes, page
from app.portal.gone import ending, gone
from app.portal.offered import offered
from app.portal.page import blueprint
from app.routing.own import why_theirs
from app.shared.errors import InvalidInput
from app.shared.language import _, _n, later
from app.shared.work import transaction
from app.shipments.models import Shipment
from app.shipments.queries import shipments_of
from app.threads.forms import Sent
from app.vendors.models import Location
from app.web import paging
from app.web.deadlines import Deadline, deadline
from app.web.paging import Key
from app.web.words import decline, span, when

# An address line by line; what stands on one line belongs together.
ADDRESS = (
    ("name",),
    ("company",),
    ("line1",),
    ("line2",),
    ("postal_code", "city"),
    ("region",),
    ("country",),
)


# The parts of the work by what is next, and where their number stands.
PARTS = {
    "": (later("All work"), "undone"),
    "confirm": (later("To confirm"), "unconfirmed"),
    "pick": (later("To pick"), "to_pick"),
    "pack": (later("To pack"), "to_pack"),
    "ship": (later("To ship"), "to_ship"),
    "held": (later("On hold"), "held"),
    "gift": (later("Gift"), "gifts"),
}


@blueprint.get("/")
def work() -> str:
    """Show what has not left yet, the first to ship first."""
    cut = paging.cut(request.args)
    asked = request.args.get("step", "")
    part = asked if asked in PARTS else ""
    statuses = queries.STEPS.get(part, queries.UNDONE)
    with transaction(page.scope()) as now:
        frame = page.shell(now)
        rows, pager = paging.turn(
            queries.undone(cut, statuses, only_gifts=part == "gift"),
            cut,
            lambda row: Key(row.ship_by, row.id),
            total=getattr(frame["work"], PARTS[part][1]),
        )
    listed = [_listed(row, frame) for row in rows]
    return render_template(
        "portal/work.html",
        **frame,
        parts=list(_parts(frame["work"], part)),
        part=part,
        groups=list(_groups(listed, frame, with_totals=not part)),
        page=pager,
        clocks=_clocks(frame["work"], now),
    )


def _parts(work: Any, part: str) -> Iterator[dict[str, Any]]:
    for name, (word, count) in PARTS.items():
        many = getattr(work, count)
        if many or name in {"", part}:
            href = url_for("portal.work", step=name or None)
            yield {"word": _(word), "many": many, "href": href, "is_here": name == part}


def _clocks(work: Any, now: datetime) -> dict[str, str]:
    """Return what the counts say of time: how late the oldest is, and when what is next ends."""
    clocks = {}
    if work.oldest:
        clocks["oldest"] = span(now - work.oldest)
    if work.first_word:
        clocks["first_word"] = span(work.first_word - now)
    return clocks


def _listed(row: Row[Any], frame: Mapping[str, Any]) -> dict[str, Any]:
    place: Location | None = frame["places"].get(row.location_id)
    return {
        "step": next_step(row),
        "reference": row.reference,
        "href": url_for("portal.fulfillment_order", reference=row.reference),
        "number": row.order_number,
        "to": ", ".join(filter(None, (row.city, row.country))),
        "from": place.name if place and len(frame["places"]) > 1 else None,
        "lines": [f"{units} \N{MULTIPLICATION SIGN} {title}" for units, title in row.few],
        "more": row.lines - len(row.few),
        "status": row.status,
        "deadline": _paused(row) or _first(row, frame["now"]),
        "is_late": row.ship_by < frame["now"],
        "group": _group(row, frame),
        "is_gift": bool(row.is_gift),
        "service": row.service,
    }


def _group(row: Row[Any], frame: Mapping[str, Any]) -> str:
    if row.ship_by < frame["now"]:
        return "overdue"
    return "today" if row.ship_by < frame["tonight"] else "later"


def _first(row: Row[Any], now: datetime) -> Deadline:
    """Return the deadline that comes first: a word is due before the parcel is.

    Of what is late and about to end it is its end.
    """
    if row.cancel_at:
        due = _("canceled {moment}", moment=when(row.cancel_at))
        return deadline(row.cancel_at, now, due, since=row.ship_by)
    confirm = _confirm(row, now) if row.status == FoStatus.ASSIGNED else None
    comes_first = confirm is not None and row.confirm_by < row.ship_by
    return confirm if confirm and comes_first else _ship(row, now)


def _paused(row: Row[Any]) -> Deadline | None:
    """Return the standing still of what is on hold; its deadline goes on."""
    if row.status != FoStatus.ON_HOLD:
        return None
    return Deadline("paused", _("On hold"), "", _("ship by {moment}", moment=when(row.ship_by)))


def _ship(row: Row[Any] | FulfillmentOrder, now: datetime) -> Deadline:
    return deadline(
        row.ship_by,
        now,
        _("ship by {moment}", moment=when(row.ship_by)),
        since=row.assigned_at,
        done_at=row.shipped_at,
    )


# What each group of the list is called, and what it says of itself.
GROUPS = {
    "overdue": (later("Overdue"), "exclamation-octagon-fill", "crit", later("Ship these first.")),
    "today": (later("Leaves today"), "truck", "warn", ""),
    "later": (later("Later"), "calendar-event", None, ""),
}


def _groups(
    listed: list[dict[str, Any]], frame: Mapping[str, Any], *, with_totals: bool
) -> Iterator[dict[str, Any]]:
    work = frame["work"]
    totals = {
        "overdue": work.overdue,
        "today": work.today,
        "later": work.undone - work.overdue - work.today,
    }
    for name, (title, icon, tone, advice) in GROUPS.items():
        rows = [row for row in listed if row["group"] == name]
        if rows:
            told = _n("{n} order.", "{n} orders.", totals[name]) if with_totals else ""
            yield {
                "name": name,
                "title": _(title),
                "icon": icon,
                "tone": tone,
                "told": " ".join(filter(None, (told, _(advice) if advice else ""))),
                "rows": rows,
            }


# One fulfillment order ------------------------------------------------------------------------


@blueprint.get("/orders/<reference>")
def fulfillment_order(reference: str) -> str:
    """Show what is to be sent where by when, and how far it is."""
    return show(reference)


@blueprint.post("/orders/<reference>/notes")
def write_note(reference: str) -> ResponseReturnValue:
    """Write a note to ops and one's team; one that is refused is shown again, to be put right."""
    sent, outcome = notes.write(reference)
    if isinstance(outcome, InvalidInput):
        return show(reference, sent, outcome), outcome.status
    return outcome


def show(reference: str, sent: Sent | None = None, refusal: InvalidInput | None = None) -> str:
    """Return the page of a fulfillment order, with a note's form that was not taken, if any."""
    with transaction(page.scope()) as now:
        frame = page.shell(now)
        row = queries.fulfillment_order(reference)
        ship_to = address_for_vendor(row, now, queries.address_days(now))
        parcels = [p for p in shipments_of(row.order_id) if p.fo_id == row.id]
        offers = offered(row.id)
        paid = queries.paid_more(row)
        why = why_theirs(row)
        thread = notes.thread(row, sent, refusal)
    place: Location | None = frame["places"].get(row.location_id)
    return render_template(
        "portal/fulfillment_order.html",
        **frame,
        order={
            "reference": row.reference,
            "number": row.order_number,
            "status": row.status,
            "hold_reason": row.hold_reason,
            "gone": gone(row) if row.status in ENDED else None,
            "ending": ending(row),
            "declined": _declined(row),
            "ship_on": row.ship_on if row.status in queries.UNDONE else None,
            "assigned": row.assigned_at,
            "why": why,
            "service": {"name": row.sent_by, "ordered": row.ordered_service, "paid": paid},
            "place": place.name if place else None,
            "confirm_by": _confirm(row, now),
            "ship_by": _ship(row, now) if row.status in ON_THE_CLOCK else None,
            "address": list(_address(ship_to)) if ship_to else [],
            "wishes": list(_wishes(row.preferences)) if ship_to else [],
            "was_sent": row.status in (FoStatus.SHIPPED, FoStatus.DELIVERED),
            "lines": row.lines,
            "parcels": [_parcel(parcel) for parcel in parcels],
        },
        offers=offers,
        step=next_step(row),
        is_open=row.status in queries.UNDONE,
        thread=thread,
    )


ENDED = (FoStatus.REJECTED, FoStatus.CANCELED)


def _declined(row: FulfillmentOrder) -> str | None:
    """Return why a part was declined, where the rest is still theirs."""
    if row.status in ENDED or not row.decline_code:
        return None
    return ", ".join(filter(None, (decline(row.decline_code), row.decline_reason)))


ON_THE_CLOCK = {*queries.UNDONE, FoStatus.SHIPPED, FoStatus.DELIVERED}


def _confirm(row: Row[Any] | FulfillmentOrder, now: datetime) -> Deadline | None:
    if row.confirm_by is None or (row.confirmed_at is None and row.status != FoStatus.ASSIGNED):
        return None
    due = _("confirm by {moment}", moment=when(row.confirm_by))
    return deadline(row.confirm_by, now, due, since=row.assigned_at, done_at=row.confirmed_at)


def _address(ship_to: Mapping[str, Any]) -> Iterator[str]:
    for names in ADDRESS:
        if line := " ".join(ship_to[name] for name in names if ship_to.get(name)):
            yield line


# What a customer may have asked for, as whoever packs reads it.
WISHES = {
    "gift_message": later("Gift message"),
    "delivery_instructions": later("For the carrier"),
    "preferred_delivery_time": later("Delivery time"),
    "deliver_by": later("Wanted by"),
}


def _wishes(preferences: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if preferences.get("gift_wrap"):
        yield _("Gift"), _("Wrap it as a gift")
    for name, label in WISHES.items():
        if preferences.get(name):
            yield _(label), str(preferences[name])


def _parcel(parcel: Shipment) -> dict[str, Any]:
    carrier = CARRIERS.get(parcel.carrier)
    return {
        "carrier": carrier.title if carrier else parcel.carrier.upper(),
        "number": parcel.tracking_number,
        "status": parcel.status,
        "delay": parcel.delay_reason,
        "shipped": parcel.shipped_at,
    }


# What is next, by status: the page where it is done, the word on its button, and in full.
NEXT = {
    FoStatus.ASSIGNED: ("portal.confirm", later("Confirm"), later("Say what you can send")),
    FoStatus.CONFIRMED: ("portal.pick", later("Pick"), later("Take it from the shelf")),
    FoStatus.PICKING: ("portal.pick", later("Go on"), later("Go on with picking and packing")),
    FoStatus.PACKED: ("portal.ship", later("Ship"), later("Print its papers and hand it over")),
    FoStatus.READY: ("portal.ship", later("Ship"), later("Hand it over")),
}


def next_step(row: Row[Any] | FulfillmentOrder) -> dict[str, str] | None:
    """Return what is next for whoever looks; nothing where there is nothing to do for them."""
    endpoint, word, title = NEXT.get(FoStatus(row.status), ("", "", ""))
    if not endpoint or current_user.viewing or not may(endpoint, "GET"):
        return None
    return {
        "href": url_for(endpoint, reference=row.reference),
        "word": _(word),
        "title": _(title),
    }
