"""Claims: what it costs to take orders in and give them to vendors, against what it must cost.

One by one: at least 0.3 of one raw statement an order that writes as many rows, and five times the
naive way, by one client, four and eight. Those of the raw and of the naive way are processes; ours
are the threads of two, as they are of a server, and what comes at one moment shares a transaction.
In batches of 500, routed by the real watch: at least 0.35 of one raw statement that leaves the same
rows behind for all 500, thirty times the naive way, and as many statements for ten orders as for
five hundred. (One that writes ten rows an order, a third of ours, is printed beside it.) Where
eight clients hold units of one SKU, each by our one statement: at least 1.5 times as many as where
it is locked, looked at and changed; beside it, their whole orders are routed, with stock held while
it is decided on, and without. And an order costs at most 1.2 times as much beside a million stored
ones (or `--orders N`) as beside ten thousand.

_raw.py says what the limit leaves out, _naive.py what the naive way does. PostgreSQL keeps what it
has said is kept, as where orders are at stake. Everything is measured in turns, and compared within
a round; what is printed is the median of the rounds, by the clock and by processor time, for the
machine may have other things to do.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import sys
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from multiprocessing.connection import Connection
from statistics import median
from uuid import UUID

import psycopg
from _clients import APART, TOKEN, Client, Turn, clients, pace, place
from _naive import Naive
from _pace import Meter, Pace, holds, table
from _raw import LINES, TEN_ROWS, Raw
from _shop import orders, stock_up
from _site import Site, seconds_of, site
from psycopg.rows import dict_row

from app.accounts.keys import ensure_key
from app.checks.service import work_off
from app.intake import service as intake
from app.orders.contract import NewOrder
from app.orders.intake import Placed
from app.routing.service import route
from app.shared.work import ACCOUNTS, OPS, transaction

SMALL, LARGE = 10_000, 1_000_000
SERVERS = {"shared_preload_libraries": "pg_stat_statements"}
CLIENTS, SERVING = (1, 4, 8), 2  # processes of a server
# A turn is about half a second of work.
TURNS = {"raw": 320, "ours": 160, "api": 80, "naive": 40}
OURS = ("ours", "api")
ROUNDS, BATCH_ROUNDS, HOT_ROUNDS, GROWTH_ROUNDS = 9, 11, 9, 25
BATCH, BATCH_LINES, NAIVE_BATCH, BATCHES = 500, 2, 60, (10, 100, 500)
HOT_CLIENTS, HOT_EACH, HELD_EACH = 8, 12, 60
GROWTH_BATCH, GROWTH_SINGLES, WARM_UP = 100, 20, 3
LEAST_OF_RAW, LEAST_OF_NAIVE = 0.3, 5
LEAST_OF_RAW_BATCH, LEAST_OF_NAIVE_BATCH = 0.35, 30
LEAST_OF_LOCKED, MOST_TIMES = 1.5, 1.2
# What is done one by one leaves its orders to be routed; batches are about their own.
FORGET = "DELETE FROM checks WHERE watcher = 'route_orders'"
# The newest holds of what all want, for which nothing is held then.
LET_GO = (
    "WITH gone AS (DELETE FROM reservations WHERE fo_line_id IN (SELECT f.id FROM fo_lines f"
    "  WHERE f.sku = 'HOT' ORDER BY f.id DESC LIMIT %(many)s)"
    "  RETURNING fo_line_id, listing_id, vendor_id, quantity),"
    " less AS (UPDATE stock s SET reserved = reserved - g.n"
    "  FROM (SELECT listing_id, sum(quantity) AS n FROM gone GROUP BY 1) g"
    "  WHERE s.listing_id = g.listing_id) SELECT * FROM gone"
)
CALLS = "SELECT sum(calls) FROM pg_stat_statements"


def single(meter: Meter, all_of_them: Sequence[Client]) -> list[bool]:
    """Print what single orders cost, so many clients at a time."""
    kept = []
    for many in CLIENTS:
        paces: dict[str, list[Pace]] = {way: [] for way in TURNS}
        for number in range(ROUNDS + 1):
            for way, each in TURNS.items():
                asked = all_of_them[: min(many, SERVING) if way in OURS else many]
                turn = Turn(way, each // len(asked), threads=many // len(asked))
                found = pace(meter, [(client, turn) for client in asked])
                # The first round fills caches and prepares statements.
                if number:
                    paces[way].append(found)
        table(f"one by one, {many} client(s)", paces, "raw")
        kept.append(holds("ours / raw", paces, "ours", "raw", LEAST_OF_RAW))
        kept.append(holds("ours / naive", paces, "ours", "naive", LEAST_OF_NAIVE))
    return kept


def place_and_route(new: Sequence[NewOrder]) -> list[UUID]:
    """Take orders in as one batch and have the watch route all that is due."""
    placed = take_in(new)
    work_off("route_orders", route, is_time_up=lambda: False)
    return placed


def take_in(new: Sequence[NewOrder]) -> list[UUID]:
    """Take orders in as one batch; return their keys."""
    with transaction(OPS) as now:
        placed = intake.place(new, actor="bench", now=now)
    return [one.id for one in placed if isinstance(one, Placed)]


def batch(here: Site, meter: Meter, numbers: count[int]) -> list[bool]:
    """Print what orders cost that are taken in and routed five hundred at a time."""
    raw, naive = Raw(here.superuser), Naive(here.superuser)
    ways: dict[str, tuple[int, Callable[[Sequence[NewOrder]], object]]] = {
        "raw": (BATCH, raw.place_and_route),
        "raw, ten rows": (BATCH, partial(raw.place_and_route, sql=TEN_ROWS)),
        "ours": (BATCH, place_and_route),
        "naive": (NAIVE_BATCH, lambda new: [naive.place_and_route(order) for order in new]),
    }
    paces: dict[str, list[Pace]] = {way: [] for way in ways}
    for number in range(BATCH_ROUNDS + 1):
        for way, (many, act) in ways.items():
            new = orders(numbers, many, BATCH_LINES)
            found = meter.pace_here(partial(act, new), many)
            if number:
                paces[way].append(found)
    table(f"batches of {BATCH}, routed", paces, "raw")
    return [
        holds("ours / raw", paces, "ours", "raw", LEAST_OF_RAW_BATCH),
        holds("ours / naive", paces, "ours", "naive", LEAST_OF_NAIVE_BATCH),
        statements(here, numbers),
    ]


def timed(act: Callable[[Sequence[NewOrder]], object], new: Sequence[NewOrder]) -> float:
    """Return the seconds that orders take."""
    (seconds,) = seconds_of(lambda: act(new), 1)
    return seconds


def statements(here: Site, numbers: count[int]) -> bool:
    """Print how many statements PostgreSQL is asked for batches of several sizes."""
    found = []
    with psycopg.connect(here.superuser, autocommit=True) as connection:
        for many in BATCHES:
            new = orders(numbers, many, BATCH_LINES)
            before = connection.execute(CALLS).fetchone()
            place_and_route(new)
            after = connection.execute(CALLS).fetchone()
            # The first count counts itself.
            found.append(int(after[0] - before[0] - 1) if before and after else 0)
    told = ", ".join(f"{n} for {many}" for n, many in zip(found, BATCHES, strict=True))
    is_kept = len(set(found)) == 1
    print(f"  statements: {told} (claim: equal){'' if is_kept else '  DOES NOT HOLD'}")
    return is_kept


def hot(here: Site, meter: Meter, all_of_them: Sequence[Client], numbers: count[int]) -> list[bool]:
    """Print how quickly eight clients hold units of one SKU, and route orders that want it."""
    wanted = orders(numbers, HOT_CLIENTS * HELD_EACH, 1, sku="HOT")
    place_and_route(wanted)
    paces: dict[str, list[Pace]] = {"locked": [], "ours": []}
    with psycopg.connect(here.superuser, row_factory=dict_row) as connection:
        for number in range(HOT_ROUNDS + 1):
            for way, found in paces.items():
                # As if nobody held anything for these lines yet.
                rows = connection.execute(LET_GO, {"many": len(wanted)}).fetchall()
                connection.commit()
                turns = [Turn(way, held=rows[n::HOT_CLIENTS]) for n in range(HOT_CLIENTS)]
                one = pace(meter, list(zip(all_of_them, turns, strict=True)))
                if number:
                    found.append(one)
    table(f"one SKU held, {HOT_CLIENTS} clients", paces, "locked")
    kept = holds("ours / locked first", paces, "ours", "locked", LEAST_OF_LOCKED)
    paces = {"locked": [], "ours": []}
    for number in range(HOT_ROUNDS + 1):
        for way, found in paces.items():
            keys = take_in(orders(numbers, HOT_CLIENTS * HOT_EACH, 1, sku="HOT"))
            turns = [Turn(way, order_ids=keys[n::HOT_CLIENTS]) for n in range(HOT_CLIENTS)]
            one = pace(meter, list(zip(all_of_them, turns, strict=True)))
            if number:
                found.append(one)
    table("and their orders routed", paces, "locked")
    return [kept]


def serve(stored: int, parent: Connection) -> None:
    """Be a site of so many orders: do turns when asked; tell the seconds of an order in each."""
    with site(stored, SERVERS) as here, here.app.app_context():
        stock_up(here.superuser)
        numbers = count(APART)
        parent.send("ready")
        while parent.recv():
            new = orders(numbers, GROWTH_SINGLES, LINES, is_promised=True)
            one_by_one = timed(lambda them: [place(order) for order in them], new)
            forget(here)
            new = orders(numbers, GROWTH_BATCH, BATCH_LINES)
            parent.send((one_by_one / GROWTH_SINGLES, timed(place_and_route, new) / GROWTH_BATCH))


def forget(here: Site) -> None:
    """Have nothing routed but what comes from now on."""
    with psycopg.connect(here.superuser) as connection:
        connection.execute(FORGET)


def growth(stored: int) -> list[bool]:
    """Print what an order costs beside few and beside many stored ones, asked in turns."""
    new = multiprocessing.get_context("spawn")
    pipes, started = {}, []
    for many in (SMALL, stored):
        pipes[many], theirs = new.Pipe()
        process = new.Process(target=serve, args=(many, theirs))
        process.start()
        started.append(process)
    for pipe in pipes.values():
        pipe.recv()
    took: dict[int, list[tuple[float, float]]] = {many: [] for many in pipes}
    for turn in range(WARM_UP + GROWTH_ROUNDS):
        for many, pipe in pipes.items():
            pipe.send("go")
            seconds = pipe.recv()
            if turn >= WARM_UP:
                took[many].append(seconds)
    for pipe, process in zip(pipes.values(), started, strict=True):
        pipe.send(None)
        process.join()
    print(f"{'milliseconds an order, beside':32}{SMALL:>10,}{stored:>12,}{'times':>8}")
    times = []
    for n, name in enumerate(("one by one", f"batches of {GROWTH_BATCH}, routed")):
        small, large = ([one[n] for one in took[many]] for many in (SMALL, stored))
        times.append(median(b / a for a, b in zip(small, large, strict=True)))
        cells = f"{1000 * median(small):10.2f}{1000 * median(large):12.2f}{times[-1]:8.2f}"
        print(f"  {name:30}{cells}")
    is_kept = max(times) <= MOST_TIMES
    mark = "" if is_kept else "  DOES NOT HOLD"
    print(f"  at worst: {max(times):.2f} (claim: at most {MOST_TIMES}){mark}")
    return [is_kept]


def main() -> int:
    """Print all claims and what was measured; 1 where one does not hold."""
    parser = argparse.ArgumentParser(prog="run.py bench intake", description=__doc__)
    parser.add_argument("--orders", type=int, default=LARGE, help="beside so many stored orders")
    options = parser.parse_args()
    numbers = count(1)
    with site(SMALL, SERVERS) as here, here.app.app_context():
        stock_up(here.superuser)
        # As where orders are taken in and routed.
        gc.freeze()
        meter = Meter(here.superuser)
        with psycopg.connect(here.superuser) as connection:
            connection.execute("CREATE EXTENSION pg_stat_statements")
        with transaction(ACCOUNTS):
            ensure_key("bench", TOKEN)
        with clients(here.config, here.superuser, HOT_CLIENTS) as all_of_them:
            kept = single(meter, all_of_them) + hot(here, meter, all_of_them, numbers)
        forget(here)
        kept += batch(here, meter, numbers)
    kept += growth(options.orders)
    return int(not all(kept))


if __name__ == "__main__":
    sys.exit(main())
