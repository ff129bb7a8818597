"""Good passwords, slowed guesses, sessions that end, and who may manage whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from app.accounts.contract import OPS_ROLES, VENDOR_ROLES, Stage
from app.shared.errors import InvalidInput

# ASVS 5.0 6.2.1 and 6.2.9: at least 8 characters, 15 are recommended; whole sentences are welcome.
SHORTEST, RECOMMENDED, LONGEST = 8, 15, 1000
# A name shorter than this is part of too many good passwords.
TELLING = 4
# A password of fewer different characters is one key pressed many times.
LEAST_VARIED = 3


@cache
def _most_used() -> frozenset[str]:
    """Return the 30,000 passwords that are guessed first (zxcvbn's list; ASVS asks for 3,000)."""
    return frozenset(FREQUENCY_LISTS["passwords"])


def complaint(password: str, *, email: str, name: str) -> str | None:
    """Return why a password is refused, or nothing; what characters it has is nobody's business."""
    folded = password.casefold()
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters; {RECOMMENDED} or more are better."
    if len(password) > LONGEST:
        return f"Use at most {LONGEST:,} characters."
    if folded in _most_used():
        return "This is one of the passwords that are guessed first. Choose another."
    own = {email.casefold(), email.partition("@")[0].casefold(), name.casefold(), "onward"}
    if len(set(folded)) < LEAST_VARIED or any(
        len(w) >= TELLING and folded.strip("0123456789!. ") == w for w in own
    ):
        return "This is easy to guess from who you are or how it is made. Choose another."
    return None


def require_plain_name(name: str) -> None:
    """Refuse a name that a mail's reader could take for a link, or that hides something."""
    if not name.strip() or not name.isprintable() or any(mark in name for mark in "/:@<>"):
        raise InvalidInput("The name was not taken.", name="Write a name, without links or marks.")


@dataclass(frozen=True, slots=True)
class Brake:
    """How guesses are slowed: some are free, then each doubles the wait, up to the longest.

    No wait is for ever, so nobody can be locked out by somebody else (ASVS 5.0 6.3.1, 6.1.1).
    """

    free: int
    longest: timedelta
    first: timedelta = timedelta(seconds=15)
    # Without a wrong try for this long, all is forgotten.
    forgotten_after: timedelta = timedelta(hours=1)

    def wait(self, failures: int) -> timedelta:
        """Return how long nobody may try after this many wrong tries."""
        if failures < self.free:
            return timedelta()
        return min(self.longest, self.first * (1 << min(failures - self.free, 20)))


@dataclass(frozen=True, slots=True)
class Tries:
    """The wrong tries of one bucket."""

    failures: int
    last_at: datetime
    blocked_until: datetime | None = None


def tried(known: Tries, brake: Brake, now: datetime) -> Tries:
    """Return a bucket after one more try that may turn out wrong."""
    is_old = known.last_at < now - brake.forgotten_after
    failures = 1 if is_old else known.failures + 1
    wait = brake.wait(failures)
    return Tries(failures, now, now + wait if wait else None)


@dataclass(frozen=True, slots=True)
class Timeout:
    """After how long a session ends: unused, and whatever happens."""

    idle: timedelta
    absolute: timedelta


TIMEOUTS = {role: Timeout(timedelta(hours=12), timedelta(days=7)) for role in VENDOR_ROLES} | {
    role: Timeout(timedelta(minutes=30), timedelta(hours=12)) for role in OPS_ROLES
}
# A session whose second factor is not shown by then was somebody who went away.
UNPROVEN = timedelta(minutes=15)


def has_ended(
    role: str, stage: Stage, created_at: datetime, seen_at: datetime, now: datetime
) -> bool:
    """Return whether a session has run out."""
    timeout = TIMEOUTS[role]
    if stage is Stage.CODE and now - created_at > UNPROVEN:
        return True
    return now - seen_at > timeout.idle or now - created_at > timeout.absolute


def stage(role: str, *, has_factor: bool, is_proven: bool, is_enforced: bool) -> Stage:
    """Return how far somebody is in whose password was right."""
    if has_factor:
        return Stage.IN if is_proven else Stage.CODE
    return Stage.ENROL if is_enforced and role in OPS_ROLES else Stage.IN


def may_manage(
    role: str, vendor_id: UUID | None, others_role: str, others_vendor_id: UUID | None
) -> bool:
    """Return whether somebody may invite, change or switch off somebody of a role."""
    if role == "administrator":
        return True
    is_same_vendor = vendor_id is not None and vendor_id == others_vendor_id
    return role == "vendor_owner" and is_same_vendor and others_role in VENDOR_ROLES
