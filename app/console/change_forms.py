"""The forms by which a person changes an order: where to, how many, wishes, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import NumberRange, Optional

from app.orders import words
from app.orders.doubts import COUNTRIES, wrong_fields
from app.shared import language
from app.shared.language import _, later
from app.web.fields import MOST_UNITS
from app.web.forms import AtMost, called

# What a title, a code and a note may hold at most (app.web.fields).
TITLE, CODE, NOTE = 300, 64, 1_000
LONGEST_REASON = 200


def _stripped(words_: str | None) -> str | None:
    return (words_ or "").strip() or None


def _maybe(label: str, longest: int, **more: str) -> StringField:
    return StringField(label, [AtMost(longest)], filters=[_stripped], **more)


class Address(FlaskForm):  # type: ignore[misc]
    """Where an order goes."""

    name = called(later("For whom"), later("Enter who it is for."), TITLE)
    company = _maybe(later("Company"), TITLE)
    line1 = called(later("Street and number"), later("Enter a street and a number."), TITLE)
    line2 = _maybe(later("Second line"), TITLE)
    postal_code = _maybe(later("Postal code"), CODE)
    city = called(later("City"), later("Enter a city."), TITLE)
    region = _maybe(later("Region"), TITLE)
    country = SelectField(later("Country"))

    def __init__(self, ship_to: Mapping[str, Any] | None = None) -> None:
        """Show where it goes now; without, take what was sent."""
        super().__init__(**_shown(ship_to))
        names = language.locale().territories
        known = sorted((names.get(code, code), code) for code in COUNTRIES)
        self.country.choices = [(code, name) for name, code in known]
        if self.country.data not in COUNTRIES:
            self.country.choices.insert(0, (self.country.data or "", self.country.data or ""))

    def ship_to(self) -> dict[str, Any]:
        """Return the address as an order has it."""
        return {name: field.data for name, field in self._fields.items() if name != "csrf_token"}

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        """Return whether a parcel would reach its door; what would not is said beside its field."""
        if not super().validate(extra_validators):
            return False
        ship_to = self.ship_to()
        for name, sentence in words.wrong(wrong_fields(ship_to), ship_to["country"]).items():
            self[name].errors = [*self[name].errors, sentence]
        return not self.errors


class Wishes(FlaskForm):  # type: ignore[misc]
    """What the customer asks for."""

    gift_wrap = BooleanField(later("Wrap it as a gift"))
    gift_message = TextAreaField(later("Gift message"), [AtMost(NOTE)], filters=[_stripped])
    delivery_instructions = TextAreaField(
        later("For whoever delivers it"), [AtMost(NOTE)], filters=[_stripped]
    )
    deliver_by = DateField(later("Needed by"), [Optional()])
    preferred_delivery_time = _maybe(later("Preferred time of day"), CODE)

    def __init__(self, preferences: Mapping[str, Any] | None = None) -> None:
        """Show what is wished now; without, take what was sent."""
        day = (preferences or {}).get("deliver_by")
        known = {"deliver_by": date.fromisoformat(day) if day else None}
        super().__init__(**_shown(None if preferences is None else {**preferences, **known}))

    def wishes(self) -> dict[str, Any]:
        """Return the wishes as an order has them."""
        named = {name: field.data for name, field in self._fields.items() if name != "csrf_token"}
        day = named["deliver_by"]
        return named | {"deliver_by": day.isoformat() if day else None}


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it can be changed: units that are wanted, and those that have left."""

    name: str
    title: str
    sku: str
    wanted: int
    least: int


class Reason(FlaskForm):  # type: ignore[misc]
    """Why."""

    reason = called(later("Why"), later("Say why, in a few words."), LONGEST_REASON)

    def __init__(self, what: str, *, is_sent: bool = False) -> None:
        """`what` tells one such form of a page from another."""
        super().__init__(prefix=f"{what}-", **({} if is_sent else {"formdata": None}))
        if what == "release":
            self.reason.label.text = later("What did you find?")


def units_form(lines: Iterable[Line], *, is_sent: bool = False) -> FlaskForm:
    """Return a form with a number for each line, in the order of the lines."""
    fields: dict[str, Any] = {
        f"line{n}": IntegerField(line.title, [_between(line.least)], default=line.wanted)
        for n, line in enumerate(lines)
    }
    fields["reason"] = StringField(
        later("Why"), [AtMost(LONGEST_REASON)], filters=[_stripped], default=""
    )
    made = type("Units", (FlaskForm,), fields)
    return made(prefix="units-") if is_sent else made(prefix="units-", formdata=None)


def _between(least: int) -> NumberRange:
    told = _("Enter a number from {least} to {most}.", least=least, most=MOST_UNITS)
    return NumberRange(least, MOST_UNITS, told)


def _shown(data: Mapping[str, Any] | None) -> dict[str, Any]:
    return {} if data is None else {"formdata": None, "data": dict(data)}
