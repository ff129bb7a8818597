"""Passkeys: what the browser's script asks for and brings back, as JSON."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, flash, jsonify, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from app.accounts import passkeys
from app.accounts.contract import Stage
from app.doors.guard import let_in, origin, person
from app.policies import marketplace
from app.shared.errors import InvalidInput, NotFound
from app.shared.language import _, later
from app.shared.work import ACCOUNTS, transaction
from app.signin.forms import Passkey
from app.signin.page import blueprint, let_on, me
from app.web.paging import own_path

# Where the browser keeps the challenge of somebody who has no session yet, signed.
KEPT = "passkey"
# A passkey's answer has a few hundred bytes; some send certificates along.
LARGEST = 64 * 1024
UNKNOWN = later("This passkey is not known here, or its answer came too late. Try again.")


def _told() -> dict[str, Any]:
    """Return what the script sent; passkeys that cannot be had are not spoken of."""
    if not passkeys.are_offered():
        raise NotFound(_("There are no passkeys under this address."))
    if (request.content_length or 0) > LARGEST:
        raise InvalidInput(_("This is no passkey."))
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}


def _credential(body: dict[str, Any]) -> dict[str, Any]:
    found = body.get("credential")
    return found if isinstance(found, dict) else {}


def _options(words: str) -> Response:
    return Response(words, mimetype="application/json")


@blueprint.post("/signin/passkey/options")
def passkey_options() -> ResponseReturnValue:
    """Begin to sign somebody in by passkey."""
    _told()
    options, session[KEPT] = passkeys.begin_sign_in()
    return _options(options)


@blueprint.post("/signin/passkey")
def passkey() -> ResponseReturnValue:
    """Sign in whoever's passkey it is, or show that it is still them."""
    body, kept = _told(), session.pop(KEPT, None)
    token = passkeys.finish_sign_in(_credential(body), kept, origin(), person())
    if token is None:
        raise InvalidInput(_(UNKNOWN))
    wanted = body.get("next")
    onward = own_path(wanted if isinstance(wanted, str) else None, "")
    return jsonify(next=let_on(token, onward))


@blueprint.post("/account/passkeys/options")
def new_passkey_options() -> ResponseReturnValue:
    """Begin to make a passkey."""
    _told()
    return _options(passkeys.begin_registration(me(), marketplace.current().document.name))


@blueprint.post("/account/passkeys")
def new_passkey() -> ResponseReturnValue:
    """Keep a new passkey."""
    body = _told()
    form = Passkey(MultiDict({"name": str(body.get("name", ""))}))
    if not form.validate():
        raise InvalidInput(_("The passkey was not kept."), name=" ".join(map(_, form.name.errors)))
    was_forced = me().stage is Stage.ENROL
    token = passkeys.finish_registration(me(), _credential(body), form.name.data)
    who = let_in(token)
    flash(_("The passkey is added. You can sign in with it from now on."), "good")
    return jsonify(next=who.home if was_forced else url_for("signin.account"))


@blueprint.post("/account/passkeys/<uuid:passkey_id>/remove")
def remove_passkey(passkey_id: UUID) -> ResponseReturnValue:
    """Forget a passkey."""
    with transaction(ACCOUNTS):
        token = passkeys.remove(me(), passkey_id)
    let_in(token)
    flash(_("The passkey is removed. Delete it on its device too."), "good")
    return redirect(url_for("signin.account"))
