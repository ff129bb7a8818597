"""Finding orders, and reading one with all that hangs on it, for the screen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.console.list_queries import MESSAGE, OFFER
from app.extensions import db
from app.lists.spec import Conditions, Sort
from app.routing.words import DATING
from app.shared.errors import NotFound
from app.shared.work import plan_for_values
from app.web.paging import Cut

# A word that fits more orders than this shows some of them; a longer word finds the right one.
MOST_HITS = 500
# Shorter than this, the beginning of a tracking number would fit half of all parcels.
LEAST_OF_A_NUMBER = 6
# Orders without a promise come after all that have one.
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
DUE = "coalesce(o.deliver_by, '9999-12-31 00:00+00')"


@dataclass(frozen=True, slots=True)
class Search:
    """One way to find something: what the word must look like, and the rows it fits."""

    fits: str
    rows: str


WORD, NAMED = r"[^@]+", r"(?i){}-\w+"
# No name has five digits in a row: the letter before an order's number begins half of all names.
# One of the alphabet's letters begins a tenth of them; a single character may be a Chinese name.
NAME = r"(?!.*\d{5})(?![A-Za-z]$)[^@]+"
# Digits as people write them, seven and more: fewer are found in too many numbers.
PHONE = r"\+?(?:[ ()./-]*\d){7,}[ ()./-]*"
GTIN = r"(?:[ -]*\d){8,14}"
# Its beginning finds it, too; one that begins with a letter or two of a word would be anybody's.
E_MAIL = r"[^@ ]+@[^@ ]*|[^@ ]{3,}"
# What a question is like is no constant to the planner, which then always looks it up.
BUYERS = (
    Search(
        NAME,
        "SELECT id, false FROM customers"
        " WHERE array_to_tsvector(words_of(name)) @@ (SELECT names_like(:q))",
    ),
    Search(
        WORD,
        "SELECT id, lower(external_id) = lower(:q) FROM customers"
        " WHERE lower(external_id) ^@ lower(:q)",
    ),
    Search(
        E_MAIL,
        "SELECT id, lower(email) = lower(:q) FROM customers WHERE lower(email) ^@ lower(:q)",
    ),
    Search(PHONE, "SELECT id, true FROM customers WHERE phone_of(phone) ^@ phone_of(:q)"),
    # As it is written from abroad, of one that is known as it is written at home.
    Search(
        PHONE,
        "SELECT id, true FROM customers WHERE phone_of(phone) IN"
        " (SELECT left(phone_of(:q), n) FROM generate_series(7, length(phone_of(:q)) - 1) n)",
    ),
)
SEARCHES = (
    # Shops show a number after a mark that is no part of it.
    *(
        Search(fits, f"SELECT id, number = {number} FROM orders WHERE number ^@ {number}")
        for fits, q in ((WORD, ":q"), (r"#[^@]+", ":unmarked"))
        for number in (q, f"upper({q})", f"lower({q})")
    ),
    Search(r".+", "SELECT o.id, b.is_exact FROM buyers b JOIN orders o ON o.customer_id = b.id"),
    Search(NAME, "SELECT order_id, false FROM recipients WHERE words @@ (SELECT names_like(:q))"),
    Search(NAMED.format("OR"), "SELECT id, true FROM orders WHERE reference = upper(:q)"),
    *(
        Search(NAMED.format(name), f"SELECT order_id, true FROM {of} WHERE reference = upper(:q)")
        for name, of in (
            ("FO", "fulfillment_orders"),
            ("SH", "shipments"),
            ("CA", "exception_cases"),
            ("CO", "compensation_offers"),
        )
    ),
    Search(
        rf"[\w -]{{{LEAST_OF_A_NUMBER},}}",
        "SELECT order_id, tracking_number = :number FROM shipments"
        " WHERE tracking_number ^@ :number",
    ),
    Search(WORD, "SELECT order_id, false FROM order_lines WHERE sku IN (:q, upper(:q))"),
    Search(
        GTIN,
        "SELECT l.order_id, false FROM products p JOIN order_lines l ON l.sku = p.sku"
        " WHERE p.gtin = ANY(:gtins)",
    ),
)
LISTED = (
    "SELECT o.id, o.reference, o.number, o.channel, o.placed_at, o.status, o.currency,"
    " o.items_minor + o.freight_minor AS total, o.deliver_on, o.deliver_by, o.delivered_at,"
    " CASE WHEN o.held_since IS NOT NULL THEN (SELECT array_agg(h.code ORDER BY h.held_at, h.id)"
    "  FROM order_holds h WHERE h.order_id = o.id AND h.released_at IS NULL) END AS held_for,"
    " c.name AS customer, o.ship_to->>'city' AS city, o.country, {exact} AS is_exact,"
    " (SELECT array_agg(DISTINCT v.name) FROM fulfillment_orders f JOIN vendors v"
    "  ON v.id = f.vendor_id WHERE f.order_id = o.id AND f.status NOT IN ('rejected', 'canceled'))"
    "  AS vendors,"
    " (SELECT count(*) FROM exception_cases x WHERE x.order_id = o.id AND x.closed_at IS NULL)"
    "  AS cases"
    # First the page, then what is told of its rows: a rare filter has thousands to sort.
    " FROM (SELECT o.* FROM orders o {joined} WHERE {where} AND {cut} ORDER BY {within}"
    "  LIMIT :size) o JOIN customers c ON c.id = o.customer_id ORDER BY {order}"
)
PLACED = "o.placed_at"
# An index has a vendor's parts by when their orders were placed: a page is read from there, or from
# the orders if most are this vendor's. Of several parts in one order the first stands for all.
OF_ONE_VENDOR = (
    "JOIN fulfillment_orders f ON f.order_id = o.id AND f.placed_at = o.placed_at"
    " AND f.vendor_id = ANY(:vendor) AND f.status NOT IN ('rejected', 'canceled')"
    " AND NOT EXISTS (SELECT FROM fulfillment_orders g WHERE g.vendor_id = f.vendor_id"
    "  AND g.order_id = f.order_id AND g.id < f.id AND g.status NOT IN ('rejected', 'canceled'))"
)


def orders(what: Conditions, cut: Cut, sort: Sort) -> Sequence[Row[Any]]:
    """Return a page of orders; `is_exact` says of each whether the searched word names it."""
    at, row_id, joined, where = sort.at, "o.id", "", what.where
    if what.joined and at == PLACED:
        at, row_id = "f.placed_at", "f.order_id"
        joined, rest = what.joined
        where = rest.replace(PLACED, at)
    cut_where, within = cut.order(at, row_id, newest_first=sort.newest_first)
    _, order = cut.order(sort.at, "o.id", newest_first=sort.newest_first)
    exact = "o.id IN (SELECT order_id FROM hits WHERE is_exact)" if what.clause else "false"
    page = {"joined": joined, "where": where, "cut": cut_where, "within": within, "order": order}
    sql = what.clause + LISTED.format(exact=exact, **page)
    return db.session.execute(text(sql), {**what.values, **cut.values()}).all()


def search(q: str) -> Conditions:
    """Return the orders that a word finds, by any of the names we know them by.

    The clause names whom it finds, too: buyers (id, is_exact).
    """
    plan_for_values()
    digits = re.sub(r"\D", "", q)
    values = {
        "q": q,
        "unmarked": q.removeprefix("#"),
        "number": re.sub(r"[ -]", "", q).upper(),
        "gtins": [digits.lstrip("0").zfill(size) for size in (8, 12, 13, 14)],
        "most": MOST_HITS,
    }
    return Conditions(
        "o.id IN (SELECT order_id FROM hits)",
        values,
        f"WITH buyers (id, is_exact) AS MATERIALIZED ({_found(BUYERS, q)}),"
        f" hits (order_id, is_exact) AS MATERIALIZED ({_found(SEARCHES, q)}) ",
    )


def _found(ways: Sequence[Search], q: str) -> str:
    fitting = [way.rows for way in ways if re.fullmatch(way.fits, q)]
    parts = [f"({rows} LIMIT :most)" for rows in fitting]
    return " UNION ALL ".join(parts or ["SELECT NULL::uuid, false"])


ORDER = text(
    "SELECT o.id, o.reference, o.number, o.channel, o.status, o.cohort, o.placed_at, o.currency,"
    " o.items_minor, o.freight_minor, o.ship_to, o.deliver_on, o.deliver_by, o.promise_zone,"
    " o.delivered_at, o.held_since, o.preferences, c.name AS customer, c.email,"
    " p.status AS payment, p.authorized_minor, p.captured_minor, p.refunded_minor, p.pending_minor,"
    " (SELECT json_agg(json_build_object('due_at', m.due_at, 'reason', m.reason)"
    "  ORDER BY m.version) FROM promises m WHERE m.subject_id = o.id AND m.kind = 'deliver_by')"
    "  AS promises, (SELECT t.facts FROM timeline t WHERE t.cohort = o.cohort AND t.order_id = o.id"
    "  AND t.event = ANY(:dating) ORDER BY t.id DESC LIMIT 1) AS dated"
    " FROM orders o JOIN customers c ON c.id = o.customer_id"
    " LEFT JOIN payments p ON p.order_id = o.id WHERE o.reference = :reference LIMIT 1"
)
LINES = text(
    "SELECT id, external_id, sku, title, options, quantity, unrouted, canceled, unit_price_minor"
    " FROM order_lines WHERE order_id = :id ORDER BY external_id LIMIT 200"
)
FULFILLMENT_ORDERS = text(
    "SELECT f.id, f.reference, f.status, f.hold_reason, f.assigned_at, f.confirm_by, f.ship_by,"
    " f.confirmed_at, f.shipped_at, f.ship_on, f.has_attested, f.decline_code, f.decline_reason,"
    " f.cancel_at, f.lapsed_at,"
    " f.ordered_service, f.service, f.service_minor,"
    " v.name AS vendor, l.name AS location, l.zone,"
    " (SELECT json_agg(json_build_object('id', h.id, 'package', p.reference, 'width', h.width,"
    "   'height', h.height) ORDER BY p.number, h.id) FROM packages p"
    "  JOIN photos h ON h.package_id = p.id WHERE p.fo_id = f.id) AS photos"
    " FROM fulfillment_orders f"
    " JOIN vendors v ON v.id = f.vendor_id JOIN locations l ON l.id = f.location_id"
    " WHERE f.order_id = :id ORDER BY f.assigned_at, f.id LIMIT 50"
)
FO_LINES = text(
    "SELECT fo_id, order_line_id, sku, title, options, ordered, declined, confirmed, shipped,"
    " delivered, canceled FROM fo_lines WHERE order_id = :id ORDER BY fo_id, line LIMIT 500"
)
PARCELS = text(
    "SELECT s.id, s.fo_id, s.carrier, s.tracking_number, s.status, s.delay_reason, s.shipped_at,"
    " s.last_scan_at, s.eta, s.delivered_at, t.description, t.place FROM shipments s"
    " LEFT JOIN LATERAL (SELECT description, place FROM tracking_events"
    "  WHERE cohort = s.cohort AND shipment_id = s.id"
    "  ORDER BY occurred_at DESC NULLS LAST LIMIT 1) t ON true"
    " WHERE s.order_id = :id ORDER BY s.shipped_at, s.id LIMIT 100"
)
OFFERED = text(
    f"SELECT {OFFER} FROM compensation_offers f WHERE f.order_id = :id"
    " AND f.status <> 'withdrawn' LIMIT 1"
)
TOLD = text(
    f"SELECT {MESSAGE} FROM notifications n WHERE n.cohort = :cohort AND n.order_id = :id"
    " ORDER BY n.made_at DESC, n.id LIMIT 50"
)
VENDORS = text("SELECT code, name FROM vendors WHERE code = ANY(:codes) LIMIT 200")


def order(reference: str) -> Row[Any]:
    """Return one order by its public name."""
    values = {"reference": reference, "dating": list(DATING)}
    row = db.session.execute(ORDER, values).first()
    if row is None:
        raise NotFound(f"There is no order {reference}.")
    return row


def lines(order_id: UUID) -> Sequence[Row[Any]]:
    """Return an order's lines as the customer ordered them."""
    return db.session.execute(LINES, {"id": order_id}).all()


def fulfillment_orders(order_id: UUID) -> Sequence[Row[Any]]:
    """Return an order's fulfillment orders, first assigned first."""
    return db.session.execute(FULFILLMENT_ORDERS, {"id": order_id}).all()


def fo_lines(order_id: UUID) -> Sequence[Row[Any]]:
    """Return the lines of an order's fulfillment orders."""
    return db.session.execute(FO_LINES, {"id": order_id}).all()


def parcels(order_id: UUID) -> Sequence[Row[Any]]:
    """Return an order's parcels with their last scans."""
    return db.session.execute(PARCELS, {"id": order_id}).all()


def offer(order_id: UUID) -> Row[Any] | None:
    """Return an order's live offer."""
    return db.session.execute(OFFERED, {"id": order_id}).first()


def messages(row: Row[Any]) -> Sequence[Row[Any]]:
    """Return what was said about an order, newest first."""
    return db.session.execute(TOLD, {"cohort": row.cohort, "id": row.id}).all()


def vendor_names(codes: set[str]) -> dict[str, str]:
    """Return vendors' names by their codes."""
    rows = db.session.execute(VENDORS, {"codes": sorted(codes)})
    return {row.code: row.name for row in rows}
