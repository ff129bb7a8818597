"""What is asked of whoever looks after vendors: their facts, their places, how they stand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    Field,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import (
    DataRequired,
    InputRequired,
    NumberRange,
    Optional,
    Regexp,
)

from app.console.vendors import KINDS, status_word
from app.desk.place_forms import CalendarFields, Whole
from app.shared import language
from app.shared.language import _, later
from app.vendors.contract import Kind, Move, Status
from app.vendors.rules import (
    ENDING,
    STOPPING,
    WITH_A_REASON,
    WITH_AN_END,
    has_address,
)
from app.web import zones
from app.web.forms import ADDRESS, AtMost, called, line

# Of Babel's territories, those that are no country of an address.
NO_COUNTRIES = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
CODE = re.compile(r"[A-Z]{2}")
# What a vendor or a location is known by in addresses and files.
NAME_OF = r"[A-Za-z0-9][A-Za-z0-9._-]*\Z"
WORK = {
    "finish": later("It finishes what it has"),
    "take_back": later("Others get what it has not sent"),
}


def countries() -> dict[str, str]:
    """Return the countries by their codes, in the reader's language."""
    known = {str(code): str(name) for code, name in language.locale().territories.items()}
    codes = (code for code in known if CODE.fullmatch(code) and code not in NO_COUNTRIES)
    return {code: known[code] for code in sorted(codes, key=known.__getitem__)}


def _stripped(words: str | None) -> str:
    return (words or "").strip()


def _code(label: str, missing: str, **words: Any) -> StringField:
    signs = later("Use letters, digits, dots, dashes and underscores.")
    checks = [DataRequired(missing), AtMost(64), Regexp(NAME_OF, message=signs)]
    return StringField(label, checks, filters=[_stripped], **words)


def _codes(words: str | None) -> list[str]:
    return sorted({word.upper() for word in re.split(r"[\s,;]+", words or "") if word})


class VendorFacts(FlaskForm):  # type: ignore[misc]
    """Who a vendor is."""

    name = called(later("Name"), later("Enter what the vendor is called."))
    email = line(
        later("E-mail"),
        254,
        Regexp(ADDRESS, message=later("Enter one address, like ada@example.org.")),
        description=later("Where new work is told. Empty: on screen only."),
    )
    kind = RadioField(later("Kind"), [InputRequired(later("Choose what sort of vendor it is."))])

    def __init__(self, **given: Any) -> None:
        """Offer the kinds."""
        super().__init__(**given)
        self.kind.choices = [(str(kind), _(word)) for kind, word in KINDS.items()]

    def values(self) -> dict[str, Any]:
        """Return the vendor as it is kept."""
        return {"name": self.name.data, "email": self.email.data or None, "kind": self.kind.data}


KIND_SENTENCES = {
    Kind.MERCHANT: later("Sells and ships its own goods."),
    Kind.FULFILLMENT_HOUSE: later("Stores and ships the goods of others."),
    Kind.DROP_SHIPPER: later("Sells, and has its suppliers ship."),
}


class PlaceFacts(CalendarFields):
    """Where a vendor ships from, and by which calendar."""

    place_name = called(
        later("Name of the place"), later("Enter what the place is called."), default="Main"
    )
    country = SelectField(later("Country"), [InputRequired(later("Choose a country."))])
    region = line(later("Region"), 64)
    city = line(later("City"), 300)
    postal_code = line(later("Postal code"), 64)
    zone = SelectField(later("Time zone"), [InputRequired(later("Choose a time zone."))])
    handling_days = Whole(
        later("Handling days"),
        [
            InputRequired(later("Enter how many working days it takes.")),
            NumberRange(0, 60, later("Between 0 and 60 days.")),
        ],
        default=1,
        description=later("Working days from an order to its hand-over."),
    )
    ships_to = line(
        later("Ships to"),
        1200,
        description=later("Codes of countries, like SE, NO, DK. Empty: everywhere."),
    )

    def __init__(self, **given: Any) -> None:
        """Offer countries, zones and days."""
        super().__init__(**given)
        first = [("", _("Choose a country"))]
        self.country.choices = [*first, *countries().items()]
        self.zone.choices = zones.choices([("", _("Choose a time zone"))], self.zone.data)

    def validate_ships_to(self, field: Field) -> None:
        """Ask for countries that there are."""
        unknown = [code for code in _codes(field.data) if code not in countries()]
        if unknown:
            raise ValidationError(_("No country: {codes}.", codes=", ".join(unknown[:5])))

    def values(self) -> dict[str, Any]:
        """Return the location as it is kept."""
        return {
            "name": self.place_name.data,
            "zone": self.zone.data,
            "country": self.country.data,
            "region": self.region.data or None,
            "city": self.city.data or None,
            "postal_code": self.postal_code.data or None,
            **self.calendar(),
            "handling_days": self.handling_days.data,
            "ships_to": _codes(self.ships_to.data) or None,
        }


