"""Claim: a list of a million orders opens as quickly as one of ten thousand; so does a day's work.

Whatever it is filtered by, sorted by or searched for, 19 of 20 requests take at most one and a half
times as long; and so does one order, on its page and by the API. Both fills are of the same mix,
and in both a day's work is under way: what fills a page in one fills it in the other, and in the
large one ten times as much waits behind it. Where a page takes a few milliseconds, half a
millisecond more is not held against it.
"""

from __future__ import annotations

import html
import multiprocessing
import re
import sys
from collections.abc import Iterator
from functools import partial
from multiprocessing.connection import Connection
from statistics import median

from _site import Visitor, p95, seconds_of, site

from app.accounts.keys import ensure_key
from app.shared.work import ACCOUNTS, transaction

SMALL, LARGE = 10_000, 1_000_000
REQUESTS, WARM_UP, MOST_TIMES, NOTHING_SECONDS = 100, 5, 1.5, 0.0005
LIST = "/console/orders"
STATUSES = (
    "received",
    "open",
    "partly_shipped",
    "shipped",
    "partly_delivered",
    "delivered",
    "canceled",
)
PAGES_DEEP = 30
TOKEN = "onw_benchmark"  # noqa: S105 - of a database that is thrown away
Times = dict[str, tuple[float, float]]


def asked(visitor: Visitor, orders: int) -> Iterator[tuple[str, str]]:
    """Return every address that is measured, by what it shows."""
    yield "newest first", LIST
    for status in STATUSES:
        yield f"status {status}", f"{LIST}?status={status}"
    yield "country BR", f"{LIST}?country=BR"
    yield "country DE", f"{LIST}?country=DE"
    yield "largest vendor", f"{LIST}?vendor=bench-1"
    yield "smallest vendor", f"{LIST}?vendor=bench-40"
    yield "vendor and status", f"{LIST}?vendor=bench-1&status=open"
    yield "late", f"{LIST}?view=late"
    yield "with a case", f"{LIST}?view=trouble"
    yield "on hold", f"{LIST}?view=held"
    yield "on hold by deliver-by", f"{LIST}?view=held&sort=due"
    yield "oldest first", f"{LIST}?sort=oldest"
    yield "by deliver-by", f"{LIST}?sort=due"
    yield f"page {PAGES_DEEP} on", deep(visitor, PAGES_DEEP)
    middle = orders // 2
    yield "by order number", f"{LIST}?q=B-{middle:08d}"
    yield "by its beginning", f"{LIST}?q=B-{middle // 100:06d}"
    yield "by e-mail", f"{LIST}?q=customer{middle // 3}@shop.example"
    yield "by nothing there is", f"{LIST}?q=nobody-knows-this"
    yield "counts of the views", "/console/lists/orders/counts"
    yield "one order", f"/console/orders/OR-B{middle:09d}"


def asked_by_vendor() -> Iterator[tuple[str, str]]:
    """Return the addresses of the vendor that has most of the work."""
    yield "portal: work", "/portal/"
    for step in ("confirm", "pick", "pack", "ship"):
        yield f"portal: to {step}", f"/portal/?step={step}"
    for page in ("pick", "pack", "ship"):
        yield f"portal: {page}", f"/portal/{page}"


def asked_by_program(orders: int) -> Iterator[tuple[str, str]]:
    """Return the addresses that programs ask."""
    yield "API: one order", f"/api/v1/orders/B-{orders // 2:08d}?channel=webshop"
    yield "API: a vendor", "/api/v1/vendors/bench-1"


def deep(visitor: Visitor, pages: int) -> str:
    """Return the address of a page that many are before, as somebody would come to it."""
    path = LIST
    for _ in range(pages):
        found = re.search(rb'href="([^"]+)" rel="next"', visitor.get(path).body)
        if found is None:
            return path
        path = html.unescape(found[1].decode())
    return path


def serve(orders: int, parent: Connection) -> None:
    """Be a site of so many orders: tell its addresses, then the seconds of each that is named."""
    with site(orders) as here:
        with here.app.app_context(), transaction(ACCOUNTS):
            ensure_key("bench", TOKEN)
        program = partial(here.visitor.asker, Authorization=f"Bearer {TOKEN}")
        asks = {name: here.visitor.asker(path) for name, path in asked(here.visitor, orders)}
        asks |= {name: here.vendor.asker(path) for name, path in asked_by_vendor()}
        asks |= {name: program(path) for name, path in asked_by_program(orders)}
        for name, ask in asks.items():
            if ask().status not in {200, 302}:
                parent.send(f"{name} answers {ask().status}")
        parent.send(list(asks))
        while name := parent.recv():
            parent.send(seconds_of(asks[name], 1)[0])


def measured() -> dict[int, Times]:
    """Return the median and the slow end of every address on both sites, asked in turns."""
    new = multiprocessing.get_context("spawn")
    pipes, started = {}, []
    for orders in (SMALL, LARGE):
        pipes[orders], theirs = new.Pipe()
        process = new.Process(target=serve, args=(orders, theirs), daemon=True)
        process.start()
        started.append(process)
    names = {orders: pipe.recv() for orders, pipe in pipes.items()}
    for told in names.values():
        if isinstance(told, str):
            raise SystemExit(told)
    found: dict[int, Times] = {orders: {} for orders in pipes}
    for name in names[SMALL]:
        took = in_turns(pipes, name)
        for orders in pipes:
            found[orders][name] = (median(took[orders]), p95(took[orders]))
    for pipe, process in zip(pipes.values(), started, strict=True):
        pipe.send("")
        process.join()
    return found


def in_turns(pipes: dict[int, Connection], name: str) -> dict[int, list[float]]:
    """Ask both sites for an address again and again: what disturbs one disturbs the other."""
    took: dict[int, list[float]] = {orders: [] for orders in pipes}
    for turn in range(WARM_UP + REQUESTS):
        for orders, pipe in pipes.items():
            pipe.send(name)
            seconds = pipe.recv()
            if turn >= WARM_UP:
                took[orders].append(seconds)
    return took


def grown(small: float, large: float) -> float:
    """Return how many times as long the larger takes, beyond what is nothing."""
    return max(large - NOTHING_SECONDS, 0) / small


def main() -> int:
    """Print the table; 1 where something grew."""
    found = measured()
    small, large = found[SMALL], found[LARGE]
    print(f"{'milliseconds':22}{SMALL:>10,} orders {LARGE:>15,} orders")
    print(f"{'':22}{'p50':>8}{'p95':>8}{'p50':>12}{'p95':>8}{'p95 grew':>12}")
    worst = 0.0
    for name, (p50, slow) in small.items():
        p50_large, slow_large = large[name]
        times = grown(slow, slow_large)
        worst = max(worst, times)
        cells = [1000 * value for value in (p50, slow, p50_large, slow_large)]
        mark = "" if times <= MOST_TIMES else "  grows"
        print(
            f"{name:22}{cells[0]:8.1f}{cells[1]:8.1f}{cells[2]:12.1f}{cells[3]:8.1f}"
            f"{times:11.2f}x{mark}"
        )
    print(f"p95 at {LARGE:,} / at {SMALL:,}: at worst {worst:.2f} (claim: at most {MOST_TIMES})")
    return int(worst > MOST_TIMES)


if __name__ == "__main__":
    sys.exit(main())
