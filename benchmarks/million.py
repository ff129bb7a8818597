"""Claim: a million orders of two years are written in at most five minutes.

The limit is judged by a tenth of them on a throw-away database. `--data FOLDER --orders N` writes
them into the database of the platform that runs on that folder, for somebody to look at: rows
that lists show and searches find, which no job works on.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from flask_migrate import upgrade

from app import create_app
from app.extensions import db
from config import Config
from supervisor.files import read_json
from supervisor.ports import LOOPBACK
from supervisor.settings import kept_secrets
from supervisor.temporary import temporary_postgres, temporary_valkey

ROOT = Path(__file__).parents[1]
MILLION, A_TENTH, MOST_SECONDS = 1_000_000, 100_000, 300
SQL = Path(__file__).with_suffix(".sql")
LAST = "SELECT coalesce(max(substr(number, 3)::int), 0) FROM orders WHERE number ~ '^B-[0-9]{8}$'"
COHORTS = "SELECT ensure_cohort(cohort) FROM (SELECT DISTINCT cohort FROM orders) months"
TABLES = (
    "customers, products, orders, recipients, order_lines, fulfillment_orders, listings, fo_lines,"
    " packages, package_lines, shipments, exception_cases"
)


def fill(url: str, orders: int) -> float:
    """Write this many orders beside those that are there; return the seconds it took."""
    started = time.perf_counter()
    with psycopg.connect(url) as connection:
        # Every row names only what the same statements write, so keys need not be looked up twice.
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET work_mem = '256MB'")
        row = connection.execute(LAST).fetchone()
        first = row[0] if row else 0
        values = {"orders": str(orders), "first": str(first)}
        for statement in (SQL.read_text() % values).split(";\n"):
            if statement.strip():
                connection.execute(statement)
        # What happens to them from now on stands with the month they were born in.
        connection.execute(COHORTS)
        connection.commit()
        # As where it goes on running: nobody who is measured waits for this, or beside it.
        connection.autocommit = True
        connection.execute(f"VACUUM ANALYZE {TABLES}")
    return time.perf_counter() - started


def superuser_of(data: Path) -> str:
    """Return the address of the database of the platform that runs on a data folder."""
    port = read_json(data / "ports.json")["postgres"]
    password = kept_secrets(data / "secrets.json")["postgres_superuser"]
    return f"postgresql://postgres:{password}@{LOOPBACK}:{port}/onward"


def settings(urls_application: str, urls_owner: str, redis_url: str) -> Config:
    """Return the settings of an application on throw-away servers."""
    given = {
        "DATABASE_URL": urls_application,
        "DATABASE_OWNER_URL": urls_owner,
        "REDIS_URL": redis_url,
        "ENVIRONMENT": "test",
        "LOG_LEVEL": "ERROR",
    }
    return Config.from_environment(given)


def in_a_throw_away_database(orders: int) -> int:
    """Print how long it took; 1 where the claim does not hold."""
    folder = Path(tempfile.mkdtemp())
    with temporary_postgres(folder / "pg") as urls, temporary_valkey(folder / "vk") as redis_url:
        app = create_app(settings(urls.application, urls.owner, redis_url))
        with app.app_context():
            upgrade(directory=str(ROOT / "migrations"))
            db.engine.dispose()
        took = fill(urls.superuser.rpartition("/")[0] + "/onward", orders)
    each_million = took * MILLION / orders
    print(f"{orders:,} orders in {took:.1f} s: {each_million:.0f} s a million")
    print(f"(claim: at most {MOST_SECONDS} s a million)")
    return int(each_million > MOST_SECONDS)


def main() -> int:
    """Fill a database that is named, or measure on a throw-away one."""
    parser = argparse.ArgumentParser(prog="run.py bench million", description=__doc__)
    parser.add_argument("--orders", type=int, default=A_TENTH)
    parser.add_argument("--data", type=Path, help="the data folder of a running platform")
    options = parser.parse_args()
    if options.data is None:
        return in_a_throw_away_database(options.orders)
    took = fill(superuser_of(options.data), options.orders)
    print(f"{options.orders:,} orders are in the database of {options.data} ({took:.0f} s).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
