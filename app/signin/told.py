"""How somebody is told what happens: on screen, by mail, and when not at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from functools import cache
from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, TimeField
from wtforms.validators import InputRequired, Optional

from app.accounts.preferences import Preferences, change
from app.accounts.told import mailed_as
from app.notices.contract import Kind, kinds_of
from app.policies import marketplace
from app.shared.errors import InvalidInput
from app.shared.language import _, later
from app.shared.work import ACCOUNTS, transaction
from app.signin.page import blueprint, me
from app.web.forms import page_of, refusals

MAILED = {"never": later("No mail"), "now": later("At once"), "digest": later("In the digest")}


class Told(FlaskForm):  # type: ignore[misc]
    """When somebody is told; one pair of fields more for each kind of notice."""

    quiet_from = TimeField(later("Quiet from"), [Optional()])
    quiet_until = TimeField(later("Quiet until"), [Optional()])
    digest_at = TimeField(
        later("Digest at"), [InputRequired(later("Enter when the digest is to come."))]
    )

    def __init__(self, chosen: Mapping[str, Any]) -> None:
        """Show what is chosen."""
        super().__init__(data=chosen)
        for field in self:
            if isinstance(field, SelectField):
                field.choices = [(code, _(word)) for code, word in MAILED.items()]


@cache
def _form(role: str) -> type[Told]:
    """Return the form of a role: each kind that concerns it on screen and by mail."""
    fields: dict[str, Any] = {}
    for code in kinds_of(role):
        fields[f"screen_{code}"], fields[f"mail_{code}"] = BooleanField(), SelectField()
    return type("ToldOfRole", (Told,), fields)


def _data(chosen: Preferences, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    screen = {f"screen_{code}": code not in chosen.quiet_on_screen for code in kinds}
    mail = {f"mail_{code}": mailed_as(chosen, code) for code in kinds}
    times = chosen.model_dump(include={"quiet_from", "quiet_until", "digest_at"})
    return screen | mail | times


def _chosen(form: Told, before: Preferences, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Return what was chosen, as preferences take it; what concerns other roles stays."""
    begin, end = form.quiet_from.data, form.quiet_until.data
    _require_both(begin, end)
    others = [code for code in before.quiet_on_screen if code not in kinds]
    off = [code for code in kinds if not form[f"screen_{code}"].data]
    return {
        "quiet_from": begin,
        "quiet_until": end,
        "digest_at": form.digest_at.data,
        "quiet_on_screen": others + off,
        "mail": dict(before.mail) | {code: form[f"mail_{code}"].data for code in kinds},
    }


def _require_both(begin: time | None, end: time | None) -> None:
    if (begin is None) != (end is None):
        name = "quiet_from" if begin is None else "quiet_until"
        raise InvalidInput(
            _("Quiet hours need two times."), **{name: _("Enter both times, or none.")}
        )
    if begin is not None and begin == end:
        raise InvalidInput(_("Quiet hours need two times."), quiet_until=_("Enter another time."))


@blueprint.route("/account/notices", methods=["GET", "POST"])
def told() -> ResponseReturnValue:
    """Show how somebody is told what happens, and change it."""
    who = me()
    kinds = kinds_of(who.role)
    form = _form(who.role)(_data(who.preferences, kinds))
    with refusals(form):
        if form.validate_on_submit():
            chosen = _chosen(form, who.preferences, kinds)
            with transaction(ACCOUNTS):
                change(who.id, who.preferences, **chosen)
            flash(_("You are told as you chose."), "good")
            return redirect(url_for("signin.told"))
    zone = who.preferences.zone or marketplace.zone()
    return page_of(form, "signin/told.html", kinds=kinds, zone=zone.replace("_", " "))
