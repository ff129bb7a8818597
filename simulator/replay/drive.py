"""Drives the world from tick to tick and tells the platform what happened in between."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any

from simulator.fedex import ParcelBook
from simulator.numbers import fedex_number
from simulator.replay.history import CURRENCY, History, Purchase, order_body
from simulator.replay.platform import CHUNK, Platform
from simulator.worldclock import SteppedClock

# What the run is about, as policy documents; what is not named here keeps its default.
POLICIES: dict[str, dict[str, Any]] = {
    # Who shipped late did ship: nobody ends what history did not.
    "promises": {"confirm_within_hours": None, "cancel_unshipped_days": None},
    # Lateness goes by the scans' own times, so once a day is often enough.
    "tracking": {"every_hours": 24, "out_for_delivery_every_hours": 24, "give_up_days": None},
    "watch": {"stalled_days": 20, "patience_hours": 24 * 365},
    "escalation": {"rungs": [{"after_hours": 0, "level": "ops"}]},
}
# Facts of one tick are told in this order: an order before its money, both before its parcels.
PLACED, PAID, CONFIRMED, SHIPPED = range(4)
Fact = tuple[datetime, int, Purchase]
MIDNIGHT_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def facts_of(history: History) -> list[Fact]:
    """Return everything the platform is told, in order of time."""
    facts: list[Fact] = []
    for p in history.purchases:
        facts.append((p.purchased_at, PLACED, p))
        if not p.is_active:
            continue
        paid_at = p.approved_at or p.handed_over_at
        if paid_at:
            facts.append((paid_at, PAID, p))
        if p.handed_over_at:
            confirmed_at = min(p.approved_at or p.purchased_at, p.handed_over_at)
            facts.append((max(confirmed_at, p.purchased_at), CONFIRMED, p))
            facts.append((p.handed_over_at, SHIPPED, p))
    return sorted(facts, key=lambda f: (f[0], f[1], f[2].id))


def parcel_numbers(history: History) -> dict[tuple[str, str], str]:
    """Return the tracking number of each (order, seller), by a running number."""
    pairs = [(p.id, seller) for p in history.purchases if p.is_active for seller in p.ship_by]
    return {pair: fedex_number(i) for i, pair in enumerate(pairs, 1)}


def fill(book: ParcelBook, history: History, numbers: dict[tuple[str, str], str]) -> None:
    """Give the carrier every parcel of the history; it shows each scan from its moment on."""
    for p in history.purchases:
        if not p.is_active or not p.handed_over_at:
            continue
        city, state = p.customer["customer_city"], p.customer["customer_state"]
        scans = [(p.handed_over_at, "PU", "Picked up", city, state, "BR")]
        if p.delivered_at:
            scans.append((p.delivered_at, "DL", "Delivered", city, state, "BR"))
        for seller in p.ship_by:
            book.add(numbers[p.id, seller], scans)


@dataclass
class Drive:
    """One run of a history through the platform."""

    platform: Platform
    history: History
    clock: SteppedClock
    numbers: dict[tuple[str, str], str]
    tick: timedelta
    end: datetime
    at_probe: Callable[[datetime], None]
    probes: Sequence[datetime]
    facts: list[Fact] = field(default_factory=list)
    fos: dict[tuple[str, str], str] = field(default_factory=dict)
    newest_fo: str | None = None
    told: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    spent: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    steps: int = 0

    def prepare(self) -> None:
        """Give the platform its policies, vendors, listings and starting stock."""
        for kind, document in POLICIES.items():
            self.platform.call("PUT", f"/policies/{kind}", document)
        vendors = [
            {
                "code": code,
                "name": f"Seller {code[:8]}",
                "location": {
                    "name": row["seller_city"],
                    "country": "BR",
                    "region": row["seller_state"],
                    "city": row["seller_city"],
                    "postal_code": f"{row['seller_zip_code_prefix']}-000",
                },
            }
            for code, row in sorted(self.history.sellers.items())
        ]
        self.platform.in_chunks("/vendors", "vendors", vendors, "PUT")
        self.platform.in_chunks("/listings", "listings", list(self._listings()), "PUT")

    def _listings(self) -> Iterator[dict[str, Any]]:
        """Each seller has exactly the units that the active orders will take."""
        units: Counter[tuple[str, str]] = Counter()
        cost: dict[tuple[str, str], str] = {}
        for p in self.history.purchases:
            for line in p.lines:
                units[line.seller, line.product] += line.units if p.is_active else 0
                cost[line.seller, line.product] = str(line.price)
        for (seller, product), count in sorted(units.items()):
            yield {
                "vendor": seller,
                "location": "main",
                "sku": product,
                "title": f"Product {product[:8]}",
                "cost": cost[seller, product],
                "currency": CURRENCY,
                "stock": count,
            }

    def run(self, *, resumes: bool) -> None:
        """Live through the history, or through what is left of it."""
        self.facts = facts_of(self.history)
        now, first = self.platform.now(), self.facts[0][0]
        if now.year > self.end.year or now < first:
            # A world that has not begun: its clock still shows the real time.
            now = self._grid(first) - self.tick
            self.platform.hold([], now)
            self.clock.set(now)
            self.prepare()
            told = 0
        else:
            self._learn_fos()
            since = now - self.tick if resumes else first - self.tick
            # The door keeps nothing of what it refuses: those are counted anew.
            self._post([p for p in self.history.purchases if self._was_refused(p, since)])
            told = bisect_right(self.facts, since, key=itemgetter(0))
        self._live(now, told)

    @staticmethod
    def _was_refused(purchase: Purchase, since: datetime) -> bool:
        return purchase.is_refused and purchase.purchased_at <= since

    def _live(self, now: datetime, told: int) -> None:
        """Tell what belongs to now, then go on from step to step."""
        while True:
            upto = bisect_right(self.facts, now, key=itemgetter(0))
            self._step(now, self.facts[told:upto])
            told = upto
            state = self._timed("quiet", self.platform.wait_until_quiet)
            if now in self.probes:
                self._timed("probes", partial(self.at_probe, now))
            if now >= self.end:
                return
            now = self._next(now, told, state["next_due_at"])

    def _next(self, now: datetime, told: int, due: str | None) -> datetime:
        """Return the first tick at which anything happens, is due, or is asked."""
        moments = [self.end, *(p for p in self.probes if p > now)]
        if told < len(self.facts):
            moments.append(self.facts[told][0])
        if due:
            moments.append(datetime.fromisoformat(due))
        return min(max(self._grid(min(moments)), now + self.tick), self.end)

    def _grid(self, moment: datetime) -> datetime:
        """Return the tick at or after a moment."""
        return MIDNIGHT_EPOCH - (MIDNIGHT_EPOCH - moment) // self.tick * self.tick

    def _timed(self, name: str, act: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        try:
            return act()
        finally:
            self.spent[name] += time.perf_counter() - started

    def _step(self, now: datetime, facts: Sequence[Fact]) -> None:
        """Step the world; while facts are told, only routing may run."""
        self.steps += 1
        by_kind: dict[int, list[Purchase]] = defaultdict(list)
        for _, kind, purchase in facts:
            by_kind[kind].append(purchase)
        self._timed("clock", lambda: self.platform.hold([], now))
        self.clock.set(now)
        self._timed("place", lambda: self._place(by_kind[PLACED]))
        self._timed("pay", lambda: self._pay(by_kind[PAID]))
        self._timed("confirm", lambda: self._confirm(by_kind[CONFIRMED]))
        self._timed("ship", lambda: self._ship(by_kind[SHIPPED]))
        self._timed("clock", self.platform.let_go)

    def _place(self, purchases: Sequence[Purchase]) -> None:
        if not purchases:
            return
        closed = [p for p in purchases if p.is_closed]
        # Called off before routing may look, so that no stock is ever held for them.
        self._post([p for p in purchases if p.is_closed or p.is_refused])
        for p in closed:
            self.platform.call("POST", f"/orders/{p.id}/cancel?channel=olist", {"reason": p.status})
        self.told["canceled"] += len(closed)
        active = [p for p in purchases if p.is_active]
        if active:
            self.platform.hold(["route_orders"])
            self._post(active)
            self.platform.wait_until_quiet(only="route_orders")
            self.platform.hold([])
            self._learn_fos()

    def _post(self, purchases: Sequence[Purchase]) -> None:
        for i in range(0, len(purchases), CHUNK):
            chunk = purchases[i : i + CHUNK]
            bodies = [order_body(p) for p in chunk]
            answer = self.platform.call("POST", "/orders/batch", {"orders": bodies})
            for p, result in zip(chunk, answer["results"], strict=True):
                self.told["placed" if result["status"] < 300 else "refused"] += 1  # noqa: PLR2004
                if result["status"] >= 400:  # noqa: PLR2004 - HTTP: refused
                    self.refused.append(p.id)
                if (result["status"] >= 400) != p.is_refused:  # noqa: PLR2004
                    message = f"order {p.id}: {result}"
                    raise RuntimeError(message)

    def _learn_fos(self) -> None:
        """Learn the fulfillment orders that are new since the last time."""
        sellers = {p.id: {x.number: x.seller for x in p.lines} for p in self.history.purchases}
        while True:
            after = f"?after={self.newest_fo}" if self.newest_fo else ""
            page = self.platform.call("GET", f"/fulfillment-orders{after}")
            for fo in page["fulfillment_orders"]:
                seller = sellers[fo["order_number"]][fo["lines"][0]["line"]]
                self.fos[fo["order_number"], seller] = fo["id"]
                self.newest_fo = fo["id"]
            if not page["after"]:
                return

    def _pay(self, purchases: Sequence[Purchase]) -> None:
        payments = [
            {
                "channel": "olist",
                "number": p.id,
                "status": "captured",
                "amount": str(p.total),
                "at": (p.approved_at or p.handed_over_at or p.purchased_at).isoformat(),
            }
            for p in purchases
        ]
        self.platform.in_chunks("/payments/batch", "payments", payments)
        self.told["paid"] += len(payments)

    def _confirm(self, purchases: Sequence[Purchase]) -> None:
        words = [{"id": self.fos[p.id, seller]} for p in purchases for seller in p.ship_by]
        self._send("confirm", words)
        self.told["confirmed"] += len(words)

    def _ship(self, purchases: Sequence[Purchase]) -> None:
        words = [
            {
                "id": self.fos[p.id, seller],
                "parcels": [
                    {
                        "carrier": "fedex",
                        "tracking_number": self.numbers[p.id, seller],
                        "shipped_at": p.handed_over_at.isoformat(),
                    }
                ],
            }
            for p in purchases
            if p.handed_over_at
            for seller in p.ship_by
        ]
        self._send("ship", words)
        self.told["shipped"] += len(words)

    def _send(self, move: str, words: Sequence[dict[str, Any]]) -> None:
        for answer in self.platform.in_chunks(
            f"/fulfillment-orders/{move}", "fulfillment_orders", words
        ):
            for result in answer["results"]:
                if result["status"] != 200:  # noqa: PLR2004 - HTTP: done
                    message = f"{move}: {result}"
                    raise RuntimeError(message)
