"""What packing asks for, without a database."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.shipments.pack_rules import (
    GRAMS,
    MILLIMETERS,
    MOST_GRAMS,
    MOST_MILLIMETERS,
    Instruction,
    Parcel,
    check,
    instructions,
    measure,
    unticked,
    weight,
)


def good(sku: str = "PLATE", packing: list[str] | None = None, note: str | None = None) -> Any:
    return SimpleNamespace(sku=sku, title=sku.title(), packing=packing, packing_note=note)


def test_wishes_and_what_items_need_become_instructions() -> None:
    wishes = {"gift_wrap": True, "gift_message": "Grattis!", "delivery_instructions": "Ring twice"}
    goods = [good("PLATE", ["insert", "fragile"], "Double box"), good("VASE", ["fragile"])]

    asked = instructions(wishes, goods)

    assert asked == [
        Instruction("gift_wrap"),
        Instruction("gift_message", words="Grattis!"),
        Instruction("fragile", ("Plate", "Vase")),
        Instruction("insert", ("Plate",)),
        Instruction("note:PLATE", ("Plate",), "Double box"),
    ]
    assert [one.code for one in unticked(asked, ["gift_wrap", "insert", "x"])] == [
        "gift_message",
        "fragile",
        "note:PLATE",
    ]


def test_plain_goods_ask_for_nothing() -> None:
    assert instructions({"gift_wrap": False}, [good()]) == []


@pytest.mark.parametrize(
    ("words", "unit", "grams"),
    [("350", "g", 350), ("1.2", "kg", 1200), ("1,25", "kg", 1250), (" ", "kg", None)],
)
def test_weights_are_read_in_grams_and_kilos(words: str, unit: str, grams: int | None) -> None:
    assert measure(words, unit, GRAMS, MOST_GRAMS) == grams


@pytest.mark.parametrize(
    ("words", "unit"),
    [
        ("0", "cm"),
        ("-3", "cm"),
        ("301", "cm"),
        ("x", "cm"),
        ("1e99999", "mm"),
        ("NaN", "mm"),
        ("Infinity", "mm"),
        ("5", "ell"),
        ("1.2.3", "cm"),
    ],
)
def test_impossible_lengths_are_refused(words: str, unit: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        measure(words, unit, MILLIMETERS, MOST_MILLIMETERS)


@pytest.mark.parametrize(
    ("parcels", "wrong"),
    [
        ([Parcel({"1": 2, "2": 1})], []),
        ([Parcel({"1": 1}), Parcel({"1": 1, "2": 1})], []),
        ([Parcel({"1": 2})], ["lines.2"]),
        ([Parcel({"1": 3, "2": 1})], ["lines.1"]),
        ([Parcel({"1": 2, "2": 1}), Parcel({})], ["1.lines"]),
        ([Parcel({"1": 2, "2": 1, "9": 1})], ["0.lines.9"]),
        ([Parcel({"1": -1, "2": 1})], ["0.lines.1", "lines.1"]),
        ([], ["parcels", "lines.1", "lines.2"]),
        ([Parcel({"1": 2, "2": 1}, weight_g=0)], ["0.weight_g"]),
        ([Parcel({"1": 2, "2": 1}, height_mm=3001)], ["0.height_mm"]),
        ([Parcel({"1": 2, "2": 1}, box="x" * 61)], ["0.box"]),
    ],
)
def test_parcels_hold_just_what_was_picked(parcels: list[Parcel], wrong: list[str]) -> None:
    assert list(check(parcels, {"1": 2, "2": 1}).fields) == wrong


@given(some.lists(some.integers(0, 4), min_size=1, max_size=6))
def test_any_way_to_spread_all_units_is_right(units: list[int]) -> None:
    parcels = [Parcel({"1": n}) for n in units if n]

    fields = check(parcels, {"1": sum(units)}).fields

    assert list(fields) == ([] if parcels else ["parcels"])


@pytest.mark.parametrize(
    ("goods", "grams"),
    [
        ([(350, 2), (100, 1)], 800),
        ([(350, 2), (None, 1)], None),
        ([(None, 0), (5, 1)], 5),
        ([], None),
    ],
)
def test_a_weight_is_known_where_each_is(
    goods: list[tuple[int | None, int]], grams: int | None
) -> None:
    assert weight(goods) == grams