class OpenPlaceFacts(PlaceFacts):
    """A location that may be given work or not."""

    is_active = BooleanField(later("Work is given to this place"), default=True)

    def values(self) -> dict[str, Any]:
        """Return the location as it is kept."""
        return super().values() | {"is_active": self.is_active.data}


def of_place(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a location's values as its form shows them."""
    shown = {name: value for name, value in values.items() if name != "name"}
    days = [str(day) for day in values["working_days"]]
    ships_to = ", ".join(values["ships_to"] or ())
    return shown | {"place_name": values["name"], "working_days": days, "ships_to": ships_to}


class NewVendor(VendorFacts, PlaceFacts):
    """A vendor that is taken in, with its first location."""

    code = _code(
        later("Code"),
        later("Enter a short code."),
        description=later("What files, keys and addresses call it: it cannot be changed."),
    )
    starts_as = RadioField(
        later("It starts"), [InputRequired(later("Choose how it starts."))], default="active"
    )

    def __init__(self, **given: Any) -> None:
        """Offer how it may start."""
        super().__init__(**given)
        self.starts_as.choices = [(s, status_word(s)) for s in (Status.ACTIVE, Status.REVIEW)]

    def validate_code(self, field: Field) -> None:
        """Refuse a code that would be another page's address."""
        if field.data and not has_address(field.data):
            raise ValidationError(_("Another page has this name. Use another code."))

    def vendor(self) -> dict[str, Any]:
        """Return the vendor as it is kept."""
        code = {"code": self.code.data, "status": self.starts_as.data}
        return VendorFacts.values(self) | code

    def place(self) -> dict[str, Any]:
        """Return its first location as it is kept."""
        return PlaceFacts.values(self) | {"is_active": True}


START_SENTENCES = {
    Status.ACTIVE: later("It is given work from now on."),
    Status.REVIEW: later("It is given work, and its work counts as a risk."),
}


class ChangeVendor(VendorFacts):
    """What is changed of a vendor."""

    seen = HiddenField()


class NewPlace(OpenPlaceFacts):
    """A further location."""

    code = _code(
        later("Code"),
        later("Enter a short code."),
        description=later("What files call it: it cannot be changed."),
    )


class ChangePlace(OpenPlaceFacts):
    """What is changed of a location."""

    seen = HiddenField()


class Standing(FlaskForm):  # type: ignore[misc]
    """Why a vendor stands otherwise from now on, until when, and what becomes of its work."""

    seen = HiddenField()
    reason = TextAreaField(
        later("Why"),
        [AtMost(500)],
        filters=[_stripped],
        description=later("The vendor reads this."),
    )
    until = DateField(
        later("Active again from"),
        [Optional()],
        description=later("By itself, when this day begins. Empty: until somebody reopens it."),
    )
    work = RadioField(
        later("What it has open"), [InputRequired(later("Choose what becomes of its work."))]
    )

    def __init__(self, move: Move, **given: Any) -> None:
        """Ask what this move needs, and no more."""
        super().__init__(**given)
        self.move = move
        self.work.choices = [(name, _(word)) for name, word in WORK.items()]
        if move not in WITH_AN_END:
            del self.until
        if move not in STOPPING - ENDING:
            del self.work

    @property
    def takes_back(self) -> bool:
        """Return whether others get what the vendor has open."""
        return "work" in self and self.work.data == "take_back"

    def validate_reason(self, field: Field) -> None:
        """Ask why, where the vendor must be told."""
        if self.move in WITH_A_REASON and not field.data:
            raise ValidationError(_("Say why: the vendor is told."))
