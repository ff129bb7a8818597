"""What packing asks for: instructions to see to, and parcels that hold just what was picked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from app.catalog.rules import PACKING

# What goes by a parcel service at all: 100 kg and three meters.
MOST_GRAMS, MOST_MILLIMETERS, MOST_PARCELS = 100_000, 3_000, 50
LONGEST_BOX = 60
GRAMS = {"g": 1, "kg": 1000}
MILLIMETERS = {"mm": 1, "cm": 10}
SIDES = ("length_mm", "width_mm", "height_mm")


class Good(Protocol):
    """A line as it is packed."""

    sku: str
    title: str
    packing: list[str] | None
    packing_note: str | None


@dataclass(frozen=True, slots=True)
class Instruction:
    """Something that must be seen to before a parcel is closed: for which items, in which words."""

    code: str
    items: tuple[str, ...] = ()
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel as it is packed: units by line, and what is known of its box; grams, millimeters."""

    units: Mapping[str, int]
    box: str | None = None
    weight_g: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None


@dataclass(slots=True)
class Wrong:
    """What is wrong with parcels, by field; a field of a parcel is "0.weight"."""

    fields: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, why: str) -> None:
        """Keep the first thing that is wrong with a field."""
        self.fields.setdefault(name, why)


def instructions(preferences: Mapping[str, Any], goods: Iterable[Good]) -> list[Instruction]:
    """Return what must be seen to: the customer's wishes first, then what the items need."""
    found = [Instruction("gift_wrap")] if preferences.get("gift_wrap") else []
    if message := preferences.get("gift_message"):
        found.append(Instruction("gift_message", words=str(message)))
    known = list(goods)
    for code in PACKING:
        items = dict.fromkeys(good.title for good in known if code in (good.packing or ()))
        if items:
            found.append(Instruction(code, tuple(items)))
    notes = {good.sku: good for good in known if good.packing_note}
    return found + [
        Instruction(f"note:{sku}", (good.title,), good.packing_note) for sku, good in notes.items()
    ]


def unticked(asked: Sequence[Instruction], ticked: Iterable[str]) -> list[Instruction]:
    """Return what nobody has seen to yet."""
    done = set(ticked)
    return [one for one in asked if one.code not in done]


def measure(words: str, unit: str, units: Mapping[str, int], most: int) -> int | None:
    """Return a weight or a length in whole grams or millimeters; None where nothing is written.

    ValueError where it is none, nothing, or more than any parcel has.
    """
    text = words.strip().replace(",", ".")
    if not text:
        return None
    try:
        value = Decimal(text) * units[unit]
        whole = int(value.to_integral_value()) if value.is_finite() else 0
    except (ArithmeticError, KeyError, ValueError):
        whole = 0
    if not 1 <= whole <= most:
        raise ValueError(words)
    return whole


def check(parcels: Sequence[Parcel], picked: Mapping[str, int]) -> Wrong:
    """Return what is wrong with parcels for units by line that are to be packed.

    Nothing is packed twice or left out, no parcel is empty, none is impossible.
    """
    wrong = Wrong()
    if not 1 <= len(parcels) <= MOST_PARCELS:
        wrong.add("parcels", f"needs 1 to {MOST_PARCELS} parcels")
    packed = dict.fromkeys(picked, 0)
    for n, parcel in enumerate(parcels):
        _check_one(n, parcel, packed, wrong)
    for line, units in picked.items():
        if packed[line] != units:
            wrong.add(f"lines.{line}", f"{packed[line]} of {units} units are in parcels")
    return wrong


def _check_one(n: int, parcel: Parcel, packed: dict[str, int], wrong: Wrong) -> None:
    for line, units in parcel.units.items():
        if line not in packed or units < 0:
            wrong.add(f"{n}.lines.{line}", "is not to be packed")
        else:
            packed[line] += units
    if not any(units > 0 for units in parcel.units.values()):
        wrong.add(f"{n}.lines", "a parcel needs at least one unit")
    if parcel.weight_g is not None and not 1 <= parcel.weight_g <= MOST_GRAMS:
        wrong.add(f"{n}.weight_g", f"1 to {MOST_GRAMS} grams")
    for side in SIDES:
        length = getattr(parcel, side)
        if length is not None and not 1 <= length <= MOST_MILLIMETERS:
            wrong.add(f"{n}.{side}", f"1 to {MOST_MILLIMETERS} millimeters")
    if parcel.box and (len(parcel.box) > LONGEST_BOX or not parcel.box.isprintable()):
        wrong.add(f"{n}.box", f"at most {LONGEST_BOX} characters that can be printed")


def weight(goods: Iterable[tuple[int | None, int]]) -> int | None:
    """Return what units weigh together, from (grams of one, units); None where one is not known."""
    known = [(grams, units) for grams, units in goods if units]
    if not known or any(grams is None for grams, _ in known):
        return None
    return sum((grams or 0) * units for grams, units in known)
