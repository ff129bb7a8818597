"""Vendors, the most trouble first, and a look at what one of them sees."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.accounts import sessions
from app.accounts.queries import people_by_vendor
from app.console import page
from app.console.page import blueprint
from app.orders.queries import work_by_vendor
from app.shared.work import ACCOUNTS, OPS, transaction
from app.vendors import queries
from app.vendors.models import Vendor

LONGEST_WORD = 120


@blueprint.get("/vendors")
def vendors() -> str:
    """Show who ships, how much they have to do, and how much of it is late."""
    q = "".join(c for c in request.args.get("q", "").strip() if c.isprintable())[:LONGEST_WORD]
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        found, work = queries.vendors(q), work_by_vendor(now)
    with transaction(ACCOUNTS):
        people = people_by_vendor()
    listed = [_listed(vendor, work.get(vendor.id), people.get(vendor.id, 0)) for vendor in found]
    return render_template(
        "console/vendors.html",
        **frame,
        vendors=sorted(listed, key=lambda row: (-row["overdue"], -row["undone"])),
        wanted=q,
        is_cut=len(found) == queries.MOST,
    )


def _listed(vendor: Vendor, work: Any, people: int) -> dict[str, Any]:
    return {
        "code": vendor.code,
        "name": vendor.name,
        "status": vendor.status,
        "undone": work.undone if work else 0,
        "overdue": work.overdue if work else 0,
        "people": people,
    }


@blueprint.post("/vendors/<code>/view")
def view_as(code: str) -> ResponseReturnValue:
    """Look at a vendor's portal with the vendor's eyes, and nothing of its hands."""
    with transaction(ACCOUNTS):
        sessions.view_as(current_user, code)
    return redirect(url_for("portal.work"))


@blueprint.post("/leave-view")
def leave_view() -> ResponseReturnValue:
    """Go back to the console."""
    with transaction(ACCOUNTS):
        sessions.leave_view(current_user)
    return redirect(url_for("console.vendors"))
