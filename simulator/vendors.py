"""Vendors at work: each by its character, through the vendors' API."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import NamedTuple

from simulator.characters import BY_CODE, SHOP, Character, draw, happens, sellers_of
from simulator.couriers import CARRIER, Couriers
from simulator.customers import channel_of, euros, payment
from simulator.errands import Errands
from simulator.onward import Document, Onward

# What is open, and the step told next when its share of the time to shipping has passed.
STEPS = {
    "assigned": None,
    "confirmed": ("pick", 0.4),
    "picking": ("pack", 0.7),
    "packed": ("label", 0.9),
    "ready": None,
}
TOLD = tuple(STEPS)
MOST_A_ROUND, MOST_STEPS_A_ROUND = 20, 3
HOUR = timedelta(hours=1)
OUT_OF_STOCK = "Out of stock"
# How long a shop waits before it calls off what no vendor has.
CALLED_OFF_HOURS = (6.0, 60.0)


class Decline(StrEnum):
    """How much of a fulfillment order a vendor turns down."""

    NOTHING = "nothing"
    PART = "part"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a vendor will do about one fulfillment order."""

    who: Character
    confirm_at: datetime
    ship_at: datetime
    decline: Decline
    numbers: tuple[str, ...]
    is_mistyped: bool


class Task(NamedTuple):
    """A fulfillment order, and the plan for it."""

    fo: Document
    plan: Plan


