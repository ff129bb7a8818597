"""The desk at which people and keys are looked after: the console has one, the portal has one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import render_template
from sqlalchemy import Row

from app.accounts import queries
from app.shared.clock import machine_now
from app.shared.language import _
from app.shared.work import ACCOUNTS, transaction
from app.web.words import MINUTE, span


@dataclass(frozen=True, slots=True)
class Desk:
    """What differs between the faces.

    `people` is what the list of people is called; `whose` says whose people and keys these are:
    one vendor's, or (None) everybody's; `frame` is what the shell of a page shows, `history` what
    somebody did last.
    """

    face: str
    people: str
    whose: Callable[[], UUID | None]
    frame: Callable[[], dict[str, Any]]
    history: Callable[[UUID], Sequence[dict[str, Any]]]
    roles: tuple[str, ...]
    views: dict[str, str]

    def context(self, **context: Any) -> dict[str, Any]:
        """Return what a page of people or keys needs to stand in the face's own shell."""
        layout = f"{self.face}/layout.html"
        return {"layout": layout, "face": self.face, "home": self.people, **self.frame(), **context}

    def page(self, template: str, **context: Any) -> str:
        """Return a page that asks nothing."""
        return render_template(template, **self.context(**context))

    def vendors(self) -> Sequence[Row[Any]] | None:
        """Return the vendors to choose from; nothing where the vendor is known."""
        if self.whose() is not None:
            return None
        with transaction(ACCOUNTS):
            return queries.vendor_choices()


def ago(moment: datetime | None, otherwise: str) -> str:
    """Return how long ago something was, by the machine's clock."""
    if moment is None:
        return otherwise
    length = machine_now() - moment
    return _("just now") if length.total_seconds() < MINUTE else _("{span} ago", span=span(length))
