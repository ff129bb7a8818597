"""Clients that send orders at the same time: processes, each with an application of its own.

And threads of them, as a server has.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any
from uuid import UUID

import psycopg
from _naive import Naive
from _pace import Meter, Pace
from _raw import LINES, Raw
from _shop import orders
from _site import HOST
from flask import Flask
from limits import RateLimitItemPerMinute
from werkzeug.test import EnvironBuilder

from app import create_app
from app.catalog import service as catalog
from app.checks.service import Subject
from app.extensions import db
from app.intake import service as intake
from app.orders.contract import NewOrder
from app.orders.intake import Placed
from app.routing import service as routing
from app.shared import bulk
from app.shared.errors import Conflict
from app.shared.group_commit import GroupCommit
from app.shared.work import OPS, PLATFORM, transaction
from app.web.rates import RATES
from config import Config

# Numbers of one client, far from those of the next.
APART = 10_000_000
LOCK = "SELECT on_hand - reserved FROM stock WHERE listing_id = %(listing_id)s FOR UPDATE"
TAKE = "UPDATE stock SET reserved = reserved + %(quantity)s WHERE listing_id = %(listing_id)s"
NOTE = (
    "INSERT INTO reservations (fo_line_id, listing_id, vendor_id, quantity)"
    " VALUES (%(fo_line_id)s, %(listing_id)s, %(vendor_id)s, %(quantity)s)"
)
TOKEN = "onw_benchmark"  # noqa: S105 - of a database that is thrown away


@dataclass(frozen=True, slots=True)
class Turn:
    """What a client is asked to do: which way, with how many orders, which, or what to hold.

    `threads` of it do so at the same time.
    """

    way: str
    many: int = 0
    threads: int = 1
    order_ids: Sequence[UUID] = ()
    held: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Client:
    """A process that waits for its turn."""

    process: BaseProcess
    pipe: Connection


@contextmanager
def clients(config: Config, superuser: str, many: int) -> Iterator[list[Client]]:
    """Run clients until the block ends."""
    new = multiprocessing.get_context("spawn")
    started = []
    for number in range(1, many + 1):
        ours, theirs = new.Pipe()
        process = new.Process(target=_serve, args=(config, superuser, number, theirs), daemon=True)
        process.start()
        started.append(Client(process, ours))
    for client in started:
        client.pipe.recv()
    yield started
    for client in started:
        client.pipe.send(None)
        client.process.join()


def pace(meter: Meter, asked: Sequence[tuple[Client, Turn]]) -> Pace:
    """Return the pace of clients who are asked all at once."""
    for client, turn in asked:
        # What a turn needs is made ready before the clock runs.
        client.pipe.send(turn)
    for client, _ in asked:
        client.pipe.recv()

    def act() -> tuple[int, float]:
        for client, _ in asked:
            client.pipe.send("go")
        told = [client.pipe.recv() for client, _ in asked]
        return sum(many for many, _ in told), sum(own for _, own in told)

    return meter.pace(act)


def _serve(config: Config, superuser: str, number: int, pipe: Connection) -> None:
    RATES["api"] = RateLimitItemPerMinute(10_000_000)
    app = create_app(config)
    ways = Ways(app, superuser, count(number * APART))
    # As where orders are taken in and routed.
    gc.freeze()
    with app.app_context():
        pipe.send("ready")
        while turn := pipe.recv():
            act, many = ways.ready(turn)
            pipe.send("ready")
            pipe.recv()
            before = time.process_time()
            act()
            pipe.send((many, time.process_time() - before))
        db.engine.dispose()


class Ways:
    """The ways in which one order at a time is done, as whoever calls does it."""

    def __init__(self, app: Flask, superuser: str, numbers: count[int]) -> None:
        self.app, self.numbers = app, numbers
        self.raw, self.naive = Raw(superuser), Naive(superuser)
        self.connection = psycopg.connect(superuser, autocommit=True)
        # As the API has it.
        self.gathering = GroupCommit(_place_each)

    def ready(self, turn: Turn) -> tuple[Callable[[], None], int]:
        """Return what does a turn, and how many orders it is about."""
        is_locked = turn.way == "locked"
        if turn.held:
            hold = self._hold_locked if is_locked else self._hold
            return lambda: [hold(row) for row in turn.held] and None, len(turn.held)
        if turn.order_ids:
            return lambda: _route(turn.order_ids, is_locked=is_locked), len(turn.order_ids)
        new = orders(self.numbers, turn.many, LINES, is_promised=True)
        one: dict[str, Callable[[Any], object]] = {
            "raw": self.raw.place,
            "ours": self.gathering.ask,
            "naive": self.naive.place,
            "api": self._post,
        }
        things = [_request(order) for order in new] if turn.way == "api" else new
        return lambda: self._share(one[turn.way], things, turn.threads), turn.many

    def _share(self, act: Callable[[Any], object], things: Sequence[Any], threads: int) -> None:
        """Do things in so many threads; each has every so many-th of them."""

        def go(mine: Sequence[Any]) -> None:
            with self.app.app_context():
                for thing in mine:
                    act(thing)

        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(go, things[n::threads]) for n in range(threads)]:
                done.result()

    def _hold(self, row: Mapping[str, Any]) -> None:
        """Hold units as routing does in its last statement."""
        values = {"rows": bulk.as_json([row])}
        self.connection.execute(catalog.TAKE, values, prepare=True).fetchone()

    def _hold_locked(self, row: Mapping[str, Any]) -> None:
        """Hold units as tutorials do: look at what is locked, change it, write down for whom."""
        with self.connection.transaction():
            self.connection.execute(LOCK, row, prepare=True).fetchone()
            self.connection.execute(TAKE, row, prepare=True)
            self.connection.execute(NOTE, row, prepare=True)

    def _post(self, environ: dict[str, Any]) -> None:
        said: list[Any] = []
        answer = self.app.wsgi_app(environ, lambda *words: said.extend(words[:2]) or print)
        body = b"".join(answer)
        if not said[0].startswith("201"):
            raise SystemExit(f"an order was answered with {said[0]}: {body.decode()}")


def place(order: NewOrder) -> None:
    """Take one order in, by itself."""
    _place_each([order])


def _place_each(new: Sequence[NewOrder]) -> Sequence[Placed | Conflict]:
    with transaction(OPS) as now:
        return intake.place(new, actor="bench", now=now)


def _route(order_ids: Sequence[UUID], *, is_locked: bool) -> None:
    """Route orders one by one; `is_locked`: as if stock were held while it is decided on."""
    routing.TRIES = (True,) if is_locked else (False, False, True)
    for key in order_ids:
        with transaction(PLATFORM) as now:
            again = routing.route([Subject(key, "order", key)], now)
        if again:
            raise SystemExit(f"order {key} was not routed")


def _request(order: NewOrder) -> dict[str, Any]:
    """Return the request with which a shop sends an order."""
    buyer = order.customer
    body = {
        "channel": order.channel,
        "number": order.number,
        "placed_at": order.placed_at.isoformat(),
        "currency": order.currency,
        "customer": {"external_id": buyer.external_id, "name": buyer.name, "email": buyer.email},
        "ship_to": order.ship_to,
        "lines": [
            {
                "external_id": line.external_id,
                "sku": line.sku,
                "title": line.title,
                "quantity": line.quantity,
                "unit_price": "12.50",
            }
            for line in order.lines
        ],
        "shipping": {"price": "4.90"},
        "promise": {"deliver_by": order.deliver_on.isoformat() if order.deliver_on else None},
    }
    return EnvironBuilder(
        "/api/v1/orders",
        base_url=HOST,
        method="POST",
        headers={"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": order.number},
        content_type="application/json",
        data=json.dumps(body),
    ).get_environ()
