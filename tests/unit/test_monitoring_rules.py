from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.monitoring.contract import (
    DeliveryFacts,
    DispatchFacts,
    Finding,
    Limits,
    TransitFacts,
    Verdict,
)
from app.monitoring.rules import delivery, dispatch, severity, transit

DUE = datetime(2026, 11, 30, tzinfo=UTC)
TICK, HOUR, DAY = timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)
LIMITS = Limits(48 * HOUR, 3 * DAY, 20 * DAY, 12 * HOUR)
CRITICAL = DUE + 48 * HOUR
OPEN = DispatchFacts(DUE, None, is_called_off=False)


def handed_over(at: datetime) -> DispatchFacts:
    return replace(OPEN, shipped_at=at)


# Dispatch ------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", [DUE - DAY, DUE - TICK, DUE])
def test_ship_by_itself_is_still_in_time(now):
    assert dispatch(OPEN, LIMITS, now) == Verdict(look_again_at=DUE + TICK)


def test_the_first_moment_after_ship_by_is_late():
    verdict = dispatch(OPEN, LIMITS, DUE + TICK)

    assert verdict == Verdict((Finding("late_dispatch", DUE, None, None),), CRITICAL + TICK)


@pytest.mark.parametrize(("now", "since"), [(CRITICAL, None), (CRITICAL + TICK, CRITICAL)])
def test_a_late_dispatch_is_critical_after_its_limit(now, since):
    [finding] = dispatch(OPEN, LIMITS, now).findings

    assert (finding.critical_at, severity(finding)) == (since, "critical" if since else "warning")


@pytest.mark.parametrize(
    ("shipped", "findings"),
    [
        (DUE - DAY, ()),
        (DUE, ()),
        (DUE + TICK, (Finding("late_dispatch", DUE, None, DUE + TICK),)),
        (CRITICAL, (Finding("late_dispatch", DUE, None, CRITICAL),)),
        (CRITICAL + TICK, (Finding("late_dispatch", DUE, CRITICAL, CRITICAL + TICK),)),
    ],
)
@pytest.mark.parametrize("looked", [TICK, 99 * DAY])
def test_a_hand_over_is_judged_by_its_own_moment(shipped, findings, looked):
    assert dispatch(handed_over(shipped), LIMITS, CRITICAL + looked) == Verdict(findings)


def test_a_fulfillment_order_that_was_called_off_is_not_late():
    assert dispatch(replace(OPEN, is_called_off=True), LIMITS, DUE + 99 * DAY) == Verdict()


# Delivery ------------------------------------------------------------------------------------

WORST = DUE + 3 * DAY
AWAY = DeliveryFacts(DUE, None, is_called_off=False, heard_at=None, unfilled_since=None)


def heard(at: datetime, **changes: object) -> DeliveryFacts:
    return replace(AWAY, heard_at=at, **changes)


@pytest.mark.parametrize(
    ("delivered", "findings"),
    [
        (DUE - TICK, ()),
        (DUE, (Finding("late_delivery", DUE, None, DUE),)),
        (WORST - TICK, (Finding("late_delivery", DUE, None, WORST - TICK),)),
        (WORST, (Finding("late_delivery", DUE, WORST, WORST),)),
    ],
)
def test_the_midnight_after_the_promised_day_is_late_itself(delivered, findings):
    assert delivery(heard(DUE, delivered_at=delivered), LIMITS, DUE + 9 * DAY) == Verdict(findings)


def test_an_order_nobody_delivered_is_late_once_its_day_is_over():
    assert delivery(heard(DUE), LIMITS, DUE + TICK).findings == (
        Finding("late_delivery", DUE, None, None),
    )
    assert delivery(heard(DUE), LIMITS, DUE - TICK) == Verdict(look_again_at=DUE + TICK)


