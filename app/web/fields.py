"""What may stand in the fields of what programs and files say; every wrong field is named."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from datetime import date, time, timedelta
from typing import Annotated, Any, TypeVar
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)

from app.shared.errors import InvalidInput
from app.shared.language import later
from app.shared.money import AMOUNT, Money

F = TypeVar("F", bound=BaseModel)
D = TypeVar("D", bound=date)
MOST_UNITS = 100_000
# Nobody reads more; naming a million takes longer than it took to send them.
MOST_NAMED = 1_000
LARGEST_AMOUNT = 10**12

# Control characters: in a name or number they are an accident, or an attack on headers and logs.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
CONTROL_IN_NOTES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# What nobody sees: it turns the direction of what stands around it, or makes two names that look
# alike. It comes along when somebody copies a name or a number, so it is left out and no order is
# refused for it. Joiners stay (emoji, Persian and Indic names), as do the marks of a direction.
UNSEEN = re.compile("[\u00ad\u180e\u200b\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
# What is drawn as nothing by itself: marks, spaces, joiners; and the letters that are blank.
UNDRAWN = frozenset(("Mn", "Me", "Zs", "Zl", "Zp", "Cc", "Cf"))
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def seen(said: Any) -> Any:
    """Return a text without what nobody sees in it; anything else as it is."""
    return UNSEEN.sub("", said) if isinstance(said, str) else said


def _plain(text: str) -> str:
    _refuse(CONTROL, text)
    if text and not any(_is_drawn(character) for character in text):
        raise ValueError(later("holds nothing that anybody can read"))
    return text


def _plain_note(text: str) -> str:
    return _refuse(CONTROL_IN_NOTES, text)


def _refuse(characters: re.Pattern[str], text: str) -> str:
    if characters.search(text):
        raise ValueError(later("holds a control character"))
    return text


def _is_drawn(character: str) -> bool:
    """Return whether there is anything to see of it where it stands alone."""
    return character not in BLANK and unicodedata.category(character) not in UNDRAWN


def _whole(said: Any) -> Any:
    """Return a number as it is; True is none, though Python counts it as 1."""
    if isinstance(said, bool):
        # The sentence is one of ours, where pydantic would take it.
        raise ValueError(later("is no whole number"))  # noqa: TRY004 - pydantic reads no other
    return said


def _told(pattern: str) -> Any:
    """Return what says a pattern in the documentation; a sentence of ours refuses what is wrong."""
    return Field(json_schema_extra={"pattern": pattern})


def like(pattern: str, otherwise: str) -> tuple[Any, Any]:
    """Return what a text must look like: a sentence refuses what does not, no pattern does."""
    wanted = re.compile(pattern.removesuffix("$"))

    def look(text: str) -> str:
        if not wanted.fullmatch(text):
            raise ValueError(otherwise)
        return text

    return AfterValidator(look), _told(pattern)


# In the documentation as programs of other languages read it.
PLAIN, PLAIN_NOTE = (
    r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$",
    r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$",
)
Safe, SafeNote = AfterValidator(_plain), AfterValidator(_plain_note)
# They look at what was sent before the limits that stand before them do.
Seen, Whole = BeforeValidator(seen), BeforeValidator(_whole)
Code = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64),
    Seen,
    Safe,
    _told(PLAIN),
]
Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300),
    Seen,
    Safe,
    _told(PLAIN),
]
Note = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=1_000),
    Seen,
    SafeNote,
    _told(PLAIN_NOTE),
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
Country = Annotated[str, *like("^[A-Z]{2}$", later("is no country; write its code, like SE"))]
Currency = Annotated[str, *like("^[A-Z]{3}$", later("is no currency; write its code, like EUR"))]
Amount = Annotated[
    str, Field(coerce_numbers_to_str=True, max_length=30), _told(r"^[0-9]{1,15}(\.[0-9]{1,6})?$")
]
Units = Annotated[int, Field(ge=1, le=MOST_UNITS), Whole]
# How many of a line are wanted, or meant; none may be.
UpTo = Annotated[int, Field(ge=0, le=MOST_UNITS), Whole]
Email = Annotated[
    str,
    StringConstraints(max_length=254),
    Seen,
    *like(
        r"^[^\s@,;<>]+@[^\s@,;<>]+$",
        later("is no address of e-mail; write it like ada@example.org"),
    ),
    Safe,
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
            return minor_of(text, self.currency)
        except ValueError as error:
            self.wrong[field] = str(error)
            return 0


def minor_of(text: str, currency: str | None) -> int:
    """Return an amount in minor units; ValueError says what is wrong with it.

    Where nobody knows the currency, nobody knows how many digits it has after the point.
    """
    if currency is None and AMOUNT.fullmatch(text):
        text = text.partition(".")[0]
    minor = Money.parse(text, currency or "").minor
    if not 0 <= minor <= LARGEST_AMOUNT:
        message = f"'{text}' is not between 0 and a sensible limit"
        raise ValueError(message)
    return minor


def digest(form: Form) -> str:
    """Return what two requests of the same content have in common."""
    canonical = json.dumps(form.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


# What pydantic would say in Python's words, in ours; and what it calls our own sentences.
WORDS = {"model_type": later("is not an object")}
OURS = "value_error"


def check(
    form: type[F],
    data: Any,
    refusal: str = "The request was not taken.",
    *,
    known: dict[str, Any] | None = None,
) -> F:
    """Return what was said as a form, or refuse it with every wrong field; `refusal` says so.

    `known` is what a form's own checks must know besides.
    """
    try:
        return form.model_validate(data, context=known)
    except ValidationError as error:
        raise InvalidInput(refusal, **_wrong(error)) from None


def _wrong(error: ValidationError) -> dict[str, str]:
    if error.error_count() > MOST_NAMED:
        return {"body": f"{error.error_count():,} of its fields are wrong, too many to name"}
    told = error.errors(include_url=False, include_input=False)
    return {".".join(map(str, one["loc"])) or "body": _said_of(one) for one in told}


def _said_of(one: Any) -> str:
    """Return what is wrong with one field: in our words where we have any."""
    if one["type"] == OURS:
        return str(one["ctx"]["error"])
    return WORDS.get(one["type"]) or str(one["msg"])
