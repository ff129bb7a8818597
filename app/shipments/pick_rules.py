"""What a scan means while goods are picked: right, wrong and how, and which units it counts for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from app.catalog.rules import GTIN

# No label is longer, and nobody takes more at once off a shelf.
LONGEST_CODE, MOST_AT_ONCE = 80, 999
WITH_QUANTITY = re.compile(r"([0-9]{1,4})\s*\*\s*(\S.*)")
INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
GTIN_DIGITS = 14
# What tells one variant from another in a title: sizes and amounts.
SIZES = re.compile(r"\b\d+([.,]\d+)?\s*(cm|mm|m|ml|cl|l|g|kg|oz|lb|in|inch|pack|pcs)?\b")
PARTS = re.compile(r"([0-9]+)")


class Outcome(StrEnum):
    """What a scan means."""

    RIGHT = "right"
    WRONG_ITEM = "wrong_item"
    WRONG_VARIANT = "wrong_variant"
    WRONG_ORDER = "wrong_order"
    TOO_MANY = "too_many"
    UNKNOWN = "unknown"


# How an answer looks: the ground it stands on, in every light.
TONES = {
    Outcome.RIGHT: "good",
    Outcome.TOO_MANY: "warn",
    Outcome.WRONG_ORDER: "warn",
    Outcome.WRONG_ITEM: "crit",
    Outcome.WRONG_VARIANT: "crit",
    Outcome.UNKNOWN: "crit",
}


@dataclass(frozen=True, slots=True)
class Article:
    """Something that is sold: by its SKU, its GTIN, and what the vendor's own labels say."""

    sku: str
    title: str
    gtin: str | None = None
    own_code: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted(Article):
    """A line to pick: of which fulfillment order, where it lies, how many, and how many are."""

    id: UUID = field(kw_only=True)
    fo: str = field(kw_only=True)
    units: int = field(kw_only=True)
    picked: int = field(kw_only=True)
    bin: str | None = field(default=None, kw_only=True)

    @property
    def left(self) -> int:
        """Return the units that are still to be picked."""
        return self.units - self.picked


@dataclass(frozen=True, slots=True)
class Scan:
    """What was read: a code, and how many of it are meant."""

    code: str
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a scan means; `counted` are units by line, `scanned` what lies in the hand.

    `take`: the line to take instead; `owner`: the other order it belongs to.
    """

    outcome: Outcome
    counted: tuple[tuple[Wanted, int], ...] = ()
    scanned: Article | None = None
    take: Wanted | None = None
    owner: str | None = None


def shown(typed: str) -> str:
    """Return as much as can be shown of what a scanner typed."""
    return INVISIBLE.sub("", typed).strip()[:LONGEST_CODE]


def read(typed: str) -> Scan | None:
    """Return what a scanner typed, "5*4012345678901" as five of a code; None: nothing to look for.

    What cannot be seen is the scanner's own: a prefix, a line's end.
    """
    words = INVISIBLE.sub("", typed).strip()
    several = WITH_QUANTITY.fullmatch(words)
    quantity, code = (int(several[1]), several[2].strip()) if several else (1, words)
    if not code or len(code) > LONGEST_CODE or not 1 <= quantity <= MOST_AT_ONCE:
        return None
    return Scan(code, quantity)


def padded(code: str) -> str | None:
    """Return a GTIN of any length as 14 digits, by which the same number is the same; or None."""
    return code.zfill(GTIN_DIGITS) if GTIN.fullmatch(code) else None


def is_called(article: Article, code: str) -> bool:
    """Return whether a code is one of an article's."""
    names = {name.upper() for name in (article.sku, article.own_code) if name}
    if code.upper() in names:
        return True
    number = padded(code)
    return number is not None and article.gtin is not None and number == padded(article.gtin)


def judge(
    scan: Scan,
    lines: Sequence[Wanted],
    *,
    beside: Sequence[Wanted] = (),
    known: Iterable[Article] = (),
) -> Verdict:
    """Return what a scan means for lines to pick, in the order in which they are due.

    `beside`: lines of other orders of the same walk; `known`: what else the vendor sells.
    """
    mine = [line for line in lines if is_called(line, scan.code)]
    if mine:
        return _count(scan, mine)
    others = [line for line in beside if is_called(line, scan.code)]
    if others:
        owner = next((line for line in others if line.left), others[0])
        return Verdict(Outcome.WRONG_ORDER, scanned=owner, owner=owner.fo, take=first(lines))
    found = next((article for article in known if is_called(article, scan.code)), None)
    if found is None:
        return Verdict(Outcome.UNKNOWN, take=first(lines))
    kin = first([line for line in lines if are_variants(found, line)])
    if kin:
        return Verdict(Outcome.WRONG_VARIANT, scanned=found, take=kin)
    return Verdict(Outcome.WRONG_ITEM, scanned=found, take=first(lines))


def _count(scan: Scan, mine: Sequence[Wanted]) -> Verdict:
    if sum(line.left for line in mine) < scan.quantity:
        open_line = next((line for line in mine if line.left), mine[0])
        return Verdict(Outcome.TOO_MANY, scanned=open_line, take=open_line)
    counted, rest = [], scan.quantity
    for line in mine:
        if units := min(rest, line.left):
            counted.append((line, units))
            rest -= units
    return Verdict(Outcome.RIGHT, counted=tuple(counted), scanned=counted[0][0])


def first(lines: Iterable[Wanted]) -> Wanted | None:
    """Return the line that is picked next: the first on the way of which anything is left."""
    return min((x for x in lines if x.left), key=lambda x: place(x.bin, x.sku), default=None)


def are_variants(one: Article, other: Article) -> bool:
    """Return whether two articles are easily taken for each other.

    Their titles differ in a size or in what follows a comma; or their SKUs begin alike, as their
    titles do.
    """
    if _family(one.title) == _family(other.title):
        return True
    stem = _stem(one.sku)
    is_one_stem = bool(stem) and stem == _stem(other.sku)
    return is_one_stem and _first_word(one.title) == _first_word(other.title)


def _family(title: str) -> str:
    base = SIZES.sub(" ", title.casefold().split(",")[0])
    return " ".join(base.split()) or title.casefold()


def _stem(sku: str) -> str:
    return sku.upper().rpartition("-")[0]


def _first_word(title: str) -> str:
    return (title.casefold().replace(",", " ").split() or [""])[0]


def place(bin_: str | None, sku: str) -> tuple[bool, list[tuple[int, str]], str]:
    """Return where a line stands on the way: "A-2" before "A-10"; what has no bin comes last."""
    parts = [part for part in PARTS.split((bin_ or "").upper()) if part]
    walk = [(int(part), "") if PARTS.fullmatch(part) else (-1, part) for part in parts]
    return bin_ is None, walk, sku
