"""What this marketplace decides for itself: its name, its colors, its zone, currency, languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import DataRequired, Length

from app.accounts.sessions import actor_of
from app.audit.service import record
from app.console import page
from app.console.page import blueprint
from app.policies import marketplace
from app.policies.documents import Marketplace
from app.policies.models import Policy
from app.policies.queries import InForce, versions
from app.policies.rules import OURS, THEMES, accents
from app.policies.service import publish
from app.shared.errors import Conflict
from app.shared.language import _, later
from app.shared.money import CURRENCIES
from app.shared.work import OPS, transaction
from app.web import zones
from app.web.forms import page_of, refusals

KIND = "marketplace"
VERSIONS = 20
# What each field is called in the history, and what it is where nothing was chosen.
FIELDS = {
    "name": (later("Name"), later("Onward")),
    "accent_light": (later("Color on light"), later("Onward's petrol")),
    "accent_dark": (later("Color on dark"), later("Onward's petrol")),
    "zone": (later("Time zone"), later("the installation's")),
    "currency": (later("Currency"), later("the installation's")),
    "languages": (later("Languages"), "en"),
}
# The same inside a sentence, and in the audit trail.
INSIDE = {
    "name": later("name"),
    "accent_light": later("color on light"),
    "accent_dark": later("color on dark"),
    "zone": later("time zone"),
    "currency": later("currency"),
    "languages": later("languages"),
}


def _number(found: str | int | None) -> int | None:
    words = str(found)
    return int(words) if words.isascii() and words.isdecimal() else None


class Settings(FlaskForm):  # type: ignore[misc]
    """One marketplace's settings; whether a color can be read is the policy's word."""

    seen = HiddenField(filters=[_number])

    name = StringField(
        later("Name"),
        [DataRequired(later("Enter what the marketplace is called.")), Length(max=40)],
        description=later("In the corner of every page, in titles, and under every mail."),
    )
    accent_light = StringField(
        later("Color on light ground"),
        [Length(max=20)],
        description=later("Of buttons and links, like #0b6070. Empty: Onward's petrol."),
    )
    accent_dark = StringField(
        later("Color on dark ground"),
        [Length(max=20)],
        description=later("For whoever reads in the dark, like #63c7d4. Empty: Onward's petrol."),
    )
    zone = SelectField(
        later("Time zone"),
        description=later("In which moments are shown, and in which an order's promised day ends."),
    )
    currency = SelectField(
        later("Currency"),
        description=later("Of what a listing costs where it does not say itself."),
    )
    languages = StringField(
        later("Languages"),
        [DataRequired(later("Enter at least one language.")), Length(max=200)],
        description=later(
            "What customers may be written to in, like: en, de, sv. Until translations"
            " exist, every message is written in English."
        ),
    )

    def __init__(self, found: InForce[Marketplace]) -> None:
        """Show what is in force."""
        current = found.document
        shown = current.model_dump() | {"languages": ", ".join(current.languages)}
        super().__init__(
            data={name: value or "" for name, value in shown.items()} | {"seen": found.version}
        )
        config = current_app.config
        installations = ("", _("The installation's: {zone}", zone=config["TZ_DEFAULT"]))
        self.zone.choices = zones.choices([installations], current.zone)
        ours = _("The installation's: {currency}", currency=config["CURRENCY_DEFAULT"])
        self.currency.choices = [("", ours), *((code, code) for code in sorted(CURRENCIES))]

    def document(self) -> dict[str, Any]:
        """Return what was filled in, as the policy takes it."""
        words = self.languages.data.split(",")
        texts = {name: (self[name].data or "").strip() for name in FIELDS if name != "languages"}
        return texts | {"languages": [word.strip() for word in words if word.strip()]}


@blueprint.route("/settings", methods=["GET", "POST"])
def settings() -> ResponseReturnValue:
    """Show what is decided and who decided it when, and take a new decision."""
    with transaction(OPS) as now:
        current = marketplace.read(now)
    form = Settings(current)
    if form.validate_on_submit():
        with refusals(form):
            changed = _save(form)
            if changed:
                flash(_("Saved: {changed}.", changed=", ".join(map(_, changed))), "good")
            else:
                flash(_("Nothing was different."), "info")
            return redirect(url_for("console.settings"))
    return _page(form)


def _save(form: Settings) -> list[str]:
    """Put the settings in force; return what is different from before, in English."""
    with transaction(OPS) as now:
        before = marketplace.read(now)
        policy = publish(KIND, form.document(), by=current_user.name, now=now, seen=form.seen.data)
        changes = _changes(before.document.model_dump(mode="json"), policy.document)
        changed = [INSIDE[change["name"]] for change in changes]
        if changed:
            actor = actor_of(current_user)
            record("settings_changed", actor, version=policy.version, changed=changed)
    marketplace.look(at_once=True)
    return changed


def _page(form: Settings) -> ResponseReturnValue:
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        history = _history(versions(KIND, VERSIONS + 1))
    meanwhile = _meanwhile(form, history)
    swatches = {theme: _swatch(form, theme) for theme in THEMES}
    return page_of(
        form,
        "console/settings.html",
        **frame,
        swatches=swatches,
        history=history,
        meanwhile=meanwhile,
    )


def _meanwhile(form: Settings, history: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return what others changed since the form was opened; sent again, the form replaces it."""
    if not isinstance(getattr(form, "refusal", None), Conflict):
        return []
    seen = form.seen.data or 0
    changes = [
        one for version in history if version["version"] > seen for one in version["changes"]
    ]
    form.seen.raw_data, form.seen.data = None, history[0]["version"]
    return changes


def _swatch(form: Settings, theme: str) -> dict[str, str]:
    """Return the colors of a theme's example: the ones in force, or those just typed if taken."""
    field = form[f"accent_{theme}"]
    color = (field.data or "").strip().lower()
    chosen = color if color and not field.errors else OURS[theme]
    tokens = accents(chosen, theme)
    return {
        "bg": THEMES[theme].surface,
        "accent": chosen,
        "words": tokens["--on-accent"],
        "soft": tokens["--accent-soft"],
    }


def _history(found: Sequence[Policy]) -> list[dict[str, Any]]:
    """Return each version with what it changed of the one before, the newest first."""
    shipped = Marketplace().model_dump(mode="json")
    before = [policy.document for policy in found[1:]]
    if found and found[-1].version == 1:
        before.append(shipped)
    return [
        {
            "version": policy.version,
            "at": policy.made_at,
            "by": policy.made_by,
            "changes": _changes(was, policy.document),
        }
        for policy, was in zip(found, before, strict=False)
    ]


def _changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {
            "name": name,
            "field": _(label),
            "was": _told(was.get(name), _(none)),
            "now": _told(now.get(name), _(none)),
        }
        for name, (label, none) in FIELDS.items()
        if was.get(name) != now.get(name)
    ]


def _told(value: Any, none: str) -> str:
    return ", ".join(value) if isinstance(value, list | tuple) else str(value or none)
