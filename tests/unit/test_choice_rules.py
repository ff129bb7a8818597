from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.choices.contract import Instead, Status
from app.choices.rules import is_restock_day, left_of, option_of, options_of, status_of

TODAY = date(2026, 11, 23)
BACK = TODAY + timedelta(days=3)
WAIT = {"kind": "wait", "until": "2026-11-26"}
BOWL = {"kind": "substitute", "sku": "BOWL", "title": "Bowl"}
REFUND = {"kind": "refund"}


@pytest.mark.parametrize(
    ("instead", "options"),
    [
        (Instead("BOWL", BACK), [WAIT, BOWL, REFUND]),
        (Instead("BOWL"), [BOWL, REFUND]),
        (Instead(restock_on=BACK), [WAIT, REFUND]),
    ],
)
def test_the_money_back_is_always_among_what_can_be_chosen(instead, options):
    assert options_of(instead, "Bowl" if instead.substitute else None) == options


def test_only_what_is_offered_can_be_chosen():
    assert option_of([WAIT, REFUND], "wait") == WAIT
    assert option_of([WAIT, REFUND], "substitute") is None


@pytest.mark.parametrize(("days", "is_good"), [(0, False), (1, True), (365, True), (366, False)])
def test_what_comes_back_comes_soon_but_not_today(days, is_good):
    assert is_restock_day(TODAY + timedelta(days=days), TODAY) == is_good


@pytest.mark.parametrize(("unrouted", "left"), [(0, 0), (1, 1), (2, 2), (5, 2)])
def test_an_answer_is_about_the_units_that_nobody_has(unrouted, left):
    assert left_of(2, unrouted) == left


@pytest.mark.parametrize(
    ("kept", "unrouted", "status"),
    [
        ("open", 1, Status.OPEN),
        ("open", 0, Status.MOOT),
        ("answered", 0, Status.ANSWERED),
        ("moot", 2, Status.MOOT),
    ],
)
def test_a_question_is_moot_when_its_units_found_another_way(kept, unrouted, status):
    assert status_of(kept, 2, unrouted) == status
