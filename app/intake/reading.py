"""Reading what the programs of shops write: signed bodies, words, and amounts that must add up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from app.intake.forms import PreferencesForm
from app.shared.errors import InvalidInput
from app.shared.money import Money, exponent
from app.web.fields import CONTROL, Email, check, seen

S = TypeVar("S", bound="Said")
MOST_DIGITS = 30
NOWHERE = re.compile("[\\x00\\ud800-\\udfff]")


class Said(BaseModel):
    """What a shop says: far more than we read, and its keys are numbers or words."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)


def is_signed(signature: str, secret: bytes, body: bytes) -> bool:
    """Return whether a base64 HMAC-SHA256 is that of a body; it takes as long for every other."""
    expected = base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest())
    return hmac.compare_digest(expected, signature.encode())


def said(form: type[S], body: bytes) -> S:
    """Return a JSON body as what it says, or refuse it with every wrong field."""
    return check(form, parsed(body), UNREADABLE)


def parsed(body: bytes | str) -> Any:
    """Return what a JSON text holds; numbers with a point stay as exact as they are written.

    InvalidInput also of what can be written in JSON and kept nowhere: a NUL, half a character; and
    of a name that stands twice in one object, of which nobody knows which value is meant.
    """
    try:
        found = json.loads(
            body, object_pairs_hook=_each_once, parse_constant=_refuse, parse_float=_exact
        )
    except (ValueError, ArithmeticError, RecursionError):
        raise InvalidInput("It is not JSON.", body="not JSON") from None
    if any(NOWHERE.search(words) for words in _texts(found)):
        raise InvalidInput("It holds a NUL or half a character.", body="no text")
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        times = Counter(name for name, _ in pairs)
        # As JSON writes it: it may hold what no table keeps.
        twice = json.dumps(next(name[:40] for name, n in times.items() if n > 1))
        raise InvalidInput(f"{twice} stands twice in one object.", body="a name stands twice")
    return found


def _exact(written: str) -> Decimal:
    found = Decimal(written)
    # 1e999999999 is a number of a billion digits for whoever counts with it.
    if abs(found.adjusted()) > MOST_DIGITS:
        _refuse(written[:40])
    return found


def _texts(found: Any) -> Iterator[str]:
    """Return every name and text that JSON holds, however deep."""
    left = [found]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            left += [*one, *one.values()]
        elif isinstance(one, list):
            left += one


def _refuse(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)


def line(words: object, longest: int) -> str | None:
    """Return words as one line that is not too long; None where nothing is left of them."""
    if words is None:
        return None
    return " ".join(CONTROL.sub(" ", seen(str(words))).split())[:longest].strip() or None


# Shops let people type anything of any length; a name that is cut is better than no order.
Name = Annotated[str | None, BeforeValidator(lambda words: line(words, 300))]
Short = Annotated[str | None, BeforeValidator(lambda words: line(words, 64))]
Exact = Annotated[Decimal, Field(max_digits=20, decimal_places=6)]
# What costs less than nothing is a mistake; a discount is told as one.
Priced = Annotated[Exact, Field(ge=0)]
# A dash stands for nothing: the order is held until somebody has asked the customer.
NOTHING = "-"
LONGEST_NOTE = 1_000
UNREADABLE = "It is not written as this kind of shop writes."
WISH, EMAIL = TypeAdapter(PreferencesForm), TypeAdapter(Email)


def note(*parts: str | None) -> str | None:
    """Return parts as the lines of one note; None where there is nothing to say."""
    lines = [
        shown
        for part in parts
        for words in (part or "").splitlines()
        if (shown := line(words, LONGEST_NOTE))
    ]
    return "\n".join(lines)[:LONGEST_NOTE] or None


def joined(*words: str | None) -> str | None:
    """Return the parts of a name as one."""
    return line(" ".join(word for word in words if word), 300)


def email(words: str | None) -> str | None:
    """Return an address as it can be written to; a customer without one is told nothing."""
    try:
        return EMAIL.validate_python(words)
    except ValidationError:
        return None


def guest(mail: str | None, order: str) -> str:
    """Return what tells guests apart: the same address is the same customer."""
    known = hashlib.sha256(mail.lower().encode()).hexdigest()[:20] if mail else order
    return f"guest-{known}"


def fitting(wish: str, words: str) -> str | None:
    """Return what a customer chose as our form takes it, None where it would not."""
    try:
        WISH.validate_python({wish: words})
    except ValidationError:
        return None
    return words


def minor(amount: Decimal, currency: str) -> int:
    """Return an amount in whole minor units, rounded half up."""
    return int(amount.scaleb(exponent(currency)).quantize(Decimal(1), ROUND_HALF_UP))


def amount(minor_units: int, currency: str) -> str:
    """Return minor units as the API writes them."""
    return str(Money(minor_units, currency))


def priced(key: str, units: int, left: int, total: int, currency: str) -> list[dict[str, Any]]:
    """Return the lines that a shop's line of some units is, with prices that add up to its total.

    A total in minor units that cannot be divided becomes two lines, one unit price a minor unit
    above the other. `left` is how many units are still wanted: those that are not are taken from
    the end.
    """
    price, over = divmod(max(total, 0), units)
    parts = [(key, units - over, price), (f"{key}/2", over, price + 1)]
    found = []
    for name, quantity, unit_price in parts:
        wanted = min(quantity, left)
        left -= wanted
        if wanted:
            priced_at = {"quantity": wanted, "unit_price": amount(unit_price, currency)}
            found.append({"external_id": name} | priced_at)
    return found
