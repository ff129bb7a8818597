from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.carriers import rules
from app.carriers.contract import DelayReason, Scan, TrackingStatus

S = TrackingStatus
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def scan(status: S | None, hours: float = 0, *, delay: DelayReason | None = None) -> Scan:
    at = NOON + timedelta(hours=hours)
    return Scan(f"c-{status}", "", status, at, at.isoformat(), "", delay)


def naive(status: S | None, local_at: str) -> Scan:
    return Scan(f"n-{status}", "", status, None, local_at, "")


MOMENTS = st.integers(-30, 30).map(lambda hours: NOON + timedelta(hours=hours))
AWARE = st.builds(
    lambda status, at, delay: Scan("c", "", status, at, at.isoformat(), "", delay),
    st.sampled_from([None, *S]),
    MOMENTS,
    st.sampled_from([None, *DelayReason]),
)
NAIVE = st.builds(
    lambda status, at: Scan("n", "", status, None, at.isoformat()[:19], ""),
    st.sampled_from([None, *S]),
    MOMENTS,
)
# A busy machine is slow to draw lists; that says nothing of the rules.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SCANS = st.lists(AWARE | NAIVE, max_size=12)
MEANINGS = (
    rules.status_of,
    rules.delivered_at,
    rules.delay_of,
    rules.first_scan_at,
    rules.last_scan_at,
)


@PATIENT
@given(SCANS, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(scans: list[Scan], chance: random.Random):
    again = scans + chance.choices(scans, k=3) if scans else []
    chance.shuffle(again)

    for meaning in MEANINGS:
        assert meaning(again) == meaning(scans)


@PATIENT
@given(SCANS)
def test_a_scan_that_changes_nothing_changes_nothing(scans: list[Scan]):
    unread = Scan("??", "", None, NOON + timedelta(days=9), "", "", read=False)

    assert rules.status_of([*scans, unread]) == rules.status_of(scans)


@pytest.mark.parametrize(
    ("scans", "status"),
    [
        ([], None),
        ([scan(None)], None),
        ([scan(S.IN_TRANSIT, 1), scan(S.INFO_RECEIVED)], S.IN_TRANSIT),
        ([scan(S.OUT_FOR_DELIVERY, 1), scan(S.IN_TRANSIT, 2)], S.IN_TRANSIT),
        ([scan(S.IN_TRANSIT), scan(S.ATTEMPT_FAILED)], S.ATTEMPT_FAILED),
        ([scan(S.DELIVERED), scan(S.IN_TRANSIT, 5)], S.DELIVERED),
        ([scan(S.DELIVERED), scan(S.RETURNED, 5)], S.RETURNED),
        ([scan(S.RETURNED), scan(S.DELIVERED, 5)], S.RETURNED),
        ([scan(S.LOST), scan(S.IN_TRANSIT, 5)], S.IN_TRANSIT),
        ([scan(S.LOST, 1), scan(S.DELIVERED, 5)], S.DELIVERED),
    ],
)
def test_the_status_is_the_newest_unless_the_parcel_has_ended(scans, status):
    assert rules.status_of(scans) is status


@pytest.mark.parametrize(
    ("local_at", "status"),
    [
        ("2026-06-01T23:59:59", S.IN_TRANSIT),
        ("2026-06-02T00:00:00", S.IN_TRANSIT),
        ("2026-06-03T00:00:00", S.OUT_FOR_DELIVERY),
        ("yesterday", S.IN_TRANSIT),
        ("0001-01-01", S.IN_TRANSIT),
    ],
)
def test_a_scan_without_an_offset_is_newest_only_where_it_must_be(local_at, status):
    scans = [scan(S.IN_TRANSIT), naive(S.OUT_FOR_DELIVERY, local_at)]

    assert rules.status_of(scans) is status


def test_scans_without_an_offset_follow_each_other_by_their_own_time():
    scans = [naive(S.IN_TRANSIT, "2026-06-01T09:00:00"), naive(S.EXCEPTION, "2026-06-01T08:00:00")]

    assert rules.status_of(scans) is S.IN_TRANSIT


def test_the_first_handover_counts_and_a_known_time_beats_an_unknown_one():
    scans = [scan(S.DELIVERED, 3), naive(S.DELIVERED, "2026-06-01T08:00:00"), scan(S.DELIVERED, 2)]

    assert rules.delivered_at(scans) == NOON + timedelta(hours=2)
    assert rules.delivered_at(scans[1:2]) is None
    assert rules.delivered_at([*scans, scan(S.RETURNED, 9)]) is None


@pytest.mark.parametrize(
    ("later", "reason"),
    [
        ([], DelayReason.WEATHER),
        ([scan(S.IN_TRANSIT, 1)], DelayReason.WEATHER),
        ([scan(S.EXCEPTION, 1, delay=DelayReason.CUSTOMS)], DelayReason.CUSTOMS),
        ([scan(S.OUT_FOR_DELIVERY, 1)], None),
        ([scan(S.DELIVERED, 1)], None),
    ],
)
def test_a_delay_holds_until_the_parcel_is_past_it(later, reason):
    assert rules.delay_of([scan(S.EXCEPTION, delay=DelayReason.WEATHER), *later]) is reason


def test_paper_is_no_first_scan():
    scans = [scan(S.INFO_RECEIVED), scan(None, 1), scan(S.IN_TRANSIT, 2), scan(None, 3)]

    assert rules.first_scan_at(scans) == NOON + timedelta(hours=2)
    assert rules.last_scan_at(scans) == NOON + timedelta(hours=3)
    assert rules.first_scan_at(scans[:2]) is None


def test_the_place_tells_two_events_of_one_moment_apart():
    here, there = (Scan("AR", "Arrived", S.IN_TRANSIT, NOON, "x", place) for place in ("A", "B"))
    repeated = Scan("AR", "Arrived", S.IN_TRANSIT, NOON, "written otherwise", "A")

    assert here.event_key == repeated.event_key
    assert here.event_key != there.event_key
