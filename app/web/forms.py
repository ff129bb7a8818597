"""Forms: what a service refused stands beside the field that it is about."""

from __future__ import annotations

from flask_wtf import FlaskForm

from app.shared.errors import DomainError


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
