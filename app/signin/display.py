"""How somebody sees every page: theme, density, time zone and keys; and the theme at one click."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, SelectField

from app.accounts.preferences import NOBODYS, Preferences, change
from app.doors.guard import person
from app.shared.language import _, later
from app.shared.work import ACCOUNTS, transaction
from app.signin.page import blueprint, me
from app.web import languages, zones
from app.web.forms import page_of, refusals
from app.web.paging import own_path

# The last theme this browser was read in: the door and an error page know nobody yet.
COOKIE = "theme"
COOKIE_SECONDS = 365 * 24 * 3600
THEMES = {"system": later("As the device is"), "light": later("Light"), "dark": later("Dark")}
DENSITIES = {"comfortable": later("Comfortable"), "compact": later("Compact")}


class Display(FlaskForm):  # type: ignore[misc]
    """What somebody may choose about every page."""

    theme = RadioField(later("Theme"))
    density = RadioField(later("Rows"))
    language = SelectField(later("Language"))
    zone = SelectField(later("Time zone"))
    has_keys = BooleanField(later("Single-key shortcuts"))

    def __init__(self, chosen: Preferences) -> None:
        """Show what is chosen; the zone this browser is in is at hand."""
        shown = chosen.model_dump(include={"theme", "density", "language", "zone", "has_keys"})
        unsaid = {"zone": chosen.zone or "", "language": chosen.language or ""}
        super().__init__(data=shown | unsaid)
        self.theme.choices = [(code, _(word)) for code, word in THEMES.items()]
        self.density.choices = [(code, _(word)) for code, word in DENSITIES.items()]
        browsers = _("As my browser says")
        usual = browsers if me().is_ops else _("As at the places we ship from")
        is_tried = current_app.config["ENVIRONMENT"] != "production"
        spoken = languages.choices(chosen.language, with_pseudo=is_tried)
        self.language.choices = [("", browsers), *spoken]
        here = zones.browsers()
        first = [
            ("", usual),
            *([(here, _("{zone}, where this browser is", zone=here))] if here else []),
        ]
        self.zone.choices = zones.choices(first, chosen.zone)

    def chosen(self) -> dict[str, Any]:
        """Return what was chosen, as preferences take it."""
        return {
            "theme": self.theme.data,
            "density": self.density.data,
            "language": self.language.data or None,
            "zone": self.zone.data or None,
            "has_keys": bool(self.has_keys.data),
        }


@blueprint.route("/account/display", methods=["GET", "POST"])
def display() -> ResponseReturnValue:
    """Show how somebody sees every page, and change it."""
    who = me()
    form = Display(who.preferences)
    with refusals(form):
        if form.validate_on_submit():
            with transaction(ACCOUNTS):
                change(who.id, who.preferences, **form.chosen())
            # Said in the language that the next page is in.
            languages.prefer(form.chosen()["language"])
            flash(_("Every page now looks as you chose."), "good")
            return redirect(url_for("signin.display"))
    return page_of(form, "signin/display.html")


@blueprint.post("/account/theme")
def change_theme() -> ResponseReturnValue:
    """Change the theme and go back to where somebody was."""
    who, theme = me(), request.form.get("theme", "")
    with transaction(ACCOUNTS):
        change(who.id, who.preferences, theme=theme)
    answer = redirect(own_path(request.form.get("next"), who.home))
    _keep(answer, theme)
    return answer


@blueprint.app_context_processor
def shown() -> dict[str, object]:
    """Return how a page looks: as somebody chose, else as this browser was last read in."""
    who = person()
    if who is not None:
        return {"prefs": who.preferences, "theme": who.preferences.theme}
    kept = request.cookies.get(COOKIE, "")
    return {"prefs": NOBODYS, "theme": kept if kept in THEMES else NOBODYS.theme}


@blueprint.after_app_request
def remember(answer: Response) -> Response:
    """Have the pages before the door look like those behind it, on every browser somebody uses."""
    if answer.mimetype != "text/html" or answer.status_code >= 300:  # noqa: PLR2004 - a page
        return answer
    who = person()
    if who is not None and request.cookies.get(COOKIE, NOBODYS.theme) != who.preferences.theme:
        _keep(answer, who.preferences.theme)
    return answer


def _keep(answer: Any, theme: str) -> None:
    is_secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    answer.set_cookie(
        COOKIE, theme, max_age=COOKIE_SECONDS, secure=is_secure, httponly=True, samesite="Lax"
    )
