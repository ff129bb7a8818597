"""Shipping services in words: what each costs and keeps, which is recommended and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from app.console.cases import policy
from app.routing.expedite import Compared
from app.routing.rate_rules import Rate, Why
from app.shared.language import _, _n, later
from app.timeline.models import Decision
from app.web.words import day, money, when

NOTHING = "\N{EN DASH}"
THERE, PROMISE, NEED_BY = later("There on"), later("Promise"), later("Need-by")
PRICE, MORE = later("Price"), later("More")
KEPT = ("check-circle", "good", later("kept"))
MISSED = ("exclamation-triangle-fill", "warn", later("missed"))


def recommended(found: Compared) -> str:
    """Return which service is recommended, and why, in one sentence."""
    best, promised = found.best, found.sending.promised
    facts = {"service": best.service, "arrives": day(best.arrives)}
    if found.why is Why.EARLIEST:
        return _("No service keeps the promise. '{service}' is the earliest: {arrives}.", **facts)
    if found.why is Why.KEEPS_PROMISE:
        return _(
            "'{service}' is the cheapest that keeps the promise; none is there when needed.",
            **facts,
        )
    if best.is_booked:
        return _("'{service}', as it goes now, is in time. Nothing faster is needed.", **facts)
    if promised is None:
        return _("'{service}' is the cheapest that is in time: {arrives}.", **facts)
    promise = day(promised)
    return _("'{service}' is the cheapest that keeps {promise}.", promise=promise, **facts)


def rescue(found: Compared) -> str | None:
    """Return which faster service would still save the promise, and for how much more."""
    best, promised = found.best, found.sending.promised
    if promised is None or found.booked.keeps_promise or not best.keeps_promise:
        return None
    return _(
        "'{service}' for {amount} more still keeps {promise}.",
        service=best.service,
        amount=money((best.more_minor, found.order.currency)),
        promise=day(promised),
    )


def rate_card(found: Compared) -> str:
    """Return which rate card says so."""
    return policy("lanes", found.policy_version)


def facts(found: Compared) -> list[tuple[str, str]]:
    """Return what is compared: from where to where, what, from when on, and until when."""
    of = found.sending
    parcels = _n("{n} parcel", "{n} parcels", of.parcels)
    weight = f"{of.grams / 1000:.2f} kg" if of.grams else _("weight not known")
    known: list[tuple[str, str | None]] = [
        (_("Way"), f"{of.origin} → {of.destination}"),
        (_("What is left"), f"{parcels}, {weight}"),
        (_("Handed over"), when(of.hand_over)),
        (_("Promised"), day(of.promised) if of.promised else None),
        (_("Needed by"), day(of.need_by) if of.need_by else None),
    ]
    return [(term, value) for term, value in known if value]


def rates(found: Compared) -> list[dict[str, Any]]:
    """Return the services as a page compares them, the cheapest first."""
    return [_rate(one, found) for one in found.rates]


def _rate(one: Rate, found: Compared) -> dict[str, Any]:
    currency = found.order.currency
    return {
        "service": one.service,
        "may_be_chosen": one.may_be_chosen,
        "is_booked": one.is_booked,
        "is_best": one is found.best,
        "marks": list(_marks(one, found)),
        "arrives": day(one.arrives),
        "promise": _kept(keeps=one.keeps_promise),
        "need_by": _kept(keeps=one.keeps_need_by),
        "price": (one.minor, currency),
        "more": None if one.is_ordered else (one.more_minor, currency),
    }


def _marks(one: Rate, found: Compared) -> Iterator[tuple[str, str, str]]:
    if one is found.best:
        yield "check-circle-fill", "good", _("Recommended")
    if one.is_booked:
        yield "truck", "mute", _("In force")
    if one.is_ordered:
        yield "receipt", "mute", _("As ordered")
    elif not one.is_faster:
        yield "dash-circle", "mute", _("There no earlier")


def _kept(*, keeps: bool | None) -> tuple[str, str, str] | None:
    if keeps is None:
        return None
    sign, tone, word = KEPT if keeps else MISSED
    return sign, tone, _(word)


def decided(decision: Decision, currency: str) -> dict[str, Any]:
    """Return a stored choice of a service with what was compared, as an order's page has it."""
    facts = decision.facts
    has_need_by = any(one["need_by"] is not None for one in facts["options"])
    sums = [_(PRICE), _(MORE)]
    said = _(
        "{who} chose '{service}' instead of '{was}', and the marketplace pays: {reason}",
        who=facts["by"],
        service=facts["service"],
        was=facts["was"],
        reason=facts["reason"],
    )
    return {
        "title": _("Why this service"),
        "first": _("Service"),
        "subject": facts["fulfillment_order"],
        "sentence": said,
        "policy": policy("lanes", decision.policy_version),
        "columns": [_(THERE), _(PROMISE), *([_(NEED_BY)] if has_need_by else []), *sums],
        "candidates": [
            _candidate(one, facts, currency, has_need_by=has_need_by) for one in facts["options"]
        ],
        "left_out": 0,
        "customer": None,
    }


def _candidate(
    one: Mapping[str, Any], facts: Mapping[str, Any], currency: str, *, has_need_by: bool
) -> dict[str, Any]:
    marked = _("Recommended") if one["service"] == facts["recommended"] else _("Compared")
    return {
        "vendor": one["service"],
        "chosen": one["service"] == facts["service"],
        "cells": [
            day(date.fromisoformat(one["arrives"])),
            _said(keeps=one["promise"]),
            *([_said(keeps=one["need_by"])] if has_need_by else []),
            money((one["price"], currency)),
            money((one["more"], currency)) if one["more"] else NOTHING,
        ],
        "reason": marked,
    }


def _said(*, keeps: bool | None) -> str:
    kept = _kept(keeps=keeps)
    return kept[2] if kept else NOTHING
