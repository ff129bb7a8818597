"""All rows that a list shows under its filters, chosen at once: for bulk changes."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from app.accounts.contract import Person
from app.batches.contract import Selection
from app.lists.asked import asked_by, conditions
from app.lists.spec import LISTS
from app.shared.errors import NotFound
from app.shared.language import _


def selection_of(
    list_name: str, query: str, who: Person, now: datetime, zone: ZoneInfo
) -> Selection:
    """Return the rows of a list that a query asks for, as SQL over their ids."""
    if list_name not in LISTS:
        raise NotFound(_("There is no list named {name}.", name=list_name))
    spec = LISTS[list_name]
    what = conditions(asked_by(spec, query), who, now, zone)
    return Selection(f"{what.clause}{spec.ids.format(where=what.where)}", dict(what.values))
