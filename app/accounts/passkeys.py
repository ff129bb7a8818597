"""Passkeys (WebAuthn): a key that a person's device keeps, and uses for our own address only.

A challenge is good once and for minutes. What begins and finishes opens its own transactions: a
challenge is spent, and committed, before its answer is judged.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from flask import current_app
from sqlalchemy import Row, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.accounts import factors, throttle
from app.accounts.contract import OPS_ROLES, Origin, Person, Stage
from app.accounts.mails import tell
from app.accounts.models import Passkey, Session
from app.accounts.sessions import actor_of, open_session, renew
from app.audit.contract import Actor, nobody
from app.audit.service import record
from app.extensions import db
from app.shared import clock, ids
from app.shared.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.shared.work import ACCOUNTS, transaction

CHALLENGE_BYTES, CHALLENGE_LIVES = 32, timedelta(minutes=5)
# More are not one person's devices any more.
MOST = 20
# The browser asks its owner for a finger, a face or a code: so a passkey is both factors.
ASKED = AuthenticatorSelectionCriteria(
    resident_key=ResidentKeyRequirement.REQUIRED,
    user_verification=UserVerificationRequirement.REQUIRED,
)
# What the library raises for an answer that is wrong, and for one that cannot even be read.
UNREADABLE = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError)

OWNER = text(
    "SELECT p.id, p.user_id, p.public_key, p.sign_count, u.name, u.vendor_id FROM passkeys p"
    " JOIN users u ON u.id = p.user_id LEFT JOIN vendors v ON v.id = u.vendor_id"
    " WHERE p.credential_id = :id AND u.is_active AND v.status IS DISTINCT FROM 'closed'"
    " FOR UPDATE OF p"
)
LISTED = text(
    "SELECT id, name, created_at, used_at FROM passkeys WHERE user_id = :id ORDER BY created_at, id"
)
SPEND = text(
    "INSERT INTO throttles (bucket, failures, last_at) VALUES (:bucket, 1, :now)"
    " ON CONFLICT (bucket) DO NOTHING RETURNING bucket"
)


def _home() -> tuple[str, str]:
    """Return the host that passkeys are bound to, and the origin their browsers must name."""
    ours = urlsplit(current_app.config["PUBLIC_URL"])
    return ours.hostname or "", f"{ours.scheme}://{ours.netloc}"


def are_offered() -> bool:
    """Return whether browsers keep passkeys for our host; for a bare IP address none does."""
    try:
        ipaddress.ip_address(_home()[0])
    except ValueError:
        return True
    return False


def passkeys_of(user_id: UUID) -> Sequence[Row[Any]]:
    """Return somebody's passkeys, the oldest first; in the open transaction."""
    return db.session.execute(LISTED, {"id": user_id}).all()


# Challenges -----------------------------------------------------------------------------------


def _new_challenge() -> tuple[bytes, str]:
    """Return a challenge, and how it is kept: with the second after which it is no good."""
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    until = clock.machine_now() + CHALLENGE_LIVES
    return challenge, f"{bytes_to_base64url(challenge)} {int(until.timestamp())}"


def _read_challenge(kept: str | None, now: datetime) -> bytes | None:
    words, _, until = (kept or "").partition(" ")
    if not until.isdecimal() or int(until) < now.timestamp():
        return None
    return base64url_to_bytes(words)


def _spend(kept: str | None) -> bytes | None:
    """Return a signed challenge that is spent with this; a browser's cookie may come twice."""
    now = clock.machine_now()
    challenge = _read_challenge(kept, now)
    if challenge is None:
        return None
    bucket = f"passkey challenge {hashlib.sha256(challenge).hexdigest()[:32]}"
    with transaction(ACCOUNTS):
        is_first = db.session.execute(SPEND, {"bucket": bucket, "now": now}).first()
    return challenge if is_first else None


# A new passkey --------------------------------------------------------------------------------


def begin_registration(person: Person, marketplace: str) -> str:
    """Return, as JSON, what a browser needs to make a passkey for somebody."""
    challenge, kept = _new_challenge()
    with transaction(ACCOUNTS):
        known = db.session.scalars(
            select(Passkey.credential_id).where(Passkey.user_id == person.id)
        ).all()
        if len(known) >= MOST:
            raise Conflict(f"You have {MOST} passkeys. Remove one that you do not use any more.")
        mine = Session.id == person.session_id
        db.session.execute(update(Session).where(mine).values(challenge=kept))
    options = webauthn.generate_registration_options(
        rp_id=_home()[0],
        rp_name=marketplace,
        user_id=person.id.bytes,
        user_name=person.email,
        user_display_name=person.name,
        challenge=challenge,
        authenticator_selection=ASKED,
        exclude_credentials=[PublicKeyCredentialDescriptor(id=key) for key in known],
    )
    return webauthn.options_to_json(options)


