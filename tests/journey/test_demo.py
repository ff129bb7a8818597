from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest

from app import demo_market
from app.carriers.numbers import Fit, check
from app.catalog.rules import why_no_gtin
from app.intake.forms import OrderForm
from app.orders.doubts import wrong_fields
from app.vendors.rules import why_no_calendar
from simulator import people
from simulator.characters import BY_CODE, CHARACTERS, GOODS, SHOP, UNSOLD, sellers_of
from simulator.couriers import Couriers
from simulator.customers import (
    RHYTHM,
    Customers,
    channel_of,
    corrected,
    expected,
    new_order,
    poisson,
)
from simulator.errands import Errands
from simulator.fedex import ParcelBook
from simulator.onward import Answer, Complaints
from simulator.parcels import FATES, RecentParcels, plan_trip, remaining, scans_of
from simulator.places import AMERICA, EUROPE, Place, days_between
from simulator.vendors import (
    Decline,
    Vendors,
    confirmation,
    dispatch,
    mistyped,
    new_plan,
    next_move,
)
from simulator.world import new_numbers

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
KILN = BY_CODE["kiln"]
FRANCE = Place("Lyon", "", "FR", "Europe/Paris")


class Platform:
    """Stands in for the API: answers with what it was given, and keeps what it was told."""

    def __init__(self, **documents):
        self.documents = documents
        self.told = []
        self.answers, self.status = True, 200

    def get(self, path, **words):
        key = words.get("status") or path.rpartition("/")[2]
        return self.documents.get(key, {}) if self.answers else None

    def post(self, path, body, **_):
        self.told.append((path, body))
        if not self.answers:
            return None
        told = body.get("fulfillment_orders", ())
        results = [{"id": fo["id"], "status": self.status} for fo in told]
        return Answer(200, {"results": results})


@pytest.fixture
def chance():
    return random.Random(4711)


def work(status="assigned", *lines, name="FO-1", number="W-1"):
    return {
        "id": name,
        "vendor": "kiln",
        "order_number": number,
        "status": status,
        "assigned_at": NOON.isoformat(),
        "ship_by": (NOON + 30 * HOUR).isoformat(),
        "service": "standard",
        "ship_to": {"name": "Ada Lind", "city": "Malmö", "region": None, "country": "SE"},
        "lines": list(lines) or [line("1", "MUG-BLUE", 2)],
    }


def line(name, sku, units):
    counts = {"ordered": units, "confirmed": units, "shipped": 0, "canceled": 0}
    return {"line": name, "sku": sku} | counts


def test_the_characters_shares_add_up_and_their_hours_run_forward():
    for who in CHARACTERS:
        assert sum(share for share, _ in who.ships) == 100
        assert who.declines_whole + who.declines_part <= 100
        spans = (who.confirms, who.hands_over, *(hours for _, hours in who.ships))
        assert all(first < last for first, last in spans)
        assert who.steps in range(4)


def test_the_outside_world_knows_the_marketplaces_shelves():
    shelves = {(shelf.vendor, shelf.sku) for shelf in demo_market.SHELVES}
    homes = {vendor.code: vendor.places[0] for vendor in demo_market.VENDORS}

    assert [tuple(goods) for goods in GOODS] == [good[:3] for good in demo_market.GOODS]
    assert {(who.code, sku) for who in CHARACTERS for sku in who.sells} == shelves
    assert {who.code: who.place for who in CHARACTERS} == {
        code: Place(home.city, home.region or "", home.country, home.zone)
        for code, home in homes.items()
    }


def test_most_goods_have_several_sellers_at_different_costs_and_one_has_none():
    sellers = [sellers_of(goods.sku) for goods in GOODS]
    costs = {sku: [s.cost for s in demo_market.SHELVES if s.sku == sku] for sku in SHOP}

    assert (sellers.count(1), min(sellers), max(sellers)) == (1, 1, 3)
    assert all(len(set(asked)) == len(asked) for asked in costs.values())
    assert sellers_of(UNSOLD.sku) == 0


