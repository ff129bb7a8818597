"""What is fair: from the days late, the freight and the price, by the policy's tiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.shared.money import share


@dataclass(frozen=True, slots=True)
class Tier:
    """Shares of freight and items, in basis points, from a number of calendar days late on."""

    from_days: int
    freight_bp: int
    items_bp: int


@dataclass(frozen=True, slots=True)
class Terms:
    """The tiers of lateness, and when an order counts as lost and what it is then worth."""

    tiers: Sequence[Tier]
    lost_after: timedelta
    lost: Tier


@dataclass(frozen=True, slots=True)
class Facts:
    """An order that is late: how late, or not here yet; minor units of what still stands."""

    promised_until: datetime
    # Calendar days between the promised date and the delivery; None while it has not come.
    days_late: int | None
    # Until when it is known that it has not come.
    silent_until: datetime
    # A carrier has been asked again and again and gives no answer.
    is_unanswered: bool
    items_minor: int
    freight_minor: int


@dataclass(frozen=True, slots=True)
class Worth:
    """What an order is worth giving back, and the rule that says so."""

    rule: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """The worth now, if any; when to look again; whether a carrier must be asked first."""

    worth: Worth | None
    look_again_at: datetime | None = None
    must_ask: bool = False


def judge(facts: Facts, terms: Terms, patience: timedelta, now: datetime) -> Judgement:
    """Return what an order is worth: late once it has come, lost once it is too long overdue."""
    if facts.days_late is not None:
        return Judgement(_late(facts, facts.days_late, terms.tiers))
    lost_at = facts.promised_until + terms.lost_after
    if now <= lost_at:
        return Judgement(None, max(lost_at, now) + timedelta(microseconds=1))
    is_enough = facts.is_unanswered and now > lost_at + patience
    if facts.silent_until < lost_at and not is_enough:
        return Judgement(None, now + timedelta(minutes=15), must_ask=True)
    return Judgement(_worth("lost", terms.lost, facts))


def _late(facts: Facts, days: int, tiers: Sequence[Tier]) -> Worth | None:
    fitting = [tier for tier in tiers if tier.from_days <= days]
    if not fitting:
        return None
    tier = max(fitting, key=lambda t: t.from_days)
    return _worth(f"late_{tier.from_days}", tier, facts)


def _worth(rule: str, tier: Tier, facts: Facts) -> Worth | None:
    amount = share([(facts.freight_minor, tier.freight_bp), (facts.items_minor, tier.items_bp)])
    return Worth(rule, amount) if amount else None
