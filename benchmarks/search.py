"""Claim: any word finds what it names in under 50 ms, 19 times of 20, on a million stored orders.

Each kind of word is asked for with words of many rows, in the palette (everything of that name) and
in the list of orders, as somebody of ops who has signed in. Of a word's few tries the best counts,
so that what else the machine does is not held against it; of the words the slow end. What is
printed beside it is how many times as long that takes as the least a database can be asked: one row
by its primary key.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any
from urllib.parse import quote

import psycopg
from _site import Site, p95, seconds_of, site
from psycopg.rows import namedtuple_row

MILLION, WORDS, TRIES, MOST_MS = 1_000_000, 60, 4, 50
SAMPLE = (
    "SELECT o.id, o.number, o.reference, c.name, c.email, c.phone, c.external_id, l.sku, p.gtin,"
    " p.title, f.reference AS fo, s.reference AS shipment, s.tracking_number, v.name AS vendor"
    " FROM (SELECT * FROM orders WHERE status = 'delivered' ORDER BY md5(reference) LIMIT %s) o"
    " JOIN customers c ON c.id = o.customer_id JOIN order_lines l ON l.order_id = o.id"
    " JOIN products p ON p.sku = l.sku JOIN LATERAL (SELECT * FROM fulfillment_orders"
    "  WHERE order_id = o.id LIMIT 1) f ON true JOIN shipments s ON s.fo_id = f.id"
    " JOIN vendors v ON v.id = f.vendor_id"
)
CASES = "SELECT reference FROM exception_cases ORDER BY md5(reference) LIMIT %s"
BY_KEY = "SELECT id, number, status FROM orders WHERE id = %s"
# What somebody types who knows a row: each way to say what it is called.
KINDS: dict[str, Callable[[Any], str]] = {
    "order number": lambda row: row.number,
    "its beginning": lambda row: row.number[:8],
    "e-mail": lambda row: row.email,
    "its beginning, ": lambda row: row.email.partition("@")[0][:-1] + "@",
    "phone": lambda row: row.phone,
    "as at home": lambda row: f"0{row.phone.removeprefix('+46 ')}",
    "as from abroad": lambda row: f"0046 (0){row.phone.removeprefix('+46 ')}",
    "whole name": lambda row: row.name,
    "last name": lambda row: row.name.split()[-1],
    "first name": lambda row: row.name.split()[0],
    "beginnings of both": lambda row: " ".join(word[:3] for word in reversed(row.name.split())),
    "two letters": lambda row: row.name[:2],
    "one letter": lambda row: row.name[:1],
    "customer's own id": lambda row: row.external_id,
    "SKU": lambda row: row.sku,
    "GTIN": lambda row: row.gtin,
    "beginning of a title": lambda row: row.title[:6],
    "word of a title": lambda row: row.title.split()[-1],
    "tracking number": lambda row: row.tracking_number,
    "in groups": lambda row: f"{row.tracking_number[:4]} {row.tracking_number[4:]}",
    "its beginning,  ": lambda row: row.tracking_number[:9],
    "our reference": lambda row: row.reference,
    "fulfillment order": lambda row: row.fo,
    "shipment": lambda row: row.shipment,
    "vendor": lambda row: row.vendor,
    "nobody's": lambda row: f"zzq{row.number}",
}


def words_of(connection: psycopg.Connection[Any]) -> dict[str, list[str]]:
    """Return words of every kind, of rows from all over."""
    cursor = connection.cursor(row_factory=namedtuple_row)
    rows = cursor.execute(SAMPLE, [WORDS]).fetchall()
    cases = [row.reference for row in cursor.execute(CASES, [WORDS])]
    return {kind: [word(row) for row in rows] for kind, word in KINDS.items()} | {"case": cases}


def least(connection: psycopg.Connection[Any]) -> float:
    """Return the slow end of asking for a row by its primary key, in milliseconds."""
    rows = connection.execute(SAMPLE, [WORDS]).fetchall()
    asks = [lambda key=row[0]: connection.execute(BY_KEY, [key]).fetchone() for row in rows]
    return slow_end(asks)


def slow_end(asks: Sequence[Callable[[], object]]) -> float:
    """Return what nineteen of twenty do not exceed, in milliseconds."""
    return 1000 * p95([min(seconds_of(ask, TRIES)) for ask in asks])


def asked(here: Site, path: str, words: Sequence[str], **headers: str) -> Sequence[Any]:
    """Return what asks for each word at an address."""
    asks = [here.visitor.asker(f"{path}?q={quote(word)}", **headers) for word in words]
    wrong = {answer.status for answer in (asks[0](), asks[-1]())} - {200, 302}
    if wrong:
        raise SystemExit(f"{path}?q={words[0]} answers {wrong}")
    return asks


def measured(here: Site) -> dict[str, tuple[float, float]]:
    """Print the table; return the slow end of each kind in both places, in milliseconds."""
    found = {}
    with psycopg.connect(here.superuser) as connection:
        by_key, kinds = least(connection), words_of(connection)
    print(f"a row by its primary key: p95 {by_key:.2f} ms")
    print(f"{'milliseconds, p95':24}{'palette':>9}{'x key':>7}{'list':>9}{'x key':>7}   such as")
    for kind, words in kinds.items():
        palette = slow_end(asked(here, "/console/find", words, **{"HX-Request": "true"}))
        listed = slow_end(asked(here, "/console/orders", words))
        found[kind] = (palette, listed)
        mark = "" if max(palette, listed) < MOST_MS else "  slow"
        print(
            f"{kind:24}{palette:9.1f}{palette / by_key:6.0f}x{listed:9.1f}{listed / by_key:6.0f}x"
            f"   {words[0]}{mark}"
        )
    return found


def main() -> int:
    """Print the table and the claim; 1 where a kind of word takes longer."""
    parser = argparse.ArgumentParser(prog="run.py bench search", description=__doc__)
    parser.add_argument("--orders", type=int, default=MILLION)
    options = parser.parse_args()
    with site(options.orders) as here:
        found = measured(here)
    worst = max(max(both) for both in found.values())
    usual = median(min(both) for both in found.values())
    print(f"p95 on {options.orders:,} orders: {usual:.1f} ms usually, {worst:.1f} ms at worst")
    print(f"(claim: under {MOST_MS} ms)")
    return int(worst >= MOST_MS)


if __name__ == "__main__":
    sys.exit(main())
