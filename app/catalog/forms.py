"""What programs and files say of products, listings and stock, field by field."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from app.catalog.rules import (
    LONGEST_BIN,
    LONGEST_OWN_CODE,
    MOST_ON_HAND,
    PACKING,
    why_no_gtin,
)
from app.shared.errors import InvalidInput
from app.web.fields import PLAIN, Amount, Amounts, Code, Currency, Day, Form, Safe, Title

# A tonne, and ten meters: what is more goes by no parcel.
MOST_GRAMS, MOST_MILLIMETERS = 10**6, 10**4


def _gtin(text: str) -> str:
    why = why_no_gtin(text)
    if why:
        raise ValueError(why)
    return text


Gtin = Annotated[str, AfterValidator(_gtin)]
Grams = Annotated[int, Field(ge=1, le=MOST_GRAMS)]
Millimeters = Annotated[int, Field(ge=1, le=MOST_MILLIMETERS)]
Packing = Literal["fragile", "upright", "custom_packaging", "insert"]
Bin = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_BIN),
    Safe,
    Field(json_schema_extra={"pattern": PLAIN}),
]
OwnCode = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_OWN_CODE),
    Safe,
    Field(json_schema_extra={"pattern": PLAIN}),
]
OnHand = Annotated[int, Field(ge=0, le=MOST_ON_HAND)]


class ProductForm(Form):
    """What a SKU is, whoever sells it; what is left out stays as it was, null takes it away."""

    sku: Code
    title: Title
    gtin: Gtin | None = None
    weight_g: Grams | None = None
    length_mm: Millimeters | None = None
    width_mm: Millimeters | None = None
    height_mm: Millimeters | None = None
    # more on one line is doubtful
    most_units: Annotated[int, Field(ge=1, le=100_000)] | None = None
    # what whoever packs it must see to, and what else they should know
    packing: list[Packing] | None = Field(default=None, max_length=len(PACKING))
    packing_note: Title | None = None


class ListingForm(Form):
    """What one vendor location sells of one SKU; `stock` counts what is on hand, if given.

    What is left out stays as it was, null takes it away; a new one is active.
    """

    vendor: Code
    location: Code
    sku: Code
    title: Title
    cost: Amount
    # null, or left out of a new one: the marketplace's own.
    currency: Currency | None = None
    is_active: bool = True
    stock: OnHand | None = None
    price: Amount | None = None
    buy_in_days: Annotated[int, Field(ge=0, le=365)] | None = None
    restock_on: Day | None = None
    # where it lies, and what the vendor's own labels say where that is not the SKU
    bin: Bin | None = None
    own_code: OwnCode | None = None

    @property
    def name(self) -> tuple[str, str, str]:
        """Return what tells it from all others: vendor, location and SKU."""
        return self.vendor, self.location, self.sku

    def to_row(self, place: Any, usual: str, known: str | None = None) -> dict[str, Any]:
        """Return the listing as it is kept, at a place with its id and vendor_id.

        `usual`: the marketplace's currency; `known`: that of the listing as it was. InvalidInput
        names amounts that its currency cannot hold.
        """
        before = None if "currency" in self.model_fields_set else known
        currency = self.currency or before or usual
        wrong: dict[str, str] = {}
        minor = Amounts(currency, wrong)
        row = {
            "vendor_id": place.vendor_id,
            "location_id": place.id,
            "sku": self.sku,
            "title": self.title,
            "cost_minor": minor.of("cost", self.cost),
            "currency": currency,
        }
        kept = {"is_active", "buy_in_days", "restock_on", "bin", "own_code"}
        row |= self.model_dump(include=kept, exclude_unset=True)
        if "price" in self.model_fields_set:
            price = minor.of("price", self.price)
            row["price_minor"] = None if self.price is None else price
        if wrong:
            raise InvalidInput("The listings were not taken.", **wrong)
        return row


class CountForm(Form):
    """What a vendor location has of a SKU; the vendor is named where it is not one's own."""

    vendor: Code | None = None
    location: Code
    sku: Code
    on_hand: OnHand
