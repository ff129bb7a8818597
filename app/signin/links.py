"""What links from mails open: a new password, an invitation, another e-mail address."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Row

from app.accounts import links, words
from app.doors.guard import let_out, origin, person
from app.shared.errors import NotFound
from app.shared.language import _
from app.shared.work import ACCOUNTS, transaction
from app.signin.forms import Accept, AskReset, Follow, NewPassword
from app.signin.page import blueprint, dead_link, enter
from app.web.forms import page_of, refusals

# Queueing a mail takes some milliseconds that queueing none does not: neither is answered sooner.
ANSWER_AFTER_SECONDS = 0.1


@contextmanager
def _no_sooner() -> Iterator[None]:
    """Let a block take its time, so that how long it took tells nothing of what it did."""
    ready_at = time.monotonic() + ANSWER_AFTER_SECONDS
    yield
    time.sleep(max(0.0, ready_at - time.monotonic()))


def _read(purpose: str, token: str) -> Row[Any] | None:
    with transaction(ACCOUNTS):
        return links.read_link(purpose, token)


@blueprint.route("/reset", methods=["GET", "POST"])
def ask_reset() -> ResponseReturnValue:
    """Send a link for a new password; the answer is the same whether anybody has the address."""
    form = AskReset()
    with refusals(form):
        if form.validate_on_submit():
            with _no_sooner():
                links.ask_reset(form.email.data, origin())
            return render_template("signin/asked.html", email=form.email.data)
    return page_of(form, "signin/ask_reset.html")


@blueprint.route("/reset/<token>", methods=["GET", "POST"])
def reset(token: str) -> ResponseReturnValue:
    """Let whoever got the mail choose a new password."""
    link, form = _read("reset", token), NewPassword()
    if link is None:
        return dead_link("reset")
    try:
        with refusals(form):
            if form.validate_on_submit():
                with transaction(ACCOUNTS):
                    links.reset(token, form.password.data, origin())
                let_out()
                flash(_("Your password is changed. Sign in with the new one."), "good")
                return redirect(url_for("signin.signin"))
    except NotFound:
        return dead_link("reset")
    return page_of(form, "signin/reset.html", email=link.user_email)


@blueprint.route("/invitation/<token>", methods=["GET", "POST"])
def invitation(token: str) -> ResponseReturnValue:
    """Say who invites to what, and make the account."""
    link = _read("invitation", token)
    if link is None:
        return dead_link("invitation")
    form = Accept(name=link.name)
    try:
        with refusals(form):
            if form.validate_on_submit():
                with transaction(ACCOUNTS):
                    key = links.accept(token, form.name.data, form.password.data, origin())
                return enter(key)
    except NotFound:
        return dead_link("invitation")
    role, what = words.role(link.role), words.sentences()[link.role]
    return page_of(form, "signin/invitation.html", link=link, role=role, what=what)


@blueprint.route("/account/email/<token>", methods=["GET", "POST"])
def confirm_email(token: str) -> ResponseReturnValue:
    """Move an account to the address this link was sent to; looking at it changes nothing."""
    link, form = _read("email", token), Follow()
    if link is None:
        return dead_link("email")
    try:
        with refusals(form):
            if form.validate_on_submit():
                with transaction(ACCOUNTS):
                    links.confirm_email(token, origin())
                flash(_("You sign in with {email} from now on.", email=link.email), "good")
                return redirect(url_for("signin.account" if person() else "signin.signin"))
    except NotFound:
        return dead_link("email")
    return page_of(form, "signin/confirm_email.html", link=link)
