"""The start page, signing in and signing out."""

from __future__ import annotations

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.accounts import sessions
from app.accounts.sign_in import by_password
from app.doors.guard import let_in, let_out, origin, person
from app.shared.clock import machine_now
from app.shared.work import ACCOUNTS, transaction
from app.signin.forms import SignIn
from app.web import health, words
from app.web.paging import own_path

blueprint = Blueprint("signin", __name__)
# One sentence for both, so that nobody learns which addresses have accounts.
WRONG_PAIR = "No account has this e-mail and this password. Check both and try again."
HOME = "/console/"


@blueprint.get("/")
def start() -> str:
    """Show what this is, the doors, and how the platform is."""
    return render_template("start.html", health=_health())


def _health() -> dict[str, str]:
    found = health.parts()
    ill = [part.name for part in found if not part.is_well]
    at = f"{words.when(machine_now())} {current_app.config['TZ_DEFAULT']}"
    if ill:
        told = f"{len(ill)} of {len(found)} parts are not running"
        return {"tone": "warn", "words": told, "sentence": f"{', '.join(ill)} · {at}"}
    return {"tone": "good", "words": f"All {len(found)} parts are running", "sentence": at}


@blueprint.route("/signin", methods=["GET", "POST"])
def signin() -> ResponseReturnValue:
    """Ask who somebody is; whoever is known already goes straight on."""
    form = SignIn()
    onward = own_path(request.values.get("next"), HOME)
    if current_user.is_authenticated:
        return redirect(onward)
    problem = None
    if form.validate_on_submit():
        token = by_password(form.email.data, form.password.data, origin())
        if token is not None:
            let_in(token)
            return redirect(onward)
        problem = WRONG_PAIR
    page = render_template("signin/signin.html", form=form, problem=problem, next=onward)
    return page, 422 if problem or form.errors else 200


@blueprint.post("/signout")
def signout() -> ResponseReturnValue:
    """End the session of this browser."""
    who = person()
    if who is not None:
        with transaction(ACCOUNTS):
            sessions.sign_out(who)
    let_out()
    return redirect(url_for("signin.signin"))
