"""The list of vendors, the most overdue first, and a look at what one of them sees."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row

from app.accounts import sessions
from app.console import vendor_queries
from app.console.lists import Around, show_list
from app.console.order_queries import NEVER
from app.console.page import blueprint
from app.lists.spec import Choice, Column, Conditions, ListSpec, Options, Sort, View, register
from app.shared import clock
from app.shared.language import _, later
from app.shared.work import ACCOUNTS, transaction
from app.vendors.contract import Kind, Status
from app.vendors.queries import STATUS
from app.web.deadlines import deadline
from app.web.looks import VENDOR_STATUSES
from app.web.marks import bdi
from app.web.paging import Key
from app.web.words import when

VENDORS = "/console/vendors/"
KINDS = {
    Kind.MERCHANT: later("Merchant"),
    Kind.FULFILLMENT_HOUSE: later("Fulfillment house"),
    Kind.DROP_SHIPPER: later("Drop-shipper"),
}
VIEWS = {
    "open": View(later("Open"), "v.status <> 'closed'", hint=later("All but those closed")),
    "overdue": View(later("Overdue"), "w.overdue > 0", "crit", later("Something should have left")),
    "watched": View(later("Under review"), f"{STATUS} = 'review'"),
    "stopped": View(
        later("Given no work"),
        f"{STATUS} IN ('paused', 'suspended')",
        hint=later("Paused or suspended"),
    ),
    "closed": View(later("Closed"), "v.status = 'closed'"),
}


def status_word(code: str) -> str:
    """Return how a vendor stands, in words."""
    return _(VENDOR_STATUSES[code][2])


def show(row: Row[Any], now: datetime) -> dict[str, Any]:
    """Return a vendor as its list has it."""
    due = bdi(when(row.first_due)) if row.first_due else ""
    return {
        "code": row.code,
        "name": row.name,
        "href": VENDORS + quote(row.code, safe=""),
        "kind": _(KINDS[Kind(row.kind)]),
        "status": row.status,
        "until": row.status_until if row.status in {"paused", "suspended"} else None,
        "undone": row.undone,
        "overdue": row.overdue,
        "first_due": row.first_due,
        "deadline": deadline(row.first_due, now, due) if row.first_due else None,
    }


def _search(q: str) -> Conditions:
    names = ("name", "code", "email")
    where = " OR ".join(f"strpos(lower(v.{name}), lower(:q)) > 0" for name in names)
    return Conditions(where, {"q": q})


def _statuses() -> Options:
    return [(str(status), status_word(status)) for status in Status]


def _kinds() -> Options:
    return [(str(kind), _(word)) for kind, word in KINDS.items()]


SPEC = register(
    ListSpec(
        name="vendors",
        endpoint="console.vendors",
        nouns=(later("vendor"), later("vendors")),
        columns=(
            Column("due", later("First due"), lambda r: [("First due", r["first_due"])]),
            Column(
                "vendor",
                later("Vendor"),
                lambda r: [("Vendor", r["name"]), ("Code", r["code"])],
                is_fixed=True,
            ),
            Column("status", later("State"), lambda r: [("State", status_word(r["status"]))]),
            Column("kind", later("Kind"), lambda r: [("Kind", r["kind"])], look="mid"),
            Column("overdue", later("Overdue"), lambda r: [("Overdue", r["overdue"])], look="num"),
            Column("undone", later("To do"), lambda r: [("To do", r["undone"])], look="num"),
        ),
        filters=(
            Choice("status", later("State"), f"{STATUS} = ANY(:status)", _statuses, True),
            Choice("kind", later("Kind"), "v.kind = ANY(:kind)", _kinds, is_prominent=True),
        ),
        sorts={"due": Sort(later("Most overdue first"), vendor_queries.DUE)},
        views=VIEWS,
        ids=f"SELECT v.id{vendor_queries.VENDORS}",
        fetch=vendor_queries.vendors,
        key=lambda row, _sort: Key(row.first_due or NEVER, row.id),
        show=show,
        search=_search,
    )
)


@blueprint.get("/vendors")
def vendors() -> ResponseReturnValue:
    """Show who ships, how much they have to do, and how much of it is late."""
    return show_list(SPEC, _around)


def _around(_numbers: Row[Any]) -> Around:
    found = vendor_queries.sums(clock.now())
    counts = {"open": found.vendors, "overdue": found.overdue}
    return Around(counts, {"vendors": found.vendors, "overdue": found.overdue})


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