def _take_challenge(person: Person) -> bytes | None:
    """Return the challenge of somebody's session and forget it."""
    mine = Session.id == person.session_id
    with transaction(ACCOUNTS):
        kept = db.session.scalar(select(Session.challenge).where(mine).with_for_update())
        db.session.execute(update(Session).where(mine).values(challenge=None))
    return _read_challenge(kept, clock.machine_now())


def finish_registration(person: Person, credential: Mapping[str, Any], name: str) -> str:
    """Keep the passkey a browser made; return the session's new token."""
    challenge = _take_challenge(person)
    made = _registered(credential, challenge) if challenge else None
    if made is None:
        raise InvalidInput("The passkey was not taken: it came too late or not from here.")
    values = {
        "id": ids.new(),
        "user_id": person.id,
        "name": name,
        "public_key": made.credential_public_key,
    }
    with transaction(ACCOUNTS):
        factors.require_proof(person)
        try:
            db.session.execute(
                insert(Passkey).values(
                    **values,
                    credential_id=made.credential_id,
                    sign_count=made.sign_count,
                    created_at=clock.machine_now(),
                )
            )
        except IntegrityError:
            raise Conflict("This passkey is known already.") from None
        record("passkey_added", actor_of(person))
        tell("account_factor_added", person)
        return renew(person, is_proven=True)


def _registered(credential: Mapping[str, Any], challenge: bytes) -> Any:
    host, origin = _home()
    try:
        return webauthn.verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=host,
            expected_origin=origin,
            require_user_verification=True,
        )
    except UNREADABLE:
        return None


def remove(person: Person, passkey_id: UUID) -> str:
    """Forget a passkey; return the session's new token. In the open transaction."""
    _require_another_factor(person)
    mine = Passkey.id == passkey_id, Passkey.user_id == person.id
    if db.session.execute(delete(Passkey).where(*mine).returning(Passkey.id)).first() is None:
        raise NotFound("This passkey is removed already.")
    record("passkey_removed", actor_of(person))
    tell("account_factor_removed", person)
    return renew(person)


def _require_another_factor(person: Person) -> None:
    if person.role not in OPS_ROLES or not current_app.config["NEEDS_SECOND_FACTOR"]:
        return
    theirs = Passkey.user_id == person.id
    others = db.session.scalar(select(func.count()).select_from(Passkey).where(theirs)) or 0
    if others < 2 and not factors.has_app(person.id):  # noqa: PLR2004 - this one and another
        raise NotAllowed("Ops need a second factor. Set up an app or another passkey first.")


# Signing in -----------------------------------------------------------------------------------


def begin_sign_in() -> tuple[str, str]:
    """Return, as JSON, what a browser needs to use a passkey, and the challenge to be kept.

    Nobody has a session yet, so the browser keeps it, signed.
    """
    challenge, kept = _new_challenge()
    options = webauthn.generate_authentication_options(
        rp_id=_home()[0],
        challenge=challenge,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options), kept


def finish_sign_in(
    credential: Mapping[str, Any], kept: str | None, origin: Origin, person: Person | None = None
) -> str | None:
    """Return the token of a session if the passkey's answer is right: it is both factors.

    `person` is who has signed in here already: their session comes to mean more, and nobody
    else's passkey speaks for them. Raises TooMany.
    """
    buckets = {f"passkey address {throttle.place(origin.address)}": throttle.ADDRESS}
    throttle.admit(buckets)
    challenge = _spend(kept)
    with transaction(ACCOUNTS):
        row = _owner(credential)
        count = _sign_count(credential, challenge, row) if challenge and row else None
        is_theirs = person is not None and row is not None and person.id == row.user_id
        is_others = person is not None and person.stage is Stage.IN and not is_theirs
        action = "confirmed" if is_theirs else "signed_in"
        if row is None or count is None or is_others:
            record(action, _actor(row, origin), is_done=False)
            return None
        throttle.forgive(buckets)
        now = clock.machine_now()
        used = update(Passkey).where(Passkey.id == row.id)
        db.session.execute(used.values(sign_count=count, used_at=now))
        record(action, _actor(row, origin), by="passkey")
        if person is not None and is_theirs:
            return renew(person, is_proven=True, is_confirmed=True)
        return open_session(row.user_id, origin, is_proven=True)


def _owner(credential: Mapping[str, Any]) -> Row[Any] | None:
    """Return whose passkey this is, held until the transaction ends: its count only grows."""
    try:
        name = base64url_to_bytes(credential["rawId"])
    except UNREADABLE:
        return None
    return db.session.execute(OWNER, {"id": name}).first()


def _sign_count(credential: Mapping[str, Any], challenge: bytes, row: Row[Any]) -> int | None:
    host, origin = _home()
    try:
        shown = webauthn.verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=host,
            expected_origin=origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except UNREADABLE:
        return None
    return shown.new_sign_count


def _actor(row: Row[Any] | None, origin: Origin) -> Actor:
    if row is None:
        return nobody(origin.address)
    return Actor("person", row.name, row.user_id, row.vendor_id, origin.address)