class Vendors:
    """Confirms, declines, picks, packs and ships as the vendors do."""

    def __init__(
        self,
        onward: Onward,
        couriers: Couriers,
        errands: Errands,
        numbers: Iterator[str],
        chance: random.Random,
    ) -> None:
        """No work has been seen yet."""
        self._onward, self._couriers, self._errands = onward, couriers, errands
        self._numbers, self._chance = numbers, chance
        self._plans: dict[str, Plan] = {}

    def work(self, now: datetime) -> None:
        """Do what is due of all that is open."""
        seen: set[str] = set()
        for status in TOLD:
            page = self._onward.get("/fulfillment-orders", status=status)
            if page is None:
                return
            found = page.get("fulfillment_orders", [])
            seen |= {fo["id"] for fo in found}
            self._do(self._due(found, now), now)
        self._plans = {name: plan for name, plan in self._plans.items() if name in seen}

    def _due(self, found: Sequence[Document], now: datetime) -> dict[str, list[Task]]:
        """Return what is to be done now, by the move it needs."""
        tasks: dict[str, list[Task]] = defaultdict(list)
        for fo in found:
            plan = self._plans.get(fo["id"]) or self._plan(fo)
            move = next_move(fo["status"], plan, now) if plan else None
            if plan and move:
                tasks[move].append(Task(fo, plan))
        return tasks

    def _plan(self, fo: Document) -> Plan | None:
        """Make a plan for new work; that of vendors we do not know is somebody else's."""
        who = BY_CODE.get(fo["vendor"])
        if who is None:
            return None
        plan = new_plan(who, fo, self._numbers, self._chance)
        self._plans[fo["id"]] = plan
        return plan

    def _do(self, tasks: Mapping[str, Sequence[Task]], now: datetime) -> None:
        for move, wanted in tasks.items():
            if move == "confirm":
                self._confirm(wanted[:MOST_A_ROUND], now)
            elif move == "ship":
                self._ship(wanted[:MOST_A_ROUND])
            else:
                for task in wanted[:MOST_STEPS_A_ROUND]:
                    self._onward.post(f"/fulfillment-orders/{task.fo['id']}/{move}", {})

    def _confirm(self, tasks: Sequence[Task], now: datetime) -> None:
        words = [confirmation(task.fo, task.plan.decline) for task in tasks]
        answer = self._onward.post("/fulfillment-orders/confirm", {"fulfillment_orders": words})
        for task, word, status in _answered(tasks, words, answer and answer.body):
            if status == HTTPStatus.OK and "lines" in word:
                self._call_off(task.fo, word["lines"], now)

    def _call_off(self, fo: Document, confirmed: Mapping[str, int], now: datetime) -> None:
        """Have the shop cancel and refund what its only vendor does not have."""
        lines = {x["line"]: x for x in fo["lines"] if sellers_of(x["sku"]) == 1}
        missing = {name: _open(x) - confirmed[name] for name, x in lines.items()}
        missing = {name: units for name, units in missing.items() if units}
        if not missing:
            return
        number = fo["order_number"]
        at = now + timedelta(hours=self._chance.uniform(*CALLED_OFF_HOURS))
        cents = sum(SHOP[lines[name]["sku"]].price * units for name, units in missing.items())
        path = f"/orders/{number}/cancel?channel={channel_of(number)}"
        self._errands.later(at, path, {"lines": missing, "reason": OUT_OF_STOCK})
        # Each vendor that lacks something has its own: one reference stands for one amount.
        refund = payment(number, "refunded", euros(cents)) | {"reference": f"r_{fo['id']}"}
        self._errands.later(at + HOUR, "/payments/batch", {"payments": [refund]})

    def _ship(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            # Before the platform is told: should its answer be lost, the parcel still moves.
            who, at = task.plan.who, task.plan.ship_at
            for number in task.plan.numbers:
                self._couriers.hand_over(number, who, task.fo, at)
        words = [dispatch(task.fo, task.plan) for task in tasks]
        answer = self._onward.post("/fulfillment-orders/ship", {"fulfillment_orders": words})
        for task, _, status in _answered(tasks, words, answer and answer.body):
            self._note_shipped(task, status)

    def _note_shipped(self, task: Task, status: int) -> None:
        name = task.fo["id"]
        if status == HTTPStatus.OK:
            self._couriers.know(name)
        elif task.plan.is_mistyped:
            self._plans[name] = replace(task.plan, is_mistyped=False)
        else:
            # Another hand was quicker, or the number is taken: think again. Or it goes by another
            # service than its label says.
            self._plans.pop(name, None)
            self._onward.post(f"/fulfillment-orders/{name}/label", {})


def new_plan(who: Character, fo: Document, numbers: Iterator[str], chance: random.Random) -> Plan:
    """Return what a vendor of this character will do about a fulfillment order."""
    confirm_at = _moment(fo["assigned_at"]) + chance.uniform(*who.confirms) * HOUR
    ship_at = _moment(fo["ship_by"]) + chance.uniform(*draw(chance, who.ships)) * HOUR
    turns_down = (
        (who.declines_whole, Decline.WHOLE),
        (who.declines_part, Decline.PART),
        (100 - who.declines_whole - who.declines_part, Decline.NOTHING),
    )
    parcels = 2 if len(fo["lines"]) > 1 and happens(chance, who.splits) else 1
    return Plan(
        who,
        confirm_at,
        max(ship_at, confirm_at + HOUR),
        draw(chance, turns_down),
        tuple(next(numbers) for _ in range(parcels)),
        happens(chance, who.mistypes),
    )


def next_move(status: str, plan: Plan, now: datetime) -> str | None:
    """Return what a vendor does now about a fulfillment order, None: nothing yet."""
    if status == "assigned":
        return "confirm" if now >= plan.confirm_at else None
    if now >= plan.ship_at:
        return "ship"
    told = STEPS[status]
    if told is None or TOLD.index(status) > plan.who.steps:
        return None
    step, share = told
    return step if now >= plan.confirm_at + share * (plan.ship_at - plan.confirm_at) else None


def confirmation(fo: Document, decline: Decline) -> Document:
    """Return a vendor's word on a fulfillment order: all of it, some of it, or nothing."""
    if decline is Decline.NOTHING:
        return {"id": fo["id"]}
    units = {line["line"]: _open(line) for line in fo["lines"]}
    kept = dict.fromkeys(units, 0)
    if decline is Decline.PART:
        # All but one unit of the first line that has any; of a single unit nothing is left.
        first = next((name for name, count in units.items() if count), None)
        kept = {name: count - (name == first) for name, count in units.items()}
    return {"id": fo["id"], "lines": kept, "code": "out_of_stock"}


def dispatch(fo: Document, plan: Plan) -> Document:
    """Return a vendor's word that the parcels of a fulfillment order have left."""
    # They left as planned, even where nobody could be told before: the platform judges by events.
    shipped_at = plan.ship_at.isoformat()
    numbers = [mistyped(number) if plan.is_mistyped else number for number in plan.numbers]
    contents = _contents(fo, len(numbers))
    parcels = [
        {"carrier": CARRIER, "tracking_number": number, "shipped_at": shipped_at} | content
        for number, content in zip(numbers, contents, strict=False)
    ]
    return {"id": fo["id"], "parcels": parcels}


def mistyped(number: str) -> str:
    """Return a number with its last digit wrong."""
    return f"{number[:-1]}{(int(number[-1]) + 1) % 10}"


def _contents(fo: Document, parcels: int) -> Iterable[Document]:
    """Return what goes into each parcel: the first line into the first, the rest into the last."""
    left = {x["line"]: x["confirmed"] - x["shipped"] for x in fo["lines"]}
    left = {name: units for name, units in left.items() if units}
    if parcels == 1 or len(left) == 1:
        return [{}]
    first = next(iter(left))
    return [{"lines": {first: left.pop(first)}}, {"lines": left}]


def _open(line: Document) -> int:
    return int(line["ordered"]) - int(line["canceled"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _answered(
    tasks: Sequence[Task], words: Sequence[Document], body: Document | None
) -> Iterator[tuple[Task, Document, int]]:
    """Yield each task with its word and the status it was answered with; unanswered ones not."""
    results = {r["id"]: int(r["status"]) for r in (body or {}).get("results", ())}
    for task, word in zip(tasks, words, strict=True):
        if task.fo["id"] in results:
            yield task, word, results[task.fo["id"]]
