from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.checks.rules import MOST_ATTEMPTS, WAKES, retry_at

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(1, 1), (2, 2), (3, 4), (10, 512), (11, 720), (40, 720)]
)
def test_a_failed_look_is_tried_again_later_and_later(attempts, minutes):
    assert retry_at(NOON, attempts) == NOON + timedelta(minutes=minutes)


def test_a_person_is_asked_within_a_day():
    waits = [retry_at(NOON, n) - NOON for n in range(1, MOST_ATTEMPTS)]

    assert timedelta(hours=1) < sum(waits, timedelta()) < timedelta(days=1)


def test_every_event_wakes_somebody_and_nobody_twice():
    assert all(watchers and len(set(watchers)) == len(watchers) for watchers in WAKES.values())


def test_a_new_order_is_watched_from_the_first_moment():
    assert set(WAKES["order placed"]) == {"route_orders", "watch"}
