"""A decision about what never left, in words for ops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from app.shared.language import _, _n
from app.web.words import day, money, when

Facts = Mapping[str, Any]


def for_ops(facts: Facts, names: Mapping[str, str], currency: str) -> list[str]:
    """Return who had not handed over what by when, and what became of it; with vendors' names."""
    said = [part for work in facts["works"] for part in _late(work, names)]
    said.append(
        _n(
            "{n} open day is waited for after that.",
            "{n} open days are waited for after that.",
            facts["days"],
        )
    )
    if facts["outcome"] == "others":
        said.append(_("Others have all of it, so it went back to routing."))
        return said
    said.append(
        _("So it was canceled: {amount} of the order.", amount=money((facts["minor"], currency)))
    )
    if facts["back"]:
        back = money((facts["back"], currency))
        said.append(_("{amount} is to be paid back.", amount=back))
    else:
        said.append(_("Nothing of it is to be paid back: nothing was taken for it."))
    return said


def _late(work: Facts, names: Mapping[str, str]) -> Iterator[str]:
    vendor = names.get(work["vendor"], work["vendor"])
    due = when(datetime.fromisoformat(work["ship_by"]))
    yield _n(
        "{vendor} had {n} unit to hand over by {due}, and did not.",
        "{vendor} had {n} units to hand over by {due}, and did not.",
        work["units"],
        vendor=vendor,
        due=due,
    )
    if "ship_on" in work:
        said = day(date.fromisoformat(work["ship_on"]))
        yield _("It had named {day} itself.", day=said)
    told = when(datetime.fromisoformat(work["told"]))
    yield _("It was told that this ends on {moment}.", moment=told)
