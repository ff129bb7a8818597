from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.orders.contract import Action, FoStatus, OrderStatus
from app.orders.rules import (
    MOVES,
    WHAT_NOW,
    Totals,
    address_for_vendor,
    is_after_due,
    move,
    order_status,
)
from app.shared.errors import IllegalMove

BEFORE_SHIPPED = ("assigned", "confirmed", "picking", "packed", "ready")
# What domain.md allows, by action: from these states to that one.
ALLOWED = {
    # A confirmation that comes again later is old news.
    "confirm": {"assigned": "confirmed", "confirmed": "confirmed"}
    | {s: s for s in ("picking", "packed", "ready", "shipped", "delivered")},
    "decline": {"assigned": "rejected", "rejected": "rejected"},
    "pick": {"confirmed": "picking", "picking": "picking"},
    "pack": {"confirmed": "packed", "picking": "packed", "packed": "packed"},
    "label": {"packed": "ready", "ready": "ready"},
    "ship": dict.fromkeys(("confirmed", "picking", "packed", "ready", "shipped"), "shipped")
    | {"delivered": "delivered"},
    "deliver": {"shipped": "delivered", "delivered": "delivered"},
    "hold": dict.fromkeys((*BEFORE_SHIPPED, "on_hold"), "on_hold"),
    "cancel": dict.fromkeys((*BEFORE_SHIPPED, "on_hold", "canceled"), "canceled"),
    "take_back": dict.fromkeys((*BEFORE_SHIPPED, "on_hold", "rejected"), "rejected"),
    "release": {},
}
EVERY = list(product(FoStatus, Action))


@pytest.mark.parametrize(("status", "action"), EVERY)
def test_every_status_knows_what_every_action_does(status, action):
    target = ALLOWED[action].get(status)

    assert MOVES.get((status, action)) == target
    if target is not None:
        assert move("FO-1", status, action, None) == target


@pytest.mark.parametrize(
    ("status", "action"), [pair for pair in EVERY if pair[0] not in ALLOWED[pair[1]]]
)
def test_a_refusal_names_the_order_its_state_and_what_to_do(status, action):
    with pytest.raises(IllegalMove) as refusal:
        move("FO-1", status, action, None)

    assert refusal.value.status == 409
    assert refusal.value.detail.startswith(f"FO-1 is {status}; ")
    assert action in refusal.value.detail
    assert refusal.value.detail.endswith(WHAT_NOW[status])


@pytest.mark.parametrize("status", BEFORE_SHIPPED)
def test_a_release_goes_back_to_where_the_hold_began(status):
    assert move("FO-1", FoStatus.ON_HOLD, Action.RELEASE, status) == status


@pytest.mark.parametrize("status", [s for s in FoStatus if s is not FoStatus.ON_HOLD])
def test_only_what_is_on_hold_can_be_released(status):
    with pytest.raises(IllegalMove, match="'release'"):
        move("FO-1", status, Action.RELEASE, "assigned")


@pytest.mark.parametrize(
    ("totals", "status"),
    [
        ((3, 0, 0, 0, 0), "received"),
        ((3, 0, 3, 0, 0), "open"),
        ((3, 0, 1, 0, 0), "open"),
        ((3, 0, 3, 1, 0), "partly_shipped"),
        ((3, 1, 2, 2, 0), "shipped"),
        ((3, 0, 3, 3, 1), "partly_delivered"),
        ((3, 0, 3, 1, 1), "partly_delivered"),
        ((3, 0, 3, 3, 3), "delivered"),
        ((3, 2, 1, 1, 1), "delivered"),
        ((3, 3, 0, 0, 0), "canceled"),
    ],
)
def test_an_orders_status_follows_from_its_units(totals, status):
    assert order_status(Totals(*totals)) == status


@st.composite
def any_totals(draw) -> Totals:
    ordered = draw(st.integers(1, 50))
    canceled = draw(st.integers(0, ordered))
    routed = draw(st.integers(0, ordered - canceled))
    shipped = draw(st.integers(0, routed))
    return Totals(ordered, canceled, routed, shipped, draw(st.integers(0, shipped)))


@given(any_totals())
def test_an_order_has_a_status_and_is_delivered_only_when_all_of_it_is(totals):
    wanted = totals.ordered - totals.canceled

    status = order_status(totals)

    assert (status is OrderStatus.CANCELED) == (wanted == 0)
    assert (status is OrderStatus.DELIVERED) == (wanted > 0 and totals.delivered == wanted)
    assert status is not OrderStatus.SHIPPED or totals.shipped == wanted


# What a vendor sees of a customer -------------------------------------------------------------

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(days=1)
HOME = {"name": "Ada Lind", "line1": "Storgatan 1"}


@dataclass
class Parcel:
    status: str
    delivered_at: datetime | None
    ship_to: dict[str, Any]


@pytest.mark.parametrize("status", FoStatus)
def test_a_vendor_sees_where_to_while_it_has_something_to_send(status):
    shown = address_for_vendor(Parcel(status, None, HOME), NOW, 30)

    assert shown == (None if status in {"rejected", "canceled"} else HOME)


@pytest.mark.parametrize(
    ("ago", "days", "is_shown"),
    [
        (30 * DAY - timedelta(seconds=1), 30, True),
        (30 * DAY, 30, False),
        (timedelta(), 0, False),
        (timedelta(), 1, True),
    ],
)
def test_a_vendor_sees_where_to_for_some_days_after_the_delivery(ago, days, is_shown):
    shown = address_for_vendor(Parcel("delivered", NOW - ago, HOME), NOW, days)

    assert shown == (HOME if is_shown else None)


@pytest.mark.parametrize(
    ("zone", "day", "is_late"),
    [
        ("UTC", date(2026, 11, 23), False),
        ("UTC", date(2026, 11, 24), True),
        # It is the next day already where the goods are.
        ("Asia/Tokyo", date(2026, 11, 24), False),
    ],
)
def test_a_day_is_late_by_the_calendar_of_its_place(zone, day, is_late):
    assert is_after_due(day, datetime(2026, 11, 23, 23, tzinfo=UTC), zone) == is_late
