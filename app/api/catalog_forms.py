"""What programs send of vendors, their calendars, and what they sell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from app.api.forms import MOST_AT_ONCE
from app.catalog.forms import CountForm, ListingForm, ProductForm
from app.vendors.contract import Kind, Status
from app.vendors.rules import why_no_calendar
from app.web.fields import Clock, Code, Country, Day, Email, Form, Note, Title, Zone


def _calendar(place: str) -> str:
    why = why_no_calendar(place)
    if why:
        raise ValueError(why)
    return place


def _each_once(values: Sequence[Any]) -> list[Any]:
    return sorted(set(values))


SOME = (Field(min_length=1, max_length=300), AfterValidator(_each_once))
Weekday = Annotated[int, Field(ge=1, le=7)]
# Whose public holidays are kept: "DE", "DE-BY".
Calendar = Annotated[str, AfterValidator(_calendar)]


class VendorForm(Form):
    """A vendor; what is left out stays as it was, and null takes its e-mail address away."""

    name: Title
    email: Email | None = None
    kind: Kind | None = None
    # None: as it was; a new vendor is active. Of a closed one no other can be said.
    status: Literal["active", "review", "paused", "suspended"] | None = None
    status_reason: Note = ""
    # the day from which a paused or suspended vendor is active again by itself
    status_until: Day | None = None

    def to_row(self, code: str) -> dict[str, Any]:
        """Return the vendor as it is kept; how it stands is changed by a move."""
        kept = {"name", "email", "kind"}
        return self.model_dump(include=kept, exclude_unset=True) | {"code": code}

    @field_validator("status_reason", "status_until")
    @classmethod
    def _goes_with_a_status(cls, said: Any, info: ValidationInfo) -> Any:
        # A status that is wrong is named by itself.
        if not said or "status" not in info.data:
            return said
        status = info.data["status"]
        if status is None:
            raise ValueError("goes with a status; name that, too")
        if info.field_name == "status_until" and status not in {Status.PAUSED, Status.SUSPENDED}:
            raise ValueError("ends a pause or a suspension; no other status ends by itself")
        return said


class LocationForm(Form):
    """A place a vendor ships from; what is left out stays as it was, null takes it away.

    Of a new one, what is left out is as it says here.
    """

    name: Title
    zone: Zone = "UTC"
    country: Country
    region: Code | None = None
    city: Title | None = None
    postal_code: Code | None = None
    cut_off: Clock = time(16)
    handling_days: Annotated[int, Field(ge=0, le=60)] = 2
    # ISO weekdays, Monday is 1
    working_days: Annotated[list[Weekday], *SOME] = Field(default_factory=lambda: [1, 2, 3, 4, 5])
    # null: works on public holidays, hands over any number, ships everywhere
    holidays: Calendar | None = None
    daily_capacity: Annotated[int, Field(ge=1, le=10**6)] | None = None
    ships_to: Annotated[list[Country], *SOME] | None = None
    is_active: bool = True

    def to_row(self) -> dict[str, Any]:
        """Return the location as it is kept."""
        return self.model_dump(exclude_unset=True)


class NamedVendorForm(VendorForm):
    """One of many vendors, with its one location."""

    code: Code
    location: LocationForm


class VendorsForm(Form):
    """Many vendors at once."""

    vendors: Annotated[list[NamedVendorForm], Field(min_length=1, max_length=MOST_AT_ONCE)]


class DaysForm(Form):
    """From which day to which, both included."""

    first_day: Day
    last_day: Day


class ClosureForm(DaysForm):
    """Days on which a location hands nothing over, and why."""

    reason: Title


class ProductsForm(Form):
    """Many products at once."""

    products: Annotated[list[ProductForm], Field(min_length=1, max_length=MOST_AT_ONCE)]


class ListingsForm(Form):
    """Many listings at once."""

    listings: Annotated[list[ListingForm], Field(min_length=1, max_length=MOST_AT_ONCE)]


class StockForm(Form):
    """Absolute counts."""

    stock: Annotated[list[CountForm], Field(min_length=1, max_length=MOST_AT_ONCE)]
