"""Where a webhook may go, how it is signed, and when it is tried again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import SplitResult, urlsplit

from app.shared.errors import InvalidInput
from app.shared.language import _, later
from app.webhooks.contract import EVENTS

# How long each failure is waited after: the schedule that Standard Webhooks proposes, three days.
WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
MOST_ATTEMPTS = len(WAITS) + 1
# While an endpoint cannot be reached at all, what else waits for it waits this long.
COOL_DOWN = timedelta(minutes=1)
# After a change of the secret the one before signs along for this long.
OVERLAP = timedelta(hours=24)
LONGEST_URL = 500
PREFIX = "whsec_"
# A name as DNS has it, whose last part is no number: no spelling of an address (127.1, 0x7f.1).
NAME = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])\Z",
    re.IGNORECASE | re.ASCII,
)
HTTPS = 443
LOOPBACK = ("127.0.0.1", "localhost")


def require_url(url: str, *, is_strict: bool) -> str:
    """Return an endpoint's address as it is kept; InvalidInput says what is wrong with it."""
    problem = _problem(url, is_strict=is_strict)
    if problem:
        raise InvalidInput(_("Nothing was saved."), url=problem)
    return url


def _problem(url: str, *, is_strict: bool) -> str | None:
    parts, port = _parts(url)
    if parts is None or not url.isascii() or not url.isprintable() or " " in url:
        return _("This is no address. Write it like https://example.com/onward.")
    host = parts.hostname or ""
    is_here = not is_strict and host in LOOPBACK
    is_safe = parts.scheme == "https" or (is_here and parts.scheme == "http")
    wrong = (
        (len(url) > LONGEST_URL, later("It is too long.")),
        (
            "@" in parts.netloc or "#" in url or "\\" in url,
            later("Leave names, passwords and what follows a # out of the address."),
        ),
        (not is_safe, later("Use an address that begins with https://.")),
        (
            port not in {None, HTTPS} and not is_here,
            later("Leave the port out: only 443, that of https, is called."),
        ),
        (
            not (is_here or NAME.match(host)),
            later("Name a host by its name on the internet, like example.com."),
        ),
    )
    return next((_(words) for is_wrong, words in wrong if is_wrong), None)


def _parts(url: str) -> tuple[SplitResult | None, int | None]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None, None
    try:
        return parts, parts.port
    except ValueError:
        return parts, 0


def require_kinds(kinds: Sequence[str]) -> list[str]:
    """Return the events that an endpoint hears of, in our order; InvalidInput without any."""
    wanted = [name for name in EVENTS if name in set(kinds)]
    if not wanted or len(wanted) != len(set(kinds)):
        told = _("Choose at least one of these events.")
        raise InvalidInput(_("Nothing was saved."), kinds=told)
    return wanted


def secret_of(key: bytes) -> str:
    """Return a signing key as people copy it."""
    return PREFIX + base64.b64encode(key).decode()


def signature(secrets: Sequence[str], name: str, stamp: int, body: bytes) -> str:
    """Return the signatures of a delivery, one a secret, as Standard Webhooks writes them."""
    signed = f"{name}.{stamp}.".encode() + body
    return " ".join(f"v1,{_mac(secret, signed)}" for secret in secrets)


def _mac(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def is_taken(status: int | None) -> bool:
    """Return whether an answer says that the delivery is taken."""
    return status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def is_gone(status: int | None) -> bool:
    """Return whether an answer says that nobody wants anything here any more."""
    return status == HTTPStatus.GONE


def wait_after(attempts: int) -> timedelta | None:
    """Return how long to wait after so many failures; None: that was the last attempt."""
    return WAITS[attempts - 1] if attempts < MOST_ATTEMPTS else None
