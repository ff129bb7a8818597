"""What may stand in the fields of what programs and files say; every wrong field is named."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date, time, timedelta
from typing import Annotated, Any, TypeVar
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)

from app.shared.errors import InvalidInput
from app.shared.money import Money

F = TypeVar("F", bound=BaseModel)
D = TypeVar("D", bound=date)
MOST_UNITS = 100_000
# Nobody reads more; naming a million takes longer than it took to send them.
MOST_NAMED = 1_000
LARGEST_AMOUNT = 10**12

# Control characters: in a name or number they are an accident, or an attack on headers and logs.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
CONTROL_IN_NOTES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def _plain(text: str) -> str:
    return _refuse(CONTROL, text)


def _plain_note(text: str) -> str:
    return _refuse(CONTROL_IN_NOTES, text)


def _refuse(characters: re.Pattern[str], text: str) -> str:
    if characters.search(text):
        message = "holds a control character"
        raise ValueError(message)
    return text


def _told(pattern: str) -> Any:
    """Return what says a pattern in the documentation; a sentence of ours refuses what is wrong."""
    return Field(json_schema_extra={"pattern": pattern})


# In the documentation as programs of other languages read it.
PLAIN, PLAIN_NOTE = (
    r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$",
    r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$",
)
Safe, SafeNote = AfterValidator(_plain), AfterValidator(_plain_note)
Code = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64),
    Safe,
    _told(PLAIN),
]
Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300),
    Safe,
    _told(PLAIN),
]
Note = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=1_000), SafeNote, _told(PLAIN_NOTE)
]
EARLIEST, LATEST = 2000, 2100
# Clocks of shops run ahead of ours by seconds; what is further ahead is a mistake.
AHEAD = timedelta(minutes=5)


def _sensible(day: D) -> D:
    if not EARLIEST <= day.year < LATEST:
        message = f"lies outside the years {EARLIEST} to {LATEST}"
        raise ValueError(message)
    return day


def _of_no_zone(clock: time) -> time:
    if clock.tzinfo is not None:
        message = "has a zone of its own; write it like 16:00"
        raise ValueError(message)
    return clock


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        message = "is no time zone; write it like Europe/Stockholm"
        raise ValueError(message)
    return name


Moment = Annotated[AwareDatetime, AfterValidator(_sensible)]
Day = Annotated[date, AfterValidator(_sensible)]
Zone = Annotated[str, AfterValidator(_known_zone)]
Clock = Annotated[
    time,
    AfterValidator(_of_no_zone),
    WithJsonSchema({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"}),
]
Country = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]
Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
Amount = Annotated[
    str, Field(coerce_numbers_to_str=True, max_length=30), _told(r"^[0-9]{1,15}(\.[0-9]{1,6})?$")
]
Units = Annotated[int, Field(ge=1, le=MOST_UNITS)]
Email = Annotated[
    str, StringConstraints(pattern=r"^[^\s@,;<>]+@[^\s@,;<>]+$", max_length=254), Safe
]


class Form(BaseModel):
    """A body: unknown fields are refused, so a typing error cannot pass unseen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Amounts:
    """Turns amounts into minor units of one currency and collects the wrong ones."""

    def __init__(self, currency: str, wrong: dict[str, str]) -> None:
        self.currency, self.wrong = currency, wrong

    def of(self, field: str, text: str | None) -> int:
        """Return a field's amount in minor units; 0 where there is none or it is wrong."""
        if text is None:
            return 0
        try:
            minor = Money.parse(text, self.currency).minor
        except ValueError as error:
            self.wrong[field] = str(error)
            return 0
        if not 0 <= minor <= LARGEST_AMOUNT:
            self.wrong[field] = f"'{text}' is not between 0 and a sensible limit"
            return 0
        return minor


def digest(form: Form) -> str:
    """Return what two requests of the same content have in common."""
    canonical = json.dumps(form.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def check(form: type[F], data: Any, refusal: str = "The request was not taken.") -> F:
    """Return what was said as a form, or refuse it with every wrong field; `refusal` says so."""
    try:
        return form.model_validate(data)
    except ValidationError as error:
        raise InvalidInput(refusal, **_wrong(error)) from None


def _wrong(error: ValidationError) -> dict[str, str]:
    if error.error_count() > MOST_NAMED:
        return {"body": f"{error.error_count():,} of its fields are wrong, too many to name"}
    told = error.errors(include_url=False, include_input=False)
    return {".".join(map(str, one["loc"])) or "body": one["msg"] for one in told}
