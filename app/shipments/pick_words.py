"""What a scan means, in words: large ones first, then what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.shared.language import _, _n, later
from app.shipments.models import Scan
from app.shipments.pick_rules import TONES, Outcome
from app.web import marks
from app.web.marks import code, filled, rich, strong

TITLES = {
    Outcome.RIGHT: later("Right"),
    Outcome.WRONG_ITEM: later("Wrong item"),
    Outcome.WRONG_VARIANT: later("Wrong variant"),
    Outcome.WRONG_ORDER: later("Wrong order"),
    Outcome.TOO_MANY: later("One too many"),
    Outcome.UNKNOWN: later("Unknown code"),
}
SIGNS = {"good": "check-circle-fill", "warn": "exclamation-triangle-fill", "crit": "x-octagon-fill"}
REASONS = {
    "not_found": later("Not found"),
    "damaged": later("Damaged"),
    "wrong_count": later("Stock count is wrong, nothing more is there"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """An answer to a scan: how it looks, its large word, and its sentences."""

    tone: str
    sign: str
    title: str
    words: tuple[str, ...]


def said(scan: Scan, totes: dict[str, int] | None = None) -> Said:
    """Return what a scan is answered; `totes`: the number of each order's tote on a walk."""
    if scan.outcome not in TITLES:
        return Said("info", "basket3", _("Given back"), (_thing(scan.facts),))
    outcome = Outcome(scan.outcome)
    tone, title = TONES[outcome], _(TITLES[outcome])
    words = tuple(_words(outcome, scan, totes or {}))
    if scan.undone_at:
        return Said("warn", "arrow-return-left", _("Put back"), words[:1])
    if outcome is Outcome.RIGHT and scan.quantity < 0:
        title = _("Put back")
    if outcome is Outcome.TOO_MANY and scan.facts.get("take", {}).get("left"):
        title = _("Too many")
    return Said(tone, SIGNS[tone], title, words)


def _thing(facts: dict[str, Any]) -> str:
    return strong(facts.get("title", ""))


def _words(outcome: Outcome, scan: Scan, totes: dict[str, int]) -> Iterator[str]:
    facts, scanned = scan.facts, _thing(scan.facts)
    if outcome is Outcome.RIGHT:
        units = abs(scan.quantity)
        yield rich("{n} \N{MULTIPLICATION SIGN} {item}", n=units, item=scanned)
        for fo, n in facts.get("for", ()) if totes else ():
            yield _into(totes.get(fo), n, fo)
        return
    if outcome is Outcome.UNKNOWN:
        yield rich("Nothing of yours is called {code}.", code=code(scan.code))
    elif outcome is Outcome.WRONG_ORDER:
        yield rich("{item} belongs to {order}.", item=scanned, order=code(facts.get("owner")))
    elif outcome is Outcome.TOO_MANY:
        yield _too_many(scan, scanned)
    else:
        yield rich("You scanned {item}.", item=scanned)
    take = facts.get("take")
    if take and take["left"] and outcome is not Outcome.TOO_MANY:
        yield _instead(take)


def _too_many(scan: Scan, scanned: str) -> str:
    left = scan.facts.get("take", {}).get("left") or 0
    if scan.quantity < 0:
        return rich("No unit of {item} is picked that could be put back.", item=scanned)
    if not left:
        return rich("All of {item} is picked already. Put it back.", item=scanned)
    words = _n(
        "Only {n} unit of {item} is still wanted.",
        "Only {n} units of {item} are still wanted.",
        left,
        item="{item}",
    )
    return filled(words, item=scanned)


def _instead(take: dict[str, Any]) -> str:
    item = _thing(take)
    if take["bin"]:
        return rich("Take {item} from {bin}.", item=item, bin=code(take["bin"]))
    return rich("Take {item}, {sku}.", item=item, sku=code(take["sku"]))


def _into(tote: int | None, units: int, fo: str) -> str:
    if tote is None:
        return code(fo)
    number = marks.tote(tote)
    return rich("{n} into tote {tote}, {order}", n=units, tote=number, order=code(fo))


def in_short(scan: Scan) -> str:
    """Return what a scan was, in a list of the last ones."""
    title = scan.facts.get("title")
    if title is None:
        return scan.code
    if scan.outcome == Outcome.RIGHT and abs(scan.quantity) > 1:
        return f"{scan.quantity} \N{MULTIPLICATION SIGN} {title}"
    return str(title)
