"""The shelf of acts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from app.batches.contract import Act
from app.shared.errors import NotFound
from app.shared.language import _
from app.shared.plugins import modules


@cache
def acts() -> dict[str, Act]:
    """Return every act by its code."""
    shelf = modules("app.batches.acts").values()
    return {act.code: act for module in shelf for act in module.ACTS}


def act_of(code: str) -> Act:
    """Return the act of a code."""
    if code not in acts():
        raise NotFound(_("No bulk change is called '{code}'.", code=code))
    return acts()[code]


def offered(list_name: str, role: str) -> Sequence[Act]:
    """Return what somebody of a role may do to the rows of a list."""
    return [
        act
        for act in acts().values()
        if act.is_offered and list_name in act.thing.lists and role in act.roles
    ]
