"""Forms over what somebody else may have changed meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_wtf import FlaskForm

from app.shared.language import _
from app.shared.seen import Overtaken, written
from app.web.words import plain


def meanwhile(
    form: FlaskForm, now: Mapping[str, Any], names: Mapping[str, str] | None = None
) -> list[dict[str, str]]:
    """Return what others changed since a form was opened; sent again, the form replaces it.

    `now` is what is there, as the form carries it along; `names` are fields that the form calls
    otherwise.
    """
    refusal = getattr(form, "refusal", None)
    if not isinstance(refusal, Overtaken):
        return []
    form.seen.raw_data, form.seen.data = None, written(now)
    return [
        {"field": _label(form, (names or {}).get(name, name)), "was": _told(was), "now": _told(is_)}
        for name, was, is_ in refusal.changes
    ]


def _label(form: FlaskForm, name: str) -> str:
    return _(form[name].label.text) if name in form else plain(name)


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return _("none") if value is None else str(value)
