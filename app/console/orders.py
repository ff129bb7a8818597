"""Every order, searched and filtered."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.console import page
from app.console.order_list import SPEC
from app.console.page import blueprint
from app.lists import page as lists
from app.lists import saved
from app.lists.asked import asked
from app.shared.work import OPS, transaction
from app.web import words


@blueprint.get("/orders")
def orders() -> ResponseReturnValue:
    """Show orders, or go straight to the only one that a word names exactly."""
    of = asked(SPEC, request.args)
    with transaction(OPS) as now:
        numbers = page.numbers(SPEC.name)
        frame = page.shell(numbers, now)
        views = saved.of(numbers.views, current_user)
        opens_with = lists.opening(of, views, current_user)
        loaded = lists.load(of, current_user, now, ZoneInfo(words.zone_name()))
        shown = lists.frame(of, views, current_user)
    if opens_with:
        return redirect(opens_with)
    exact = [row for row in loaded.found if row.is_exact]
    if len(exact) == 1 and not of.chosen and "after" not in request.args:
        return redirect(url_for("console.order", reference=exact[0].reference))
    return render_template(
        "console/orders.html", **frame, list=shown, orders=loaded.rows, q=of.q, page=loaded.pager
    )
