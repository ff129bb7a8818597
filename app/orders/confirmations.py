"""A vendor's word on a fulfillment order: how much of it, by when, and why not the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.orders.contract import Action, DeclineCode, FoStatus
from app.orders.models import FoLine, FulfillmentOrder
from app.orders.rules import move
from app.shared.errors import IllegalMove, InvalidInput
from app.vendors.queries import zone_of

# Nobody can tell further ahead; it is a year that was typed wrong.
FURTHEST = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A vendor's word on one fulfillment order: units it can ship by line (None: all of them).

    `reason` and `code`: why not the others, in its words and as one of ours; words alone are
    "other". `has_attested`: it has looked, and what it confirms is there. `ship_on`: the day on
    which it means to hand it over, by its own calendar; after ship-by is allowed, and seen.
    """

    reference: str
    quantities: Mapping[str, int] | None = None
    reason: str | None = None
    code: DeclineCode | None = None
    has_attested: bool = False
    ship_on: date | None = None


def asked(line: FoLine) -> int:
    """Return the units of a line that its vendor still has to say a word about."""
    return line.ordered - line.declined - line.canceled


def hear(
    fo: FulfillmentOrder, word: Confirmation, now: datetime
) -> list[tuple[FoLine, int]] | None:
    """Take a vendor's word on a locked fulfillment order; return the units that go back by it.

    None: it has said so before, and nothing is changed.
    """
    wanted = _quantities(fo, word)
    action = Action.CONFIRM if any(wanted.values()) else Action.DECLINE
    target = move(fo.reference, FoStatus(fo.status), action, fo.held_from)
    if target == fo.status:
        _require_same(fo, word, wanted)
        return None
    if word.ship_on and action is Action.CONFIRM:
        _require_day(fo, word.ship_on, now)
    fo.status, fo.confirmed_at = target, now
    return _take(fo, word, wanted)


def _quantities(fo: FulfillmentOrder, word: Confirmation) -> dict[str, int]:
    """Return the units by line that a word confirms; refuse one that cannot be."""
    # Before its word, what is declined was taken from the vendor; after it, by itself.
    is_first = fo.status == FoStatus.ASSIGNED
    most = {x.line: asked(x) if is_first else x.ordered - x.canceled for x in fo.lines}
    if word.quantities is None:
        return most
    for line, quantity in word.quantities.items():
        if not 0 <= quantity <= most.get(line, -1):
            detail = f"{fo.reference} has no line '{line}' of which {quantity} could be confirmed."
            raise InvalidInput(detail, **{line: f"0 to {most.get(line, 0)}"})
    wanted = {line: word.quantities.get(line, 0) for line in most}
    if wanted != most:
        _require_why(fo, word)
    return wanted


def _require_why(fo: FulfillmentOrder, word: Confirmation) -> None:
    has_words = bool((word.reason or "").strip())
    if word.code is None and not has_words:
        detail = f"{fo.reference}: say why not everything can be shipped."
        raise InvalidInput(detail, reason="needed where units are declined")
    if word.code is DeclineCode.OTHER and not has_words:
        detail = f"{fo.reference}: say in words why not everything can be shipped."
        raise InvalidInput(detail, reason="needed where the code is 'other'")


def _require_day(fo: FulfillmentOrder, ship_on: date, now: datetime) -> None:
    """Refuse a day of hand-over that is past where the goods are, or out of all reason."""
    today = now.astimezone(ZoneInfo(zone_of(fo.location_id))).date()
    last = today + FURTHEST
    if not today <= ship_on <= last:
        detail = f"{fo.reference} cannot be handed over on {ship_on}; name a day from today on."
        raise InvalidInput(detail, ship_on=f"{today} to {last}")


def _require_same(fo: FulfillmentOrder, word: Confirmation, wanted: Mapping[str, int]) -> None:
    """Refuse another word than the one that was given before."""
    if any(line.confirmed != wanted[line.line] for line in fo.lines):
        detail = f"{fo.reference} was {fo.status} with other quantities; ask ops to change it."
        raise IllegalMove(detail)
    if word.ship_on not in {None, fo.ship_on} and fo.status != FoStatus.REJECTED:
        detail = f"{fo.reference} was confirmed for another day; ask ops to change it."
        raise IllegalMove(detail)


def _take(
    fo: FulfillmentOrder, word: Confirmation, wanted: Mapping[str, int]
) -> list[tuple[FoLine, int]]:
    """Write a word down; return the units that go back by it."""
    back = []
    for line in fo.lines:
        line.confirmed = wanted[line.line]
        if units := asked(line) - line.confirmed:
            line.declined += units
            back.append((line, units))
    why = word.code or (DeclineCode.OTHER if word.reason else None)
    fo.decline_code, fo.decline_reason = (why if back else None), word.reason
    if any(wanted.values()):
        fo.has_attested, fo.ship_on = word.has_attested, word.ship_on
    return back


def facts_of(fo: FulfillmentOrder, units: int) -> dict[str, Any]:
    """Return what is told of a word: what it promises, and how many units it declines, and why."""
    known: dict[str, Any] = {}
    if units:
        known = {"declined": units, "reason": fo.decline_reason or "", "decline": fo.decline_code}
    if fo.ship_on:
        known["ship_on"] = fo.ship_on.isoformat()
    return known | ({"attested": True} if fo.has_attested else {})