def test_a_delivery_between_two_looks_is_found():
    before = delivery(heard(DUE - HOUR), LIMITS, DUE - HOUR)
    after = delivery(heard(DUE + 5 * HOUR, delivered_at=DUE + HOUR), LIMITS, DUE + 5 * HOUR)

    assert before.findings == ()
    assert after.findings == (Finding("late_delivery", DUE, None, DUE + HOUR),)


@pytest.mark.parametrize("now", [DUE + TICK, DUE + 12 * HOUR])
def test_a_carriers_stale_silence_is_asked_about_first(now):
    verdict = delivery(heard(DUE - TICK), LIMITS, now)

    assert verdict == Verdict((), now + timedelta(minutes=15), must_ask=True)


def test_silence_until_the_deadline_itself_is_known():
    assert delivery(heard(DUE), LIMITS, DUE + TICK).must_ask is False


def test_patience_with_a_silent_carrier_ends():
    silent = heard(DUE - DAY, is_unanswered=True)

    verdict = delivery(silent, LIMITS, DUE + 12 * HOUR + TICK)

    assert verdict.findings == (Finding("late_delivery", DUE, None, None),)


def test_a_carrier_that_nobody_asked_has_not_been_silent():
    verdict = delivery(heard(DUE - DAY), LIMITS, DUE + 99 * HOUR)

    assert (verdict.findings, verdict.must_ask) == ((), True)


def test_a_late_order_is_not_critical_before_its_carrier_was_asked():
    verdict = delivery(heard(WORST - TICK), LIMITS, WORST + TICK)

    assert verdict.findings == (Finding("late_delivery", DUE, None, None),)
    assert verdict.must_ask


def test_an_order_that_has_not_left_needs_no_carrier_to_be_late():
    [finding] = delivery(AWAY, LIMITS, WORST + TICK).findings

    assert finding == Finding("late_delivery", DUE, WORST, None)


def test_an_order_without_a_promise_cannot_be_late():
    assert delivery(replace(AWAY, deliver_by=None), LIMITS, DUE + 99 * DAY) == Verdict()


def test_an_order_nobody_can_fill_is_out_of_stock_beside_being_late():
    facts = replace(AWAY, unfilled_since=DUE - DAY)

    verdict = delivery(facts, LIMITS, DUE + TICK)

    assert [(f.kind, f.occurred_at) for f in verdict.findings] == [
        ("late_delivery", DUE),
        ("out_of_stock", DUE - DAY),
    ]
    assert delivery(replace(facts, deliver_by=None), LIMITS, DUE).findings[0].kind == "out_of_stock"


def test_a_canceled_order_is_neither_late_nor_out_of_stock():
    facts = replace(AWAY, is_called_off=True, unfilled_since=DUE)

    assert delivery(facts, LIMITS, DUE + 99 * DAY) == Verdict()


# Transit -------------------------------------------------------------------------------------

LEFT = datetime(2026, 11, 1, tzinfo=UTC)
STALL = LEFT + 20 * DAY


def parcel(*days: float, delivered: float | None = None, until: float = 999, ended: bool = False):
    arrived = None if delivered is None else LEFT + delivered * DAY
    return TransitFacts([LEFT + d * DAY for d in (0, *days)], arrived, ended, LEFT + until * DAY)


@pytest.mark.parametrize("now", [LEFT, STALL])
def test_a_parcel_may_be_silent_until_its_limit(now):
    assert transit(parcel(), LIMITS, now) == Verdict((), STALL + TICK)


def test_a_parcel_that_is_silent_for_longer_is_stalled():
    assert transit(parcel(), LIMITS, STALL + TICK) == Verdict(
        (Finding("stalled", STALL, None, None),)
    )


def test_a_stall_ends_with_the_next_scan_and_stays_a_stall():
    [past] = transit(parcel(25), LIMITS, LEFT + 26 * DAY).findings

    assert past == Finding("stalled", STALL, None, LEFT + 25 * DAY)


