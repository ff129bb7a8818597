"""Pickups: when a carrier comes to a location; booked, canceled, and whether it came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.carriers import numbers
from app.extensions import db
from app.shared import bulk, ids
from app.shared.errors import Conflict, IllegalMove, InvalidInput, NotFound
from app.shared.language import _
from app.shipments.entered import CARRIER
from app.shipments.models import Pickup
from app.vendors.models import Location
from app.web.words import when

# Nobody knows so far ahead when a truck comes.
DAYS_AHEAD = 60
LONGEST_NOTE = 300


@dataclass(frozen=True, slots=True)
class Booking:
    """A pickup somebody books: local times of the location."""

    location: str
    carrier: str
    day: date
    from_time: time
    until_time: time
    note: str = ""


def book(wanted: Booking, *, by: str, now: datetime) -> Pickup:
    """Book a pickup; a carrier comes to a location once a day."""
    place = db.session.scalar(select(Location).where(Location.code == wanted.location))
    wrong = _wrong(wanted, place, now)
    if wrong:
        raise InvalidInput(_("No pickup was booked."), **wrong)
    assert place is not None  # noqa: S101 - said to be wrong above
    row = {
        "id": ids.new(),
        "vendor_id": place.vendor_id,
        "location_id": place.id,
        "carrier": wanted.carrier,
        "day": wanted.day,
        "from_time": wanted.from_time,
        "until_time": wanted.until_time,
        "note": " ".join(wanted.note.split())[:LONGEST_NOTE] or None,
        "made_at": now,
        "made_by": by,
    }
    conflict = "ON CONFLICT (location_id, carrier, day) WHERE canceled_at IS NULL DO NOTHING"
    if not bulk.insert(Pickup, [row], conflict=conflict, returning="id"):
        said = _(
            "{carrier} comes to {place} on that day already; cancel that pickup first.",
            carrier=numbers.title(wanted.carrier),
            place=place.name,
        )
        raise Conflict(said)
    return _pickup(row["id"])


def _wrong(wanted: Booking, place: Location | None, now: datetime) -> dict[str, str]:
    wrong = {}
    if place is None or not place.is_active:
        return {"location": _("You have no place of that name.")}
    if not CARRIER.fullmatch(wanted.carrier):
        wrong["carrier"] = _("Choose a carrier.")
    local = now.astimezone(ZoneInfo(place.zone))
    days = (wanted.day - local.date()).days
    if not 0 <= days <= DAYS_AHEAD:
        wrong["day"] = _("Choose a day from today to {n} days ahead.", n=DAYS_AHEAD)
    if wanted.from_time >= wanted.until_time:
        wrong["until_time"] = _("It ends after it begins.")
    elif days == 0 and wanted.until_time <= local.time():
        wrong["until_time"] = _("That is over already today.")
    return wrong


def _pickup(pickup_id: UUID, *, lock: bool = False) -> Pickup:
    query = select(Pickup).where(Pickup.id == pickup_id)
    locked = query.with_for_update(key_share=True)
    found: Pickup | None = db.session.scalar(locked if lock else query)
    if found is None:
        raise NotFound(_("There is no such pickup."))
    return found


def cancel(pickup_id: UUID, *, by: str, now: datetime) -> Pickup:
    """Cancel a pickup that has not been; canceled twice is canceled once."""
    found = _pickup(pickup_id, lock=True)
    if found.came is not None:
        raise IllegalMove(_("That pickup is over; there is nothing to cancel."))
    if found.canceled_at is None:
        found.canceled_at, found.said_at, found.said_by = now, now, by
    return found


def pickup_came(pickup_id: UUID, by: str, now: datetime) -> Pickup:
    """Take somebody's word that the carrier came; one that was late has come all the same."""
    return _said(pickup_id, by, now, came=True)


def pickup_missed(pickup_id: UUID, by: str, now: datetime) -> Pickup:
    """Take somebody's word that the carrier did not come; the same word again changes nothing.

    A carrier that has come has not missed: whoever says so looks at an old page.
    """
    return _said(pickup_id, by, now, came=False)


def _said(pickup_id: UUID, by: str, now: datetime, *, came: bool) -> Pickup:
    found = _pickup(pickup_id, lock=True)
    place = db.session.get_one(Location, found.location_id)
    begins = datetime.combine(found.day, found.from_time, ZoneInfo(place.zone))
    if found.canceled_at is not None:
        raise IllegalMove(_("That pickup was canceled; nobody was to come."))
    if now < begins:
        raise IllegalMove(_("That pickup has not begun yet; say it when its time has come."))
    if found.came and not came and found.said_at:
        said = _(
            "{name} said at {moment} that {carrier} came. Nothing was changed.",
            name=found.said_by,
            moment=when(found.said_at),
            carrier=numbers.title(found.carrier),
        )
        raise IllegalMove(said)
    if found.came is not came:
        found.came, found.said_at, found.said_by = came, now, by
    return found


def pickups(since: date, until: date) -> Sequence[Pickup]:
    """Return the scope's pickups of some days that were not canceled, the first first."""
    query = select(Pickup).where(Pickup.day.between(since, until), Pickup.canceled_at.is_(None))
    return db.session.scalars(
        query.order_by(Pickup.day, Pickup.from_time, Pickup.id).limit(200)
    ).all()
