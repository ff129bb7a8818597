"""What a routing decision cost: rows that add up to its score, and what the others would have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from app.routing.contract import Weights
from app.routing.registry import strategies
from app.routing.words import rule
from app.shared.language import _, _n, later, number
from app.web.words import day, money, when

NOTHING = "\N{EN DASH}"
Facts = Mapping[str, Any]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a line's price: its name in the facts and among the weights, and its word."""

    name: str
    weight: str
    word: str


PARTS = (
    Part("goods", "goods", later("Goods")),
    Part("kilos", "shipping", later("Freight by weight")),
    Part("late", "late", later("Lateness")),
    Part("standing", "standing", later("Standing")),
)
# Older records have a parcel's whole freight in each of its lines.
OLDER = (Part("freight", "shipping", later("Freight")),)


@dataclass(frozen=True)
class Priced:
    """A decision's facts with the names of its vendors, its order's currency, and its weights."""

    facts: Facts
    names: Mapping[str, str]
    currency: str

    @property
    def is_older(self) -> bool:
        """Return whether it was written down before parcels were told apart."""
        return "parcels" not in self.facts

    @property
    def parts(self) -> Sequence[Part]:
        """Return the parts of a line's price that are known of it."""
        return (PARTS[0], *OLDER, *PARTS[2:]) if self.is_older else PARTS

    @property
    def weights(self) -> Weights:
        """Return how much each part counts."""
        found = strategies().get(self.facts.get("strategy", ""))
        return found.weights if found else Weights()

    @cached_property
    def several(self) -> set[str]:
        """Return the codes of the vendors of which it names several places."""
        places: dict[str, set[str]] = {}
        for part in ("chosen", "others", "excluded"):
            for one in self.facts.get(part, ()):
                places.setdefault(one["vendor"], set()).add(one.get("place", ""))
        return {vendor for vendor, found in places.items() if len(found) > 1}

    def columns(self) -> list[str]:
        """Return the titles of a row's cells."""
        return [_("Line"), _("Units"), *map(self._titled, self.parts), _("Arrives")]

    def _titled(self, part: Part) -> str:
        times = getattr(self.weights, part.weight)
        if times == 1 or self.is_older:
            return _(part.word)
        if not times:
            return _("{part}, not counted", part=_(part.word))
        return _("{part}, counted {n} times", part=_(part.word), n=number(round(times)))

    def plan(self) -> list[Row]:
        """Return what was chosen, parcel by parcel, and what makes it the whole plan's price."""
        chosen = self.facts.get("chosen", ())
        if self.is_older:
            return [self._line(one, is_chosen=True) for one in chosen] + list(self._older_score())
        rows = [row for parcel in _parcels(chosen).values() for row in self._parcel(parcel)]
        rows += self._patience()
        return rows + list(self._score(sum(row["minor"] for row in rows))) if rows else []

    def _parcel(self, lines: Sequence[Facts]) -> Iterator[Row]:
        for one in lines:
            yield self._line(one, is_chosen=True)
        minor = round(self.weights.shipping * lines[0]["parcel"])
        yield self._sum(_("Freight of this parcel"), minor)

    def _patience(self) -> Iterator[Row]:
        weights, more = self.weights, self.facts["parcels"] - 1
        few = round(weights.parcel * more)
        if more > 0 and (minor := round(weights.split * self.facts["split"]) + few):
            label = _n(
                "{n} further parcel, for the customer's patience",
                "{n} further parcels, for the customer's patience",
                more,
            )
            note = _("{amount} of it so that they are few", amount=self._money(few))
            yield self._sum(label, minor, note if few else None)

    def _score(self, minor: int) -> Iterator[Row]:
        """Return the plan's price, and what was lost in rounding where lines were parted."""
        if self.facts.get("by_hand"):
            yield self._sum(_("The plan in all"), minor, is_total=True)
            return
        score = self.facts["score"]
        if score != minor and abs(score - minor) <= self._rounding():
            yield self._sum(_("Rounding"), score - minor)
            minor = score
        # A strategy may have been changed, or taken away, since.
        note = None if minor == score else _("as it was weighed then")
        yield self._sum(_("The plan in all"), score, note, is_total=True)

    def _rounding(self) -> float:
        """Return by how much amounts, each rounded by itself, may be off in all."""
        heaviest: float = sum(getattr(self.weights, part.weight) for part in PARTS)
        return 1 + len(self.facts["chosen"]) * heaviest / 2

    def _older_score(self) -> Iterator[Row]:
        if self.facts.get("score") and self.facts.get("chosen"):
            note = _("a parcel's freight counts once, but stands in each of its lines")
            yield self._sum(_("The plan in all"), self.facts["score"], note, is_total=True)

    def others(self) -> list[Row]:
        """Return those who could have sent a line too."""
        return [self._line(one, is_chosen=False) for one in self.facts.get("others", ())]

    def excluded(self) -> list[Row]:
        """Return who could not be given which lines, by which rule."""
        lines: dict[tuple[str, str, str], list[str]] = {}
        for one in self.facts.get("excluded", ()):
            key = (one["vendor"], one.get("place", ""), one["rule"])
            lines.setdefault(key, []).append(one["line"])
        return [
            self._who(vendor, place) | {"line": ", ".join(of), "reason": rule(name)}
            for (vendor, place, name), of in lines.items()
        ]

    def _who(self, vendor: str, place: str | None) -> Row:
        return {
            "vendor": self.names.get(vendor, vendor),
            "place": place if vendor in self.several else None,
        }

    def _line(self, one: Facts, *, is_chosen: bool) -> Row:
        sums = [(one.get(part.name), getattr(self.weights, part.weight)) for part in self.parts]
        # Releases long ago kept the cost of a unit alone.
        minor = round(sum((minor or 0) * (1 if self.is_older else n) for minor, n in sums))
        is_known = one.get("goods") is not None
        parcel = None if is_chosen or self.is_older else self._money(one["parcel"])
        cells = [_cell(one["line"]), _cell(number(one["units"]), _there(one))]
        cells += [_cell(NOTHING if part is None else self._money(part)) for part, _times in sums]
        return self._who(one["vendor"], one.get("place")) | {
            "is_chosen": is_chosen,
            "cells": [*cells, _cell(*_arrives(one))],
            "score": _cell(
                self._money(minor) if is_known else NOTHING,
                _("+ {amount} a parcel", amount=parcel) if parcel else None,
            ),
            "minor": minor,
        }

    def _sum(
        self, label: str, minor: int, note: str | None = None, *, is_total: bool = False
    ) -> Row:
        return {
            "label": label,
            "note": note,
            "score": _cell(self._money(minor)),
            "minor": minor,
            "is_total": is_total,
        }

    def _money(self, minor: int) -> str:
        return money((minor, self.currency))


def _cell(text: str, note: str | None = None) -> dict[str, str | None]:
    return {"text": text, "note": note}


def _parcels(chosen: Sequence[Facts]) -> dict[tuple[Any, ...], list[Facts]]:
    parcels: dict[tuple[Any, ...], list[Facts]] = {}
    for one in sorted(chosen, key=lambda one: (len(one["line"]), one["line"])):
        key = (one["vendor"], one["place"], one.get("waits_until"))
        parcels.setdefault(key, []).append(one)
    return parcels


def _there(one: Facts) -> str | None:
    """Return how many units lay there, or that they are bought in."""
    if "waits_until" in one:
        return _("bought in")
    return _("of {n} there", n=number(one["has"])) if "has" in one else None


def _arrives(one: Facts) -> tuple[str, str | None]:
    there = day(date.fromisoformat(one["arrives"])) if "arrives" in one else NOTHING
    if "ship_by" not in one:
        return there, None
    return there, _("leaves by {moment}", moment=when(datetime.fromisoformat(one["ship_by"])))