def test_the_demonstrations_numbers_and_calendars_exist():
    calendars = {place.holidays for vendor in demo_market.VENDORS for place in vendor.places}

    assert [good.gtin for good in demo_market.GOODS if why_no_gtin(good.gtin)] == []
    assert len({good.gtin for good in demo_market.GOODS}) == len(demo_market.GOODS)
    assert [place for place in calendars if why_no_calendar(place)] == []


def test_an_order_has_the_documented_shape(chance):
    for _ in range(300):
        order = OrderForm.model_validate(new_order(NOON, chance)).to_order(NOON)

        goods = sum(x.quantity * x.unit_price_minor for x in order.lines)
        assert order.payment.amount_minor == goods + order.shipping_minor
        assert {x.sku for x in order.lines} <= SHOP.keys()
        assert channel_of(order.number) == order.channel


def test_now_and_then_an_order_is_doubtful_or_must_be_there_by_a_day(chance):
    orders = [new_order(NOON, chance) for _ in range(2_000)]
    wishes = [order["preferences"] for order in orders]
    bad = [order["ship_to"] for order in orders if wrong_fields(order["ship_to"])]

    assert 20 <= len(bad) <= 60
    assert [home for home in bad if wrong_fields(corrected(home))] == []
    assert 8 <= sum(is_unsold(order) for order in orders) <= 35
    assert 170 <= sum("gift_wrap" in wish for wish in wishes) <= 310
    assert 80 <= sum("deliver_by" in wish for wish in wishes) <= 160


def test_what_is_doubtful_does_not_stay_so(chance):
    platform = Platform()
    errands = Errands(platform)
    customers = Customers(platform, errands, Complaints(), chance)

    for now in (NOON + n * HOUR for n in range(900)):
        customers.order(now)
        errands.run(now)

    told = {path.partition("?")[0] for path, _ in platform.told}
    asked = [order for _, body in platform.told for order in body.get("orders", [body])]
    placed = [x for x in asked if x.get("placed_at", "9") < (NOON + 700 * HOUR).isoformat()]
    called_off = {x["number"] for x in placed if f"/orders/{x['number']}/cancel" in told}
    mended = {x["number"] for x in placed if f"/orders/{x['number']}/address" in told}
    assert {x["number"] for x in placed if is_unsold(x)} <= called_off
    assert {x["number"] for x in placed if wrong_fields(x["ship_to"])} <= called_off | mended
    assert len(mended) > 10


def is_unsold(order):
    return any(line["sku"] == UNSOLD.sku for line in order["lines"])


def test_whoever_comes_again_is_the_same_person(chance):
    met = {}
    for _ in range(2_000):
        person = people.somebody(chance)
        assert met.setdefault(person.id, person) == person

    assert {person.country for person in met.values()} == {c.code for c in people.COUNTRIES}
    assert people.mailbox_name("Östen", "Sjöberg") == "osten.sjoberg"
    assert people.mailbox_name("花子", "佐藤") == ""


def test_a_day_brings_its_orders_and_a_long_pause_no_flood(chance):
    midnight = NOON.replace(hour=0)
    rounds = [midnight + n * HOUR / 2 for n in range(49)]
    day = sum(expected(since, now) for since, now in pairwise(rounds))

    assert sum(RHYTHM) == pytest.approx(24)
    assert day == pytest.approx(40, rel=0.02)
    assert expected(NOON - timedelta(days=900), NOON) == 3
    assert max(poisson(3, chance) for _ in range(500)) == 3
    assert poisson(0, chance) == 0


def test_the_fates_shares_add_up():
    assert sum(share for share, _ in FATES) == 100


@pytest.mark.parametrize("fate", [fate for _, fate in FATES], ids=lambda fate: f"{fate.name}")
@pytest.mark.parametrize(
    "ends",
    [(EUROPE, EUROPE), (EUROPE, FRANCE), (EUROPE, AMERICA)],
    ids=["home", "near", "far"],
)
def test_a_parcels_scans_are_in_the_order_of_time(chance, fate, ends):
    for _ in range(100):
        trip = plan_trip(*ends, NOON, chance.uniform(0.5, 40) * HOUR, chance)
        scans = scans_of(trip, fate)

        moments = [scan[0] for scan in scans]
        assert moments == sorted(moments)
        assert moments[0] == NOON
        assert (scans[-1][1] == "DL") is (fate.name != "lost")
        picked_up_on = trip.picked_up_at.astimezone(trip.delivered_at.tzinfo).date()
        assert (trip.delivered_at.date() - picked_up_on).days in days_between(*ends)
        assert 9 <= trip.delivered_at.hour < 18


