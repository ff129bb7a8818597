from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event
from typing import Any

import pytest

from app.shared.errors import Conflict
from app.shared.group_commit import GroupCommit

PATIENCE = 20.0
ENDS = "ends the thread"


class Till:
    """Doubles what it is asked for; the first group may be kept waiting. It notes its groups."""

    def __init__(self) -> None:
        self.groups: list[list[Any]] = []
        self.is_open, self.is_busy = Event(), Event()

    def __call__(self, asked: Sequence[Any]) -> list[Any]:
        self.groups.append(list(asked))
        self.is_busy.set()
        assert self.is_open.wait(PATIENCE)
        if ENDS in asked:
            raise SystemExit(ENDS)
        if "breaks" in asked:
            message = "one of them broke it"
            raise LookupError(message)
        return [self._answer(one, alone=len(asked) == 1) for one in asked]

    def _answer(self, one: Any, *, alone: bool) -> Any:
        if one == "refused":
            return Conflict("no")
        return None if one == "shy" and not alone else 2 * one


def gathered(till: Till, first: Any, *rest: Any) -> list[Future[Any]]:
    """Ask for the rest while the first one is done; return what became of all."""
    gathering: GroupCommit[Any, Any] = GroupCommit(till, PATIENCE)
    pause = Event()
    with ThreadPoolExecutor(1 + len(rest)) as pool, ExitStack() as opened:
        opened.callback(till.is_open.set)
        told = [pool.submit(gathering.ask, first)]
        assert till.is_busy.wait(PATIENCE)
        for many, one in enumerate(rest, 1):
            told.append(pool.submit(gathering.ask, one))
            for _ in range(2000):
                if len(gathering) == many or pause.wait(0.01):
                    break
            assert len(gathering) == many
    return told


def test_who_comes_first_waits_for_nobody_and_who_comes_meanwhile_is_done_together():
    till = Till()

    told = gathered(till, 1, 2, 3, 4)

    assert [one.result() for one in told] == [2, 4, 6, 8]
    assert till.groups == [[1], [2, 3, 4]]


def test_what_is_refused_is_refused_to_who_asked_for_it_alone():
    till = Till()

    one, refused, other = gathered(till, 1, "refused", 3)

    assert (one.result(), other.result()) == (2, 6)
    with pytest.raises(Conflict, match="no"):
        refused.result()


def test_what_wants_to_be_done_by_itself_is_done_after_its_group():
    till = Till()

    told = gathered(till, 1, "shy", 3)

    assert [one.result() for one in told] == [2, "shyshy", 6]
    assert till.groups == [[1], ["shy", 3], ["shy"]]


def test_a_group_that_breaks_is_done_one_by_one_and_only_who_broke_it_hears_of_it():
    till = Till()

    one, breaks, other = gathered(till, 1, "breaks", 3)

    assert (one.result(), other.result()) == (2, 6)
    with pytest.raises(LookupError, match="broke"):
        breaks.result()
    assert till.groups[:2] == [[1], ["breaks", 3]]
    assert sorted(map(str, till.groups[2:])) == ["['breaks']", "[3]"]


def test_one_alone_that_breaks_is_tried_once():
    till = Till()
    till.is_open.set()

    with pytest.raises(LookupError):
        GroupCommit(till).ask("breaks")

    assert till.groups == [["breaks"]]


def test_a_thread_that_ends_while_it_acts_keeps_nobody_waiting():
    till = Till()

    first, ends, other = gathered(till, 1, ENDS, 3)

    assert (first.result(), other.result()) == (2, 6)
    assert isinstance(ends.exception(), SystemExit)


def test_nobody_waits_for_long_behind_who_is_stuck():
    stuck, may_end = Event(), Event()

    def act(asked: Sequence[int]) -> list[int]:
        if 1 in asked:
            stuck.set()
            assert may_end.wait(PATIENCE)
        return list(asked)

    gathering: GroupCommit[int, int] = GroupCommit(act, patience_seconds=0.01)
    with ThreadPoolExecutor(2) as pool, ExitStack() as opened:
        opened.callback(may_end.set)
        first = pool.submit(gathering.ask, 1)
        assert stuck.wait(PATIENCE)

        assert [gathering.ask(2), gathering.ask(3)] == [2, 3]

        assert not first.done()
    assert first.result() == 1
