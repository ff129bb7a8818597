"""What the pages of the door share: their blueprint, and where somebody goes on to."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.accounts.contract import Person, Stage
from app.doors.guard import let_in
from app.web.paging import own_path

blueprint = Blueprint("signin", __name__)


def me() -> Person:
    """Return who has signed in; the guard has let nobody else this far."""
    who: Person = current_user._get_current_object()  # noqa: SLF001 - the person behind the proxy
    return who


def wanted() -> str:
    """Return where somebody was on their way to, nothing if that is no path of ours."""
    return own_path(request.values.get("next"), "")


def let_on(token: str, onward: str) -> str:
    """Let somebody in who showed something; return where they go, maybe to what is still asked."""
    who = let_in(token)
    if who.stage is Stage.CODE:
        return url_for("signin.code", next=onward or None)
    if who.stage is Stage.ENROL:
        return url_for("signin.second_factor")
    return onward or who.home


def enter(token: str) -> ResponseReturnValue:
    """Let somebody in and send them on."""
    return redirect(let_on(token, wanted()))


def dead_link(purpose: str) -> Response:
    """Return the one page of every link that opens nothing, whatever the reason."""
    return make_response(render_template("signin/dead.html", purpose=purpose), 404)
