"""What is asked of whoever looks after products, listings and stock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    Field,
    HiddenField,
    SelectMultipleField,
    StringField,
    ValidationError,
)
from wtforms.validators import DataRequired, NumberRange, Optional

from app.catalog.forms import MOST_GRAMS, MOST_MILLIMETERS
from app.catalog.rules import GTIN, LONGEST_BIN, LONGEST_OWN_CODE, PACKING, check_digit
from app.desk.place_forms import Whole
from app.shared.language import _, later
from app.shared.money import Money
from app.web.fields import LARGEST_AMOUNT
from app.web.forms import AtMost, called, line
from app.web.words import PACKINGS

MILLIMETERS = later("Between 1 and 10,000 mm.")


def _length(label: str) -> Whole:
    return Whole(label, [Optional(), NumberRange(1, MOST_MILLIMETERS, MILLIMETERS)])


class ChangeProduct(FlaskForm):  # type: ignore[misc]
    """What a SKU is, whoever sells it."""

    seen = HiddenField()
    title = called(later("Title"), later("Enter what it is called."), 300)
    gtin = line(later("GTIN"), 14, description=later("The number under its bar code."))
    weight_g = Whole(
        later("Weight in grams"),
        [Optional(), NumberRange(1, MOST_GRAMS, later("Between 1 and 1,000,000 g."))],
    )
    length_mm = _length(later("Length in mm"))
    width_mm = _length(later("Width in mm"))
    height_mm = _length(later("Height in mm"))
    most_units = Whole(
        later("Most units on a line"),
        [Optional(), NumberRange(1, 100_000, later("Between 1 and 100,000."))],
        description=later("More are doubtful: the order waits for a person. Empty: the usual."),
    )
    packing = SelectMultipleField(later("Packing"), choices=[])
    packing_note = line(
        later("Packing note"), 300, description=later("Whoever packs it has to tick that.")
    )

    def __init__(self, **given: Any) -> None:
        """Offer the ways of packing."""
        super().__init__(**given)
        self.packing.choices = [(code, _(PACKINGS[code])) for code in PACKING]

    def validate_gtin(self, field: Field) -> None:
        """Ask for a number whose last digit proves the others."""
        digits = field.data
        if digits and not GTIN.fullmatch(digits):
            raise ValidationError(_("A GTIN has 8, 12, 13 or 14 digits."))
        if digits and digits[-1] != (right := check_digit(digits[:-1])):
            raise ValidationError(
                _("The last digit should be {right}. Please type it again.", right=right)
            )

    def values(self) -> dict[str, Any]:
        """Return the product as it is kept."""
        names = ("weight_g", "length_mm", "width_mm", "height_mm", "most_units")
        texts: dict[str, Any] = {"title": self.title.data, "gtin": self.gtin.data or None}
        texts |= {"packing": self.packing.data or None}
        texts |= {"packing_note": self.packing_note.data or None}
        return texts | {name: self[name].data for name in names}


class ChangeListing(FlaskForm):  # type: ignore[misc]
    """What a vendor's location sells of a SKU, and on which terms."""

    seen = HiddenField()
    title = called(later("Title"), later("Enter what it is called."), 300)
    cost = StringField(
        later("Cost"),
        [DataRequired(later("Enter what the vendor gets for one.")), AtMost(30)],
        description=later("What the vendor gets for one."),
    )
    price = StringField(
        later("Price"),
        [Optional(), AtMost(30)],
        description=later("What customers pay for one, where it is known here."),
    )
    buy_in_days = Whole(
        later("Bought in within"),
        [Optional(), NumberRange(0, 365, later("Between 0 and 365 days."))],
        description=later("Working days in which the place gets what it lacks. Empty: it cannot."),
    )
    restock_on = DateField(
        later("Filled again on"),
        [Optional()],
        description=later("The day from which there is stock again."),
    )
    bin = line(
        later("Bin"),
        LONGEST_BIN,
        description=later("Where it lies there; pick lists are sorted by it."),
    )
    own_code = line(
        later("Own code"),
        LONGEST_OWN_CODE,
        description=later("What the vendor's own labels say, where that is not the SKU."),
    )
    is_active = BooleanField(later("It is on sale"))

    def __init__(self, currency: str, **given: Any) -> None:
        """Take amounts in a currency."""
        super().__init__(**given)
        self.currency = currency

    def validate_cost(self, field: Field) -> None:
        """Ask for an amount that the currency can hold."""
        self._minor(field)

    def validate_price(self, field: Field) -> None:
        """Ask for an amount that the currency can hold."""
        self._minor(field)

    def _minor(self, field: Field) -> int | None:
        words = (field.data or "").strip()
        if not words:
            return None
        try:
            minor = Money.parse(words, self.currency).minor
        except ValueError:
            minor = -1
        if not 0 <= minor <= LARGEST_AMOUNT:
            example = Money(1250, self.currency)
            raise ValidationError(_("Write an amount like {example}.", example=example))
        return minor

    def values(self) -> dict[str, Any]:
        """Return the listing as it is kept."""
        return {
            "title": self.title.data,
            "cost_minor": self._minor(self.cost),
            "price_minor": self._minor(self.price),
            "buy_in_days": self.buy_in_days.data,
            "restock_on": self.restock_on.data,
            "bin": self.bin.data or None,
            "own_code": self.own_code.data or None,
            "is_active": self.is_active.data,
        }


def of_listing(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a listing's values as its form shows them."""
    amounts = {
        name: None
        if values[f"{name}_minor"] is None
        else str(Money(values[f"{name}_minor"], values["currency"]))
        for name in ("cost", "price")
    }
    return {**values, **amounts}
