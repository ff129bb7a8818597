"""The console: what its pages say of a marketplace in trouble, and what may be done about it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text

from app.catalog import service as catalog
from app.checks.service import give_up, work_off
from app.compensation.service import compensate
from app.console.page import pace
from app.console.strips import strip
from app.escalations.service import escalate
from app.extensions import db
from app.monitoring.service import watch
from app.orders.contract import NewCustomer, NewLine, NewOrder
from app.orders.intake import place
from app.orders.service import Confirmation, confirm, settle
from app.routing.service import route
from app.shared.work import OPS, PLATFORM, transaction
from app.shipments.service import Dispatch, Parcel, ship
from app.vendors import service as vendors
from app.web.deadlines import Deadline, deadline
from app.web.paging import Cut, Key, cut, own_path
from app.web.words import EVENTS, day, happened, money, span, whole
from tests.factories import ADDRESS, make_order, make_vendor_with_stock

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NUMBER = "700007998199"
PAGES = (
    "/console/",
    "/console/orders",
    "/console/escalations",
    "/console/offers",
    "/console/messages",
    "/console/system",
)


# What needs no database ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=40), "40 s"),
        (timedelta(minutes=24, seconds=59), "24 m"),
        (timedelta(hours=2, minutes=5), "2 h 05 m"),
        (timedelta(hours=2), "2 h"),
        (timedelta(days=1, hours=2, minutes=40), "1 d 2 h"),
        (timedelta(days=45, hours=7), "45 d"),
        (-timedelta(minutes=3), "3 m"),
    ],
)
def test_a_length_of_time_has_two_units_and_no_sign(length: timedelta, words: str) -> None:
    assert span(length) == words


@pytest.mark.parametrize(
    ("left", "done_at", "state", "words"),
    [
        (3 * DAY, None, "plenty", "3 d left"),
        (24 * HOUR, None, "soon", "1 d left"),
        (2 * HOUR, None, "now", "2 h left"),
        (timedelta(0), None, "now", "0 s left"),
        (-timedelta(minutes=1), None, "late", "1 m late"),
        (-DAY, NOW - DAY - timedelta(minutes=38), "met", "38 m early"),
        (-DAY, NOW - 2 * HOUR, "missed", "22 h late"),
    ],
)
def test_a_deadline_is_plenty_soon_now_late_met_or_missed(
    left: timedelta, done_at: datetime | None, state: str, words: str
) -> None:
    found = deadline(NOW + left, NOW, "ship by", done_at=done_at)

    assert (found.state, f"{found.number} {found.word}") == (state, words)


def test_a_fuse_shows_the_share_that_is_left() -> None:
    found = deadline(NOW + 6 * HOUR, NOW, "ship by", since=NOW - 18 * HOUR)

    assert found == Deadline("soon", "6 h", "left", "ship by", 25, NOW + 6 * HOUR)


def test_money_has_a_symbol_and_never_an_ascii_minus() -> None:
    assert money((1200, "USD")) == "$12.00"
    assert money((-490, "EUR")) == "\N{MINUS SIGN}€4.90"
    assert money((123456, "SEK")) == "SEK\N{NO-BREAK SPACE}1,234.56"
    assert money((500, "JPY")) == "¥500"
    assert whole((21890, "EUR")) == "€219"


def test_a_day_names_its_year_only_when_it_is_another() -> None:
    assert day(date(datetime.now(UTC).year, 1, 9)).endswith("Jan 9")
    assert day(date(2017, 11, 24)) == "Fri, Nov 24, 2017"


def test_an_event_is_told_with_its_facts() -> None:
    facts = {"fulfillment_order": "FO-1", "status": "rejected", "declined": 2, "reason": "broken"}

    assert happened("fulfillment_order_confirmed", facts) == {
        "title": "Vendor declined",
        "sentence": "FO-1. Broken.",
        "icon": "arrow-return-left",
        "tone": "warn",
    }


def test_a_part_without_its_fact_is_left_out() -> None:
    told = happened("order_routed", {"fulfillment_orders": ["FO-1"], "unfilled": 0})

    assert told["sentence"] == "FO-1."


def test_an_unknown_event_is_told_by_its_name() -> None:
    assert happened("order_blessed", {})["title"] == "Order blessed"


@pytest.mark.parametrize("words", ["", "x", "0~yesterday~1", "0~2026-01-01~nobody", "a~b~c~d"])
def test_a_place_that_cannot_be_read_is_the_start(words: str) -> None:
    assert cut({"after": words}) == Cut()


def test_a_place_survives_its_address() -> None:
    key = Key(NOW, 7, 2)

    assert cut({"before": str(key)}, int) == Cut(key, is_back=True)


@pytest.mark.parametrize("path", ["//x.test", "/\\x.test", "http://x.test", "x", "/a\nb", None])
def test_only_paths_of_ours_are_followed(path: str | None) -> None:
    assert own_path(path, "/home") == "/home"


def test_the_strip_shows_the_promise_and_how_late_it_is() -> None:
    found = strip(date(2026, 11, 19), date(2026, 11, 17), date(2026, 11, 21))

    assert found is not None
    assert [d["number"] for d in found["days"]] == [16, 17, 18, 19, 20, 21, 22]
    assert [(b["words"], b["start"], b["days"]) for b in found["bars"]] == [
        ("promised", 1, 2),
        ("late", 3, 2),
        ("now", 6, 1),
    ]


def test_a_strip_that_would_be_too_long_is_not_drawn() -> None:
    assert strip(date(2026, 12, 24), date(2026, 11, 17), None) is None


@pytest.mark.parametrize(
    ("rate", "words"),
    [(0, "stands still"), (1, None), (1800, "1,800 times as fast"), (0.5, "0.5 times as fast")],
)
def test_the_pace_of_the_world_is_told(rate: float, words: str | None) -> None:
    assert pace(rate) == words


# A marketplace in trouble -------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """A vendor with mugs, and orders that should have left three days ago."""

    app: Flask

    def order(self, number: str, *, name: str = "Ada Lind", **changes: Any) -> str:
        """Place an order that is late from its first moment, and let the platform react."""
        given = {"ship_by": NOW - 3 * DAY, "deliver_on": date(2026, 11, 18), "sku": "MUG"} | changes
        line = NewLine("1", given["sku"], "Mug, red", 2, 1250, ship_by=given["ship_by"])
        new = NewOrder(
            channel="webshop",
            number=number,
            placed_at=NOW - 9 * DAY,
            currency="EUR",
            customer=NewCustomer(f"C-{number}", name, f"{number}@example.org"),
            ship_to=ADDRESS | {"name": name},
            lines=(line,),
            shipping={"service": "standard"},
            shipping_minor=490,
            preferences={},
            payment=None,
            deliver_on=given["deliver_on"],
            request_sha256=number,
        )
        with transaction(OPS) as now:
            (placed,) = place([new], zone="UTC", actor="webshop", now=now)
        self.react()
        assert not isinstance(placed, Exception)
        return placed.reference

    def react(self) -> None:
        """Let every watcher look at what is due."""
        for watcher, look in (
            ("route_orders", route),
            ("watch", watch),
            ("escalate", escalate),
            ("compensate", compensate),
        ):
            work_off(watcher, look, is_time_up=lambda: False)

    def ship(self, number: str, tracking_number: str = NUMBER) -> None:
        """Have the vendor confirm and ship an order."""
        (fo,) = self.all(
            "SELECT reference FROM fulfillment_orders WHERE order_number = :n", n=number
        )
        with transaction(OPS) as now:
            confirm([Confirmation(fo)], actor="kiln", now=now)
            ship([Dispatch(fo, [Parcel("fedex", tracking_number, now)])], actor="kiln", now=now)
        self.react()

    def all(self, sql: str, **values: Any) -> list[Any]:
        """Return the first column of a query."""
        with transaction(OPS):
            return list(db.session.scalars(text(sql), values))

    def case(self, kind: str = "late_dispatch") -> str:
        """Return the reference of the only case of a kind."""
        (reference,) = self.all("SELECT reference FROM exception_cases WHERE kind = :k", k=kind)
        return str(reference)


@pytest.fixture
def world(app: Flask) -> World:
    """A vendor with mugs in stock."""
    with transaction(OPS):
        keys = vendors.save_vendors(
            [{"code": "kiln", "name": "Kiln & Co.", "email": None, "status": "active"}]
        )
        place_of = {"vendor_id": keys["kiln"], "code": "main", "name": "Malmö", "zone": "UTC"}
        rest = {"country": "SE", "region": None, "city": "Malmö", "postal_code": None}
        vendors.save_locations([place_of | rest | {"cut_off": time(15), "handling_days": 1}])
        location = db.session.scalar(text("SELECT id FROM locations"))
        listing = {"vendor_id": keys["kiln"], "location_id": location, "sku": "MUG"}
        shown = {"title": "Mug", "cost_minor": 600, "currency": "EUR", "is_active": True}
        listings = catalog.save_listings([listing | shown])
        catalog.count_stock(dict.fromkeys(listings.values(), 1000))
    return World(app)


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect what is asked of the database."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        seen.append(sql)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def links(page: str, part: str) -> list[str]:
    """Return the addresses of a page that contain a word."""
    return [html.unescape(h) for h in re.findall(r'href="([^"]+)"', page) if part in h]


@pytest.mark.parametrize("path", PAGES)
def test_an_empty_marketplace_has_its_pages(ops_client: FlaskClient, path: str) -> None:
    assert ops_client.get(path).status_code == 200


@pytest.mark.parametrize("path", [*PAGES, "/console/orders/OR-1", "/console/cases/CA-1"])
def test_whoever_has_not_signed_in_is_sent_to_the_door(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.location) == (302, f"/signin?next={path}")


@pytest.mark.parametrize("path", ["/console/orders/OR-NONE", "/console/cases/CA-NONE"])
def test_what_does_not_exist_is_a_page_that_says_so(ops_client: FlaskClient, path: str) -> None:
    answer = ops_client.get(path)

    assert answer.status_code == 404
    assert path.rpartition("/")[2] in answer.text


def test_the_queue_shows_critical_cases_before_older_warnings(
    world: World, ops_client: FlaskClient
) -> None:
    world.order("A-1", ship_by=NOW - DAY, deliver_on=date(2026, 12, 1))
    world.order("A-2", ship_by=NOW - 3 * DAY, deliver_on=date(2026, 12, 1))

    page = ops_client.get("/console/").text

    assert page.index(">A-2<") < page.index(">A-1<")
    assert "2 open" in page
    assert "Kiln &amp; Co. has not handed it over" in page
    assert "€60 at risk" in re.sub(r"<[^>]+>", "", page)


@pytest.mark.parametrize(
    ("view", "numbers"),
    [
        ("open", ["A-1", "A-2"]),
        ("critical", ["A-2"]),
        ("nobody", ["A-2"]),
        ("late_dispatch", ["A-1", "A-2"]),
        ("late_delivery", []),
        ("no such view", ["A-1", "A-2"]),
    ],
)
def test_each_tab_shows_its_cases(
    world: World, ops_client: FlaskClient, view: str, numbers: list[str]
) -> None:
    world.order("A-1", ship_by=NOW - DAY, deliver_on=date(2026, 12, 1))
    world.order("A-2", ship_by=NOW - 3 * DAY, deliver_on=date(2026, 12, 1))

    page = ops_client.get("/console/", query_string={"view": view}).text

    assert sorted(set(re.findall(r">(A-\d)<", page))) == numbers


def test_a_case_is_opened_beside_the_queue(world: World, ops_client: FlaskClient) -> None:
    world.order("A-1", deliver_on=date(2026, 12, 1))

    page = ops_client.get(f"/console/cases/{world.case()}").text

    assert "The vendor has not confirmed it." in page
    assert "Fri, Nov 20, 09:00" in page
    assert "Rung 2 of 3" in page
    assert "ops-lead@onward.example" in page
    assert "Acknowledge" in page


def test_whoever_acknowledges_owns_the_case(world: World, ops_client: FlaskClient) -> None:
    world.order("A-1", deliver_on=date(2026, 12, 1))
    case = world.case()

    answer = ops_client.post(f"/console/cases/{case}/acknowledge")

    assert answer.location == f"/console/cases/{case}"
    page = ops_client.get(answer.location).text
    assert "You own this case now." in page
    assert world.all("SELECT acknowledged_by FROM escalations") == ["Imani Brooks"]
    assert f"/console/cases/{case}/acknowledge" not in page
    assert f"/console/cases/{case}/resolve" in page


def test_a_second_click_changes_nothing(world: World, ops_client: FlaskClient) -> None:
    world.order("A-1", deliver_on=date(2026, 12, 1))
    for _ in range(2):
        ops_client.post(f"/console/cases/{world.case()}/acknowledge")

    told = "SELECT actor FROM timeline WHERE event = 'escalation_acknowledged'"
    assert world.all(told) == ["Imani Brooks"]


def test_a_resolved_escalation_leaves_the_list_but_not_the_case(
    world: World, ops_client: FlaskClient
) -> None:
    world.order("A-1", deliver_on=date(2026, 12, 1))
    case = world.case()

    answer = ops_client.post(
        f"/console/cases/{case}/resolve", data={"next": "/console/escalations"}
    )

    assert answer.location == "/console/escalations"
    assert "Nobody has to be called" in ops_client.get("/console/escalations").text
    page = ops_client.get(f"/console/cases/{case}").text
    assert "Imani Brooks, Mon, Nov 23, 09:00" in page
    assert f"/console/cases/{case}/resolve" not in page


@pytest.mark.parametrize("verb", ["acknowledge", "resolve"])
def test_a_warning_has_no_climb_to_stop(world: World, ops_client: FlaskClient, verb: str) -> None:
    world.order("A-1", ship_by=NOW - DAY, deliver_on=date(2026, 12, 1))
    case = world.case()

    answer = ops_client.post(f"/console/cases/{case}/{verb}")

    assert answer.status_code == 404
    assert world.all("SELECT count(*) FROM timeline WHERE event ^@ 'escalation'") == [0]
    assert f"{case}/{verb}" not in ops_client.get(f"/console/cases/{case}").text


def test_a_button_of_another_site_is_refused(
    app: Flask, world: World, ops_client: FlaskClient
) -> None:
    world.order("A-1", deliver_on=date(2026, 12, 1))
    app.config["WTF_CSRF_ENABLED"] = True

    answer = ops_client.post(f"/console/cases/{world.case()}/acknowledge")

    assert answer.status_code == 400
    assert world.all("SELECT acknowledged_by FROM escalations") == [None]


@pytest.mark.parametrize(
    "word",
    ["A-1", "a-1@EXAMPLE.org", "7000 0799 8199", "{order}", "{fo}", "{parcel}", "{case}"],
)
def test_a_word_that_names_one_order_leads_to_it(
    world: World, ops_client: FlaskClient, word: str
) -> None:
    reference = world.order("A-1", deliver_on=date(2026, 12, 1))
    world.ship("A-1")
    names = {
        "order": reference.lower(),
        "fo": world.all("SELECT reference FROM fulfillment_orders")[0],
        "parcel": world.all("SELECT reference FROM shipments")[0],
        "case": world.case(),
    }

    answer = ops_client.get("/console/orders", query_string={"q": word.format_map(names)})

    assert (answer.status_code, answer.location) == (302, f"/console/orders/{reference}")


@pytest.mark.parametrize("word", ["A-1", "MUG", NUMBER[:8]])
def test_the_beginning_of_a_number_or_a_sku_finds_but_does_not_jump(
    world: World, ops_client: FlaskClient, word: str
) -> None:
    world.order("A-17")
    world.ship("A-17")
    world.order("B-1", sku="NOBODY-HAS-IT")

    page = ops_client.get("/console/orders", query_string={"q": word})

    assert page.status_code == 200
    assert len(links(page.text, "/console/orders/OR-")) == 1


@pytest.mark.parametrize("word", ["%", "_", "'", "A-1\0", "Ä" * 500, "@", "-", "\\"])
def test_a_strange_word_finds_nothing_and_breaks_nothing(
    ops_client: FlaskClient, word: str
) -> None:
    assert ops_client.get("/console/orders", query_string={"q": word}).status_code == 200


def test_a_name_is_shown_and_never_run(world: World, ops_client: FlaskClient) -> None:
    reference = world.order("A-1", name="<script>alert(1)</script>")

    page = ops_client.get(f"/console/orders/{reference}").text

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_an_order_shows_all_that_hangs_on_it(world: World, ops_client: FlaskClient) -> None:
    reference = world.order("A-1")
    world.ship("A-1")

    page = re.sub(r"\s+", " ", ops_client.get(f"/console/orders/{reference}").text)

    for words in (
        "Kiln &amp; Co.",
        "Kiln &amp; Co. ships 2 units.",
        "Wed, Nov 18",
        "given with the order",
        "Late delivery",
        NUMBER,
        "the carrier has not scanned it yet",
        "€29.90",
        "We have your order A-1",
        "Vendor confirmed",
        "Storgatan 1",
    ):
        assert words in page
    names = set(world.all("SELECT event FROM timeline"))
    assert names <= set(EVENTS)


def test_units_that_nobody_has_stand_apart(world: World, ops_client: FlaskClient) -> None:
    make_vendor_with_stock("empty", {"GLASS": 0})
    reference = world.order("A-1", sku="GLASS")

    page = ops_client.get(f"/console/orders/{reference}").text

    assert "Not with a vendor" in page
    assert "2 units found no vendor" in page


def test_orders_are_turned_page_by_page_and_back(world: World, ops_client: FlaskClient) -> None:
    for n in range(53):
        make_order(f"P-{n:02}")

    first = ops_client.get("/console/orders").text
    second = ops_client.get(links(first, "after=")[0]).text
    back = ops_client.get(links(second, "before=")[0]).text

    shown = [set(re.findall(r">(P-\d\d)<", page)) for page in (first, second, back)]
    assert [len(numbers) for numbers in shown] == [50, 3, 50]
    assert shown[0] == shown[2]
    assert not shown[0] & shown[1]
    assert not links(second, "after=")


def test_an_offer_says_why(world: World, ops_client: FlaskClient) -> None:
    world.order("A-1")
    world.ship("A-1")
    with transaction(PLATFORM) as now:
        sql = "UPDATE fulfillment_orders SET status = 'delivered', delivered_at = :now"
        db.session.execute(text(sql), {"now": now})
        db.session.execute(text("UPDATE fo_lines SET delivered = shipped"))
        settle(set(db.session.scalars(text("SELECT id FROM orders"))), now)
    world.react()
    world.react()

    page = ops_client.get("/console/offers").text

    assert "It came 5 days late. The customer paid €25.00 for the goods and €4.90 freight." in page
    assert "late by 4 days or more, built-in compensation policy" in page


def given_up(world: World, status: str) -> str:
    """Have the outbox give one message up; return its key."""
    world.order("A-1")
    (key,) = world.all("SELECT id FROM notifications WHERE template = 'order_received'")
    with transaction(OPS) as now:
        sql = "UPDATE notifications SET status = :status WHERE id = :id"
        db.session.execute(text(sql), {"status": status, "id": key})
        give_up("send_notifications", f"notification {key}", f"{status}: gone", 3, now)
    return str(key)


@pytest.mark.parametrize("status", ["uncertain", "failed"])
def test_a_message_that_may_not_have_arrived_waits_for_a_person(
    world: World, ops_client: FlaskClient, status: str
) -> None:
    given_up(world, status)
    (letter,) = world.all("SELECT id FROM dead_letters")
    path = f"/console/messages?view={status}"

    assert "We have your order A-1" in ops_client.get(path).text
    data = {"next": path}
    answer = ops_client.post(f"/console/dead-letters/{letter}/close", data=data)

    assert answer.location == path
    assert world.all("SELECT closed_by FROM dead_letters") == ["Imani Brooks"]
    assert "No message in this view" in ops_client.get(path).text


def test_the_system_page_names_parts_work_and_what_was_given_up(
    world: World, ops_client: FlaskClient
) -> None:
    key = given_up(world, "failed")
    with transaction(PLATFORM) as now:
        sql = (
            "INSERT INTO unread_answers (carrier, what, sample, seen, first_seen_at, last_seen_at)"
            " VALUES ('fedex', 'code ZZ', 'Eaten by a bear', 3, :now, :now)"
        )
        db.session.execute(text(sql), {"now": now})

    page = ops_client.get("/console/system").text

    for words in ("worker-tracking", "stands still", key, "Eaten by a bear", "seen 3 times"):
        assert words in page


@pytest.mark.parametrize("path", PAGES[:-1])
def test_a_list_costs_three_statements(world: World, ops_client: FlaskClient, path: str) -> None:
    world.order("A-1")
    world.order("A-2")
    # What the marketplace is called is read once in a few seconds, not once a page.
    ops_client.get(path)

    with statements() as seen:
        ops_client.get(path)

    own = [sql for sql in seen if "set_config" not in sql and " users" not in sql]
    assert len(own) <= 3
