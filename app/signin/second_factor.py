"""The second factor: an app's codes, and the recovery codes that stand in for it."""

from __future__ import annotations

from itertools import groupby
from textwrap import wrap

import segno
from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts import factors, passkeys
from app.accounts.contract import Person, Stage
from app.doors.guard import let_in
from app.policies import marketplace
from app.shared.language import _, later
from app.shared.work import ACCOUNTS, transaction
from app.signin.forms import Enrol
from app.signin.page import blueprint, me
from app.web.forms import page_of

WRONG_CODE = later("This is not the code the app shows now. Wait for the next one and enter that.")


@blueprint.route("/account/second-factor", methods=["GET", "POST"])
def second_factor() -> ResponseReturnValue:
    """Set up an app for codes; whoever has one sees how it stands, and may set up another."""
    form, who = Enrol(), me()
    if form.validate_on_submit():
        with transaction(ACCOUNTS):
            enrolled = factors.confirm_seed(who, form.code.data)
        if enrolled is not None:
            token, codes = enrolled
            return _codes_once(let_in(token), codes)
        form.code.errors = [WRONG_CODE]
    with transaction(ACCOUNTS):
        has_app, left = factors.has_app(who.id), factors.codes_left(who.id)
    if has_app and request.method == "GET" and "another" not in request.args:
        return make_response(render_template("signin/second_factor.html", codes_left=left))
    return _enrolment(form, who, has_app=has_app)


def _enrolment(form: Enrol, who: Person, *, has_app: bool) -> Response:
    with transaction(ACCOUNTS):
        seed = factors.pending_seed(who)
    uri = factors.provisioning_uri(who, seed, marketplace.current().document.name)
    return page_of(
        form,
        "signin/enrol.html",
        uri=uri,
        square=square(uri),
        groups=wrap(seed, 4),
        is_forced=who.stage is Stage.ENROL,
        has_app=has_app,
        offers_passkeys=passkeys.are_offered(),
    )


def square(words: str) -> dict[str, object]:
    """Return a square code as the path of a drawing: each row's dark runs, one unit high."""
    matrix = segno.make(words, error="m", micro=False).matrix
    runs = []
    for y, row in enumerate(matrix):
        x = 0
        for is_dark, cells in groupby(row):
            width = len(list(cells))
            if is_dark:
                runs.append(f"M{x} {y}h{width}v1h-{width}z")
            x += width
    return {"size": len(matrix), "path": "".join(runs)}


def _codes_once(who: Person, codes: list[str]) -> Response:
    """Show recovery codes in the answer itself: nothing keeps them for a second look."""
    return make_response(render_template("signin/codes.html", codes=codes, onward=who.home))


@blueprint.post("/account/recovery-codes")
def recovery_codes() -> ResponseReturnValue:
    """Make new recovery codes; the old ones are dead."""
    with transaction(ACCOUNTS):
        codes = factors.renew_recovery_codes(me())
    return _codes_once(me(), codes)


@blueprint.post("/account/second-factor/remove")
def remove_factor() -> ResponseReturnValue:
    """Take every second factor away, where the marketplace does not insist on one."""
    with transaction(ACCOUNTS):
        token = factors.remove_factor(me())
    let_in(token)
    flash(_("The second factor is off. Your password alone opens your account now."), "warn")
    return redirect(url_for("signin.account"))
