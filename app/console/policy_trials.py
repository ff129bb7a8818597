"""What a change of a policy would have done to the last orders, in sums and by order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.orders import trial as doubting
from app.orders.doubts import Doubt
from app.orders.words import sentence
from app.policies import documents
from app.policies.queries import InForce, in_force
from app.routing.loading import Rules, rules_at
from app.routing.trial import Outcome, Trial, trial
from app.shared.language import _, _n
from app.vendors.models import Vendor
from app.web.words import day, money

MOST_SHOWN = 12
# Those that say which way an order goes.
WAYS = frozenset({"routing", "promises", "lanes"})


def tried_on_the_last(
    kind: str, document: Mapping[str, Any], now: datetime
) -> dict[str, Any] | None:
    """Return what the last orders would become by a policy; None: it decides on none that is in."""
    if kind == "doubts":
        was = in_force(documents.Doubts, now).document
        return _doubted(doubting.trial(was, documents.Doubts.model_validate(document)))
    if kind in WAYS:
        rules = rules_at(now)
        return _routed(trial(rules, _under(rules, kind, document), now))
    return None


def _doubted(found: doubting.Trial) -> dict[str, Any]:
    return {
        "tried": found.tried,
        "changed": len(found.changed),
        "held": sum(1 for one in found.changed if not one.was),
        "freed": sum(1 for one in found.changed if not one.becomes),
        "orders": [
            {
                "number": one.number,
                "reference": one.reference,
                "was": _why(one.was),
                "becomes": _why(one.becomes),
            }
            for one in found.changed[:MOST_SHOWN]
        ],
    }


def _why(doubts: Sequence[Doubt]) -> str:
    if not doubts:
        return _("goes on")
    return " ".join(sentence(doubt.code, doubt.facts) for doubt in doubts)


def _under(rules: Rules, kind: str, document: Mapping[str, Any]) -> Rules:
    if kind == "routing":
        changed = documents.Routing.model_validate(document)
        return replace(rules, routing=InForce(rules.routing.version, changed))
    if kind == "promises":
        return replace(rules, promises=documents.Promises.model_validate(document))
    return replace(rules, lanes=documents.Lanes.model_validate(document))


def _routed(found: Trial) -> dict[str, Any]:
    by_currency: dict[str, int] = {}
    for one in found.changed:
        more = one.becomes.minor - one.was.minor
        by_currency[one.currency] = by_currency.get(one.currency, 0) + more
    shown = found.changed[:MOST_SHOWN]
    codes = {code for one in shown for code in (*one.was.who, *one.becomes.who)}
    vendors = select(Vendor.code, Vendor.name).where(Vendor.code.in_(codes))
    names = {row.code: row.name for row in db.session.execute(vendors)}
    parcels = sum(one.becomes.parcels - one.was.parcels for one in found.changed)
    return {
        "tried": found.tried,
        "changed": len(found.changed),
        "money": [(minor, currency) for currency, minor in sorted(by_currency.items())],
        "parcels": f"{parcels:+d}".replace("-", "\N{MINUS SIGN}"),
        "orders": [
            {
                "number": one.number,
                "reference": one.reference,
                "was": _told(one.was, one.currency, names),
                "becomes": _told(one.becomes, one.currency, names),
            }
            for one in shown
        ],
    }


def _told(outcome: Outcome, currency: str, names: Mapping[str, str]) -> str:
    if not outcome.who:
        return _("nobody can send it")
    parts = [
        ", ".join(names.get(code, code) for code in outcome.who),
        _n("{n} parcel", "{n} parcels", outcome.parcels),
        money((outcome.minor, currency)),
    ]
    if outcome.arrives:
        parts.append(_("by {day}", day=day(outcome.arrives)))
    if outcome.unfilled:
        parts.append(_n("{n} unit left", "{n} units left", outcome.unfilled))
    return " · ".join(parts)
