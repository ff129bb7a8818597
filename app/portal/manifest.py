"""The day's hand-overs: manifests by carrier and place, and when carriers come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row

from app.carriers import numbers
from app.documents import manifest as documents
from app.documents.contract import Handed, Manifest
from app.documents.paper import Paper
from app.doors.guard import may
from app.portal import page, papers
from app.portal.page import blueprint
from app.shared.errors import Conflict, DomainError, InvalidInput, NotFound
from app.shared.language import _
from app.shared.work import transaction
from app.shipments import pickups
from app.shipments.contract import PDF, File
from app.shipments.handover import MOST_HANDED, handed_over, towns
from app.shipments.models import Pickup
from app.shipments.papers import policy
from app.web.fields import EARLIEST, LATEST
from app.web.toasts import toast

# A list for a printer of labels would be too narrow to sign.
SHEETS = {"a4": "a4", "letter": "letter", "label": "a4"}
DAYS_OF_PICKUPS = 14


@blueprint.get("/ship/manifest")
def manifest() -> ResponseReturnValue:
    """Show what was handed over on a day, by place and carrier, and which pickups are booked."""
    return _show()


def _show(
    refusal: DomainError | None = None, typed: Mapping[str, str] | None = None
) -> tuple[str, int]:
    with transaction(page.scope()) as now:
        shell = page.shell(now)
        zone = ZoneInfo(shell["zone"])
        today = now.astimezone(zone).date()
        day = _day(request.args.get("day", "")) or today
        found = handed_over(page.vendor_id(), day, zone)
        seen = towns(found, now)
        booked = pickups.pickups(today - timedelta(days=1), today + timedelta(days=DAYS_OF_PICKUPS))
    places = shell["places"]
    html = render_template(
        "portal/manifest.html",
        **shell,
        day=day,
        today=today,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1) if day < today else None,
        groups=list(_groups(found, places, day)),
        towns=seen,
        is_cut=len(found) == MOST_HANDED,
        pickups=[_pickup(one, places, now) for one in booked],
        carriers=sorted(numbers.TITLES.items(), key=lambda one: one[1]),
        can_book=may("portal.book_pickup", "POST"),
        typed=typed or {},
        errors=refusal.fields if refusal else {},
        problem=refusal.detail if refusal else None,
    )
    return html, refusal.status if refusal else 200


def _day(words: str) -> date | None:
    try:
        day = date.fromisoformat(words)
    except ValueError:
        return None
    return day if EARLIEST <= day.year < LATEST else None


def _groups(
    found: Sequence[Row[Any]], places: Mapping[UUID, Any], day: date
) -> Iterator[dict[str, Any]]:
    keys = {(row.location_id, row.carrier) for row in found}
    for place, carrier in sorted(keys, key=lambda k: (places[k[0]].name, k[1])):
        rows = [row for row in found if (row.location_id, row.carrier) == (place, carrier)]
        weights = [row.weight_g for row in rows if row.weight_g]
        code = places[place].code
        yield {
            "place": places[place].name,
            "carrier": numbers.title(carrier),
            "rows": rows,
            "weight_kg": sum(weights) / 1000 if weights else None,
            "weighed": len(weights),
            "pdf": url_for("portal.manifest_pdf", day=day, carrier=carrier, location=code),
        }


@blueprint.get("/ship/manifest.pdf")
def manifest_pdf() -> Response:
    """Return what one carrier was handed at one place on a day, for both to sign."""
    asked = {name: request.args.get(name, "") for name in ("day", "carrier", "location")}
    with transaction(page.scope()) as now:
        shell = page.shell(now)
        zone = ZoneInfo(shell["zone"])
        day = _day(asked["day"]) or now.astimezone(zone).date()
        places = {place.code: place for place in shell["places"].values()}
        place = places.get(asked["location"])
        rows = handed_over(page.vendor_id(), day, zone) if place else []
        seen = towns(rows, now)
        size = SHEETS[policy(now).size]
    here = [
        row
        for row in rows
        if place and (row.location_id, row.carrier) == (place.id, asked["carrier"])
    ]
    if not here or place is None:
        raise NotFound(_("Nothing was handed to that carrier there on that day."))
    carrier = numbers.title(asked["carrier"])
    paper = Paper(_("Manifest"), shell["vendor"])
    handed = tuple(_handed(row, seen[row.reference], zone) for row in here)
    documents.draw(paper, Manifest(shell["vendor"], place.name, carrier, day, handed), size)
    return papers.answer(f"manifest-{day}", File(PDF, paper.pdf(), is_ours=True))


def _handed(row: Row[Any], town: str, zone: ZoneInfo) -> Handed:
    clock = f"{row.shipped_at.astimezone(zone):%H:%M}"
    told = row.reference, row.order_number, row.tracking_number, town, clock
    return Handed(*told, row.weight_g, row.service)


# Pickups ------------------------------------------------------------------------------------


def _pickup(one: Pickup, places: Mapping[UUID, Any], now: datetime) -> dict[str, Any]:
    place = places[one.location_id]
    begins = datetime.combine(one.day, one.from_time, ZoneInfo(place.zone))
    return {
        "id": one.id,
        "carrier": numbers.title(one.carrier),
        "place": place.name,
        "day": one.day,
        "span": f"{one.from_time:%H:%M}\N{EN DASH}{one.until_time:%H:%M}",
        "note": one.note,
        "by": one.made_by,
        "came": one.came,
        "can_cancel": one.came is None and now < begins,
        "can_come": one.came is not True and now >= begins,
    }


@blueprint.post("/ship/pickups")
def book_pickup() -> ResponseReturnValue:
    """Book a pickup."""
    sent = request.form
    day, begins, ends = _day(sent.get("day", "")), _time(sent, "from"), _time(sent, "until")
    try:
        wrong = {} if day else {"day": _("Choose a day.")}
        wrong |= {} if begins else {"from_time": _("Say from when.")}
        wrong |= {} if ends else {"until_time": _("Say until when.")}
        if day is None or begins is None or ends is None:
            raise InvalidInput(_("No pickup was booked."), **wrong)  # noqa: TRY301 - as services do
        with transaction(page.scope()) as now:
            wanted = pickups.Booking(
                sent.get("location", ""),
                sent.get("carrier", ""),
                day,
                begins,
                ends,
                sent.get("note", ""),
            )
            pickups.book(wanted, by=current_user.name, now=now)
    except (InvalidInput, Conflict) as refusal:
        return _show(refusal, sent)
    toast(_("The pickup is booked."))
    return redirect(url_for("portal.manifest", _anchor="pickups"), 303)


def _time(sent: Mapping[str, str], name: str) -> time | None:
    try:
        return time.fromisoformat(sent.get(name, "")).replace(tzinfo=None)
    except ValueError:
        return None


@blueprint.post("/ship/pickups/<uuid:pickup_id>/cancel")
def cancel_pickup(pickup_id: UUID) -> ResponseReturnValue:
    """Cancel a pickup."""
    with transaction(page.scope()) as now:
        pickups.cancel(pickup_id, by=current_user.name, now=now)
    toast(_("The pickup is canceled. Tell the carrier, too."))
    return redirect(url_for("portal.manifest", _anchor="pickups"), 303)


@blueprint.post("/ship/pickups/<uuid:pickup_id>/came")
def pickup_came(pickup_id: UUID) -> ResponseReturnValue:
    """Take the word that a carrier came."""
    with transaction(page.scope()) as now:
        pickups.pickup_came(pickup_id, current_user.name, now)
    toast(_("Noted: the carrier came."))
    return redirect(url_for("portal.manifest", _anchor="pickups"), 303)
