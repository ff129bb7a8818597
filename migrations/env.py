"""How migrations run: as the owner, one at a time, never waiting long for a lock."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import create_engine, text

from app.extensions import db
from config import database_url

# Two releases that start at once migrate one after the other.
MIGRATION_LOCK = 2026_11_21


def grant_roles(connection, login: str) -> None:
    """Let the application's login become the roles, without inheriting any of their rights."""
    quoted = connection.dialect.identifier_preparer.quote(login)
    for role in ("onward_ops", "onward_vendor", "onward_auth", "onward_worker"):
        connection.execute(text(f"GRANT {role} TO {quoted} WITH INHERIT FALSE, SET TRUE"))
    connection.execute(text(f"GRANT SELECT ON world_clock TO {quoted}"))


def run() -> None:
    """Bring the schema to the newest revision in one transaction."""
    url = current_app.config["DATABASE_OWNER_URL"] or current_app.config["DATABASE_URL"]
    engine = create_engine(database_url(url))
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        connection.execute(text("SET LOCAL statement_timeout = '300s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        context.configure(connection=connection, target_metadata=db.metadata)
        context.run_migrations()
        login = create_engine(database_url(current_app.config["DATABASE_URL"])).url.username
        grant_roles(connection, login)
    engine.dispose()


run()
