"""How long work that never left is waited for, and what of the money is to be paid back."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.promises.rules import Calendar, NoDay
from app.unshipped.rules import Verdict, due, judge, open_days_after, owed

BERLIN = "Europe/Berlin"
PLAIN = Calendar(BERLIN, time(15))
# Tuesday, the cut-off in Berlin.
SHIP_BY = datetime.fromisoformat("2026-11-24T14:00:00+00:00")
END = datetime.fromisoformat("2026-12-03T14:00:00+00:00")
WARNED = datetime.fromisoformat("2026-12-02T14:00:00+00:00")
SECOND = timedelta(seconds=1)


def at(words: str) -> datetime:
    return datetime.fromisoformat(words)


@pytest.mark.parametrize(
    ("calendar", "ship_by", "days", "end"),
    [
        # A weekend does not count, neither do a holiday and a vendor's vacation.
        (PLAIN, "2026-11-24T15:00+01:00", 1, "2026-11-25T15:00+01:00"),
        (PLAIN, "2026-11-24T15:00+01:00", 7, "2026-12-03T15:00+01:00"),
        (PLAIN, "2026-11-27T15:00+01:00", 1, "2026-11-30T15:00+01:00"),
        (
            Calendar(BERLIN, time(15), holidays="DE"),
            "2026-12-23T15:00+01:00",
            2,
            "2026-12-28T15:00+01:00",
        ),
        (
            Calendar(BERLIN, time(15), closures=((date(2026, 11, 25), date(2026, 12, 4)),)),
            "2026-11-24T15:00+01:00",
            1,
            "2026-12-07T15:00+01:00",
        ),
        # The hour on the wall stays what it is over a change of the clock.
        (PLAIN, "2026-03-27T15:00+01:00", 1, "2026-03-30T15:00+02:00"),
        (PLAIN, "2026-10-23T15:00+02:00", 1, "2026-10-26T15:00+01:00"),
        # The day is the place's own: in Kiritimati it is Saturday already.
        (
            Calendar("Pacific/Kiritimati", time(1)),
            "2026-11-27T11:00+00:00",
            1,
            "2026-11-29T11:00+00:00",
        ),
        # A ship-by that was given with the order may lie on a closed day.
        (PLAIN, "2026-11-28T09:30+01:00", 1, "2026-11-30T09:30+01:00"),
    ],
)
def test_it_ends_so_many_open_days_after_its_deadline_at_its_hour(
    calendar: Calendar, ship_by: str, days: int, end: str
) -> None:
    assert open_days_after(at(ship_by), days, at(ship_by), calendar) == at(end)


def test_what_a_place_that_is_closed_for_good_has_never_ends() -> None:
    closed = Calendar(BERLIN, time(15), closures=((date(2026, 1, 1), date(2028, 1, 1)),))

    with pytest.raises(NoDay):
        judge(SHIP_BY, None, closed, 7, END)


@pytest.mark.parametrize(
    ("now", "told", "verdict", "moment"),
    [
        # Nobody is told before there is an open day left.
        (SHIP_BY + SECOND, None, Verdict.WAIT, WARNED),
        (WARNED - SECOND, None, Verdict.WAIT, WARNED),
        (WARNED, None, Verdict.WARN, END),
        # Told: it is waited for until then, and ends then.
        (WARNED + SECOND, END, Verdict.WAIT, END),
        (END - SECOND, END, Verdict.WAIT, END),
        (END, END, Verdict.END, END),
        (END + timedelta(days=30), END, Verdict.END, END),
        # Nobody looked for weeks: nothing ends without a word before, at least an open day.
        (
            at("2027-01-15T20:00+01:00"),
            None,
            Verdict.WARN,
            at("2027-01-18T15:00+01:00"),
        ),
        # What is told stands, also where the policy waits for less now.
        (END, END + timedelta(days=4), Verdict.WAIT, END + timedelta(days=4)),
        # Ship-by, or a closure, moved its end: its vendor hears the new one when its time comes.
        (WARNED - SECOND, END - timedelta(days=1), Verdict.WAIT, WARNED),
        (WARNED, END - timedelta(days=1), Verdict.WARN, END),
    ],
)
def test_a_vendor_is_told_an_open_day_before_it_ends(
    now: datetime, told: datetime | None, verdict: Verdict, moment: datetime
) -> None:
    judged = judge(SHIP_BY, told, PLAIN, 7, now)

    assert (judged.verdict, judged.at) == (verdict, moment)


def test_where_one_day_is_waited_for_its_vendor_is_told_at_the_deadline() -> None:
    judged = judge(SHIP_BY, None, PLAIN, 1, SHIP_BY)

    assert (judged.verdict, judged.at) == (Verdict.WARN, at("2026-11-25T15:00+01:00"))


moments = st.integers(0, 2 * 365 * 24 * 60).map(lambda n: SHIP_BY + timedelta(minutes=n))
WALLS = st.sampled_from(["UTC", BERLIN, "America/New_York", "Asia/Kathmandu"])


@given(moments, moments, st.integers(1, 20), WALLS)
def test_nothing_ends_before_its_vendor_had_an_open_day_to_hand_it_over(
    ship_by: datetime, now: datetime, days: int, zone: str
) -> None:
    calendar = Calendar(zone, time(15))

    judged = judge(ship_by, None, calendar, days, now)

    assert judged.verdict is not Verdict.END
    if judged.verdict is Verdict.WARN:
        assert judged.at > now
        assert judged.at >= open_days_after(ship_by, days, ship_by, calendar)
        assert judge(ship_by, judged.at, calendar, days, judged.at).verdict is Verdict.END


@pytest.mark.parametrize(
    ("ship_on", "expected"),
    [
        (None, SHIP_BY),
        (date(2026, 11, 20), SHIP_BY),
        (date(2026, 11, 24), SHIP_BY),
        # The customer was told the later day.
        (date(2026, 11, 26), at("2026-11-26T15:00+01:00")),
    ],
)
def test_a_day_that_its_vendor_named_is_waited_for(
    ship_on: date | None, expected: datetime
) -> None:
    assert due(SHIP_BY, ship_on, BERLIN) == expected


@pytest.mark.parametrize(
    ("captured", "given_back", "rest", "canceled", "back"),
    [
        (2990, 0, 0, 2990, 2990),
        (2990, 0, 1740, 1250, 1250),
        # Taken parcel by parcel: nothing was taken for what never left.
        (1740, 0, 1740, 1250, 0),
        (0, 0, 0, 2990, 0),
        # Given back before, by whomever: not twice.
        (2990, 2990, 0, 2990, 0),
        (2990, 1000, 0, 2990, 1990),
        (2990, 500, 1740, 1250, 750),
        # More than it costs is nobody's to pay back.
        (9990, 0, 1740, 1250, 1250),
    ],
)
def test_only_what_was_taken_for_it_is_paid_back(
    captured: int, given_back: int, rest: int, canceled: int, back: int
) -> None:
    assert owed(captured, given_back, rest, canceled) == back