def test_every_stall_of_a_parcel_is_found_at_once():
    verdict = transit(parcel(25, 26, 50), LIMITS, LEFT + 99 * DAY)

    assert [(f.occurred_at, f.ended_at) for f in verdict.findings] == [
        (STALL, LEFT + 25 * DAY),
        (LEFT + 46 * DAY, LEFT + 50 * DAY),
        (LEFT + 70 * DAY, None),
    ]


@pytest.mark.parametrize(("delivered", "count"), [(20, 0), (20.1, 1)])
def test_a_delivery_ends_the_way_and_what_comes_after_is_paper(delivered, count):
    verdict = transit(parcel(80, delivered=delivered), LIMITS, LEFT + 200 * DAY)

    assert (len(verdict.findings), verdict.look_again_at) == (count, None)


def test_a_parcel_whose_way_has_ended_does_not_stall_any_more():
    assert transit(parcel(3, ended=True), LIMITS, LEFT + 200 * DAY) == Verdict()


def test_scans_out_of_order_are_the_same_scans():
    assert transit(parcel(50, 25), LIMITS, LEFT + 51 * DAY) == transit(
        parcel(25, 50), LIMITS, LEFT + 51 * DAY
    )


def test_a_stall_is_asked_about_before_it_counts():
    stale = parcel(until=19)

    assert transit(stale, LIMITS, STALL + TICK) == Verdict(
        (), STALL + TICK + timedelta(minutes=15), must_ask=True
    )
    unanswered = replace(stale, is_unanswered=True)
    assert transit(unanswered, LIMITS, STALL + 12 * HOUR + TICK).findings


# Tick independence: only events count, never the moments of looking ---------------------------

offsets = st.integers(-200, 400)
looks = st.lists(st.integers(-300, 900), min_size=1, max_size=8)


def names(verdict: Verdict) -> set[tuple[str, datetime]]:
    return {(f.kind, f.occurred_at) for f in verdict.findings}


@given(offsets, looks, st.integers(401, 2000), st.integers(401, 2000))
def test_a_late_dispatch_is_the_same_however_often_one_looks(hours, moments, one, other):
    shipped = DUE + hours * HOUR
    final = handed_over(shipped)
    verdict = dispatch(final, LIMITS, DUE + one * HOUR)

    for moment in moments:
        now = DUE + moment * HOUR
        seen = dispatch(final if shipped <= now else OPEN, LIMITS, now)
        assert names(seen) <= names(verdict)

    assert verdict == dispatch(final, LIMITS, DUE + other * HOUR)


@given(offsets, looks, st.integers(401, 2000), st.integers(401, 2000))
def test_a_late_delivery_is_the_same_however_often_one_looks(hours, moments, one, other):
    arrived = DUE + hours * HOUR
    verdict = delivery(heard(DUE + one * HOUR, delivered_at=arrived), LIMITS, DUE + one * HOUR)

    for moment in moments:
        now = DUE + moment * HOUR
        seen = delivery(heard(now, delivered_at=arrived if arrived <= now else None), LIMITS, now)
        assert names(seen) <= names(verdict)

    again = delivery(heard(DUE, delivered_at=arrived), LIMITS, DUE + other * HOUR)
    assert again == verdict


@given(st.lists(st.integers(1, 2000), max_size=8), looks, st.integers(2001, 4000))
def test_stalls_are_the_same_however_often_one_looks(hours, moments, last):
    scans = [LEFT + h * HOUR for h in hours]
    arrived = LEFT + 2000 * HOUR

    def look(now: datetime) -> Verdict:
        known = [LEFT, *(s for s in scans if s <= now)]
        facts = TransitFacts(known, arrived if arrived <= now else None, False, now)
        return transit(facts, LIMITS, now)

    verdict = look(LEFT + last * HOUR)
    for moment in moments:
        assert names(look(max(LEFT, LEFT + moment * HOUR))) <= names(verdict)

    assert verdict == look(LEFT + 9999 * HOUR)
