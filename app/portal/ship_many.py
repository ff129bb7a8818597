"""Many parcels at once: a list is pasted or sent as a file, looked over, and then shipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.doors.guard import may
from app.portal import page
from app.portal.listed import text_sent
from app.portal.page import blueprint
from app.shared.errors import InvalidInput
from app.shared.language import _, later
from app.shared.work import transaction
from app.shipments import list_rules
from app.shipments.listed import Fate, Verdict, judge, ship_listed

# How each fate looks, and what it is called before and after.
LOOKS = {
    Fate.FINE: ("check-circle", "good", later("Can leave")),
    Fate.DOUBTFUL: ("exclamation-triangle", "warn", later("Can leave, with a doubt")),
    Fate.KNOWN: ("dash-circle", "mute", later("Known already")),
    Fate.REFUSED: ("exclamation-octagon-fill", "crit", later("Not taken")),
    Fate.SHIPPED: ("truck", "good", later("Shipped")),
}


@blueprint.get("/ship/many")
def ship_many() -> ResponseReturnValue:
    """Show where a list goes."""
    return _show("")


@blueprint.post("/ship/many")
def ship_list() -> ResponseReturnValue:
    """Look a list over, row by row; ship it once somebody has seen what would become of it."""
    text = ""
    try:
        text = text_sent(list_rules.MOST_BYTES)
        with transaction(page.scope()) as now:
            shell = page.shell(now)
            rows = list_rules.rows(text, ZoneInfo(shell["zone"]))
            is_done = request.form.get("step") == "ship"
            verdicts = (
                ship_listed(rows, actor=current_user.name, now=now) if is_done else judge(rows, now)
            )
    except InvalidInput as refusal:
        return _show(text, refusal)
    return _show(text, verdicts=verdicts, is_done=is_done)


def _show(
    text: str,
    refusal: InvalidInput | None = None,
    verdicts: Sequence[Verdict] = (),
    *,
    is_done: bool = False,
) -> tuple[str, int]:
    with transaction(page.scope()) as now:
        shell = page.shell(now)
    counts = Counter(one.fate for one in verdicts)
    html = render_template(
        "portal/ship_many.html",
        **shell,
        text=text,
        rows=[_row(one) for one in verdicts],
        counts_of=[
            {"icon": icon, "tone": tone, "word": _(word), "n": counts[fate]}
            for fate, (icon, tone, word) in LOOKS.items()
            if counts[fate]
        ],
        ready=counts[Fate.FINE] + counts[Fate.DOUBTFUL],
        is_done=is_done,
        can_ship=may("portal.ship_list", "POST"),
        most=list_rules.MOST_ROWS,
        problem=refusal.detail if refusal else None,
    )
    return html, refusal.status if refusal else 200


def _row(one: Verdict) -> dict[str, Any]:
    icon, tone, word = LOOKS[one.fate]
    return {
        "line": one.row.line,
        "name": one.row.name,
        "carrier": one.row.carrier,
        "number": one.row.number,
        "at": one.row.shipped_at,
        "reference": one.reference,
        "href": url_for("portal.ship", reference=one.reference) if one.reference else None,
        "icon": icon,
        "tone": tone,
        "word": _(word),
        "told": one.sentence,
    }
