"""The second factor: codes from an app (RFC 6238), each good once, and recovery codes.

All work in the open transaction.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from uuid import UUID

import pyotp
from flask import current_app
from sqlalchemy import delete, func, insert, select, update

from app.accounts.contract import OPS_ROLES, Person
from app.accounts.mails import tell
from app.accounts.models import Passkey, RecoveryCode, Session, User
from app.accounts.sessions import actor_of, renew
from app.audit.service import record
from app.extensions import db
from app.shared import clock, signed
from app.shared.errors import Conflict, NotAllowed

# A phone's clock may be half a minute off either way (ASVS 5.0 6.5.5: as short as can be).
DRIFT_STEPS = 1
STEP_SECONDS, CODE_DIGITS = 30, 6
RECOVERY_CODES = 10


def pending_seed(person: Person) -> str:
    """Return the seed somebody is enrolling, made on the first look and kept until confirmed."""
    sealed = db.session.scalar(select(Session.pending_seed).where(Session.id == person.session_id))
    if sealed:
        return signed.unseal(sealed)
    seed = pyotp.random_base32()
    _set_pending(person, signed.seal(seed))
    return seed


def _set_pending(person: Person, sealed: str | None) -> None:
    mine = Session.id == person.session_id
    db.session.execute(update(Session).where(mine).values(pending_seed=sealed))


def provisioning_uri(person: Person, seed: str, issuer: str) -> str:
    """Return what an authenticator app reads from the square code."""
    return pyotp.TOTP(seed).provisioning_uri(name=person.email, issuer_name=issuer)


def require_proof(person: Person) -> None:
    """Hold somebody's account, and refuse a session that has not shown the factor it has by now.

    A request may have been let through before its owner enrolled one elsewhere.
    """
    held = select(User.totp_seed).where(User.id == person.id).with_for_update()
    has_app = db.session.scalar(held) is not None
    keys = select(func.count()).select_from(Passkey).where(Passkey.user_id == person.id)
    mine = select(Session.proven_at).where(Session.id == person.session_id)
    if (has_app or db.session.scalar(keys)) and db.session.scalar(mine) is None:
        raise NotAllowed("This account has a second factor by now. Sign in again and show it.")


def confirm_seed(person: Person, code: str) -> tuple[str, list[str]] | None:
    """Make the pending seed somebody's factor if the code is right.

    Return the session's new token and the recovery codes, shown this once.
    """
    require_proof(person)
    seed = pending_seed(person)
    step = _step_of(seed, code, clock.machine_now(), None)
    if step is None:
        return None
    db.session.execute(
        update(User).where(User.id == person.id).values(totp_seed=signed.seal(seed), totp_step=step)
    )
    _set_pending(person, None)
    codes = _new_codes(person.id)
    record("factor_enrolled", actor_of(person))
    tell("account_factor_added", person)
    return renew(person, is_proven=True), codes


def has_app(user_id: UUID) -> bool:
    """Return whether somebody's second factor is an app's code."""
    return db.session.scalar(select(User.totp_seed).where(User.id == user_id)) is not None


def takes(user_id: UUID, code: str) -> bool:
    """Return whether a code is right, of an app or of recovery; it never is again."""
    squeezed = "".join(code.split()).replace("-", "").upper()
    if squeezed.isdecimal() and len(squeezed) == CODE_DIGITS:
        return _takes_step(user_id, squeezed)
    used = db.session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.hash == _code_hash(squeezed),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=clock.machine_now())
        .returning(RecoveryCode.hash)
    )
    return used.first() is not None


def _takes_step(user_id: UUID, code: str) -> bool:
    # The row's lock lets one of two who send the same code at once be first.
    user = db.session.execute(
        select(User.totp_seed, User.totp_step).where(User.id == user_id).with_for_update()
    ).one()
    if user.totp_seed is None:
        return False
    step = _step_of(signed.unseal(user.totp_seed), code, clock.machine_now(), user.totp_step)
    if step is not None:
        db.session.execute(update(User).where(User.id == user_id).values(totp_step=step))
    return step is not None


def _step_of(seed: str, code: str, now: datetime, last: int | None) -> int | None:
    """Return the time step a code belongs to: near now, and later than the last one taken."""
    app, current = pyotp.TOTP(seed), int(now.timestamp()) // STEP_SECONDS
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        is_new = last is None or step > last
        if is_new and hmac.compare_digest(app.generate_otp(step), code.strip()):
            return step
    return None


def codes_left(user_id: UUID) -> int:
    """Return how many recovery codes are still good."""
    unused = RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None)
    return db.session.scalar(select(func.count()).select_from(RecoveryCode).where(*unused)) or 0


def renew_recovery_codes(person: Person) -> list[str]:
    """Return ten new recovery codes, shown this once; the old ones are dead."""
    if not has_app(person.id):
        raise Conflict("Recovery codes stand in for an app's codes; set up the app first.")
    codes = _new_codes(person.id)
    record("recovery_codes_renewed", actor_of(person))
    tell("account_recovery_codes", person)
    return codes


def _new_codes(user_id: UUID) -> list[str]:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    # 80 bits each: a plain hash is enough, nobody tries them all.
    words = [secrets.token_hex(10).upper() for _ in range(RECOVERY_CODES)]
    rows = [{"user_id": user_id, "hash": _code_hash(word)} for word in words]
    db.session.execute(insert(RecoveryCode), rows)
    return ["-".join(word[i : i + 5] for i in range(0, 20, 5)) for word in words]


def _code_hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def remove_factor(person: Person) -> str:
    """Take somebody's second factor away; return the session's new token."""
    if person.role in OPS_ROLES and current_app.config["NEEDS_SECOND_FACTOR"]:
        raise NotAllowed("Ops need a second factor. Set up another one instead.")
    forget(person.id)
    record("factor_removed", actor_of(person))
    tell("account_factor_removed", person)
    return renew(person, is_proven=False)


def forget(user_id: UUID) -> None:
    """Drop every second factor of somebody."""
    db.session.execute(
        update(User).where(User.id == user_id).values(totp_seed=None, totp_step=None)
    )
    for kept in (RecoveryCode, Passkey):
        db.session.execute(delete(kept).where(kept.user_id == user_id))


def reseal() -> int:
    """Seal every seed with the newest field key; return how many. Safe to do again."""
    sealed = db.session.execute(
        select(User.id, User.totp_seed).where(User.totp_seed.is_not(None)).with_for_update()
    ).all()
    for row in sealed:
        anew = signed.seal(signed.unseal(row.totp_seed))
        db.session.execute(update(User).where(User.id == row.id).values(totp_seed=anew))
    return len(sealed)
