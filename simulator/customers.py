"""Customers: how many order when, what they order, and how they pay."""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

from simulator.characters import GOODS, SHOP, UNSOLD, USUAL_WISH, WISHES, Hours, draw, happens
from simulator.errands import Errands
from simulator.onward import Answer, Complaints, Document, Onward
from simulator.people import TOWNS, Person, somebody
from simulator.places import EUROPE, hub_of

ORDERS_A_DAY = 40.0
# How busy each hour of the day is in UTC, where 1 is the average: most people order in the evening.
RHYTHM = (
    0.5, 0.4, 0.3, 0.3, 0.3, 0.4, 0.7, 0.9, 1.0, 1.1, 1.2, 1.3,
    1.3, 1.1, 1.0, 1.0, 1.2, 1.3, 1.6, 1.9, 1.9, 1.6, 1.0, 0.7,
)  # fmt: skip
MOST_A_ROUND, MOST_UNSENT = 3, 30
# An order's number begins with its channel's letter.
CHANNELS = {"W": "webshop", "M": "mobile"}
CHANNEL_SHARES = ((70, "W"), (30, "M"))
CURRENCY = "EUR"
# Letters and digits that nobody mistakes for each other.
LETTERS, LENGTH = "2346789CDFGHJKMPQRTVWXYZ", 5
LINES = ((60, 1), (28, 2), (12, 3))
UNITS = ((72, 1), (20, 2), (8, 4))
SERVICES = ((80, ("standard", 490)), (20, ("express", 1290)))
# Of a hundred customers, so many wrap a gift, leave a word for the driver, need it by a day, or
# call the order off.
GIFTS, WORDS, DEADLINES, REGRETS = 12, 15, 6, 2
# So many leave out the end of their postal code, or find in the shop what no vendor has.
MISTAKES, DISAPPOINTMENTS = 2, 1
# From how many days after the order to how many somebody needs it, here and overseas.
DAYS_TO_WAIT, DAYS_TO_WAIT_FAR = (10, 22), (16, 30)
GIFT_MESSAGES = ("Grattis!", "Happy birthday!", "Für dich ♥", "Com carinho", "お誕生日おめでとう")
INSTRUCTIONS = (
    "Ring twice",
    "Leave it with the neighbor",
    "Bitte beim Bäcker abgeben",
    "Code 4711",
)
CAPTURE_HOURS, REGRET_HOURS = (1.0, 8.0), (0.5, 8.0)
# How long it takes until a shop has the right address from its customer, and until it calls off
# what it cannot get.
MEND_HOURS, SEARCH_HOURS = (6.0, 60.0), (24.0, 96.0)


class Customers:
    """Places orders and tells what happens to their money."""

    def __init__(
        self, onward: Onward, errands: Errands, complaints: Complaints, chance: random.Random
    ) -> None:
        """Nobody has ordered yet."""
        self._onward, self._errands, self._complaints = onward, errands, complaints
        self._chance = chance
        self._unsent: deque[Document] = deque(maxlen=MOST_UNSENT)
        self._looked_at: datetime | None = None

    def order(self, now: datetime) -> None:
        """Place the orders of the time that has passed since the last round."""
        wanted = expected(self._looked_at or now, now)
        self._looked_at = now
        self._unsent += [new_order(now, self._chance) for _ in range(poisson(wanted, self._chance))]
        batch = list(self._unsent)[:MOST_A_ROUND]
        if not batch or (answer := self._send(batch)) is None:
            return
        for order, status in zip(batch, _statuses(answer, len(batch)), strict=True):
            self._unsent.popleft()
            self._settle(order, status, now)

    def _send(self, batch: Sequence[Document]) -> Answer | None:
        if len(batch) > 1:
            return self._onward.post("/orders/batch", {"orders": list(batch)})
        return self._onward.post(
            "/orders", batch[0], key=f"{batch[0]['channel']}-{batch[0]['number']}"
        )

    def _settle(self, order: Document, status: int, now: datetime) -> None:
        """Do later what an order that was taken still needs."""
        if status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            self._complaints.about("order refused", f"{order['number']} with {status}")
        elif any(line["sku"] == UNSOLD.sku for line in order["lines"]):
            self._later(order, "cancel", {"reason": "No vendor has it any more"}, SEARCH_HOURS, now)
        elif happens(self._chance, REGRETS):
            reason = {"reason": "The customer changed their mind"}
            self._later(order, "cancel", reason, REGRET_HOURS, now)
        else:
            self._capture(order, now)
            home = corrected(order["ship_to"])
            if home != order["ship_to"]:
                body = {"ship_to": home, "reason": "The customer was asked"}
                self._later(order, "address", body, MEND_HOURS, now)

    def _capture(self, order: Document, now: datetime) -> None:
        at = now + timedelta(hours=self._chance.uniform(*CAPTURE_HOURS))
        body = payment(order["number"], "captured", order["payment"]["amount"])
        self._errands.later(at, "/payments/batch", {"payments": [body]})

    def _later(
        self, order: Document, what: str, body: Document, hours: Hours, now: datetime
    ) -> None:
        at = now + timedelta(hours=self._chance.uniform(*hours))
        path = f"/orders/{order['number']}/{what}?channel={order['channel']}"
        self._errands.later(at, path, body)


