"""The front door: the start page, signing in by password and code, and signing out."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.accounts import factors, passkeys, sessions, sign_in
from app.accounts.contract import Stage
from app.doors.guard import let_out, origin, person
from app.shared.clock import machine_now
from app.shared.language import _, later
from app.shared.work import ACCOUNTS, transaction
from app.signin.forms import Code, Confirm, SignIn
from app.signin.page import blueprint, enter, me, wanted
from app.web import health, words
from app.web.forms import page_of, refusals

# One sentence for both, so that nobody learns which addresses have accounts.
WRONG_PAIR = later("No account has this e-mail and this password. Check both and try again.")
WRONG_CODE = later("This code is wrong, or it was used already. Enter another one.")
WRONG_PROOF = later("This is not your password.")
WRONG_PROOFS = later("The password or the code is wrong. Enter both again.")


@blueprint.get("/")
def start() -> str:
    """Show what this is, the doors, and how the platform is."""
    return render_template("start.html", health=_health())


def _health() -> dict[str, str]:
    found = health.parts()
    ill = [part.name for part in found if not part.is_well]
    at = f"{words.when(machine_now())} {words.zone_name()}"
    if ill:
        told = _("{ill} of {all} parts are not running", ill=len(ill), all=len(found))
        return {"tone": "warn", "words": told, "sentence": f"{', '.join(ill)} · {at}"}
    told = _("All {all} parts are running", all=len(found))
    return {"tone": "good", "words": told, "sentence": at}


@blueprint.route("/signin", methods=["GET", "POST"])
def signin() -> ResponseReturnValue:
    """Ask who somebody is; whoever is known already goes straight on."""
    if current_user.is_authenticated:
        return redirect(wanted() or me().home)
    form = SignIn()
    with refusals(form):
        if form.validate_on_submit():
            token = sign_in.by_password(form.email.data, form.password.data, origin())
            if token is not None:
                return enter(token)
            form.form_errors.append(WRONG_PAIR)
    return page_of(form, "signin/signin.html", next=wanted(), passkeys=passkeys.are_offered())


@blueprint.route("/signin/code", methods=["GET", "POST"])
def code() -> ResponseReturnValue:
    """Ask for the second factor: a code of an app or of recovery, or a passkey."""
    form, who = Code(), me()
    with refusals(form):
        if form.validate_on_submit():
            token = sign_in.by_code(who, form.code.data, origin())
            if token is not None:
                return enter(token)
            form.code.errors = [WRONG_CODE]
    with transaction(ACCOUNTS):
        has_app = factors.has_app(who.id)
    return page_of(
        form,
        "signin/code.html",
        has_app=has_app,
        passkeys=passkeys.are_offered(),
        is_recovery="recovery" in request.args,
        next=wanted(),
    )


@blueprint.route("/signin/confirm", methods=["GET", "POST"])
def confirm() -> ResponseReturnValue:
    """Ask somebody again who they are, before what is sensitive."""
    form, who = Confirm(), me()
    with transaction(ACCOUNTS):
        has_app = factors.has_app(who.id)
    if not has_app:
        del form.code
    # A password alone never stands in for a passkey.
    is_by_passkey = who.has_factor and not has_app
    with refusals(form):
        if form.validate_on_submit() and not is_by_passkey:
            shown = form.code.data if has_app else ""
            token = sign_in.confirm(who, form.password.data, shown, origin())
            if token is not None:
                return enter(token)
            form.form_errors.append(WRONG_PROOFS if has_app else WRONG_PROOF)
    offers_passkey = passkeys.are_offered() and who.has_factor
    return page_of(
        form,
        "signin/confirm.html",
        next=wanted(),
        passkeys=offers_passkey,
        is_by_passkey=is_by_passkey,
    )


@blueprint.post("/signout")
def signout() -> ResponseReturnValue:
    """End the session of this browser."""
    who = person()
    was_in = who is not None and who.stage is Stage.IN
    if who is not None:
        with transaction(ACCOUNTS):
            sessions.sign_out(who)
    let_out()
    if was_in:
        flash(_("You are signed out."), "good")
    return redirect(url_for("signin.signin"))
