"""Doubts in words: why an order is held, for whoever looks at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from app.orders.holds import PARTS
from app.shared import language
from app.shared.language import _, later
from app.web.words import day, doubt, field, money

Facts = Mapping[str, Any]
WRONG = {
    "unknown": later("No country has the code {code}."),
    "missing": later("{field} is missing; addresses in {country} have one."),
    "format": later("{field} does not look like one of {country}."),
    "region": later("{field} is one of another region of {country}."),
}
# Whether a vendor of the code that a line is pinned to is open.
ASTRAY = {
    True: later("{sku} may come from {vendor} alone, who does not list it."),
    False: later("{sku} may come from {vendor} alone, and no open vendor has that code."),
}


def wrong(fields: Mapping[str, str], country: str) -> dict[str, str]:
    """Return what is wrong with an address, a sentence a field."""
    name = language.locale().territories.get(country, country)
    return {
        key: _(WRONG[why], field=field(key), country=name, code=country)
        for key, why in fields.items()
    }


def _address(facts: Facts) -> str:
    return " ".join(wrong(facts["fields"], facts["country"]).values())


def _quantity(facts: Facts) -> str:
    return " ".join(
        _("{units} units of {sku}: more than {most} are looked at first.", **_numbers(one))
        for one in facts["over"]
    )


def _numbers(one: Facts) -> dict[str, str]:
    return {"sku": one["sku"]} | {k: language.number(one[k]) for k in ("units", "most")}


def _wrong_vendor(facts: Facts) -> str:
    return " ".join(
        _(ASTRAY[one["is_known"]], sku=one["sku"], vendor=one["vendor"]) for one in facts["pins"]
    )


def _value(facts: Facts) -> str:
    worth, most = (money((facts[name], facts["currency"])) for name in ("minor", "most"))
    return _(
        "The items are worth {worth}: more than {most} is looked at first.", worth=worth, most=most
    )


def _need_by(facts: Facts) -> str:
    needed = day(date.fromisoformat(facts["date"]))
    # A new order is doubted when it has no vendor; one whose date or country changed has some.
    if PARTS in facts:
        return _("The customer needs it by {day}, and its vendors cannot be in time.", day=needed)
    return _("The customer needs it by {day}, and nobody can be in time.", day=needed)


def _review(facts: Facts) -> str:
    if "channel" in facts:
        return _("Every order of {channel} is looked at first.", channel=facts["channel"])
    return _("Every order is looked at first.")


SENTENCES: Mapping[str, Callable[[Facts], str]] = {
    "address": _address,
    "unknown_sku": lambda facts: _(
        "Nobody sells {skus}, and no catalog knows it.", skus=", ".join(facts["skus"])
    ),
    "wrong_vendor": _wrong_vendor,
    "quantity": _quantity,
    "value": _value,
    "currency": lambda facts: _("{code} is no currency.", code=facts["currency"]),
    "review": _review,
    "need_by": _need_by,
    "unfilled": lambda facts: _(
        "Units that nobody has: {units}.", units=language.number(facts["units"])
    ),
    "manual": lambda facts: _("Held by hand: {reason}", reason=facts["reason"]),
    "shop": lambda facts: _("The shop says: {reason}", reason=facts["reason"]),
}


def sentence(code: str, facts: Facts) -> str:
    """Return why an order is held."""
    words_of = SENTENCES.get(code)
    return words_of(facts) if words_of else doubt(code)
