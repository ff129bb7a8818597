"""Who is given a line, and how it changes hands: on real rows, by the real jobs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.checks.service import Subject
from app.extensions import db
from app.orders.changes import Change, change_wishes
from app.orders.contract import Action
from app.orders.service import Confirmation, act, confirm
from app.routing.moves import Move, Why, alternatives, move_lines, take_back
from app.routing.service import route
from app.shared.errors import DomainError, IllegalMove, InvalidInput
from app.shared.work import OPS, PLATFORM, transaction
from app.web.words import happened
from tests.conftest import NOW
from tests.factories import (
    at,
    confirmed,
    line,
    make_order,
    make_vendor_with_stock,
    one,
    parcel,
    policy,
    references,
    rows,
    run,
    run_jobs,
    send,
)


def sql(statement: str, **values) -> None:
    with transaction(OPS):
        db.session.execute(db.text(statement), values)


def routed(*lines, **changes):
    key = make_order(lines=lines, **changes)
    run("route_orders")
    return key


def fo_of(reference):
    return one("SELECT * FROM fulfillment_orders WHERE reference = :r", r=reference)


def decision(key):
    return rows("SELECT facts FROM decisions WHERE order_id = :id ORDER BY id", id=key)[-1].facts


def given(key):
    """Return who has how many open units of an order, by line."""
    found = rows(
        "SELECT l.line, v.code, sum(l.ordered - l.declined - l.canceled) AS n FROM fo_lines l"
        " JOIN vendors v ON v.id = l.vendor_id WHERE l.order_id = :id GROUP BY 1, 2"
        " HAVING sum(l.ordered - l.declined - l.canceled) > 0 ORDER BY 1, 2",
        id=key,
    )
    return [(row.line, row.code, row.n) for row in found]


# Who may be chosen ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("UPDATE locations SET ships_to = '{DE,NO}'", "does not ship there"),
        ("UPDATE locations SET is_active = false", "location not active"),
        ("UPDATE vendors SET status = 'suspended'", "vendor not active"),
        ("UPDATE vendors SET status = 'paused', status_until = '2026-11-24'", "vendor not active"),
    ],
)
def test_who_may_not_be_chosen_is_named_with_the_rule(change, rule):
    make_vendor_with_stock()
    sql(change)

    key = routed(line())

    assert given(key) == []
    assert decision(key)["excluded"] == [
        {"line": "1", "vendor": "kiln", "place": "main", "rule": rule}
    ]


def test_a_pause_ends_by_itself():
    make_vendor_with_stock()
    sql("UPDATE vendors SET status = 'paused', status_until = '2026-11-23'")

    assert given(routed(line())) == [("1", "kiln", 2)]


def test_a_vendors_calendar_moves_what_is_promised():
    make_vendor_with_stock()
    sql(
        "INSERT INTO closures SELECT gen_random_uuid(), vendor_id, id, '2026-11-24', '2026-11-25',"
        " 'stock-taking', :now, 'tests' FROM locations",
        now=NOW,
    )

    (reference,) = references(routed(line()))

    assert fo_of(reference).ship_by.isoformat() == "2026-11-26T15:00:00+00:00"


def test_a_full_day_sends_work_to_the_next_one():
    make_vendor_with_stock()
    sql("UPDATE locations SET daily_capacity = 2")

    keys = [make_order(lines=[line(quantity=1)]) for _ in range(5)]
    run("route_orders")
    last = routed(line(quantity=1))

    days = [fo_of(*references(key)).ship_by.date().isoformat() for key in [*keys, last]]
    assert days == ["2026-11-24"] * 2 + ["2026-11-25"] * 2 + ["2026-11-26"] * 2


def test_lanes_say_how_long_and_for_how_much():
    make_vendor_with_stock("near")
    make_vendor_with_stock("far", cost_minor=500)
    sql(
        "UPDATE locations SET country = 'PT' WHERE name = 'Main' AND vendor_id ="
        " (SELECT id FROM vendors WHERE code = 'far')"
    )
    policy(
        "lanes",
        lanes=[
            {"origin": "SE", "destination": "SE", "days": 1, "parcel": 300},
            {"destination": "SE", "days": 5, "parcel": 900},
        ],
    )

    key = routed(line())

    facts = decision(key)
    assert given(key) == [("1", "near", 2)]
    assert [(o["vendor"], o["freight"], o["arrives"]) for o in facts["chosen"]] == [
        ("near", 300, "2026-11-25")
    ]
    # Six days later, by a weekend, at 3.00 a day; cheaper goods do not make up for it.
    assert [(o["vendor"], o["freight"], o["late"], o["arrives"]) for o in facts["others"]] == [
        ("far", 900, 1_800, "2026-12-01")
    ]


# What nobody has -----------------------------------------------------------------------------


def test_what_is_not_there_is_bought_in_with_its_day():
    make_vendor_with_stock(stock={"MUG": 3})
    sql("UPDATE listings SET buy_in_days = 4")

    key = routed(line(quantity=5))

    found = rows(
        "SELECT f.waits_until, f.ship_by, l.ordered, l.is_bought_in FROM fulfillment_orders f"
        " JOIN fo_lines l ON l.fo_id = f.id WHERE f.order_id = :id ORDER BY f.ship_by",
        id=key,
    )
    assert [
        (str(r.waits_until), str(r.ship_by.date()), r.ordered, r.is_bought_in) for r in found
    ] == [
        ("None", "2026-11-24", 3, False),
        ("2026-11-27", "2026-11-30", 2, True),
    ]
    assert one("SELECT on_hand, reserved FROM stock") == (3, 3)
    for reference in references(key):
        assert send_all(reference) == "shipped"
    assert one("SELECT on_hand, reserved FROM stock") == (0, 0)


def send_all(reference):
    with transaction(OPS) as now:
        [fo] = confirm([Confirmation(reference)], actor="tests", now=now)
    n = int(fo.id) % 10**9
    return send(reference, parcel(n, NOW)).status


def test_a_policy_may_wait_instead():
    policy("routing", when_short="wait")
    make_vendor_with_stock(stock={"MUG": 3})
    sql("UPDATE listings SET buy_in_days = 4")

    key = routed(line(quantity=5))

    assert given(key) == [("1", "kiln", 3)]
    assert one("SELECT unrouted FROM order_lines WHERE order_id = :id", id=key).unrouted == 2


def test_a_policy_may_ask_a_person_who_may_let_it_wait():
    policy("routing", when_short="person")
    make_vendor_with_stock(stock={"MUG": 3})
    key = routed(line(quantity=5))
    assert one("SELECT code, facts FROM order_holds") == ("unfilled", {"units": 2})
    assert run("route_orders") == 0

    release(key)
    run_jobs("route_orders")

    assert one("SELECT held_since FROM orders WHERE id = :id", id=key).held_since is None
    assert len(rows("SELECT * FROM order_holds")) == 1


def release(key):
    from app.orders.review import release as let_go  # noqa: PLC0415

    with transaction(OPS) as now:
        let_go([key], note="fine", actor="tests", now=now)


def test_a_need_by_that_nobody_meets_is_a_persons_question():
    make_vendor_with_stock()
    key = routed(line(), preferences={"deliver_by": "2026-11-25"})

    assert given(key) == []
    assert one("SELECT code, facts FROM order_holds") == ("need_by", {"date": "2026-11-25"})
    assert run_jobs("route_orders") == 0

    release(key)
    run_jobs("route_orders")

    assert given(key) == [("1", "kiln", 2)]


def test_a_need_by_that_was_given_up_is_asked_for_again_with_another_date():
    make_vendor_with_stock()
    key = routed(line(), preferences={"deliver_by": "2026-11-25"})
    redate(key, "2026-11-24")
    # The date that nobody released is a question as it was.
    redate(key, "2026-11-25")
    assert (given(key), open_dates()) == ([], ["2026-11-25"])

    sql("UPDATE locations SET is_active = false")
    release(key)
    redate(key, "2026-11-24")
    sql("UPDATE locations SET is_active = true")
    run_jobs("route_orders")
    assert (given(key), open_dates()) == ([], [])
    at(NOW + timedelta(hours=1))
    run_jobs("route_orders")
    assert (given(key), open_dates()) == ([], ["2026-11-24"])

    redate(key, "2026-12-24")
    assert (given(key), open_dates()) == ([("1", "kiln", 2)], [])


def redate(key, date):
    with transaction(OPS) as now:
        change_wishes(key, {"deliver_by": date}, Change("tests", now))
    run_jobs("route_orders")


def open_dates():
    found = rows("SELECT facts->>'date' AS date FROM order_holds WHERE released_at IS NULL")
    return [row.date for row in found]


def test_a_need_by_is_met_by_whoever_can_even_if_dearer():
    make_vendor_with_stock("slow", cost_minor=100, handling_days=9)
    make_vendor_with_stock("quick", cost_minor=900)

    key = routed(line(), preferences={"deliver_by": "2026-11-30"})

    assert given(key) == [("1", "quick", 2)]
    assert decision(key)["excluded"] == [
        {"line": "1", "vendor": "slow", "place": "main", "rule": "too late for the need-by date"}
    ]


def test_a_need_by_may_be_a_mere_wish():
    policy("routing", need_by="prefer")
    make_vendor_with_stock()

    key = routed(line(), preferences={"deliver_by": "2026-11-25"})

    assert given(key) == [("1", "kiln", 2)]
    assert rows("SELECT * FROM order_holds") == []


def test_what_a_batch_has_no_time_for_stays_due(app):
    make_vendor_with_stock()
    keys = [make_order(lines=[line(quantity=1)]) for _ in range(3)]

    with transaction(PLATFORM) as now:
        subjects = [Subject(key, "order", key) for key in keys]
        assert route(subjects, now, seconds=0) == dict.fromkeys(keys[1:], now)
    assert [len(references(key)) for key in keys] == [1, 0, 0]
    run("route_orders")

    assert [len(references(key)) for key in keys] == [1, 1, 1]


# Changing hands ------------------------------------------------------------------------------


def test_what_is_not_confirmed_in_time_goes_to_the_next_best():
    make_vendor_with_stock("kiln", cost_minor=100)
    key = routed(line())
    make_vendor_with_stock("fjord", cost_minor=900)
    (first,) = references(key)
    at(NOW + timedelta(hours=24, minutes=1))

    run_jobs("take_back_unconfirmed", "route_orders")

    assert (fo_of(first).status, fo_of(first).decline_reason) == (
        "rejected",
        "not confirmed in time",
    )
    assert given(key) == [("1", "fjord", 2)]
    assert run_jobs("take_back_unconfirmed", "route_orders") == 0
    told = rows(
        "SELECT template, recipient FROM notifications WHERE audience = 'vendor' ORDER BY id"
    )
    assert [(r.template, r.recipient) for r in told] == [
        ("work_assigned", "kiln@vendors.example"),
        ("work_taken_back", "kiln@vendors.example"),
        ("work_assigned", "fjord@vendors.example"),
    ]
    with transaction(OPS) as now:
        [late] = confirm([Confirmation(first)], actor="kiln", now=now)
    assert isinstance(late, IllegalMove)
    assert "went back to routing" in late.detail


def test_what_nobody_else_has_stays_where_it_is():
    make_vendor_with_stock()
    key = routed(line())
    at(NOW + timedelta(hours=25))

    assert run("take_back_unconfirmed") == 1

    assert fo_of(*references(key)).status == "assigned"
    make_vendor_with_stock("fjord")
    at(NOW + timedelta(hours=27))
    run_jobs("take_back_unconfirmed", "route_orders")
    assert given(key) == [("1", "fjord", 2)]


def test_what_is_confirmed_is_not_taken_back():
    make_vendor_with_stock()
    key = routed(line())
    make_vendor_with_stock("fjord")
    confirmed(key)
    at(NOW + timedelta(hours=25))

    run_jobs("take_back_unconfirmed", "route_orders")

    assert given(key) == [("1", "kiln", 2)]


def test_no_unit_that_has_shipped_is_taken_back():
    make_vendor_with_stock()
    key = routed(line(quantity=3))
    (reference,) = confirmed(key)
    make_vendor_with_stock("fjord")
    send(reference, parcel(1, NOW, **{"1": 1}))

    with transaction(OPS) as now:
        take_back([reference], Why("vendor suspended"), actor="imani", now=now)
    run_jobs("route_orders")

    assert fo_of(reference).status == "shipped"
    assert given(key) == [("1", "fjord", 2), ("1", "kiln", 1)]


def test_what_was_taken_back_is_told_apart_from_what_a_vendor_declined():
    make_vendor_with_stock()
    key = routed(line(quantity=5))
    make_vendor_with_stock("fjord")
    (reference,) = references(key)
    with transaction(OPS) as now:
        move_lines(Move(reference, "fjord", "main", {"1": 1}), reason="a", actor="imani", now=now)
        confirm([Confirmation(reference, {"1": 2}, "broken")], actor="kiln", now=now)

    told = rows(
        "SELECT facts FROM timeline WHERE event IN ('fulfillment_order_taken_back',"
        " 'fulfillment_order_confirmed') ORDER BY id"
    )
    told_of = ("taken_back", "declined", "reason")
    assert [tuple(row.facts.get(name) for name in told_of) for row in told] == [
        (1, None, "a"),
        (None, 2, "broken"),
    ]
    words = happened("fulfillment_order_taken_back", told[0].facts)["sentence"]
    assert words == f"{reference}. 1 unit taken back. A."


def test_work_that_is_held_is_taken_back_too_and_twice_changes_nothing():
    make_vendor_with_stock()
    key = routed(line())
    (reference,) = confirmed(key)
    with transaction(OPS) as now:
        act([reference], Action.HOLD, actor="kiln", now=now, reason="counting")

    for _ in range(2):
        with transaction(OPS) as now:
            take_back([reference], Why("vendor suspended"), actor="imani", now=now)

    assert fo_of(reference).status == "rejected"
    assert one("SELECT on_hand, reserved FROM stock") == (10, 0)
    assert len(rows("SELECT * FROM timeline WHERE event = 'fulfillment_order_taken_back'")) == 1


def moved(reference, vendor="fjord", quantities=None, reason="asked by phone"):
    with transaction(OPS) as now:
        word = Move(reference, vendor, "main", quantities)
        return move_lines(word, reason=reason, actor="imani", now=now)


def test_a_person_moves_lines_with_a_reason():
    make_vendor_with_stock("kiln", cost_minor=100)
    make_vendor_with_stock("fjord", cost_minor=900)
    key = routed(line(quantity=3))
    (reference,) = references(key)

    new = moved(reference, quantities={"1": 2})

    assert given(key) == [("1", "fjord", 2), ("1", "kiln", 1)]
    assert (new.status, new.reference != reference) == ("assigned", True)
    assert decision(key)["by_hand"] == {
        "by": "imani",
        "reason": "asked by phone",
        "from": reference,
    }
    assert run_jobs("route_orders") == 1
    assert given(key) == [("1", "fjord", 2), ("1", "kiln", 1)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vendor": "nobody"}, "nobody cannot be given MUG: not on their list"),
        ({"reason": "  "}, "Say why"),
        ({"quantities": {"1": 4}}, "has no line '1' of which 4"),
        ({"quantities": {"9": 1}}, "has no line '9'"),
        ({"quantities": {"1": 3}}, "fjord has 2 of the 3 units of MUG"),
    ],
)
def test_a_move_that_cannot_be_changes_nothing(change, words):
    make_vendor_with_stock("kiln", cost_minor=100)
    make_vendor_with_stock("fjord", {"MUG": 2}, cost_minor=900)
    key = routed(line(quantity=3))
    before = given(key)

    with pytest.raises(DomainError, match=words):
        moved(*references(key), **change)

    assert given(key) == before


def test_a_move_to_a_suspended_vendor_names_the_rule():
    make_vendor_with_stock("kiln", cost_minor=100)
    make_vendor_with_stock("fjord", cost_minor=900)
    key = routed(line())
    sql("UPDATE vendors SET status = 'suspended' WHERE code = 'fjord'")

    with pytest.raises(InvalidInput, match="vendor not active"):
        moved(*references(key))


def test_who_else_could_send_it_is_shown_with_prices_and_rules():
    make_vendor_with_stock("kiln", cost_minor=100)
    make_vendor_with_stock("fjord", cost_minor=900)
    make_vendor_with_stock("empty", {"MUG": 0})
    key = routed(line())

    (reference,) = references(key)
    with transaction(OPS) as now:
        options, excluded = alternatives(reference, now)

    assert [(o.candidate.place.vendor, o.price.goods) for o in options["1"]] == [("fjord", 1_800)]
    assert [(e.vendor, e.rule) for e in excluded] == [("empty", "no stock")]
