"""Secrets made of the installation's keys: links nobody can guess, and fields that are sealed.

Keys rotate: what is new is made with the newest, what older keys made is still known.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import current_app
from itsdangerous import BadData, URLSafeSerializer


def _keys(name: str) -> list[str]:
    """Return a setting's keys, the newest first."""
    return [current_app.config[name], *current_app.config[f"{name}_FALLBACKS"]]


def _signer(purpose: str, keys: list[str] | None = None) -> URLSafeSerializer:
    # itsdangerous signs with the last key and knows them all; a purpose's words fit no other's.
    known = keys or list(reversed(_keys("SECRET_KEY")))
    return URLSafeSerializer(known, salt=f"onward {purpose}", signer_kwargs=SIGNER)


SIGNER = {"key_derivation": "hmac", "digest_method": hashlib.sha256}


def token(purpose: str, name: UUID) -> str:
    """Return what opens something of this purpose and name; nothing that is stored does."""
    return str(_signer(purpose).dumps(name.hex))


def name_in(purpose: str, words: str | None) -> UUID | None:
    """Return the name a token of ours carries; nothing for any other word."""
    try:
        name = UUID(_signer(purpose).loads(words or ""))
    except (BadData, ValueError, TypeError, AttributeError):
        return None
    # A signature has many spellings that decode alike; what we made has one.
    made = [_signer(purpose, [key]).dumps(name.hex) for key in _keys("SECRET_KEY")]
    is_ours = any(hmac.compare_digest(str(word), str(words)) for word in made)
    return name if is_ours else None


def seal(words: str) -> str:
    """Return words encrypted with the newest field key."""
    return _box().encrypt(words.encode()).decode()


def unseal(sealed: str) -> str:
    """Return what was sealed with any of the field keys; ValueError names the cure."""
    try:
        return _box().decrypt(sealed).decode()
    except InvalidToken:
        message = "A field was sealed with a key that is neither FIELD_KEY nor a fallback of it."
        raise ValueError(message) from None


def _box() -> MultiFernet:
    return MultiFernet([Fernet(_field_key(key)) for key in _keys("FIELD_KEY")])


def _field_key(key: str) -> bytes:
    # The key is long and random, so a plain hash stretches it to what Fernet takes.
    return base64.urlsafe_b64encode(hashlib.sha256(f"onward field {key}".encode()).digest())
