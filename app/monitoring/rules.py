"""What is late, and since when: judged by the time of events, never by the time of looking."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from app.monitoring.contract import (
    DeliveryFacts,
    DispatchFacts,
    Finding,
    Limits,
    TransitFacts,
    Verdict,
)

# The smallest step after a deadline: the first moment at which it has passed.
JUST_AFTER = timedelta(microseconds=1)
# While a carrier has been asked, look again after this even if nobody wakes the watch.
ASK_AGAIN = timedelta(minutes=15)
Late = Callable[[datetime, datetime], bool]
# Ship-by names the last moment that is in time; deliver-by the midnight after the promised day,
# so that moment itself is late.
AFTER, FROM = operator.gt, operator.ge


@dataclass(frozen=True, slots=True)
class _Deadline:
    """A moment that must not pass, when passing it is critical, and what counts as late."""

    kind: str
    due: datetime
    critical_at: datetime
    is_late: Late


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known at a look: the time, and until when silence is known to be silence."""

    now: datetime
    heard_at: datetime
    # How long a deadline may have passed unheard; None while the carrier has not failed to answer.
    patience: timedelta | None

    def has_passed(self, deadline: datetime) -> bool | None:
        """Return whether a deadline passed in silence; None while that must be asked first."""
        if self.now <= deadline:
            return False
        if self.heard_at >= deadline:
            return True
        is_enough = self.patience is not None and self.now > deadline + self.patience
        return True if is_enough else None


def dispatch(facts: DispatchFacts, limits: Limits, now: datetime) -> Verdict:
    """Return whether a fulfillment order is, or was, handed over late, or cannot be sent there."""
    if facts.is_called_off:
        return Verdict()
    known = _Known(now, now, None)
    critical_at = facts.ship_by + limits.dispatch_critical_after
    deadline = _Deadline("late_dispatch", facts.ship_by, critical_at, AFTER)
    late = _overdue(deadline, facts.shipped_at, known)
    if facts.unaddressed_since is None:
        return late
    unaddressed = Finding("address_problem", facts.unaddressed_since, None, None)
    return Verdict((*late.findings, unaddressed), late.look_again_at, late.must_ask)


def delivery(facts: DeliveryFacts, limits: Limits, now: datetime) -> Verdict:
    """Return whether an order is, or was, delivered late, or waits for somebody to fill it."""
    if facts.is_called_off:
        return Verdict()
    unfilled = _unfilled(facts)
    if facts.deliver_by is None:
        return Verdict(unfilled)
    patience = limits.patience if facts.is_unanswered else None
    known = _Known(now, facts.heard_at or now, patience)
    critical_at = facts.deliver_by + limits.delivery_critical_after
    deadline = _Deadline("late_delivery", facts.deliver_by, critical_at, FROM)
    late = _overdue(deadline, facts.delivered_at, known)
    return Verdict(late.findings + unfilled, late.look_again_at, late.must_ask)


def _unfilled(facts: DeliveryFacts) -> tuple[Finding, ...]:
    if facts.unfilled_since is None:
        return ()
    return (Finding("out_of_stock", facts.unfilled_since, None, None),)


def _overdue(deadline: _Deadline, happened_at: datetime | None, known: _Known) -> Verdict:
    if happened_at is None:
        return _silence(deadline, known)
    if not deadline.is_late(happened_at, deadline.due):
        return Verdict()
    is_critical = deadline.is_late(happened_at, deadline.critical_at)
    worst = deadline.critical_at if is_critical else None
    return Verdict((Finding(deadline.kind, deadline.due, worst, happened_at),))


def _silence(deadline: _Deadline, known: _Known) -> Verdict:
    """Judge a deadline by which nothing is known to have happened."""
    if (passed := known.has_passed(deadline.due)) is not True:
        return _wait(deadline.due, known) if passed is False else _ask((), known)
    warned = (Finding(deadline.kind, deadline.due, None, None),)
    if (passed := known.has_passed(deadline.critical_at)) is not True:
        again = _wait(deadline.critical_at, known) if passed is False else _ask(warned, known)
        return Verdict(warned, again.look_again_at, again.must_ask)
    return Verdict((Finding(deadline.kind, deadline.due, deadline.critical_at, None),))


def _wait(deadline: datetime, known: _Known) -> Verdict:
    return Verdict(look_again_at=max(deadline, known.now) + JUST_AFTER)


def _ask(findings: tuple[Finding, ...], known: _Known) -> Verdict:
    return Verdict(findings, known.now + ASK_AGAIN, must_ask=True)


def transit(facts: TransitFacts, limits: Limits, now: datetime) -> Verdict:
    """Return every stall of a parcel: a gap between its scans that was too long, or still is."""
    moments = sorted(facts.moments)
    end = facts.delivered_at or (moments[-1] if facts.has_ended else None)
    # What comes after the delivery is paper.
    known_moments = [m for m in moments if end is None or m <= end] + ([end] if end else [])
    past = tuple(
        Finding("stalled", before + limits.stalled_after, None, after)
        for before, after in pairwise(known_moments)
        if after > before + limits.stalled_after
    )
    if end is not None:
        return Verdict(past)
    due = moments[-1] + limits.stalled_after
    patience = limits.patience if facts.is_unanswered else None
    known = _Known(now, facts.heard_at or now, patience)
    passed = known.has_passed(due)
    if passed is None:
        return _ask(past, known)
    if passed is False:
        return Verdict(past, due + JUST_AFTER)
    return Verdict((*past, Finding("stalled", due, None, None)))


def severity(finding: Finding) -> str:
    """Return how bad a finding is."""
    return "critical" if finding.critical_at else "warning"
