"""Whatever a vendor's people and programs do, and whatever ops do meanwhile: nothing is broken."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from app.choices import service as choices
from app.choices.contract import Kind
from app.extensions import valkey
from app.intake import changes
from app.integrity import broken_invariants
from app.orders import review
from app.orders.changes import Change
from app.routing import moves
from app.shared.errors import DomainError
from app.shared.work import OPS, transaction
from app.shipments import service as shipments
from simulator.numbers import fedex_number
from tests.conftest import Api, caller
from tests.factories import (
    ACTOR,
    line,
    make_vendor_with_stock,
    routed_order,
    rows,
    run_jobs,
    vendor_key,
)
from tests.handing import form, packages
from tests.people import browser_of, make_person

numbers = count(5_000)
LINES = (
    "SELECT l.* FROM fo_lines l JOIN fulfillment_orders f ON f.id = l.fo_id"
    " WHERE f.reference = :r ORDER BY l.line"
)
TOO_MANY = 429
REASONS = ("not_found", "damaged", "wrong_count")


@dataclass
class Day:
    """Who works, and what on: one order, and the vendors that may have a part of it."""

    browsers: dict[UUID, FlaskClient]
    programs: dict[UUID, Api]
    order: UUID = field(default_factory=uuid4)
    vendor: UUID = field(default_factory=uuid4)
    reference: str = ""

    def look(self, which: int) -> None:
        """Turn to one of the order's parts, the newest first."""
        sql = "SELECT reference, vendor_id FROM fulfillment_orders WHERE order_id = :o ORDER BY id"
        found = rows(sql, o=self.order)[::-1]
        part = found[which % len(found)]
        self.reference, self.vendor = part.reference, part.vendor_id

    def lines(self) -> Any:
        return rows(LINES, r=self.reference)

    def post(self, path: str, /, **sent: Any) -> None:
        """Send a form of a page about the part; "-" in a field's name is "_" here."""
        data = {name.replace("_", "-"): value for name, value in sent.items()}
        self.send(f"/portal/orders/{self.reference}/{path}", data)

    def send(self, path: str, data: dict[str, Any]) -> None:
        answer = self.browsers[self.vendor].post(path, data=data)
        assert answer.status_code < 500, path
        assert answer.status_code != TOO_MANY, "nobody is that quick"

    def ask(self, path: str, body: dict[str, Any]) -> None:
        """Have the vendor's program say something."""
        path = f"/fulfillment-orders/{self.reference}/{path}"
        assert self.programs[self.vendor]("POST", path, body).status_code < 500, path


Step = Callable[[Day, int], None]


def _confirm(day: Day, _n: int) -> None:
    asked = [x.ordered - x.declined - x.canceled for x in day.lines()]
    units = {f"units{i}": str(left) for i, left in enumerate(filter(None, asked))}
    day.post("confirm", do="all", attest="y", **units)


def _confirm_part(day: Day, n: int) -> None:
    offers = {"restock0": "2026-12-01"} if n % 2 else {"substitute0": "CUP"}
    sent = {"do": "part", "attest": "y", "code": "out_of_stock", "units0": str(n), "units1": "1"}
    day.post("confirm", **sent, **offers)


def _pick(day: Day, _n: int) -> None:
    for one in day.lines():
        day.post("pick/hand", line=one.line, units=str(one.confirmed - one.picked))


def _put_back(day: Day, n: int) -> None:
    day.post("pick/hand", line="1", units=f"-{n}")


def _scan(day: Day, n: int) -> None:
    day.post("pick", code=("MUG", "BOWL", "2*MUG", "CUP")[n % 4], scan=str(uuid4()))


def _undo(day: Day, n: int) -> None:
    scans = rows("SELECT id FROM scans WHERE vendor_id = :v ORDER BY number DESC", v=day.vendor)
    for one in scans[n : n + 1]:
        day.post("pick/undo", scan=str(one.id))


def _short(day: Day, n: int) -> None:
    day.post("pick/short", line=str(1 + n % 2), units="1", reason=REASONS[n % 3])


def _program_picks(day: Day, n: int) -> None:
    said: tuple[dict[str, Any], ...] = (
        {},
        {"lines": {"1": 1}, "short": {"1": "damaged"}},
        {"short": {"2": "wrong_count"}},
    )
    day.ask("pick", said[n % 3])


def _pack(day: Day, n: int) -> None:
    """Pack what is picked, unit by unit in turn into so many parcels."""
    units = [x.line for x in day.lines() for _ in range(x.picked - x.shipped)]
    many = max(1, min(n, len(units)))
    sent = {"do": "pack", "parcels": str(many)}
    for parcel in range(many):
        for name in ("1", "2"):
            sent[f"p{parcel}-units-{name}"] = str(units[parcel::many].count(name))
    day.post("pack", **sent)


def _program_packs(day: Day, _n: int) -> None:
    day.ask("pack", {})


