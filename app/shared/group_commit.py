"""Group commit: what threads of a process ask for at one moment is done in one transaction.

A transaction costs nearly as much for one as for a few. Whoever comes while nobody acts acts at
once; those who come meanwhile gather, and one of them acts for all of them next: nobody waits for
company, nor for long behind who is stuck. Databases commit so (DeWitt et al., "Implementation
Techniques for Main Memory Database Systems", 1984).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition, Lock
from typing import Generic, TypeVar, cast

from app.shared.errors import DomainError

logger = logging.getLogger(__name__)
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
# What is refused is answered with its refusal; None is to be asked again by itself.
Act = Callable[[Sequence[Asked]], Sequence[Answer | DomainError | None]]


@dataclass(slots=True, eq=False)
class _Place(Generic[Asked, Answer]):
    """The place in a group of one who asks."""

    asked: Asked
    answer: Answer | DomainError | None = None
    is_over: bool = False


class GroupCommit(Generic[Asked, Answer]):
    """Does what it is asked for in groups.

    `act` does a group in a transaction of its own, whosever thread it is called in. A group that
    fails is done one by one, each by who asked: so what fails alone fails for nobody else, and
    what is done must not be done again for being asked twice. A group should fail soon, where one
    of it has to wait: all of it would.
    """

    def __init__(self, act: Act[Asked, Answer], patience_seconds: float = 0.25) -> None:
        """Begin with nobody waiting; who has waited for so long acts, whoever else does."""
        self.patience_seconds = patience_seconds
        self._act = act
        self._waiting: list[_Place[Asked, Answer]] = []
        # The group that began last; nobody, when it is over.
        self._acting: Sequence[_Place[Asked, Answer]] = ()
        self._changed = Condition(Lock())

    def __len__(self) -> int:
        """Return how many wait for their turn."""
        return len(self._waiting)

    def ask(self, asked: Asked) -> Answer:
        """Return the answer to what is asked, or raise what refuses it."""
        mine: _Place[Asked, Answer] = _Place(asked)
        with self._turn_of(mine) as group:
            if group:
                self._do(group)
        answer = self._act([asked])[0] if mine.answer is None else mine.answer
        if isinstance(answer, DomainError):
            raise answer
        return cast("Answer", answer)

    @contextmanager
    def _turn_of(self, mine: _Place[Asked, Answer]) -> Iterator[Sequence[_Place[Asked, Answer]]]:
        """Wait for a turn and lend all who wait by then; nobody, if another took one along."""
        group: Sequence[_Place[Asked, Answer]] = ()
        with self._changed:
            self._waiting.append(mine)
            self._changed.wait_for(lambda: mine.is_over or not self._acting, self.patience_seconds)
            if mine in self._waiting:
                self._acting = group = self._waiting
                self._waiting = []
            else:
                self._changed.wait_for(lambda: mine.is_over)
        try:
            yield group
        finally:
            if group:
                self._end(group)

    def _end(self, group: Sequence[_Place[Asked, Answer]]) -> None:
        with self._changed:
            if self._acting is group:
                self._acting = ()
            for place in group:
                place.is_over = True
            self._changed.notify_all()

    def _do(self, group: Sequence[_Place[Asked, Answer]]) -> None:
        try:
            answers = self._act([place.asked for place in group])
        except Exception as error:
            if len(group) == 1:
                raise
            # Each says by itself what became of it.
            why = type(error).__name__
            logger.info("a group of %s is done one by one", len(group), extra={"why": why})
        else:
            for place, answer in zip(group, answers, strict=True):
                place.answer = answer
