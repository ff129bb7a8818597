"""The forms by which a vendor says what it can send, by when, and what it offers for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, IntegerField, SelectField, StringField
from wtforms.validators import NumberRange, Optional

from app.choices.contract import Instead
from app.orders.confirmations import Confirmation, asked
from app.orders.contract import DeclineCode
from app.orders.models import FoLine, FulfillmentOrder
from app.shared.errors import DomainError
from app.shared.language import _, later
from app.web.forms import AtMost
from app.web.words import decline

# What a code and a note may hold at most (app.web.fields); a reason is a sentence.
CODE, LONGEST_REASON = 64, 300
ALL, PART, NONE = "all", "part", "none"
LOOK_FIRST = later("Look first whether they are there, then tick this.")
A_DAY = later("Name a day from today on, within half a year.")
FEWER = later("You entered fewer units than are asked for. Say whether you take only those.")
SAY_WHY = later("Choose why not all of it can be sent.")
IN_WORDS = later("Say in a few words what it is.")
# What a service calls a field, and what the form does, but for the number of the line.
FIELDS = {"substitute": "substitute", "restock_on": "restock"}


def _stripped(words: str | None) -> str | None:
    return (words or "").strip() or None


class Word(FlaskForm):  # type: ignore[misc]
    """What a vendor says of a whole fulfillment order."""

    code = SelectField(later("Why not all of it?"), default="", validate_choice=True)
    reason = StringField(later("In your own words"), [AtMost(LONGEST_REASON)], filters=[_stripped])
    attest = BooleanField()
    ship_on = DateField(later("Handed over on"), [Optional()])

    def set_codes(self) -> None:
        """Offer the reasons in the language of the page."""
        codes = [(str(code), decline(code)) for code in DeclineCode]
        self.code.choices = [("", _("Choose a reason")), *codes]


@dataclass(frozen=True, slots=True)
class Asked:
    """One line that a vendor is asked for, with the fields of its form."""

    name: str
    title: str
    sku: str
    options: Mapping[str, Any]
    units: int
    is_bought_in: bool
    index: int


def asked_of(fo: FulfillmentOrder) -> list[Asked]:
    """Return the lines of which a vendor has still to say something."""
    open_lines: Sequence[FoLine] = [line for line in fo.lines if asked(line)]
    return [
        Asked(x.line, x.title, x.sku, x.options or {}, asked(x), x.is_bought_in, n)
        for n, x in enumerate(open_lines)
    ]


def word_form(lines: Sequence[Asked], usual_day: date | None, *, is_sent: bool) -> Word:
    """Return the form of one fulfillment order: what it asks for is what can be sent, to begin."""
    fields: dict[str, Any] = {}
    for line in lines:
        between = NumberRange(0, line.units, _("Enter 0 to {most}.", most=line.units))
        fields[f"units{line.index}"] = IntegerField(line.title, [between], default=line.units)
        fields[f"substitute{line.index}"] = StringField(
            later("Send this instead"), [AtMost(CODE)], filters=[_stripped]
        )
        fields[f"restock{line.index}"] = DateField(later("Have it again on"), [Optional()])
    made = type("LinesWord", (Word,), fields)
    form: Word = made() if is_sent else made(formdata=None, ship_on=usual_day)
    form.set_codes()
    return form


@dataclass(frozen=True, slots=True)
class Said:
    """What was said in a form, as services take it."""

    word: Confirmation
    offers: Mapping[str, Instead]


def said(form: Word, fo: FulfillmentOrder, lines: Sequence[Asked], do: str) -> Said | None:
    """Return what a form says; None where something is missing, which then stands beside it."""
    is_valid = form.validate()
    if do == ALL:
        units = {line.name: line.units for line in lines}
    elif do == NONE:
        units = {line.name: 0 for line in lines}
    else:
        units = {line.name: form[f"units{line.index}"].data or 0 for line in lines}
    is_short = any(units[line.name] < line.units for line in lines)
    if do == ALL and any((form[f"units{x.index}"].data or 0) < x.units for x in lines):
        form.form_errors.append(_(FEWER))
    if any(units.values()) and not form.attest.data:
        form.attest.errors = [*form.attest.errors, LOOK_FIRST]
    if is_short and not form.code.data:
        form.code.errors = [SAY_WHY]
    if is_short and form.code.data == DeclineCode.OTHER and not form.reason.data:
        form.reason.errors = [*form.reason.errors, IN_WORDS]
    if not is_valid or form.errors or form.form_errors:
        return None
    word = Confirmation(
        fo.reference,
        units,
        reason=form.reason.data if is_short else None,
        code=DeclineCode(form.code.data) if is_short else None,
        has_attested=form.attest.data,
        ship_on=form.ship_on.data if any(units.values()) else None,
    )
    return Said(word, _offers(form, lines, units))


def _offers(form: Word, lines: Sequence[Asked], units: Mapping[str, int]) -> dict[str, Instead]:
    """Return what is offered for the lines of which something is declined."""
    return {
        line.name: Instead(form[f"substitute{line.index}"].data, form[f"restock{line.index}"].data)
        for line in lines
        if units[line.name] < line.units
    }


def refuse(form: Word, lines: Sequence[Asked], refusal: DomainError) -> int:
    """Put a refusal's sentences beside the fields they are about; return its status."""
    numbers = {line.name: line.index for line in lines}
    about_all = not refusal.fields
    for name, sentence in refusal.fields.items():
        field = name
        if field == "ship_on":
            sentence = _(A_DAY)  # noqa: PLW2901 - what a program is told are dates
        if name.startswith("offers."):
            line, _dot, what = name.removeprefix("offers.").rpartition(".")
            field = f"{FIELDS.get(what, 'units')}{numbers.get(line, '')}"
        if field in form:
            form[field].errors = [*form[field].errors, sentence]
        else:
            about_all = True
    if about_all:
        form.form_errors.append(refusal.detail)
    return refusal.status
