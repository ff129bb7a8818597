from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.compensation.rules import Facts, Terms, Tier, Worth, judge

DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
END = datetime(2026, 11, 30, tzinfo=UTC)
LOST = END + 30 * DAY
PATIENCE = timedelta(hours=12)
TERMS = Terms(
    [Tier(1, 5_000, 0), Tier(4, 10_000, 0), Tier(8, 10_000, 1_000)],
    30 * DAY,
    Tier(0, 10_000, 10_000),
)
# 29.95 and 4.91: half of the one and a tenth of the other end in half a cent.
FACTS = Facts(END, None, END + 99 * DAY, is_unanswered=False, items_minor=2995, freight_minor=491)


@pytest.mark.parametrize(
    ("days", "worth"),
    [
        (1, Worth("late_1", 246)),
        (3, Worth("late_1", 246)),
        (4, Worth("late_4", 491)),
        (7, Worth("late_4", 491)),
        (8, Worth("late_8", 791)),
        (300, Worth("late_8", 791)),
        (0, None),
        (-2, None),
    ],
)
def test_a_late_order_is_worth_its_tier_to_the_cent_half_up(days, worth):
    judgement = judge(replace(FACTS, days_late=days), TERMS, PATIENCE, END + 400 * DAY)

    assert (judgement.worth, judgement.look_again_at, judgement.must_ask) == (worth, None, False)


@pytest.mark.parametrize("tiers", [TERMS.tiers, list(reversed(TERMS.tiers))])
def test_the_highest_fitting_tier_counts_in_whatever_order_they_stand(tiers):
    judgement = judge(replace(FACTS, days_late=9), replace(TERMS, tiers=tiers), PATIENCE, END)

    assert judgement.worth == Worth("late_8", 791)


@pytest.mark.parametrize("now", [END, END + DAY, LOST - TICK, LOST])
def test_an_order_is_not_lost_before_its_time_has_passed(now):
    judgement = judge(FACTS, TERMS, PATIENCE, now)

    assert (judgement.worth, judgement.look_again_at) == (None, LOST + TICK)


def test_an_order_is_lost_from_the_first_moment_after_its_time():
    assert judge(FACTS, TERMS, PATIENCE, LOST + TICK).worth == Worth("lost", 3486)


def test_a_carriers_stale_silence_is_asked_about_before_an_order_counts_as_lost():
    stale = replace(FACTS, silent_until=LOST - TICK)

    judgement = judge(stale, TERMS, PATIENCE, LOST + TICK)

    assert (judgement.worth, judgement.must_ask) == (None, True)
    assert judgement.look_again_at == LOST + TICK + timedelta(minutes=15)


def test_a_carrier_is_not_waited_for_for_ever():
    stale = replace(FACTS, silent_until=END, is_unanswered=True)

    assert judge(stale, TERMS, PATIENCE, LOST + PATIENCE).must_ask
    assert judge(stale, TERMS, PATIENCE, LOST + PATIENCE + TICK).worth == Worth("lost", 3486)


def test_silence_known_to_the_very_moment_is_enough():
    assert judge(replace(FACTS, silent_until=LOST), TERMS, PATIENCE, LOST + TICK).worth


def test_nothing_left_to_pay_for_is_worth_nothing():
    free = replace(FACTS, days_late=5, items_minor=0, freight_minor=0)

    assert judge(free, TERMS, PATIENCE, END).worth is None