@pytest.mark.parametrize("ends", [(EUROPE, EUROPE), (EUROPE, FRANCE), (EUROPE, AMERICA)])
def test_a_faster_service_is_never_slower_and_keeps_its_lane(ends):
    origin, destination = (place.country for place in ends)
    lane = next(
        lane.days
        for lane in demo_market.LANES
        if lane.service == "express"
        and lane.origin in {"*", origin}
        and lane.destination in {"*", destination}
    )

    fast = days_between(*ends, service="express")

    assert max(fast) <= lane
    assert max(fast) < max(days_between(*ends))


def test_a_trouble_costs_its_days(chance):
    trip = plan_trip(EUROPE, EUROPE, NOON, HOUR, chance)
    days = {fate.name: scans_of(trip, fate) for _, fate in FATES}

    assert days["stalled"][-1][0] - days["fine"][-1][0] == timedelta(days=8)
    assert days["attempt"][-1][0] - days["fine"][-1][0] == timedelta(days=1)
    assert [scan[1] for scan in days["attempt"][-4:]] == ["OD", "DE:08", "OD", "DL"]
    assert "DY" in [scan[1] for scan in days["weather"]]


@pytest.mark.parametrize("seen", [0, 3, 7, 8, 9])
@pytest.mark.parametrize("is_near", [True, False])
def test_what_remains_of_a_way_comes_after_what_was_seen(chance, seen, is_near):
    scans = scans_of(plan_trip(EUROPE, AMERICA, NOON, HOUR, chance))
    last = scans[seen][0]

    rest = remaining(scans, last, is_near=is_near)

    assert [scan[1] for scan in rest[-2:]] == ["OD", "DL"]
    assert all(scan[0] > last for scan in rest)
    assert len(rest) == 2 or not is_near


def test_a_book_keeps_its_newest_parcels(monkeypatch):
    monkeypatch.setattr("simulator.parcels.KEPT", 2)
    book = RecentParcels(lambda: NOON)

    for number in ("1", "2", "3"):
        book.add(number, [])

    assert [book.find(number) is not None for number in ("1", "2", "3")] == [False, True, True]


def test_numbers_are_valid_and_a_mistyped_one_is_not(chance):
    for number in islice(new_numbers(chance), 500):
        assert check("fedex", number).fit is Fit.OK
        assert check("fedex", mistyped(number)).fit is Fit.BAD_CHECK_DIGIT


def test_a_vendor_tells_its_steps_and_ships_when_its_time_has_come(chance):
    plan = new_plan(KILN, work(), new_numbers(chance), chance)
    before, after = plan.ship_at - timedelta(seconds=1), plan.ship_at

    assert next_move("assigned", plan, NOON) is None
    assert next_move("assigned", plan, plan.confirm_at) == "confirm"
    moves = [next_move(status, plan, before) for status in ("confirmed", "picking", "packed")]
    assert moves == ["pick", "pack", "label"]
    assert next_move("ready", plan, before) is None
    assert next_move("confirmed", plan, plan.confirm_at) is None
    assert {next_move(status, plan, after) for status in ("confirmed", "ready")} == {"ship"}


@pytest.mark.parametrize(
    ("decline", "units", "kept"),
    [
        (Decline.PART, (2, 1), {"1": 1, "2": 1}),
        (Decline.PART, (1,), {"1": 0}),
        (Decline.WHOLE, (2, 1), {"1": 0, "2": 0}),
    ],
)
def test_a_decline_names_what_is_kept_and_why(decline, units, kept):
    lines = [line(str(n), "TEA-TIN", count) for n, count in enumerate(units, start=1)]

    word = confirmation(work("assigned", *lines), decline)

    assert word == {"id": "FO-1", "lines": kept, "code": "out_of_stock"}


