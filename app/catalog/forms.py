"""What programs and files say of listings and stock, field by field."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from app.web.fields import Amount, Code, Currency, Form, Title


class ListingForm(Form):
    """What one vendor location sells of one SKU; `stock` counts what is on hand, if given."""

    vendor: Code
    location: Code
    sku: Code
    title: Title
    cost: Amount
    # None: the marketplace's own.
    currency: Currency | None = None
    is_active: bool = True
    stock: Annotated[int, Field(ge=0, le=10**8)] | None = None


class CountForm(Form):
    """What a vendor location has of a SKU."""

    location: Code
    sku: Code
    on_hand: Annotated[int, Field(ge=0, le=10**8)]
