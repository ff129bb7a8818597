"""Tracking numbers as people enter them: whose is it, is it right, is it another parcel's?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.carriers import numbers
from app.carriers.numbers import Fit
from app.extensions import db
from app.orders.queries import IN_WORK
from app.shared.errors import Conflict
from app.shared.language import _
from app.shared.work import PLATFORM, acting_as

NUMBER = re.compile(r"[A-Z0-9]{5,40}", re.ASCII)
CARRIER = re.compile(r"[a-z][a-z0-9_]{1,30}", re.ASCII)
# A carrier gives a number again after a year: a label that is older holds it no more.
HOLDS = timedelta(days=365)
# Labels that hold their number: of packages that wait, of work that can still leave.
HELD = (
    "SELECT l.tracking_number, l.carrier, p.fo_id, l.vendor_id, p.id AS package_id FROM labels l"
    " JOIN packages p ON p.id = l.package_id JOIN fulfillment_orders f ON f.id = p.fo_id"
    " WHERE l.tracking_number = ANY(:numbers) AND l.voided_at IS NULL AND p.shipment_id IS NULL"
    f" AND l.made_at > :since AND f.status IN {IN_WORK}"
    " AND EXISTS (SELECT FROM package_lines x WHERE x.package_id = p.id)"
)
# What somebody has already: parcels that left this year, and labels that hold their number.
TAKEN = text(
    "SELECT tracking_number, carrier, fo_id, vendor_id, NULL AS package_id FROM shipments"
    f" WHERE tracking_number = ANY(:numbers) AND period = :year UNION ALL {HELD}"
)
LABELED = text(HELD)


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has a number: a parcel that has left, or the label of a package that has not."""

    fo_id: UUID
    package_id: UUID | None
    vendor_id: UUID


@dataclass(frozen=True, slots=True)
class Claim:
    """A number that a fulfillment order should go by, and another vendor has."""

    fo_id: UUID
    carrier: str
    number: str


class Taken(Conflict):
    """A number is another parcel's; `claims` are what ops should hear of."""

    def __init__(self, detail: str, /, claims: Sequence[Claim] = ()) -> None:
        """Keep the sentence, and what ops should hear of."""
        super().__init__(detail)
        self.claims = claims


@dataclass(frozen=True, slots=True)
class Judged:
    """What is to be said of a number; `is_refused`: it is not taken like this.

    `carrier` is the one that was chosen, or the only one whose number it can be.
    """

    number: str
    carrier: str | None
    sentence: str
    is_refused: bool = False
    is_doubtful: bool = False

    @property
    def tone(self) -> str:
        """Return how a page shows it: crit, warn or good."""
        return "crit" if self.is_refused else "warn" if self.is_doubtful else "good"


def judge(carrier: str | None, number: str) -> Judged:
    """Return what is to be said of a number by itself; without a carrier it is guessed."""
    bare = numbers.clean(number)
    if not NUMBER.fullmatch(bare):
        said = _("Type the number that stands on the carrier's label: 5 to 40 letters and digits.")
        return Judged(bare[:40], carrier, said, is_refused=True)
    # Where only the last digit is wrong, that is what is said.
    chosen = carrier or _only(numbers.guesses(bare) or numbers.shaped(bare))
    if chosen is None:
        said = _("{number} does not tell its carrier. Choose the carrier.", number=bare)
        return Judged(bare, None, said, is_refused=True)
    if not CARRIER.fullmatch(chosen):
        said = _("No carrier is called {carrier}.", carrier=chosen[:40])
        return Judged(bare, None, said, is_refused=True)
    return _by_format(chosen, bare)


def _by_format(carrier: str, number: str) -> Judged:
    verdict = numbers.check(carrier, number)
    others = [numbers.title(one) for one in numbers.guesses(number) if one != carrier]
    if verdict.fit is Fit.OK:
        return Judged(number, carrier, f"{numbers.title(carrier)}: {verdict.sentence}")
    said = verdict.sentence
    if others and carrier in numbers.FORMATS:
        said = f"{said} {_('It would be right for {carriers}.', carriers=', '.join(others))}"
    is_wrong = verdict.fit is Fit.BAD_CHECK_DIGIT
    return Judged(number, carrier, said, is_refused=is_wrong, is_doubtful=not is_wrong)


def _only(found: list[str]) -> str | None:
    return found[0] if len(found) == 1 else None


def owners(found: Iterable[str], now: datetime) -> Mapping[tuple[str, str], Owner]:
    """Return who has numbers already, whoever's they are, by carrier and number."""
    values = {"year": now.astimezone(UTC).year} | _asked(found, now)
    with acting_as(PLATFORM):
        rows = db.session.execute(TAKEN, values).all()
    return _by_number(rows)


def labeled(found: Iterable[str], now: datetime) -> Mapping[tuple[str, str], Owner]:
    """Return whose labels hold numbers, whoever's they are, by carrier and number."""
    with acting_as(PLATFORM):
        return _by_number(db.session.execute(LABELED, _asked(found, now)).all())


def _asked(found: Iterable[str], now: datetime) -> dict[str, Any]:
    return {"numbers": sorted(set(found)), "since": now - HOLDS}


def _by_number(rows: Sequence[Row[Any]]) -> dict[tuple[str, str], Owner]:
    return {(r.carrier, r.tracking_number): Owner(r.fo_id, r.package_id, r.vendor_id) for r in rows}


def claims(
    carrier: str, number: str, owner: Owner, fo_id: UUID, vendor_id: UUID
) -> tuple[Claim, ...]:
    """Return what ops hear where a vendor types a number: its own mistakes are its own."""
    return (Claim(fo_id, carrier, number),) if owner.vendor_id != vendor_id else ()


def refusal(carrier: str, number: str, owner: Owner, fo_id: UUID, vendor_id: UUID) -> Taken:
    """Return why a number that somebody has is not given to a fulfillment order."""
    return Taken(taken(number), claims(carrier, number, owner, fo_id, vendor_id))


def taken(number: str) -> str:
    """Return what is said of a number that another parcel has."""
    return _("{number} is another parcel's number; compare it with the label.", number=number)
