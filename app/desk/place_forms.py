"""What is asked of a location's calendar, by ops and by the vendor's own people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    DateField,
    Field,
    HiddenField,
    IntegerField,
    SelectMultipleField,
    TimeField,
    ValidationError,
)
from wtforms.validators import InputRequired, NumberRange, Optional, StopValidation

from app.shared import language
from app.shared.language import _, later
from app.vendors.queries import CALENDAR_FIELDS
from app.vendors.rules import why_no_calendar
from app.web.forms import called, line


def weekdays() -> list[tuple[str, str]]:
    """Return the days of the week, Monday first, as a form offers them."""
    words = language.locale().days["format"]["abbreviated"]
    return [(str(day), words[day - 1]) for day in range(1, 8)]


class Whole(IntegerField):  # type: ignore[misc]
    """A field for a whole number."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number; nothing typed is none."""
        self.data = None
        words = valuelist[0].strip() if valuelist else ""
        if words:
            if not re.fullmatch(r"-?[0-9]{1,9}", words):
                raise ValueError(_("Enter a whole number."))
            self.data = int(words)

    def pre_validate(self, form: FlaskForm) -> None:  # noqa: ARG002 - WTForms' own shape
        """Say nothing more of what is no number."""
        if self.process_errors:
            raise StopValidation


class CalendarFields(FlaskForm):  # type: ignore[misc]
    """When a location works, and how much it hands over in a day."""

    cut_off = TimeField(
        later("Cut-off"),
        [InputRequired(later("Enter a time, like 15:00."))],
        default=time(16),
        description=later("What is ordered later is work of the next day."),
    )
    working_days = SelectMultipleField(
        later("Working days"),
        [InputRequired(later("Choose at least one day."))],
        default=["1", "2", "3", "4", "5"],
    )
    holidays = line(
        later("Public holidays of"),
        40,
        description=later("A country or a part of one, like DE or DE-BY. Empty: it works on them."),
    )
    daily_capacity = Whole(
        later("Most a day"),
        [Optional(), NumberRange(1, 10**6, later("Between 1 and 1,000,000."))],
        description=later("Fulfillment orders it can hand over in a day. Empty: any number."),
    )

    def __init__(self, **given: Any) -> None:
        """Offer the days of the week."""
        super().__init__(**given)
        self.working_days.choices = weekdays()

    def validate_holidays(self, field: Field) -> None:
        """Ask for holidays that are known; small letters will do."""
        if field.data and not why_no_calendar(field.data.upper()):
            field.data = field.data.upper()
        elif field.data and why_no_calendar(field.data):
            raise ValidationError(
                _(
                    "Public holidays of {place} are not known. Write a country or a part of one.",
                    place=field.data,
                )
            )

    def calendar(self) -> dict[str, Any]:
        """Return the calendar as it is kept."""
        return {
            "cut_off": self.cut_off.data,
            "working_days": sorted(map(int, self.working_days.data)),
            "holidays": self.holidays.data or None,
            "daily_capacity": self.daily_capacity.data,
        }


class ChangeCalendar(CalendarFields):
    """What a vendor's owner changes of a location."""

    seen = HiddenField()


def of_calendar(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a calendar's values as its form shows them."""
    shown = {name: values[name] for name in CALENDAR_FIELDS}
    return shown | {"working_days": [str(day) for day in values["working_days"]]}


class Closing(FlaskForm):  # type: ignore[misc]
    """Days on which a location hands nothing over."""

    first_day = DateField(later("First day"), [InputRequired(later("Choose the first day."))])
    last_day = DateField(later("Last day"), [InputRequired(later("Choose the last day."))])
    reason = called(later("Why"), later("Enter why, like summer holidays."))
