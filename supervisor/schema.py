"""Whether the database's tables are this release's already."""

from __future__ import annotations

import psycopg

from supervisor.parts import ROOT

VERSIONS = ROOT / "migrations" / "versions"


def newest_revision() -> str:
    """Return the revision this release brings: the number its last migration begins with."""
    return max(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py"))


def is_current(url: str) -> bool:
    """Return whether a database stands at the newest revision; asking takes milliseconds."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except psycopg.Error:
        return False
    return row is not None and row[0] == newest_revision()
