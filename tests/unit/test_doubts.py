"""What makes an order doubtful: addresses of many countries, SKUs, units, worth, and who asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.orders.contract import NewCustomer, NewLine, NewOrder
from app.orders.doubts import MOST_NAMED, Astray, Doubt, Sku, doubts_of, wrong_fields
from app.orders.words import SENTENCES, sentence
from app.policies.documents import Doubts
from app.shared import language
from app.web.words import DOUBTS
from simulator.people import COUNTRIES
from tests.factories import ADDRESS

MUGS = NewLine("1", "MUG", "Mug, red", 2, 1250)
ORDER = NewOrder(
    channel="webshop",
    number="A-1",
    placed_at=datetime(2026, 11, 23, tzinfo=UTC),
    currency="EUR",
    customer=NewCustomer("C-1", "Ada Lind"),
    ship_to=ADDRESS,
    lines=(MUGS,),
    shipping={},
    shipping_minor=490,
    preferences={},
    payment=None,
    deliver_on=None,
    request_sha256="",
)
NONE: Astray = {}
KNOWN = {"MUG": Sku(is_known=True), "NONE": Sku(is_known=False)}


def found(order: NewOrder, known=KNOWN, astray=NONE, **policy) -> dict[str, dict]:
    doubts = doubts_of(order, known, astray, Doubts(**policy))
    return {doubt.code: doubt.facts for doubt in doubts}


def address(country, postal_code=None, **changes):
    return {
        "line1": "1 Main",
        "city": "Town",
        "country": country,
        "postal_code": postal_code,
    } | changes


GOOD = [
    address("US", "10001"),
    address("US", "10001-1234", region="NY"),
    address("US", "10001", region="new york"),
    address("US", "10001", region="Nowhere"),
    address("DE", "80331"),
    address("DE", "D-80331"),
    address("GB", "SW1A 1AA"),
    address("GB", "sw1a1aa"),
    address("SE", "211 34"),
    address("SE", "SE-211 34"),
    address("LV", "1010"),
    address("BR", "01310-100", region="SP"),
    address("BR", "01310100", region="São Paulo"),
    address("JP", "150-0001"),
    address("JP", "１５０－０００１", region="東京都", city=""),  # noqa: RUF001 - typed so in Japan
    address("IE"),
    address("IE", "Dublin 4"),
    address("HK"),
    address("HK", "000000", city=""),
    address("AE"),
    address("XK", "10000"),
]


@pytest.mark.parametrize("good", GOOD, ids=lambda to: f"{to['country']} {to['postal_code']}")
def test_what_a_carrier_can_deliver_by_is_not_doubted(good):
    assert wrong_fields(good) == {}


BAD = [
    (address("ZZ", "12345"), {"country": "unknown"}),
    (address("UK", "SW1A 1AA"), {"country": "unknown"}),
    (address("US"), {"postal_code": "missing"}),
    (address("US", "1001"), {"postal_code": "format"}),
    (address("US", "90001", region="New York"), {"postal_code": "region"}),
    (address("DE", "8033"), {"postal_code": "format"}),
    (address("GB", "12345"), {"postal_code": "format"}),
    (address("GB", " - "), {"postal_code": "missing"}),
    (address("SE", "211"), {"postal_code": "format"}),
    (address("BR", "01310"), {"postal_code": "format"}),
    (address("BR", "01310-100", region="RJ"), {"postal_code": "region"}),
    (address("JP", "1500001234"), {"postal_code": "format"}),
    (address("IE", city="."), {"city": "missing"}),
    (address("HK", line1="-"), {"line1": "missing"}),
    (
        address("DE", None, city=" ", line1=""),
        {"line1": "missing", "city": "missing", "postal_code": "missing"},
    ),
]


@pytest.mark.parametrize(("bad", "wrong"), BAD, ids=lambda x: str(x.get("country", x)))
def test_what_keeps_a_parcel_from_its_door_is_named_by_its_field(bad, wrong):
    assert wrong_fields(bad) == wrong
    assert found(replace(ORDER, ship_to=bad)) == {
        "address": {"country": bad["country"], "fields": wrong}
    }


def test_customers_of_the_demonstration_live_where_parcels_arrive():
    homes = [
        address(country.code, town.postal_code, city=town.city, region=town.region)
        for country in COUNTRIES
        for town in country.towns
    ]

    assert [home for home in homes if wrong_fields(home)] == []


def test_an_order_without_doubts_has_none():
    assert found(ORDER) == {}


def test_a_sku_that_nobody_has_is_doubted_once():
    line = replace(MUGS, external_id="2", sku="NONE")

    doubts = found(replace(ORDER, lines=(MUGS, line, replace(line, external_id="3"))))

    assert doubts == {"unknown_sku": {"skus": ["NONE"]}}


def test_a_line_whose_vendor_cannot_have_it_is_doubted_and_no_other():
    names = {"1": None, "2": "nobody", "3": "kiln", "4": "fjord"}
    lines = tuple(replace(MUGS, external_id=name, vendor=who) for name, who in names.items())

    doubts = found(
        replace(ORDER, lines=lines), astray={("nobody", "MUG"): False, ("fjord", "MUG"): True}
    )

    pins = [
        {"line": "2", "sku": "MUG", "vendor": "nobody", "is_known": False},
        {"line": "4", "sku": "MUG", "vendor": "fjord", "is_known": True},
    ]
    assert doubts == {"wrong_vendor": {"pins": pins}}


@pytest.mark.parametrize(
    ("units", "of_product", "policy", "most"),
    [
        (100, None, {}, None),
        (101, None, {}, 100),
        (101, 200, {}, None),
        (201, 200, {}, 200),
        (3, 2, {}, 2),
        (11, None, {"most_units": 10}, 10),
    ],
)
def test_more_units_than_are_usual_are_doubted(units, of_product, policy, most):
    order = replace(ORDER, lines=(replace(MUGS, quantity=units),))
    over = {"line": "1", "sku": "MUG", "units": units, "most": most}

    doubts = found(order, {"MUG": Sku(is_known=True, most_units=of_product)}, **policy)

    assert doubts == ({"quantity": {"over": [over]}} if most else {})


def test_units_of_a_sku_are_counted_over_all_lines_of_an_order():
    lines = tuple(replace(MUGS, external_id=str(n), quantity=90) for n in range(100))

    doubts = found(replace(ORDER, lines=lines))

    over = {"line": "0", "sku": "MUG", "units": 9_000, "most": 100}
    assert doubts == {"quantity": {"over": [over]}}


@pytest.mark.parametrize(("most", "is_doubted"), [(None, False), (2500, False), (2499, True)])
def test_an_order_worth_more_than_usual_is_doubted(most, is_doubted):
    doubts = found(ORDER, most_value_minor=most)

    facts = {"minor": 2500, "most": most, "currency": "EUR"}
    assert doubts == ({"value": facts} if is_doubted else {})


def test_a_currency_that_does_not_exist_is_doubted():
    assert found(replace(ORDER, currency="ZZZ")) == {"currency": {"currency": "ZZZ"}}


@pytest.mark.parametrize(
    ("policy", "facts"),
    [
        ({"review_every_order": True}, {}),
        ({"review_channels": ("webshop",)}, {"channel": "webshop"}),
        ({"review_channels": ("fair",)}, None),
    ],
)
def test_a_marketplace_may_look_at_every_order_first_or_at_those_of_a_channel(policy, facts):
    assert found(ORDER, **policy) == ({} if facts is None else {"review": facts})


def test_all_doubts_are_found_at_once():
    lines = (replace(MUGS, quantity=101), replace(MUGS, external_id="2", sku="NONE"))
    order = replace(ORDER, ship_to=address("ZZ"), lines=lines, currency="ZZZ")

    doubts = found(order, most_value_minor=1, review_every_order=True)

    assert list(doubts) == ["address", "unknown_sku", "currency", "quantity", "value", "review"]


def test_a_doubt_names_a_few_of_many():
    lines = tuple(replace(MUGS, external_id=n, sku=n, quantity=101) for n in map(str, range(500)))
    known = dict.fromkeys((line.sku for line in lines), Sku(is_known=True))

    (doubt,) = doubts_of(replace(ORDER, lines=lines), known, NONE, Doubts())

    assert isinstance(doubt, Doubt)
    assert len(doubt.facts["over"]) == MOST_NAMED


SAID = [
    (
        "address",
        {"country": "ZZ", "fields": {"country": "unknown"}},
        "No country has the code ZZ.",
    ),
    (
        "address",
        {"country": "US", "fields": {"postal_code": "region"}},
        "Postal code is one of another region of United States.",
    ),
    (
        "address",
        {"country": "HK", "fields": {"country": "unknown", "line1": "missing"}},
        "No country has the code HK. Street is missing; addresses in Hong Kong SAR China have one.",
    ),
    ("unknown_sku", {"skus": ["A", "B"]}, "Nobody sells A, B, and no catalog knows it."),
    (
        "wrong_vendor",
        {
            "pins": [
                {"line": "1", "sku": "MUG", "vendor": "nobody", "is_known": False},
                {"line": "2", "sku": "POT", "vendor": "kiln", "is_known": True},
            ]
        },
        (
            "MUG may come from nobody alone, and no open vendor has that code."
            " POT may come from kiln alone, who does not list it."
        ),
    ),
    (
        "quantity",
        {"over": [{"line": "1", "sku": "MUG", "units": 1200, "most": 100}]},
        "1,200 units of MUG: more than 100 are looked at first.",
    ),
    (
        "value",
        {"minor": 250000, "most": 100000, "currency": "EUR"},
        "The items are worth €2,500.00: more than €1,000.00 is looked at first.",
    ),
    ("currency", {"currency": "ZZZ"}, "ZZZ is no currency."),
    ("review", {}, "Every order is looked at first."),
    ("review", {"channel": "fair"}, "Every order of fair is looked at first."),
    (
        "need_by",
        {"date": "2026-12-12"},
        "The customer needs it by Sat, Dec 12, and nobody can be in time.",
    ),
    (
        "need_by",
        {"date": "2026-12-12", "fulfillment_orders": ["FO-1"]},
        "The customer needs it by Sat, Dec 12, and its vendors cannot be in time.",
    ),
    ("unfilled", {"units": 3}, "Units that nobody has: 3."),
    ("manual", {"reason": "A strange name"}, "Held by hand: A strange name"),
    ("shop", {"reason": "on hold"}, "The shop says: on hold"),
    ("of_tomorrow", {}, "of tomorrow"),
]


@pytest.mark.parametrize(("code", "facts", "said"), SAID)
def test_every_doubt_has_its_sentence(code, facts, said):
    assert sentence(code, facts) == said


def test_a_doubt_is_said_in_the_language_that_is_spoken():
    with language.spoken("en-XA"):
        said = sentence("currency", {"currency": "ZZZ"})

    assert said == "⟦ZZZ íš ñö çûrréñçý.⟧"


def test_every_doubt_that_can_be_found_has_a_sentence_and_a_name():
    codes = {code for code, *_ in SAID} - {"of_tomorrow"}

    assert codes == set(SENTENCES) == set(DOUBTS)
