"""A vendor's life as a table of moves, and what a location's calendar may say."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache

from holidays import country_holidays

from app.shared.errors import IllegalMove, InvalidInput
from app.vendors.contract import Move, Status, Step

M, S = Move, Status
OPEN = (S.ACTIVE, S.REVIEW, S.PAUSED, S.SUSPENDED)

# (status, move) -> status. To the same status: the same news twice, or another reason or day.
MOVES: dict[tuple[Status, Move], Status] = {
    (S.ACTIVE, M.REVIEW): S.REVIEW,
    (S.SUSPENDED, M.REVIEW): S.REVIEW,
    (S.REVIEW, M.REVIEW): S.REVIEW,
    (S.REVIEW, M.CLEAR): S.ACTIVE,
    (S.ACTIVE, M.CLEAR): S.ACTIVE,
    (S.PAUSED, M.REOPEN): S.ACTIVE,
    (S.SUSPENDED, M.REOPEN): S.ACTIVE,
    (S.ACTIVE, M.REOPEN): S.ACTIVE,
    **{(status, M.PAUSE): S.PAUSED for status in (S.ACTIVE, S.REVIEW, S.PAUSED)},
    **{(status, M.SUSPEND): S.SUSPENDED for status in OPEN},
    **{(status, M.CLOSE): S.CLOSED for status in (*OPEN, S.CLOSED)},
}
WHAT_NOW = {
    S.ACTIVE: "Put it under review, pause, suspend or close it.",
    S.REVIEW: "End the review, or pause, suspend or close it.",
    S.PAUSED: "Reopen, suspend or close it.",
    S.SUSPENDED: "Reopen it, put it under review, or close it.",
    S.CLOSED: "That is for good; a vendor that comes back is taken in anew.",
}
# Whoever is given less work must be told why.
WITH_A_REASON = frozenset({M.REVIEW, M.PAUSE, M.SUSPEND, M.CLOSE})
# Those that may name a day from which the vendor is active again by itself.
WITH_AN_END = frozenset({M.PAUSE, M.SUSPEND})
# Those after which open work may be given to others; whoever is closed can finish none of it.
STOPPING = frozenset({M.SUSPEND, M.CLOSE})
ENDING = frozenset({M.CLOSE})
LONGEST_REASON = 500
# A vendor that stays away longer is closed.
LONGEST_ABSENCE = timedelta(days=2 * 366)
LONGEST_CLOSURE = timedelta(days=366)
PLACE = re.compile(r"([A-Z]{2})(?:-(\w{1,30}))?", re.ASCII)


def move(code: str, status: Status, action: Move) -> Status:
    """Return the status that a move leads to; IllegalMove says what can be done instead."""
    target = MOVES.get((status, action))
    if target is None:
        detail = f"{code} is {status}; '{action}' leads nowhere from there. {WHAT_NOW[status]}"
        raise IllegalMove(detail)
    return target


def moves_from(status: Status) -> list[Move]:
    """Return what can be done about a vendor: what leads elsewhere, or names another end."""
    return [
        m for m in Move if (status, m) in MOVES and (MOVES[status, m] != status or m in WITH_AN_END)
    ]


def way(status: Status, target: Status) -> Move | None:
    """Return the move that leads from one status to another; None where there is none."""
    return next((m for m in moves_from(status) if MOVES[status, m] == target), None)


def require_sense(step: Step, today: date) -> None:
    """Refuse a move without its reason, or with an end that makes no sense."""
    wrong = {}
    if step.move in WITH_A_REASON and not step.reason:
        wrong["reason"] = "Say why: the vendor is told."
    elif len(step.reason) > LONGEST_REASON:
        wrong["reason"] = f"Use at most {LONGEST_REASON} characters."
    if step.until is not None and step.move not in WITH_AN_END:
        wrong["until"] = "Only a pause or a suspension ends by itself."
    elif step.until is not None and not today < step.until <= today + LONGEST_ABSENCE:
        wrong["until"] = "Name a day after today, within two years."
    if wrong:
        raise InvalidInput(f"Nothing was changed. {' '.join(wrong.values())}", **wrong)


def require_closure(first: date, last: date, today: date) -> None:
    """Refuse days that lie behind, the wrong way round, or in more than a year."""
    if last < first:
        raise InvalidInput("The last day lies before the first.", last_day="before the first day")
    if last - first >= LONGEST_CLOSURE:
        raise InvalidInput(
            "A closure is a year at most; a location that is closed for longer is switched off.",
            last_day="more than a year after the first day",
        )
    if last < today:
        raise InvalidInput(f"{last} is over; nothing can be closed then.", last_day="is over")


def has_address(code: str) -> bool:
    """Return whether a vendor of this code has pages of its own: its code is a part of them."""
    return "/" not in code and code not in {"new", ".", ".."}


@cache
def why_no_calendar(place: str) -> str | None:
    """Return why there are no public holidays of a place ("DE", "DE-BY"); None: there are."""
    found = PLACE.fullmatch(place)
    if not found:
        return "is no country or part of one; write it like DE or DE-BY"
    country, part = found.groups()
    try:
        country_holidays(country)
    except NotImplementedError:
        return f"is in a country whose public holidays are not known: {country}"
    try:
        country_holidays(country, subdiv=part)
    except NotImplementedError:
        parts = ", ".join(sorted(p for p in country_holidays(country).subdivisions if p.isupper()))
        return f"is no part of {country} with holidays of its own; known: {parts or 'none'}"
    return None
