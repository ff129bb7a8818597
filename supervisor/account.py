"""The account lent to PostgreSQL, which refuses to be root, and the places it can reach."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from supervisor.errors import CannotRunError

# Where root keeps what another account has to reach when the project lies in a closed folder.
SHARED_HOME = Path("/var/lib/onward")


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine and its group."""

    uid: int
    gid: int


def server_account() -> Account | None:
    """Return the account to lend to PostgreSQL; none when we are not root and it runs as we do."""
    if os.geteuid() != 0:
        return None
    known = [user for user in pwd.getpwall() if user.pw_uid != 0]
    if not known:
        raise CannotRunError(
            "PostgreSQL refuses to run as root and this machine has no other account; "
            "run Onward as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own."
        )
    # nobody has no files of its own that a fault in the server could reach.
    chosen = next((user for user in known if user.pw_name == "nobody"), known[0])
    return Account(chosen.pw_uid, chosen.pw_gid)


def can_pass(folder: Path, account: Account | None) -> bool:
    """Return whether the account gets into the folder and through every folder above it."""
    if account is None:
        return True
    resolved = folder.resolve()
    return all(_allows(path, account, stat.S_IXUSR) for path in (resolved, *resolved.parents))


def can_read(file: Path, account: Account | None) -> bool:
    """Return whether the account can read the file where it lies."""
    if account is None:
        return True
    return can_pass(file.parent, account) and _allows(file, account, stat.S_IRUSR)


def _allows(path: Path, account: Account, owners_right: int) -> bool:
    found = path.stat()
    others_right = owners_right >> 6
    return bool(found.st_mode & (owners_right if found.st_uid == account.uid else others_right))


def give(path: Path, account: Account | None) -> None:
    """Make the account the owner of one path."""
    if account is not None:
        os.chown(path, account.uid, account.gid)


def shared_home() -> Path:
    """Return root's folder that every account may pass through."""
    SHARED_HOME.mkdir(parents=True, exist_ok=True)
    SHARED_HOME.chmod(0o755)
    return SHARED_HOME
