from __future__ import annotations

from collections import Counter
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.routing.contract import Candidate, Wanted
from app.routing.rules import EXCLUSIONS, sort_out, why_not
from app.routing.strategies.cheapest import strategy as cheapest
from app.routing.strategies.fewest_parcels import strategy as fewest_parcels

MUG = Wanted("1", "MUG", 2)


def candidate(
    vendor: str = "kiln", sku: str = "MUG", cost: int = 100, available: int = 9, n: int = 1
):
    place = UUID(int=sum(map(ord, vendor)))
    return Candidate(UUID(int=n), place, vendor, sku, cost, available, "EUR")


@pytest.mark.parametrize(
    ("wanted", "change", "rule"),
    [
        ({}, {}, None),
        ({"vendor": "kiln"}, {}, None),
        ({"vendor": "fjord"}, {}, "pinned to another vendor"),
        ({}, {"vendor_status": "paused"}, "vendor not active"),
        ({}, {"vendor_status": "suspended"}, "vendor not active"),
        ({}, {"is_active": False}, "listing not active"),
        ({}, {"currency": "SEK"}, "other currency"),
        ({"declined_by": frozenset({"kiln"})}, {}, "declined before"),
        ({"declined_by": frozenset({"fjord"})}, {}, None),
        ({}, {"available": 0}, "no stock"),
        ({}, {"available": -1}, "no stock"),
        ({"vendor": "fjord"}, {"available": 0}, "pinned to another vendor"),
    ],
)
def test_the_first_rule_that_holds_is_the_reason(wanted, change, rule):
    assert why_not(replace(MUG, **wanted), replace(candidate(), **change), "EUR") == rule


def test_candidates_are_sorted_out_line_by_line():
    fjord = replace(candidate("fjord", n=2), is_active=False)
    plate = Wanted("2", "PLATE", 1)

    eligible, excluded = sort_out([MUG, plate], [candidate(), fjord], "EUR")

    assert eligible == {"1": [candidate()], "2": []}
    assert [(e.line, e.vendor, e.rule) for e in excluded] == [("1", "fjord", "listing not active")]


def test_every_reason_is_a_sentence_part_people_can_read():
    assert all(name.islower() and name[0].isalpha() for name in EXCLUSIONS)


def given_to(choices):
    return [(c.line, c.candidate.vendor, c.units) for c in choices]


def test_cheapest_takes_every_unit_where_it_costs_least():
    offers = [candidate("dear", cost=200, n=1), candidate("cheap", cost=100, available=1, n=2)]

    assert given_to(cheapest.plan([MUG], {"1": offers})) == [("1", "cheap", 1), ("1", "dear", 1)]


def test_fewest_parcels_prefers_one_location_that_has_all():
    offers = [candidate("dear", cost=200, n=1), candidate("cheap", cost=100, available=1, n=2)]

    assert given_to(fewest_parcels.plan([MUG], {"1": offers})) == [("1", "dear", 2)]


def test_fewest_parcels_takes_the_cheaper_of_two_that_can():
    offers = [candidate("dear", cost=200, n=1), candidate("cheap", cost=100, n=2)]

    assert given_to(fewest_parcels.plan([MUG], {"1": offers})) == [("1", "cheap", 2)]


@pytest.mark.parametrize("strategy", [cheapest, fewest_parcels])
def test_two_lines_of_one_sku_share_what_is_there(strategy):
    offers = [candidate(available=3)]
    lines = [MUG, replace(MUG, line="2")]

    choices = strategy.plan(lines, {"1": offers, "2": offers})

    assert given_to(choices) == [("1", "kiln", 2), ("2", "kiln", 1)]


@pytest.mark.parametrize("strategy", [cheapest, fewest_parcels])
def test_nobody_to_choose_is_no_choice(strategy):
    assert strategy.plan([MUG], {"1": []}) == []


VENDORS, SKUS = ("a", "b", "c", "d"), ("MUG", "PLATE", "LAMP", "BOWL", "VASE", "TRAY")


@st.composite
def markets(draw):
    """An order of one line a SKU, and listings of those SKUs at up to four locations."""
    skus = draw(st.lists(st.sampled_from(SKUS), min_size=1, unique=True))
    wanted = [Wanted(sku.lower(), sku, draw(st.integers(1, 6))) for sku in skus]
    pairs = [(v, s) for v in VENDORS for s in skus]
    listed = draw(st.lists(st.sampled_from(pairs), unique=True))
    offers = [
        candidate(v, s, draw(st.integers(1, 5)), draw(st.integers(1, 8)), n)
        for n, (v, s) in enumerate(listed)
    ]
    return wanted, sort_out(wanted, offers, "EUR")[0]


@given(markets(), st.sampled_from([cheapest, fewest_parcels]))
def test_no_more_is_given_than_is_wanted_or_available(market, strategy):
    wanted, offers = market

    choices = strategy.plan(wanted, offers)

    by_line, by_listing = Counter(), Counter()
    for choice in choices:
        by_line[choice.line] += choice.units
        by_listing[choice.candidate.listing_id] += choice.units
    free = {c.listing_id: c.available for found in offers.values() for c in found}
    assert all(choice.units > 0 for choice in choices)
    assert all(by_listing[key] <= free[key] for key in by_listing)
    # With one line a SKU nothing is left over that could have been had.
    possible = {w.line: min(w.units, sum(c.available for c in offers[w.line])) for w in wanted}
    assert by_line == Counter({line: n for line, n in possible.items() if n})


def locations(choices):
    return len({choice.candidate.location_id for choice in choices})


@given(markets())
def test_fewest_parcels_needs_no_more_locations_than_cheapest(market):
    wanted, offers = market

    assert locations(fewest_parcels.plan(wanted, offers)) <= locations(
        cheapest.plan(wanted, offers)
    )


def test_two_locations_that_have_all_beat_three_of_which_one_has_most():
    lines = [Wanted(sku, sku, 1) for sku in SKUS]
    sells = {"a": SKUS[:3], "b": SKUS[3:], "c": SKUS[1:5]}
    listed = [(vendor, sku) for vendor, skus in sells.items() for sku in skus]
    offers = [
        candidate(v, sku, cost=1 if v != "c" else 2, n=n) for n, (v, sku) in enumerate(listed)
    ]

    choices = fewest_parcels.plan(lines, sort_out(lines, offers, "EUR")[0])

    assert {choice.candidate.vendor for choice in choices} == {"a", "b"}
