"""Many counts at once: a list is pasted or sent as a file, looked over, and then counted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.accounts.sessions import actor_of
from app.audit.service import record
from app.catalog import count_rules
from app.catalog.counting import Fate, Verdict, count_listed, judge
from app.doors.guard import may
from app.portal import page
from app.portal.listed import text_sent
from app.portal.page import blueprint
from app.shared.errors import Conflict, InvalidInput
from app.shared.language import _, later
from app.shared.work import ACCOUNTS, acting_as, transaction

# How each fate looks, and what it is called before and after.
LOOKS = {
    Fate.FINE: ("check-circle", "good", later("Can be counted")),
    Fate.KNOWN: ("dash-circle", "mute", later("As it is")),
    Fate.REFUSED: ("exclamation-octagon-fill", "crit", later("Not taken")),
    Fate.COUNTED: ("check2", "good", later("Counted")),
}


@blueprint.get("/stock/count")
def count_many() -> ResponseReturnValue:
    """Show where a list of counts goes."""
    return _show("")


@blueprint.post("/stock/count")
def count_list() -> ResponseReturnValue:
    """Look a list over, row by row; count it once somebody has seen what would become of it."""
    text = ""
    try:
        text = text_sent(count_rules.MOST_BYTES)
        rows = count_rules.rows(text)
        is_done = request.form.get("step") == "count"
        with transaction(page.scope()):
            verdicts = _counted(rows, _seen()) if is_done else judge(rows)
    except (InvalidInput, Conflict) as refusal:
        return _show(text, refusal)
    return _show(text, verdicts=verdicts, is_done=is_done)


def _counted(rows: Sequence[count_rules.Row], seen: Mapping[UUID, int]) -> list[Verdict]:
    verdicts, count = count_listed(rows, seen)
    if count:
        # A vendor adds nothing to the trail by itself.
        whose = str(current_user.vendor_name)
        with acting_as(ACCOUNTS):
            record("stock_list_counted", actor_of(current_user), subject=whose, count=count)
    return verdicts


def _seen() -> dict[UUID, int]:
    """Return what was on hand when the list was looked over; of what says nothing, nothing."""
    try:
        told = json.loads(request.form.get("seen", "{}"))
        return {UUID(key): int(units) for key, units in told.items()}
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return {}


def _show(
    text: str,
    refusal: InvalidInput | Conflict | None = None,
    verdicts: Sequence[Verdict] = (),
    *,
    is_done: bool = False,
) -> tuple[str, int]:
    with transaction(page.scope()) as now:
        shell = page.shell(now)
    counts = Counter(one.fate for one in verdicts)
    html = render_template(
        "portal/count_many.html",
        **shell,
        text=text,
        rows=[_row(one) for one in verdicts],
        counts_of=[
            {"icon": icon, "tone": tone, "word": _(word), "n": counts[fate]}
            for fate, (icon, tone, word) in LOOKS.items()
            if counts[fate]
        ],
        seen=json.dumps({str(one.listing_id): one.was for one in verdicts if one.listing_id}),
        ready=counts[Fate.FINE],
        is_done=is_done,
        can_count=may("portal.count_list", "POST"),
        most=count_rules.MOST_ROWS,
        problem=refusal.detail if refusal else None,
    )
    return html, refusal.status if refusal else 200


def _row(one: Verdict) -> dict[str, Any]:
    icon, tone, word = LOOKS[one.fate]
    key = one.listing_id
    return {
        "line": one.row.line,
        "name": one.row.name,
        "sku": one.sku,
        "place": one.place or one.row.place,
        "was": one.was,
        "units": one.row.units,
        "href": url_for("portal.listing", listing_id=key) if key else None,
        "icon": icon,
        "tone": tone,
        "word": _(word),
        "told": one.sentence,
    }