def test_two_parcels_share_the_lines_between_them(chance):
    plan = new_plan(KILN, work(), new_numbers(chance), chance)
    fo = work(
        "confirmed", line("1", "MUG-RED", 2), line("2", "MUG-BLUE", 0), line("3", "PLATE-SAND", 1)
    )
    two = tuple(islice(new_numbers(chance), 2))

    parcels = dispatch(fo, type(plan)(**{**fields(plan), "numbers": two}))["parcels"]

    assert [parcel["lines"] for parcel in parcels] == [{"1": 2}, {"3": 1}]
    assert "lines" not in dispatch(fo, plan)["parcels"][0]


def fields(plan):
    return {name: getattr(plan, name) for name in plan.__slots__}


def test_a_vendor_ships_and_its_parcels_are_with_the_carrier(chance):
    platform = Platform(confirmed={"fulfillment_orders": [work("confirmed")]})
    book = ParcelBook(lambda: NOON)
    couriers = Couriers(platform, book, chance)
    vendors = Vendors(platform, couriers, Errands(platform), new_numbers(chance), chance)

    vendors.work(NOON + 48 * HOUR)

    [(path, body)] = platform.told
    [parcel] = body["fulfillment_orders"][0]["parcels"]
    assert path == "/fulfillment-orders/ship"
    assert book.find(parcel["tracking_number"])


def test_a_vendor_makes_a_new_label_where_its_parcel_may_not_leave_with_the_old_one(chance):
    platform = Platform(ready={"fulfillment_orders": [work("ready")]})
    platform.status = 409
    couriers = Couriers(platform, ParcelBook(lambda: NOON), chance)
    vendors = Vendors(platform, couriers, Errands(platform), new_numbers(chance), chance)

    vendors.work(NOON + 48 * HOUR)

    assert [path for path, _ in platform.told] == [
        "/fulfillment-orders/ship",
        "/fulfillment-orders/FO-1/label",
    ]


def test_after_a_restart_open_parcels_are_taken_up_once(chance):
    open_one, done, strange = list(islice(new_numbers(chance), 3))
    parcel = {"shipped_at": NOON.isoformat(), "last_scan_at": (NOON + 9 * HOUR).isoformat()}
    parcel["fulfillment_order"] = "FO-1"
    order = {
        "ship_to": work()["ship_to"],
        "fulfillment_orders": [work("shipped")],
        "shipments": [
            parcel | {"carrier": "fedex", "tracking_number": open_one, "status": "in_transit"},
            parcel | {"carrier": "fedex", "tracking_number": done, "status": "delivered"},
            parcel | {"carrier": "ups", "tracking_number": strange, "status": "pending"},
        ],
    }
    platform = Platform(shipped={"fulfillment_orders": [work("shipped")]}, **{"W-1": order})
    book = ParcelBook(lambda: NOON)
    couriers = Couriers(platform, book, chance)

    couriers.catch_up()

    assert couriers.has_caught_up
    assert [bool(book.find(number)) for number in (open_one, done, strange)] == [True, False, False]
    assert book.find(open_one).scans[0][0] > NOON + 9 * HOUR


def test_a_platform_that_is_away_is_asked_again(chance):
    platform = Platform()
    platform.answers = False
    errands, couriers = Errands(platform), Couriers(platform, ParcelBook(lambda: NOON), chance)
    errands.later(NOON, "/payments/batch", {})

    errands.run(NOON)
    couriers.catch_up()
    platform.answers = True
    errands.run(NOON)
    assert len(platform.told) == 1
    errands.run(NOON + HOUR)
    errands.run(NOON + HOUR)
    couriers.catch_up()

    assert platform.told == [("/payments/batch", {})] * 2
    assert couriers.has_caught_up


def test_one_kind_of_problem_is_told_once_a_minute(caplog):
    moment = [0.0]
    complaints = Complaints(machine=lambda: moment[0])

    for moment[0] in (0.0, 30.0, 59.0, 61.0):
        complaints.about("no answer", "GET /")

    assert [record.getMessage() for record in caplog.records] == ["no answer: GET /"] * 2
