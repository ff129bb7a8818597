"""When somebody is told: quiet hours, the digest's moment, and what is looked at for a mail."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from app.accounts.contract import OPS_ROLES, ROLES, VENDOR_ROLES
from app.notices.contract import KINDS, at_level, audiences_of, kinds_of
from app.notices.rules import SETTLED, Marks, Stretch, Wishes, digest_moment, is_quiet, plan
from app.notices.words import told
from app.policies.documents import Escalation
from app.shared import ids

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Wishes(BERLIN, time(22), time(7))
LUNCH = Wishes(BERLIN, time(12), time(13))
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def utc(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("wishes", "moment", "expected"),
    [
        (NIGHT, "2026-01-10 20:59", False),
        (NIGHT, "2026-01-10 21:00", True),
        (NIGHT, "2026-01-11 02:00", True),
        (NIGHT, "2026-01-11 05:59", True),
        (NIGHT, "2026-01-11 06:00", False),
        # In summer the same wall clock is an hour earlier.
        (NIGHT, "2026-07-10 20:00", True),
        (NIGHT, "2026-07-11 05:00", False),
        (LUNCH, "2026-01-10 11:00", True),
        (LUNCH, "2026-01-10 12:00", False),
        (Wishes(BERLIN), "2026-01-10 02:00", False),
        (Wishes(BERLIN, time(22), None), "2026-01-10 23:00", False),
        (Wishes(BERLIN, time(9), time(9)), "2026-01-10 08:00", False),
    ],
)
def test_quiet_hours_go_by_the_clock_on_the_wall(wishes, moment, expected):
    assert is_quiet(utc(moment), wishes) is expected


def test_an_hour_that_comes_twice_is_quiet_twice_and_one_left_out_is_not_there():
    wishes = Wishes(BERLIN, time(2), time(3))
    autumn = [utc("2026-10-24 23:30") + n * HOUR for n in range(4)]
    spring = [utc("2026-03-29 00:00") + n * 15 * MINUTE for n in range(12)]

    assert [is_quiet(moment, wishes) for moment in autumn] == [False, True, True, False]
    assert not any(is_quiet(moment, wishes) for moment in spring)


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-07-01"])
@pytest.mark.parametrize("at", [time(2, 30), time(8), time(0), time(23, 59)])
def test_a_digest_comes_once_a_day_whatever_the_clock_does(day, at):
    wishes = Wishes(BERLIN, digest_at=at)
    start = datetime.fromisoformat(f"{day}T12:00+00:00") - 2 * DAY
    moments = {digest_moment(start + n * 15 * MINUTE, wishes) for n in range(4 * 96)}

    within = sorted(moment for moment in moments if moment > start)
    assert len({moment.astimezone(BERLIN).date() for moment in within}) == len(within) == 4
    assert all(22 * HOUR < b - a < 26 * HOUR for a, b in pairwise(within))


def test_of_an_hour_that_comes_twice_the_digest_takes_the_first():
    wishes = Wishes(BERLIN, digest_at=time(2, 30))

    assert digest_moment(utc("2026-10-25 01:45"), wishes) == utc("2026-10-25 00:30")


NOW = utc("2026-01-10 12:00")


def marks(seen: timedelta, mailed: timedelta, digested: timedelta) -> Marks:
    return Marks(NOW - seen, NOW - mailed, NOW - digested)


def test_in_quiet_hours_nothing_is_looked_at():
    assert plan(utc("2026-01-10 23:00"), NIGHT, marks(DAY, DAY, DAY)) == plan(
        utc("2026-01-11 03:00"), NIGHT, marks(DAY, DAY, DAY)
    )
    assert plan(utc("2026-01-10 23:00"), NIGHT, marks(DAY, DAY, DAY)).at_once is None


def test_what_was_seen_is_not_mailed_and_what_may_still_be_written_waits():
    found = plan(NOW, Wishes(BERLIN), marks(HOUR, 2 * HOUR, 2 * DAY))

    assert found.at_once == Stretch(NOW - HOUR, NOW - SETTLED)
    # The digest of eight o'clock in Berlin holds nothing that was seen an hour ago.
    assert found.digest is None


def test_a_digest_ends_at_its_moment_however_late_it_is_written():
    found = plan(NOW, Wishes(BERLIN), marks(3 * DAY, 3 * DAY, 2 * DAY))

    assert found.digest == Stretch(NOW - 2 * DAY, utc("2026-01-10 07:00"))
    again = plan(NOW, Wishes(BERLIN), Marks(NOW - 3 * DAY, NOW, utc("2026-01-10 07:00")))
    assert (again.at_once, again.digest) == (None, None)


# Kinds --------------------------------------------------------------------------------------

FACTS = {
    "kind": "late_dispatch",
    "name": "FO-1",
    "number": "A-1",
    "level": "ops_lead",
    "by": "Noor Aziz",
    "act": "Acknowledge",
    "done": 3,
    "refused": 1,
    "reason": "wrong label",
    "ship_by": "2026-11-24T15:00:00+00:00",
}


@pytest.mark.parametrize("code", KINDS)
def test_every_kind_has_its_words_with_its_facts_and_without(code):
    full, bare = told(code, "X-1", FACTS), told(code, "X-1", {})

    assert "{" not in full.line + bare.line
    assert full.title
    assert bare.title
    assert set(KINDS[code].roles) <= set(ROLES)


def test_roles_are_told_what_concerns_them():
    assert "case_critical" in kinds_of("ops_agent")
    assert "work_assigned" not in kinds_of("ops_lead")
    assert {code for role in VENDOR_ROLES for code in kinds_of(role)}.isdisjoint(
        {"escalation", "case_critical", "batch_done"}
    )
    assert KINDS["mention"].mail == "now"


def test_everybody_belongs_to_audiences_that_exist_and_every_level_has_one():
    someone, vendor = ids.new(), ids.new()
    levels = {at_level(rung.level) for rung in Escalation().rungs}

    ops = {name for role in OPS_ROLES for name in audiences_of(someone, role, None)}
    assert levels <= ops
    assert audiences_of(someone, "vendor_staff", vendor) == [
        f"person:{someone}",
        f"vendor:{vendor}",
        "role:vendor_staff",
    ]
