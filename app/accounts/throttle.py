"""Wrong tries, counted in PostgreSQL: the loss of Valkey makes guessing no cheaper.

A try is counted, and committed, before it is judged: a hundred at once are a hundred tries.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from math import ceil
from uuid import UUID

from sqlalchemy import select, text

from app.accounts.contract import Origin
from app.accounts.models import Throttle
from app.accounts.rules import Brake, Tries, tried
from app.audit.contract import nobody
from app.audit.service import record
from app.extensions import db
from app.shared import bulk, clock
from app.shared.errors import TooMany
from app.shared.language import later
from app.shared.work import ACCOUNTS, transaction

QUARTER = timedelta(minutes=15)
# Guesses at one account from one address.
PAIR = Brake(free=5, longest=QUARTER)
# Guesses from one address at any account: an office shares one, so more are free.
ADDRESS = Brake(free=20, longest=QUARTER)
# Guesses at one account from anywhere: short waits, for the account's owner has them too.
ACCOUNT = Brake(free=10, longest=timedelta(minutes=1))
# Wrong tries in a browser that has signed in to this account before.
DEVICE = Brake(free=10, longest=QUARTER)
# Guesses at one account's second factor from anywhere: whoever guesses has the password already.
CODE = Brake(free=10, longest=timedelta(hours=1), first=timedelta(minutes=1))
# Mails that one address may be made to get, and that one person may send.
MAIL = Brake(free=3, longest=timedelta(hours=1), first=timedelta(minutes=1))
SENDER = Brake(free=30, longest=timedelta(hours=1), first=timedelta(minutes=1))

Buckets = Mapping[str, Brake]


def place(address: str) -> str:
    """Return what stands for an address: of IPv6 its /64, which one customer has to itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def account(name: str) -> str:
    """Return what stands for an account, whether it exists or not; no address is kept."""
    return hashlib.sha256(name.strip().lower().encode()).hexdigest()[:32]


def guesses(
    what: str, name: str, origin: Origin, *, device: UUID | None = None, whole: Brake = ACCOUNT
) -> Buckets:
    """Return what counts a guess at an account; `whole` slows guesses from everywhere together.

    A device that somebody has signed in with has a bucket of its own, so nobody elsewhere can lock
    its owner out (OWASP, Authentication Cheat Sheet: device cookies).
    """
    who, where = account(name), place(origin.address)
    if device is not None:
        return {f"{what} device {who} {device}": DEVICE}
    return {
        f"{what} pair {who} {where}": PAIR,
        f"{what} address {where}": ADDRESS,
        f"{what} account {who}": whole,
    }


def mails(email: str, sender: str) -> Buckets:
    """Return what counts a mail that somebody has sent to an address."""
    return {f"mail to {account(email)}": MAIL, f"mail from {sender}": SENDER}


def admit(buckets: Buckets) -> bool:
    """Count a try in a transaction of its own; see `count`."""
    with transaction(ACCOUNTS):
        return count(buckets)


def count(buckets: Buckets) -> bool:
    """Count a try, or raise TooMany for as long as its buckets are blocked.

    Return whether it used up what was free; what follows is slowed.
    """
    now = clock.machine_now()
    known = _lock(sorted(buckets))
    waits = [t.blocked_until for t in known.values() if t.blocked_until]
    longest = max(waits, default=now)
    if longest > now:
        seconds = ceil((longest - now).total_seconds())
        raise TooMany(later("There were too many tries."), seconds=seconds)
    found = {b: tried(known[b], brake, now) for b, brake in sorted(buckets.items())}
    bulk.update(Throttle, [{"bucket": b} | asdict(t) for b, t in found.items()], key="bucket")
    slowed = [b for b, tries in found.items() if tries.failures == buckets[b].free]
    for bucket in slowed:
        record("guessing_slowed", nobody(""), subject=bucket.rpartition(" ")[0])
    return bool(slowed)


def _lock(buckets: list[str]) -> dict[str, Tries]:
    blank = [{"bucket": b, "failures": 0, "last_at": clock.machine_now()} for b in buckets]
    bulk.insert(Throttle, blank, conflict="ON CONFLICT (bucket) DO NOTHING")
    rows = db.session.scalars(
        select(Throttle).where(Throttle.bucket.in_(buckets)).order_by("bucket").with_for_update()
    )
    return {r.bucket: Tries(r.failures, r.last_at, r.blocked_until) for r in rows}


def forgive(buckets: Buckets) -> None:
    """Take a try back that was right, in the open transaction.

    What counts one account's tries starts anew; an address keeps its others, or whoever has an
    account could guess at all others for free.
    """
    names = sorted(buckets)
    db.session.execute(
        text(
            "UPDATE throttles SET blocked_until = NULL, failures = CASE"
            " WHEN bucket LIKE '% pair %' OR bucket LIKE '% device %' THEN 0"
            " ELSE greatest(failures - 1, 0) END WHERE bucket = ANY(:names)"
        ),
        {"names": names},
    )
