"""One's own account: name, e-mail and password."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.accounts import factors, links, passkeys, people, sessions, sign_in, words
from app.accounts.models import User
from app.doors.guard import let_in, origin
from app.extensions import db
from app.shared.language import _
from app.shared.work import ACCOUNTS, transaction
from app.signin.devices import device
from app.signin.forms import ChangePassword, Email, Name
from app.signin.page import blueprint, me
from app.web.forms import page_of, refusals


@blueprint.get("/account")
def account() -> ResponseReturnValue:
    """Show what somebody's account is and how it is kept safe."""
    return _account(Name(name=me().name))


def _account(form: Name) -> ResponseReturnValue:
    who = me()
    with transaction(ACCOUNTS):
        changed_at = db.session.scalar(select(User.password_changed_at).where(User.id == who.id))
        has_app, codes_left = factors.has_app(who.id), factors.codes_left(who.id)
        keys, open_ones = passkeys.passkeys_of(who.id), sessions.sessions_of(who.id)
    here = next((device(row.user_agent) for row in open_ones if row.id == who.session_id), None)
    return page_of(
        form,
        "signin/account.html",
        role=words.role(who.role),
        password_changed_at=changed_at,
        has_app=has_app,
        codes_left=codes_left,
        passkeys=keys,
        offers_passkeys=passkeys.are_offered(),
        here=here,
        others=len(open_ones) - 1,
    )


@blueprint.post("/account/name")
def change_name() -> ResponseReturnValue:
    """Change how somebody is called."""
    form = Name()
    if not form.validate_on_submit():
        return _account(form)
    with transaction(ACCOUNTS):
        people.change_name(me(), form.name.data)
    flash(_("Your name is changed."), "good")
    return redirect(url_for("signin.account"))


@blueprint.route("/account/email", methods=["GET", "POST"])
def change_email() -> ResponseReturnValue:
    """Send a link to a new address; until it is opened, nothing changes."""
    form = Email()
    with refusals(form):
        if form.validate_on_submit():
            with transaction(ACCOUNTS):
                links.change_email(me(), form.email.data)
            flash(
                _(
                    "Open the link in the mail to {email} within 30 minutes."
                    " Until then nothing changes.",
                    email=form.email.data,
                ),
                "info",
            )
            return redirect(url_for("signin.account"))
    return page_of(form, "signin/change_email.html")


@blueprint.route("/account/password", methods=["GET", "POST"])
def change_password() -> ResponseReturnValue:
    """Change the password, which takes the current one."""
    form, who = ChangePassword(), me()
    with refusals(form):
        if form.validate_on_submit():
            current, new, is_alone = form.current.data, form.password.data, form.end_others.data
            let_in(
                sign_in.change_password(
                    who, current, new, end_others=bool(is_alone), origin=origin()
                )
            )
            told = _("Your password is changed.")
            if is_alone:
                told = _("Your password is changed. You are signed out everywhere else.")
            flash(told, "good")
            return redirect(url_for("signin.account"))
    return page_of(form, "signin/change_password.html")
