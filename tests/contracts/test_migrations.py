"""What migrations make of rows that are there."""

from __future__ import annotations

import psycopg
from flask_migrate import upgrade

from app.extensions import db
from app.shared import ids
from tests.conftest import ROOT, make_app, other_database

NAME = "of_before"
MIGRATIONS = str(ROOT / "migrations")
PERSON = (
    "INSERT INTO users (id, email, name, role, password_hash) VALUES (%s, %s, %s, 'ops_agent', '')"
)
LETTER = (
    "INSERT INTO dead_letters (job, subject, reason, attempts, raised_at, closed_at, closed_by)"
    " VALUES ('watch', %s, 'r', 1, now(), now(), %s)"
)


def test_what_somebody_did_before_0005_is_theirs_where_nobody_shares_their_name(
    cluster, valkey_url
):
    ada, people = ids.new(), ("Imani", "Imani")
    with psycopg.connect(cluster.superuser, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{NAME}" OWNER {owner_of(cluster)}')
        app = make_app(cluster, NAME, valkey_url)
        with app.app_context():
            upgrade(directory=MIGRATIONS, revision="0004")
            with psycopg.connect(other_database(cluster.superuser, NAME)) as before:
                before.execute(PERSON, [ada, "ada@example.org", "Ada"])
                for n, name in enumerate(people):
                    before.execute(PERSON, [ids.new(), f"{n}@example.org", name])
                for name in ("Ada", "Imani", "Bo"):
                    before.execute(LETTER, [f"order of {name}", name])
            upgrade(directory=MIGRATIONS)
            db.engine.dispose()
        with psycopg.connect(other_database(cluster.superuser, NAME)) as after:
            found = after.execute("SELECT closed_by, closed_by_id FROM dead_letters").fetchall()
        server.execute(f'DROP DATABASE "{NAME}"')

    assert dict(found) == {"Ada": ada, "Imani": None, "Bo": None}


def owner_of(cluster) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(cluster.owner)["user"])
