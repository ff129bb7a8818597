"""Taking back what one has just done, and being told of whoever was quicker."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.checks import service as checks
from app.escalations import service as escalations
from app.escalations.rules import standing
from app.shared import ids
from app.shared.errors import Conflict, IllegalMove
from app.shared.who import Who
from app.shared.work import OPS, transaction
from tests.conftest import NOW
from tests.factories import at, make_vendor_with_stock, one, routed_order, rows, run_jobs

CLIMB = ("watch", "escalate")
IMANI, JONAS = Who(ids.new(), "Imani"), Who(ids.new(), "Jonas")
NAMESAKE = Who(ids.new(), IMANI.name)
NOBODYS = standing(None, is_closed=False)


@pytest.fixture
def case(app) -> str:
    """A critical case that nobody owns."""
    make_vendor_with_stock()
    routed_order()
    at("2026-11-26T20:00:00+00:00")
    run_jobs(*CLIMB)
    return one(
        "SELECT c.reference FROM exception_cases c JOIN escalations e ON e.case_id = c.id"
        " WHERE c.kind = 'late_dispatch'"
    ).reference


def do(act, case, who=IMANI, **seen) -> None:
    with transaction(OPS) as now:
        act(case, actor=who, now=now, **seen)


def pass_by(**span) -> None:
    with transaction(OPS) as now:
        then = now + timedelta(**span)
    at(then)


def escalation(case):
    return one(
        "SELECT e.*, (SELECT count(*) FROM escalation_steps s WHERE s.escalation_id = e.id) AS told"
        " FROM escalations e JOIN exception_cases c ON c.id = e.case_id"
        " WHERE c.reference = :case",
        case=case,
    )


def events(name) -> int:
    return len(rows("SELECT 1 FROM timeline WHERE event = :name", name=f"escalation_{name}"))


def test_who_took_a_case_gives_it_back_and_the_climb_goes_on_as_if_never_stopped(case):
    do(escalations.acknowledge, case)
    pass_by(hours=30)
    run_jobs(*CLIMB)
    before = escalation(case).told

    for _ in range(2):
        do(escalations.unacknowledge, case)
    run_jobs(*CLIMB)

    found = escalation(case)
    assert (found.acknowledged_at, found.acknowledged_by) == (None, None)
    assert (before, found.told) == (1, 2)
    assert events("unacknowledged") == 1


def test_nobody_gives_back_what_somebody_else_took(case):
    do(escalations.acknowledge, case, JONAS)
    pass_by(seconds=8)

    with pytest.raises(Conflict, match=r"^Jonas acknowledged it 8 s ago\. Only they"):
        do(escalations.unacknowledge, case)

    assert escalation(case).acknowledged_by == "Jonas"


def test_what_is_resolved_is_opened_again_by_whoever_resolved_it(case):
    do(escalations.resolve, case)
    with pytest.raises(IllegalMove, match="Open it again first"):
        do(escalations.unacknowledge, case)
    with pytest.raises(Conflict, match="Imani resolved it"):
        do(escalations.reopen, case, JONAS)

    for _ in range(2):
        do(escalations.reopen, case)

    # Resolving it was what made her its owner.
    found = escalation(case)
    assert (found.closed_at, found.closed_by, found.acknowledged_by) == (None, None, None)
    assert events("reopened") == 1


def test_an_owner_who_resolved_and_opens_again_still_owns_it(case):
    do(escalations.acknowledge, case)
    pass_by(hours=1)
    do(escalations.resolve, case)

    do(escalations.reopen, case)

    assert (escalation(case).closed_at, escalation(case).acknowledged_by) == (None, "Imani")


@pytest.mark.parametrize("verb", ["acknowledge", "resolve"])
def test_who_looked_at_an_old_page_is_told_who_was_quicker_and_what_differs(case, verb):
    do(escalations.acknowledge, case, JONAS)
    before = escalation(case)
    pass_by(seconds=8)

    told = r"^Jonas acknowledged it 8 s ago\. You saw it owned by nobody\.$"
    with pytest.raises(Conflict, match=told):
        do(getattr(escalations, verb), case, seen=NOBODYS)

    assert escalation(case) == before


def test_who_saw_it_owned_is_told_that_it_was_given_back(case):
    do(escalations.acknowledge, case, JONAS)
    do(escalations.unacknowledge, case, JONAS)

    told = r"^Jonas gave it back 0 s ago\. You saw it owned by Jonas\.$"
    with pytest.raises(Conflict, match=told):
        do(escalations.resolve, case, seen=standing("Jonas", is_closed=False))


def test_the_same_click_twice_and_a_page_that_is_up_to_date_are_no_conflict(case):
    for _ in range(2):
        do(escalations.acknowledge, case, seen=NOBODYS)
    owned = standing("Imani", is_closed=False)
    for _ in range(2):
        do(escalations.resolve, case, JONAS, seen=owned)

    assert (events("acknowledged"), events("resolved")) == (1, 1)
    assert escalation(case).closed_by == "Jonas"


def test_of_two_people_of_one_name_only_the_one_who_took_it_gives_it_back(case):
    do(escalations.acknowledge, case)
    with pytest.raises(Conflict, match=r"^Imani acknowledged it 0 s ago\. Only they"):
        do(escalations.unacknowledge, case, NAMESAKE)
    do(escalations.resolve, case)
    with pytest.raises(Conflict, match=r"^Imani resolved it 0 s ago\. Only they"):
        do(escalations.reopen, case, NAMESAKE)

    assert (escalation(case).acknowledged_by_id, escalation(case).closed_by_id) == (IMANI.id,) * 2


def test_whoever_has_changed_their_name_gives_back_what_they_took(case):
    do(escalations.acknowledge, case)

    do(escalations.unacknowledge, case, Who(IMANI.id, "Imani Brooks"))

    assert escalation(case).acknowledged_by_id is None


def test_a_namesake_who_was_quicker_is_somebody_else(case):
    do(escalations.acknowledge, case, NAMESAKE)

    with pytest.raises(Conflict, match=r"^Imani acknowledged it 0 s ago\. You saw it owned by nob"):
        do(escalations.resolve, case, seen=NOBODYS)

    assert escalation(case).closed_at is None


def test_what_nobody_is_known_to_have_taken_is_given_back_by_nobody(case, sql):
    """A row of before there were ids, whose name two people have."""
    do(escalations.acknowledge, case)
    sql("UPDATE escalations SET acknowledged_by_id = NULL")

    with pytest.raises(Conflict, match="Only they"):
        do(escalations.unacknowledge, case)


# Dead letters --------------------------------------------------------------------------------


@pytest.fixture
def letter(app) -> int:
    with transaction(OPS) as now:
        checks.give_up("watch", "order 1", "it broke", 10, now)
    found: int = one("SELECT id FROM dead_letters").id
    return found


def closed():
    return one("SELECT closed_at, closed_by FROM dead_letters ORDER BY id LIMIT 1")


def close(letter, who, **seen) -> None:
    with transaction(OPS) as now:
        checks.close_dead_letter(letter, who, now, **seen)


def reopen(letter, who) -> None:
    with transaction(OPS) as now:
        checks.reopen_dead_letter(letter, who, now)


def test_who_dealt_with_a_dead_letter_opens_it_again(letter):
    close(letter, IMANI)

    reopen(letter, IMANI)
    reopen(letter, JONAS)

    assert closed() == (None, None)


def test_nobody_opens_what_somebody_else_dealt_with(letter):
    close(letter, JONAS)

    with pytest.raises(Conflict, match="Jonas dealt with it 0 s ago; only they open it again"):
        reopen(letter, IMANI)

    assert closed() == (NOW, "Jonas")


def test_a_second_one_who_deals_with_it_is_told_of_the_first(letter):
    close(letter, JONAS, seen="")
    pass_by(seconds=8)

    close(letter, JONAS, seen="")
    with pytest.raises(Conflict, match=r"Jonas dealt with it 8 s ago\. You saw it open\."):
        close(letter, IMANI, seen="")

    assert closed() == (NOW, "Jonas")


def test_what_was_given_up_again_since_is_open_already(letter):
    close(letter, IMANI)
    with transaction(OPS) as now:
        checks.give_up("watch", "order 1", "it broke again", 10, now)

    with pytest.raises(Conflict, match="given up again since; that one is open"):
        reopen(letter, IMANI)


def test_of_two_people_of_one_name_only_the_one_who_dealt_with_it_opens_it_again(letter):
    close(letter, IMANI, seen="")
    with pytest.raises(Conflict, match="Imani dealt with it 0 s ago; only they open it again"):
        reopen(letter, NAMESAKE)
    with pytest.raises(Conflict, match=r"Imani dealt with it 0 s ago\. You saw it open\."):
        close(letter, NAMESAKE, seen="")

    assert closed() == (NOW, "Imani")
