"""Forms: what a service refused stands beside the field that it is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Response, make_response, render_template
from flask_wtf import FlaskForm
from wtforms import EmailField, Field, StringField
from wtforms.validators import DataRequired, Length, Optional, Regexp, ValidationError

from app.shared.errors import Conflict, DomainError, InvalidInput, TooMany
from app.shared.language import _, _n, later

# One address and nothing else, as the e-mail channel takes it.
ADDRESS = r"(?a:[!#-'*-+\-./0-9=?A-Z^-~]+@[A-Za-z0-9.\-]+)\Z"
# What WTForms' own fields say; errors are said where they are shown.
OF_FIELDS = (later("Not a valid choice."), later("Not a valid time value."))


class AtMost(Length):  # type: ignore[misc]
    """A limit to how long a text may be."""

    def __init__(self, longest: int) -> None:
        """Take the limit; browsers are told of it, too."""
        super().__init__(max=longest)

    def __call__(self, form: FlaskForm, field: Field) -> None:  # noqa: ARG002 - WTForms' own shape
        """Refuse what is longer."""
        if len(field.data or "") > self.max:
            raise ValidationError(
                _n("Use at most {n} character.", "Use at most {n} characters.", self.max)
            )


def _stripped(words: str | None) -> str | None:
    return words.strip() if words else words


def _shown(_form: FlaskForm, field: Field) -> None:
    if field.data and not field.data.isprintable():
        raise ValidationError(_("It holds a character that cannot be shown. Type it again."))


def address(label: str, missing: str, **words: str) -> EmailField:
    """Return a field for one e-mail address; `missing` says what to enter."""
    checks = [
        DataRequired(missing),
        Length(max=254, message=later("No e-mail is that long.")),
        Regexp(ADDRESS, message=later("Enter one address, like ada@example.org.")),
    ]
    return EmailField(label, checks, filters=[_stripped], **words)


def called(label: str, missing: str, longest: int = 120, **words: str) -> StringField:
    """Return a field for a name: one line, nothing that cannot be seen."""
    checks = [DataRequired(missing), AtMost(longest), _shown]
    return StringField(label, checks, filters=[_stripped], **words)


def line(label: str, longest: int = 120, *checks: Any, **words: str) -> StringField:
    """Return a field for one line that may be left empty."""
    known = [Optional(), AtMost(longest), _shown, *checks]
    return StringField(label, known, filters=[_stripped], **words)


def refuse(form: FlaskForm, refusal: DomainError) -> str | None:
    """Put a refusal's sentences beside their fields; return what is about none of them.

    A part of a field ("languages.0") is its field's.
    """
    fields = {name: words for name, words in refusal.fields.items() if _field(name) in form}
    for name, words in fields.items():
        form[_field(name)].errors = [*form[_field(name)].errors, words]
    return None if fields else refusal.detail


def _field(name: str) -> str:
    return name.partition(".")[0]


@contextmanager
def refusals(form: FlaskForm) -> Iterator[None]:
    """Take what a service refuses as the form's own: whoever typed it can put it right."""
    try:
        yield
    except (InvalidInput, Conflict, TooMany) as refusal:
        form.refusal = refusal
        about_all = refuse(form, refusal)
        if about_all:
            form.form_errors.append(about_all)


def page_of(form: FlaskForm, template: str, **context: object) -> Response:
    """Return the page of a form, with the status of what was refused.

    What is about no single field is the template's `problem`.
    """
    refusal: DomainError | None = getattr(form, "refusal", None)
    problem = " ".join(map(_, form.form_errors)) or None
    page = make_response(render_template(template, form=form, problem=problem, **context))
    if form.errors:
        page.status_code = refusal.status if refusal else InvalidInput.status
    if isinstance(refusal, TooMany):
        page.headers["Retry-After"] = str(refusal.seconds)
    return page