def _label(day: Day, n: int) -> None:
    day.post("labels")
    for name in packages(day.reference)[n : n + 1]:
        label = {
            "package": name,
            "carrier": "fedex",
            "tracking_number": fedex_number(next(numbers)),
        }
        day.ask("label", {"parcels": [label]})


def _void(day: Day, n: int) -> None:
    for name in packages(day.reference)[:n]:
        day.send(f"/portal/packages/{name}/void", {"reason": "torn"})


def _print(day: Day, _n: int) -> None:
    day.post("print")


def _ship(day: Day, n: int) -> None:
    """Ship some parcels, or units of what lies in none."""
    sent: dict[str, Any] = {"parcels": "1", "p0-number": fedex_number(next(numbers))}
    sent |= {"p0-carrier": "fedex", "p0-u-1": str(n), "p0-u-2": "1"}
    for name in packages(day.reference)[:n]:
        sent |= form(name, fedex_number(next(numbers)), "fedex")
    day.send(f"/portal/orders/{day.reference}/ship", sent)


def _ship_list(day: Day, n: int) -> None:
    names = [*packages(day.reference), day.reference]
    listed = [f"{names[i % len(names)]},fedex,{fedex_number(next(numbers))}" for i in range(n)]
    day.send("/portal/ship/many", {"rows": "\n".join(listed), "step": "ship"})


def _program_ships(day: Day, n: int) -> None:
    parcel: dict[str, Any] = {"carrier": "fedex", "tracking_number": fedex_number(next(numbers))}
    parcel |= {"lines": {"1": n}} if n else {}
    if n % 2 and (names := packages(day.reference)):
        parcel["package"] = names[0]
    day.ask("ship", {"parcels": [parcel]})


def _address_is_wrong(day: Day, _n: int) -> None:
    day.post("trouble", what="address", body="no such street", once=str(uuid4()))


def _go_on(day: Day, _n: int) -> None:
    day.post("go-on")


def _cancel(day: Day, n: int) -> None:
    with transaction(OPS) as now:
        shipments.cancel(day.order, {str(1 + n % 2): 1}, actor=ACTOR, reason="x", now=now)


def _change(day: Day, n: int) -> None:
    with transaction(OPS) as now:
        changes.change(day.order, {"1": n}, {}, Change(ACTOR, now))


def _hold(day: Day, n: int) -> None:
    with transaction(OPS) as now:
        if n % 2:
            review.hold([day.order], reason="?", actor=ACTOR, now=now)
        else:
            review.release([day.order], note="!", actor=ACTOR, now=now)


def _take_back(day: Day, _n: int) -> None:
    with transaction(OPS) as now:
        moves.take_back([day.reference], moves.Why("not confirmed in time"), actor=ACTOR, now=now)


def _answer(day: Day, n: int) -> None:
    sql = "SELECT reference, options FROM choices WHERE order_id = :o AND status = 'open'"
    for one in rows(sql, o=day.order):
        kind = Kind(one.options[n % len(one.options)]["kind"])
        with transaction(OPS) as now:
            choices.answer(
                one.reference, kind, note="by phone", actor=ACTOR, actor_id=None, now=now
            )


def _route(_day: Day, _n: int) -> None:
    run_jobs("route_orders")


STEPS: tuple[Step, ...] = (
    *(_confirm, _pick, _pack, _ship) * 4,
    *(_label, _ship_list, _program_ships, _short, _cancel, _change, _void) * 2,
    *(_confirm_part, _put_back, _scan, _undo, _program_picks, _program_packs, _print),
    *(_address_is_wrong, _go_on, _hold, _take_back, _answer, _route),
)
stories = some.lists(
    some.tuples(some.sampled_from(STEPS), some.integers(0, 3), some.integers(0, 1)),
    min_size=6,
    max_size=16,
)


@pytest.fixture
def day(app: Flask, jobs_run_here: None) -> Day:
    found = Day({}, {})
    for code, cost in (("kiln", 100), ("loom", 900)):
        stock = {"MUG": 1_000, "BOWL": 1_000, "CUP": 1_000}
        vendor = make_vendor_with_stock(code, stock, cost_minor=cost)
        person = make_person("vendor_staff", f"{code.title()} Packer", vendor=vendor)
        found.browsers[vendor] = browser_of(app, person)
        found.programs[vendor] = caller(app, vendor_key(code, f"onw_of_{code}"))
    return found


@given(story=stories, mugs=some.integers(1, 4), bowls=some.integers(1, 3))
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_a_day_brings_nothing_is_broken(
    day: Day, story: list[tuple[Step, int, int]], mugs: int, bowls: int
) -> None:
    # Each is a day of its own: nobody does all of them within a minute.
    valkey.client.flushall()
    day.order = routed_order(lines=[line("MUG", mugs, "1"), line("BOWL", bowls, "2")])
    for step, n, which in story:
        day.look(which)
        with suppress(DomainError):
            step(day, n)
        with transaction(OPS):
            assert broken_invariants() == [], step.__name__
