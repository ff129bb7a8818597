"""Finding anything by one word: what there is, the pages about it, and what can be done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flask import url_for
from flask_login import current_user
from sqlalchemy import Row

from app.batches.registry import act_of
from app.console import find_queries, page
from app.console.page import blueprint
from app.desk import find as finding
from app.desk.find import Group, Item, Page
from app.doors.guard import may
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
    Page(later("Choices"), "console.choices", "signpost-split", later("out of stock substitutes")),
    Page(later("Messages"), "console.messages", "envelope", later("mails notifications sent")),
    Page(later("Notices"), "console.notices", "bell", later("news told inbox")),
    Page(later("Bulk changes"), "console.batches", "list-check", later("batches many")),
    Page(later("Vendors"), "console.vendors", "shop", later("sellers shippers")),
    Page(
        later("Vendors' questions"),
        "console.vendor_inbox",
        "life-preserver",
        later("help support inbox answers"),
    ),
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
        found = find_queries.found(q, FEW) if q else []
        if not finding.is_part():
            frame = page.shell(page.numbers(), now)
    return finding.answer("console", q, _groups(q, found), frame)


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
    named = (q.lower(), q.lower().removeprefix("#"))
    return [
        row
        for row in kinds["order"]
        if row.label.lower().startswith(named)
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


def _customer(row: Row[Any]) -> Item:
    """Return somebody who bought; their record is the list of their orders."""
    href = url_for("console.orders", q=row.target)
    return Item(row.label, "person", href, row.about, is_exact=row.is_exact)


def _product(row: Row[Any]) -> Item:
    href = url_for("console.product", sku=row.target)
    return Item(row.label, "tag", href, row.about, is_code=True, is_exact=row.is_exact)


def _import(row: Row[Any]) -> Item:
    href = url_for("console.one_import", reference=row.target)
    about = f"{row.about}, {small(row.status)}"
    return Item(row.label, "upload", href, about, is_exact=True)


def _batch(row: Row[Any]) -> Item:
    href = url_for("console.batch", reference=row.target)
    about = f"{row.target}, {row.about}, {small(row.status)}"
    return Item(_(act_of(row.label).label), "list-check", href, about, is_exact=True)


ITEMS: dict[str, tuple[str, Callable[[Row[Any]], Item]]] = {
    "order": (later("Orders"), _order),
    "parcel": (later("Parcels"), _parcel),
    "fulfillment_order": (later("Fulfillment orders"), _fulfillment_order),
    "case": (later("Cases"), _case),
    "customer": (later("Customers"), _customer),
    "product": (later("Products"), _product),
    "vendor": (later("Vendors"), _vendor),
    "import": (later("Imports"), _import),
    "batch": (later("Bulk changes"), _batch),
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
