"""Finding anything by one word: orders, parcels, their parts, cases, vendors, pages, acts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flask import url_for
from flask_login import current_user
from sqlalchemy import Row, text

from app.batches.registry import act_of
from app.console import page
from app.console.order_queries import LEAST_OF_A_NUMBER, search
from app.console.page import blueprint
from app.desk import find as finding
from app.desk.find import Group, Item, Page
from app.doors.guard import may
from app.extensions import db
from app.shared.language import _, later
from app.shared.work import OPS, transaction
from app.web.words import small

# Who has to read on types another letter.
FEW = 6
PAGES = (
    Page(later("Queue"), "console.queue", "inbox", later("cases exceptions triage start home")),
    Page(later("Orders"), "console.orders", "receipt", later("all orders")),
    Page(later("Escalations"), "console.escalations", "bell", later("climb critical")),
    Page(later("Offers"), "console.offers", "gift", later("compensation refunds credits")),
    Page(later("Messages"), "console.messages", "envelope", later("mails notifications sent")),
    Page(later("Notices"), "console.notices", "bell", later("news told inbox")),
    Page(later("Bulk changes"), "console.batches", "list-check", later("batches many")),
    Page(later("Vendors"), "console.vendors", "shop", later("sellers shippers")),
    Page(later("Take a vendor in"), "console.onboard", "shop", later("new vendor onboard")),
    Page(later("Catalog"), "console.catalog", "tag", later("products listings stock sku gtin")),
    Page(later("Imports"), "console.imports", "upload", later("files csv orders listings stock")),
    Page(later("Take in a file"), "console.new_import", "upload", later("import upload csv")),
    Page(later("Order sources"), "console.sources", "plug", later("shops webhooks shopify")),
    Page(later("People"), "console.people", "people", later("users team roles")),
    Page(later("Invite somebody"), "console.invite", "person-plus", later("people new user")),
    Page(later("Keys"), "console.keys", "key", later("api tokens")),
    Page(later("Make a key"), "console.new_key", "key", later("api token new")),
    Page(later("Policies"), "console.policies", "sliders", "rules routing promises lanes doubts"),
    Page(later("Settings"), "console.settings", "gear", later("marketplace policies brand")),
    Page(later("Audit trail"), "console.audit", "journal-text", later("history log who did what")),
    Page(
        later("System"),
        "console.system",
        "activity",
        later("health parts jobs workers dead letters"),
    ),
    Page(later("Components"), "console.components", "layers", later("look design marks")),
)
# One statement: each part is some rows of one kind, the best first. Prefixes are sorted as their
# index is (~<~), so that a short word reads a few rows of many.
FOUND = (
    ", named AS (SELECT o.id, o.reference, o.number, o.status, o.placed_at, c.name AS customer,"
    " o.number = upper(:q) OR o.id IN (SELECT order_id FROM hits WHERE is_exact) AS is_exact"
    " FROM orders o JOIN customers c ON c.id = o.customer_id"
    " WHERE o.id IN (SELECT order_id FROM hits UNION ALL (SELECT id FROM orders"
    "  WHERE number ^@ upper(:q) ORDER BY number USING ~<~ LIMIT :few))"
    " ORDER BY is_exact DESC, o.placed_at DESC LIMIT :few)"
)
# The first part names the columns of all; `target` is the reference or code to go to.
ORDERS = (
    "SELECT 'order' AS kind, is_exact, number AS label, customer AS about, reference AS target,"
    " status FROM named"
)
PARCELS = (
    "SELECT 'parcel', s.tracking_number = :number, s.tracking_number, o.number, o.reference,"
    " s.status FROM shipments s JOIN orders o ON o.id = s.order_id WHERE {parcels}"
    " ORDER BY s.tracking_number USING ~<~, s.shipped_at DESC LIMIT :few"
)
FULFILLMENT_ORDERS = (
    "SELECT 'fulfillment_order', true, f.reference, v.name || ', ' || f.order_number, o.reference,"
    " f.status FROM fulfillment_orders f JOIN orders o ON o.id = f.order_id"
    " JOIN vendors v ON v.id = f.vendor_id WHERE f.reference = upper(:q)"
)
CASE = (
    "SELECT 'case', true, x.kind, o.number, x.reference, x.severity FROM exception_cases x"
    " JOIN orders o ON o.id = x.order_id WHERE x.reference = upper(:q)"
)
OPEN_CASES = (
    "SELECT 'case', false, x.kind, n.number, x.reference, x.severity FROM named n"
    " JOIN exception_cases x ON x.order_id = n.id WHERE n.is_exact AND x.closed_at IS NULL"
    " AND x.reference <> upper(:q) ORDER BY"
    " array_position(ARRAY['critical', 'warning'], x.severity), x.occurred_at LIMIT :few"
)
VENDORS = (
    "SELECT 'vendor', lower(:q) IN (lower(code), lower(name)), name, code, code, status"
    " FROM vendors WHERE lower(name) ^@ lower(:q) OR lower(code) ^@ lower(:q)"
    " ORDER BY 2 DESC, name LIMIT :few"
)
# What can be asked for about an order that has not left yet; each shows first what it would do.
ACTS = {
    "orders.hold": (later("Put {order} on hold"), "pause-circle"),
    "orders.cancel": (later("Cancel {order}"), "slash-circle"),
}
NOT_LEFT = {"received", "open", "partly_shipped"}


@blueprint.get("/find")
def find() -> str:
    """Show what a word finds; without one, the pages and what can be done."""
    q = finding.asked()
    frame: dict[str, Any] = {}
    if finding.is_part() and not q:
        return finding.answer("console", q, _groups(q, []), frame)
    with transaction(OPS) as now:
        found = _found(q) if q else []
        if not finding.is_part():
            frame = page.shell(page.numbers(), now)
    return finding.answer("console", q, _groups(q, found), frame)


def _found(q: str) -> Sequence[Row[Any]]:
    """Return the things a word finds, in one statement, each kind with its best first."""
    what = search(q)
    parts = [ORDERS, FULFILLMENT_ORDERS, CASE, OPEN_CASES, VENDORS]
    if where := _parcels(q):
        parts.append(PARCELS.format(parcels=where))
    sql = what.clause + FOUND + " UNION ALL ".join(f"({part})" for part in parts)
    return db.session.execute(text(sql), {**what.values, "few": FEW}).all()


def _parcels(q: str) -> str:
    if re.fullmatch(r"(?i)SH-\w+", q):
        return "s.reference = upper(:q)"
    is_number = re.fullmatch(rf"[\w -]{{{LEAST_OF_A_NUMBER},}}", q)
    return "s.tracking_number ^@ :number" if is_number else ""


def _groups(q: str, found: Sequence[Row[Any]]) -> Iterator[Group]:
    """Return everything in its order; a page comes before what only begins like it."""
    kinds: dict[str, list[Row[Any]]] = {kind: [] for kind in ITEMS}
    for row in found:
        kinds[row.kind].append(row)
    kinds["order"] = _by_own_name(q, kinds)
    yield finding.pages(q, PAGES)
    for kind, (title, item) in ITEMS.items():
        more = [_all(q)] if kind == "order" and len(kinds[kind]) == FEW else []
        yield Group(_(title), [*(item(row) for row in kinds[kind]), *more])
    about = list(_about(kinds["order"])) if may("console.draft_batch") else []
    seen = list(_as_vendor(kinds["vendor"])) if may("console.view_as") else []
    yield Group(_("Do"), [*about, *seen, *finding.acts(q).items])


def _by_own_name(q: str, kinds: dict[str, list[Row[Any]]]) -> list[Row[Any]]:
    """Return orders, without those that are there already as their parcel, part or case."""
    shown = {row.target for kind in ("parcel", "fulfillment_order") for row in kinds[kind]}
    about = {row.about for row in kinds["case"] if row.is_exact}
    return [
        row
        for row in kinds["order"]
        if row.label.startswith((q, q.upper()))
        or (row.target not in shown and row.label not in about)
    ]


def _order(row: Row[Any]) -> Item:
    return _on_order(row, "receipt")


def _parcel(row: Row[Any]) -> Item:
    return _on_order(row, "truck")


def _fulfillment_order(row: Row[Any]) -> Item:
    return _on_order(row, "box-seam")


def _on_order(row: Row[Any], icon: str) -> Item:
    about = f"{row.about}, {small(row.status)}"
    href = url_for("console.order", reference=row.target)
    return Item(row.label, icon, href, about, is_code=True, is_exact=row.is_exact)


def _all(q: str) -> Item:
    return Item(_("Every order for {word}", word=q), "search", url_for("console.orders", q=q))


def _case(row: Row[Any]) -> Item:
    about = f"{row.about}, {small(row.status)}, {row.target}"
    href = url_for("console.case", reference=row.target)
    label = _("Open the case: {kind}", kind=small(row.label))
    return Item(label, "exclamation-triangle", href, about, is_exact=row.is_exact)


def _vendor(row: Row[Any]) -> Item:
    about = row.about if row.status == "active" else f"{row.about}, {small(row.status)}"
    href = url_for("console.vendor", code=row.target)
    return Item(row.label, "shop", href, about, is_exact=row.is_exact)


ITEMS: dict[str, tuple[str, Callable[[Row[Any]], Item]]] = {
    "order": (later("Orders"), _order),
    "parcel": (later("Parcels"), _parcel),
    "fulfillment_order": (later("Fulfillment orders"), _fulfillment_order),
    "case": (later("Cases"), _case),
    "vendor": (later("Vendors"), _vendor),
}


def _about(orders: Sequence[Row[Any]]) -> Iterator[Item]:
    """Return what can be done about the one order that a word names."""
    named = [row for row in orders if row.is_exact]
    if len(named) != 1 or named[0].status not in NOT_LEFT:
        return
    (order,) = named
    for act, (label, icon) in ACTS.items():
        if current_user.role not in act_of(act).roles:
            continue
        fields = {"list": "orders", "query": "", "row": order.target, "act": act}
        url = url_for("console.draft_batch")
        yield Item(
            _(label, order=order.label),
            icon,
            about=_("you see first what it does"),
            post=url,
            fields=fields,
        )


def _as_vendor(vendors: Sequence[Row[Any]]) -> Iterator[Item]:
    for row in vendors:
        if row.is_exact or len(vendors) == 1:
            url = url_for("console.view_as", code=row.target)
            yield Item(_("See what {vendor} sees", vendor=row.label), "eye", post=url)