def channel_of(number: str) -> str:
    """Return the channel an order came in by; a stranger's order came in by the shop."""
    return CHANNELS.get(number[:1] if number[1:2] == "-" else "", CHANNELS["W"])


def payment(number: str, status: str, amount: str) -> Document:
    """Return the word on an order's money as the platform takes it."""
    letter = status[0]
    return {
        "channel": channel_of(number),
        "number": number,
        "status": status,
        "amount": amount,
        "reference": f"{letter}_{number}",
    }


def expected(since: datetime, now: datetime) -> float:
    """Return how many orders a stretch of time brings, by the hour it ends in."""
    hours = (now - since) / timedelta(hours=1)
    return max(0.0, min(ORDERS_A_DAY / 24 * RHYTHM[now.hour] * hours, MOST_A_ROUND))


def poisson(mean: float, chance: random.Random) -> int:
    """Return how many of a mean number come, at most what one round may place."""
    # Knuth: the count of gaps that fit; e to the minus mean is the share of none at all.
    floor, left, count = math.exp(-mean), chance.random(), 0
    while left > floor and count < MOST_A_ROUND:
        left *= chance.random()
        count += 1
    return count


def new_order(now: datetime, chance: random.Random) -> Document:
    """Return an order of somebody for something, paid by a promise of the money."""
    person = somebody(chance)
    letter = draw(chance, CHANNEL_SHARES)
    number = f"{letter}-{now:%y%m%d}-{''.join(chance.choices(LETTERS, k=LENGTH))}"
    lines = _lines(chance)
    service, freight = draw(chance, SERVICES)
    total = freight + sum(SHOP[line["sku"]].price * line["quantity"] for line in lines)
    return {
        "channel": CHANNELS[letter],
        "number": number,
        "placed_at": now.isoformat(),
        "currency": CURRENCY,
        "customer": {
            "external_id": person.id,
            "name": person.name,
            "email": person.email,
            "locale": person.locale,
        },
        "ship_to": _address(person, chance),
        "lines": lines,
        "shipping": {"service": service, "price": euros(freight)},
        "preferences": _preferences(person, now, chance),
        "payment": {"status": "authorized", "amount": euros(total), "reference": f"a_{number}"},
    }


def euros(cents: int) -> str:
    """Return an amount as it is written."""
    return f"{cents // 100}.{cents % 100:02d}"


def corrected(ship_to: Document) -> Document:
    """Return an address with the postal code of its town."""
    town = TOWNS[ship_to["country"], ship_to["city"]]
    return ship_to | {"postal_code": town.postal_code}


def _address(person: Person, chance: random.Random) -> Document:
    code = person.town.postal_code
    return {
        "name": person.name,
        "line1": person.line1,
        "city": person.town.city,
        "region": person.town.region,
        "postal_code": code[:-1] if happens(chance, MISTAKES) else code,
        "country": person.country,
    }


def _lines(chance: random.Random) -> list[Document]:
    wishes = [WISHES.get(goods.sku, USUAL_WISH) for goods in GOODS]
    found = chance.choices(GOODS, wishes, k=draw(chance, LINES))
    if happens(chance, DISAPPOINTMENTS):
        found.append(UNSOLD)
    skus = dict.fromkeys(goods.sku for goods in found)
    return [
        {
            "external_id": str(place),
            "sku": sku,
            "title": SHOP[sku].title,
            "quantity": draw(chance, UNITS),
            "unit_price": euros(SHOP[sku].price),
        }
        for place, sku in enumerate(skus, start=1)
    ]


def _preferences(person: Person, now: datetime, chance: random.Random) -> Document:
    wishes: Document = {}
    if happens(chance, GIFTS):
        wishes |= {"gift_wrap": True, "gift_message": chance.choice(GIFT_MESSAGES)}
    if happens(chance, WORDS):
        wishes["delivery_instructions"] = chance.choice(INSTRUCTIONS)
    if happens(chance, DEADLINES):
        is_near = hub_of(person.country) == EUROPE
        days = chance.randint(*(DAYS_TO_WAIT if is_near else DAYS_TO_WAIT_FAR))
        wishes["deliver_by"] = (now + timedelta(days=days)).date().isoformat()
    return wishes


def _statuses(answer: Answer, count: int) -> list[int]:
    """Return each order's status; an answer without results is about all of them."""
    results = answer.body.get("results")
    if not isinstance(results, list) or len(results) != count:
        return [answer.status] * count
    return [int(result["status"]) for result in results]
