"""What production refuses that only the database knows."""

from __future__ import annotations

from sqlalchemy import text

from app.extensions import db
from app.shared.work import ACCOUNTS, transaction
from config import ConfigError

# The people of app/demo.py; nobody can have a real mailbox there (RFC 2606).
DEMONSTRATION, SIMULATOR = "%@demo.example", "simulator"


def demonstration_logins() -> list[str]:
    """Return the demonstration's people and keys that still open something."""
    with transaction(ACCOUNTS):
        found = db.session.scalars(
            text(
                "SELECT email FROM users WHERE email LIKE :ours AND is_active UNION ALL"
                " SELECT 'the key ' || name FROM api_keys WHERE name = :key AND vendor_id IS NULL"
                " AND revoked_at IS NULL ORDER BY 1"
            ),
            {"ours": DEMONSTRATION, "key": SIMULATOR},
        )
        return list(found)


def refuse_demonstration_logins() -> None:
    """Raise ConfigError while a login that everybody could know opens this database."""
    try:
        logins = demonstration_logins()
    finally:
        # A server that forks after this must not share the connection between its workers.
        db.engine.dispose()
    if logins:
        sentence = (
            f"The database still lets {', '.join(logins)} in, logins of a demonstration: switch"
            " them off or revoke them, or give DATABASE_URL a database of its own."
        )
        raise ConfigError([sentence])
