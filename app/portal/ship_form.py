"""The form of a hand-over: parcels with their carriers and numbers, as typed and as understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug.datastructures import FileStorage, MultiDict

from app.carriers import numbers
from app.orders.models import FoLine, FulfillmentOrder
from app.shared.errors import InvalidInput
from app.shared.language import _
from app.shipments import entered
from app.shipments.contract import Asked
from app.shipments.handover import Leaving
from app.shipments.labels.vendors_own import checked
from app.shipments.packages import Packed
from app.shipments.service import Dispatch, Parcel

MOST_PARCELS = 20
# As a browser sends a moment.
MOMENT = "%Y-%m-%dT%H:%M"
OTHER = "other"


@dataclass
class Typed:
    """One parcel of the form: what was typed, and what is wrong with it by field."""

    package: Packed | None
    units: dict[str, str]
    # which field is whose: by the package's name, for others may leave meanwhile; else by its place
    key: str
    reference: str | None = None
    carrier: str = ""
    number: str = ""
    at: str = ""
    goes: bool = True
    errors: dict[str, str] = field(default_factory=dict)
    # what is doubtful and taken all the same
    doubt: str = ""


def carriers(typed: Sequence[Typed] = ()) -> list[tuple[str, str]]:
    """Return the carriers to choose from; those that parcels have already are never left out."""
    known = dict(numbers.TITLES)
    known |= {one.carrier: numbers.title(one.carrier) for one in typed if one.carrier}
    return [*sorted(known.items(), key=lambda one: one[1]), (OTHER, _("Another carrier"))]


def blank(leaving: Leaving, many: int) -> list[Typed]:
    """Return the parcels to fill in: those packed and waiting, or so many of what is not packed."""
    waiting = [one for one in leaving.packed if one.waits]
    if waiting:
        return [
            Typed(
                one,
                {},
                one.package.reference,
                one.package.reference,
                carrier=(one.label.carrier if one.label else None) or "",
                number=(one.label.tracking_number if one.label else None) or "",
            )
            for one in waiting
        ]
    left = open_lines(leaving.fo)
    count = min(max(many, 1), MOST_PARCELS) if left else 0
    # The first holds all that is left: those who want it otherwise say so.
    return [
        Typed(None, {line.line: str(0 if n else units) for line, units in left}, f"p{n}")
        for n in range(count)
    ]


def open_lines(fo: FulfillmentOrder) -> list[tuple[FoLine, int]]:
    """Return the lines of which units are confirmed and have not left, with how many."""
    return [(line, n) for line in fo.lines if (n := line.confirmed - line.shipped) > 0]


def read(leaving: Leaving, sent: MultiDict[str, str]) -> list[Typed]:
    """Return the form as it was sent, for the parcels that still wait."""
    typed = blank(leaving, sent.get("parcels", 1, int))
    for one in typed:
        one.carrier = sent.get(f"{one.key}-carrier", "")[:31]
        one.number = sent.get(f"{one.key}-number", "")[:60]
        one.at = sent.get(f"{one.key}-at", "")[:20]
        one.goes = one.package is None or f"{one.key}-goes" in sent
        one.units = {line: sent.get(f"{one.key}-u-{line}", "")[:9] for line in one.units}
    return typed


def again(leaving: Leaving, typed: Sequence[Typed]) -> list[Typed]:
    """Return what was typed, to be put right, beside the packages as they are now."""
    waiting = {one.package.reference: one for one in leaving.packed if one.waits}
    for one in typed:
        one.package = waiting.get(one.reference or "")
    return [one for one in typed if one.package or not one.reference]


def dispatch(leaving: Leaving, typed: Sequence[Typed], zone: ZoneInfo, now: datetime) -> Dispatch:
    """Return what the form says; refuse it where something is wrong, and `errors` say what."""
    going = [one for one in typed if one.goes]
    owners = entered.owners([numbers.clean(one.number) for one in going], now)
    parcels = []
    claims: list[entered.Claim] = []
    for one in going:
        judged = entered.judge(one.carrier or None, one.number)
        owner = owners.get((judged.carrier or "", judged.number))
        if judged.is_refused:
            one.errors["number"] = judged.sentence
        elif owner and owner.fo_id != leaving.fo.id:
            fo = leaving.fo
            one.errors["number"] = entered.taken(judged.number)
            claims += entered.claims(
                judged.carrier or "", judged.number, owner, fo.id, fo.vendor_id
            )
        one.doubt = judged.sentence if judged.is_doubtful else ""
        moment = _moment(one, zone, leaving.fo, now)
        units = _units(one, leaving.fo) if one.package is None else None
        number, carrier = judged.number, judged.carrier or ""
        parcels.append(Parcel(carrier, number, moment, units, one.reference))
    if any(one.errors for one in going):
        said = _("Nothing has been shipped yet. Look at what is marked.")
        raise entered.Taken(said, claims) if claims else InvalidInput(said)
    return Dispatch(leaving.fo.reference, parcels)


def _moment(one: Typed, zone: ZoneInfo, fo: FulfillmentOrder, now: datetime) -> datetime:
    if not one.at:
        return now
    try:
        moment = datetime.strptime(one.at, MOMENT).replace(tzinfo=zone)
    except ValueError:
        one.errors["at"] = _("This is no moment. Leave it empty for now.")
        return now
    if moment > now:
        one.errors["at"] = _("That is still to come. Say it when the parcel has left.")
    elif moment < fo.assigned_at:
        one.errors["at"] = _("It cannot have left before you were given it.")
    return moment


def _units(one: Typed, fo: FulfillmentOrder) -> Mapping[str, int]:
    most = {line.line: n for line, n in open_lines(fo)}
    units = {}
    for line, words in one.units.items():
        is_number = words.isascii() and words.isdecimal()
        n = int(words) if is_number else 0
        if (words and not is_number) or n > most.get(line, 0):
            one.errors[f"u-{line}"] = _("0 to {n} are left to ship.", n=most.get(line, 0))
        units[line] = n
    if not one.errors and not any(units.values()):
        one.errors["number"] = _("This parcel would be empty. Say how many units are in it.")
    return units


def file(files: MultiDict[str, FileStorage], most_bytes: int) -> bytes | None:
    """Return what the form's file holds, None where there is none."""
    sent = files.get("file")
    if sent is None or not sent.filename:
        return None
    with sent.stream as stream:
        # One byte more than is taken tells that there is too much.
        return stream.read(most_bytes + 1)


def asked(sent: Mapping[str, str], content: bytes | None) -> Asked:
    """Return a label of the carrier's as its form says it."""
    carrier = sent.get("carrier", "")[:31]
    number = sent.get("number", "")[:60]
    if number and not carrier:
        carrier = entered.judge(None, number).carrier or ""
        if not carrier:
            said = _("Choose the carrier: the number does not tell it.")
            raise InvalidInput(_("The label was not taken."), carrier=said)
    file = checked(content) if content else None
    return Asked(carrier or None, number or None, None, file)


def shown(one: Typed) -> dict[str, Any]:
    """Return what a page shows of a parcel besides its fields."""
    package = one.package
    return {
        "reference": one.reference,
        "number": package.package.number if package else None,
        "weight_g": package.package.weight_g if package else None,
        "box": package.package.box if package else None,
        "label": package.label if package else None,
    }
