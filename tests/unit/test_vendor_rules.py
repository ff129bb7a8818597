from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.shared.errors import IllegalMove, InvalidInput
from app.vendors.contract import Move, Status, Step
from app.vendors.rules import (
    MOVES,
    WHAT_NOW,
    WITH_A_REASON,
    WITH_AN_END,
    move,
    moves_from,
    require_closure,
    require_sense,
    way,
    why_no_calendar,
)

M, S = Move, Status
TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
# What leads elsewhere, move by move; whatever is not here is refused or changes no status.
LEADS = {
    (S.ACTIVE, M.REVIEW): S.REVIEW,
    (S.ACTIVE, M.PAUSE): S.PAUSED,
    (S.ACTIVE, M.SUSPEND): S.SUSPENDED,
    (S.ACTIVE, M.CLOSE): S.CLOSED,
    (S.REVIEW, M.CLEAR): S.ACTIVE,
    (S.REVIEW, M.PAUSE): S.PAUSED,
    (S.REVIEW, M.SUSPEND): S.SUSPENDED,
    (S.REVIEW, M.CLOSE): S.CLOSED,
    (S.PAUSED, M.REOPEN): S.ACTIVE,
    (S.PAUSED, M.SUSPEND): S.SUSPENDED,
    (S.PAUSED, M.CLOSE): S.CLOSED,
    (S.SUSPENDED, M.REVIEW): S.REVIEW,
    (S.SUSPENDED, M.REOPEN): S.ACTIVE,
    (S.SUSPENDED, M.CLOSE): S.CLOSED,
}
# The same news twice, or another reason or day.
SAME = {
    (S.ACTIVE, M.CLEAR),
    (S.ACTIVE, M.REOPEN),
    (S.REVIEW, M.REVIEW),
    (S.PAUSED, M.PAUSE),
    (S.SUSPENDED, M.SUSPEND),
    (S.CLOSED, M.CLOSE),
}


@pytest.mark.parametrize("action", Move)
@pytest.mark.parametrize("status", Status)
def test_every_status_knows_its_moves_and_refuses_the_others(status, action):
    if (status, action) in LEADS:
        assert move("kiln", status, action) == LEADS[status, action]
    elif (status, action) in SAME:
        assert move("kiln", status, action) == status
    else:
        with pytest.raises(IllegalMove, match=f"kiln is {status}.*{WHAT_NOW[status][:10]}"):
            move("kiln", status, action)
    assert ((status, action) in MOVES) == ((status, action) in LEADS or (status, action) in SAME)


@pytest.mark.parametrize("status", Status)
def test_offered_is_what_leads_elsewhere_or_names_another_end(status):
    elsewhere = [m for m in Move if (status, m) in LEADS]
    again = [m for m in WITH_AN_END if (status, m) in SAME]

    assert set(moves_from(status)) == {*elsewhere, *again}


def test_a_closed_vendor_knows_no_way_back():
    assert moves_from(S.CLOSED) == []
    assert {way(S.CLOSED, target) for target in Status} == {None}


@pytest.mark.parametrize(("status", "target"), [(s, t) for s in Status for t in Status if s != t])
def test_there_is_one_way_at_most_from_a_status_to_another(status, target):
    ways = [m for (s, m), t in LEADS.items() if (s, t) == (status, target)]

    assert [way(status, target)] == (ways or [None])


@pytest.mark.parametrize("action", sorted(WITH_A_REASON))
def test_whoever_is_given_less_is_told_why(action):
    with pytest.raises(InvalidInput) as refused:
        require_sense(Step("kiln", action), TODAY)

    assert refused.value.fields == {"reason": "Say why: the vendor is told."}
    require_sense(Step("kiln", action, "late again"), TODAY)


@pytest.mark.parametrize("action", sorted(set(Move) - WITH_A_REASON))
def test_good_news_needs_no_reason(action):
    require_sense(Step("kiln", action), TODAY)


@pytest.mark.parametrize("action", Move)
def test_only_a_pause_or_a_suspension_ends_by_itself(action):
    step = Step("kiln", action, "moving", TODAY + DAY)
    if action in WITH_AN_END:
        require_sense(step, TODAY)
    else:
        with pytest.raises(InvalidInput, match="Only a pause or a suspension"):
            require_sense(step, TODAY)


@pytest.mark.parametrize("days", [-1, 0, 733])
def test_an_end_lies_ahead_and_within_two_years(days):
    with pytest.raises(InvalidInput, match="a day after today"):
        require_sense(Step("kiln", M.PAUSE, "moving", TODAY + days * DAY), TODAY)


def test_a_reason_is_no_essay():
    with pytest.raises(InvalidInput, match="at most 500"):
        require_sense(Step("kiln", M.PAUSE, "x" * 501), TODAY)


@given(first=some.integers(-400, 400), length=some.integers(-10, 500))
def test_a_closure_is_a_year_at_most_and_not_over(first, length):
    begin = TODAY + first * DAY
    end = begin + length * DAY
    if length < 0 or length >= 366 or end < TODAY:
        with pytest.raises(InvalidInput) as refused:
            require_closure(begin, end, TODAY)
        assert set(refused.value.fields) == {"last_day"}
    else:
        require_closure(begin, end, TODAY)


@pytest.mark.parametrize("place", ["DE", "DE-BY", "US-CA", "SE", "GB-SCT"])
def test_public_holidays_are_known_by_country_or_part(place):
    assert why_no_calendar(place) is None


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("de", "is no country or part of one; write it like DE or DE-BY"),
        ("Germany", "is no country"),
        ("DE-", "is no country"),
        ("DE-BY\n", "is no country"),
        ("XX", "is in a country whose public holidays are not known: XX"),
        ("DE-XX", "is no part of DE with holidays of its own; known: BB, BE, BW, BY"),
        ("SE-AB", "known: none"),
    ],
)
def test_what_has_no_public_holidays_is_told_what_has(place, why):
    assert why in (why_no_calendar(place) or "")
