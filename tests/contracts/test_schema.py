from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from app.extensions import db
from app.shared.beginning import BEGIN
from app.shared.work import OPS, transaction
from config import database_url
from tests.conftest import other_database

ROOT = Path(__file__).parents[2]
# What the migration has and no model needs: the machine's own books, read by plain SQL.
WITHOUT_A_MODEL = {
    "world_clock",
    "job_runs",
    "idempotency",
    "alembic_version",
    "recipients",
}
# A vendor_id that row-level security does not guard: a vendor has no grant on these at all.
WITHOUT_ROW_SECURITY = {"api_keys", "audit", "exception_cases", "links", "users"}
ROLES = ("onward_ops", "onward_vendor", "onward_auth", "onward_worker")


def test_models_and_migrations_agree_on_every_column(app, cluster, database):
    engine = create_engine(database_url(other_database(cluster.superuser, database)))

    def compared(_thing, name, kind, reflected, _other):
        is_partition = kind == "table" and name.rpartition("_")[2].isdigit()
        is_unmodeled = kind == "table" and reflected and name in WITHOUT_A_MODEL
        return kind in {"table", "column"} and not is_partition and not is_unmodeled

    with engine.connect() as connection:
        options = {"compare_type": True, "include_object": compared}
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, db.metadata)
    engine.dispose()

    told = [d for d in differences if not is_a_key(d)]
    assert told == []


def is_a_key(difference) -> bool:
    """Return whether a difference is about indexes, constraints or keys, which models leave out."""
    kind = difference[0] if isinstance(difference, tuple) else difference[0][0]
    return kind.endswith(("_index", "_constraint", "_fk"))


def test_there_is_one_newest_migration():
    config = AlembicConfig()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    script = ScriptDirectory.from_config(config)

    assert len(script.get_heads()) == 1
    assert [r.revision for r in script.walk_revisions()][-1] == "0001"


def test_migrations_are_numbered_without_gaps():
    names = sorted(p.stem[:4] for p in (ROOT / "migrations" / "versions").glob("[0-9]*.py"))

    assert names == [f"{n:04d}" for n in range(1, len(names) + 1)]


def superuser_rows(cluster, database, query):
    engine = create_engine(database_url(other_database(cluster.superuser, database)))
    with engine.connect() as connection:
        found = connection.execute(text(query)).all()
    engine.dispose()
    return found


def test_every_table_with_a_vendor_is_guarded_row_by_row(app, cluster, database):
    tables = superuser_rows(
        cluster,
        database,
        "SELECT c.relname, c.relrowsecurity FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE a.attname = 'vendor_id' AND NOT a.attisdropped AND c.relkind IN ('r', 'p')"
        " AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition",
    )

    assert {name for name, guarded in tables if not guarded} == WITHOUT_ROW_SECURITY
    assert len(tables) > len(WITHOUT_ROW_SECURITY) + 5


@pytest.mark.parametrize("table", sorted(WITHOUT_ROW_SECURITY))
def test_a_vendor_has_no_right_on_what_is_not_guarded(app, cluster, database, table):
    [(may,)] = superuser_rows(
        cluster, database, f"SELECT has_table_privilege('onward_vendor', '{table}', 'SELECT')"
    )

    assert may is False


def test_partitions_cannot_be_read_around_their_tables_guard(app, cluster, database):
    with transaction(OPS):
        db.session.execute(text("SELECT ensure_cohort('2026-11-01')"))

    found = superuser_rows(
        cluster,
        database,
        "SELECT c.relname FROM pg_class c"
        " CROSS JOIN unnest(ARRAY['onward_vendor', 'onward_auth']) r(role)"
        " WHERE c.relispartition AND c.relkind = 'r'"
        " AND has_table_privilege(r.role, c.oid, 'SELECT')",
    )

    assert found == []


def test_the_applications_login_has_no_rights_without_a_scope(app, cluster, database):
    login = db.engine.url.username
    found = superuser_rows(
        cluster,
        database,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        f" AND relkind IN ('r', 'p', 'v')"
        f" AND has_table_privilege('{login}', oid, 'SELECT, INSERT, UPDATE, DELETE')",
    )

    assert [name for (name,) in found] == ["world_clock"]
    assert "world_clock" in BEGIN.as_string()


def test_no_role_may_pass_row_level_security(app, cluster, database):
    found = superuser_rows(
        cluster,
        database,
        f"SELECT rolname FROM pg_roles WHERE rolname IN {(*ROLES, db.engine.url.username)}"
        " AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)",
    )

    assert found == []


def test_whoever_defines_rights_for_others_pins_its_search_path(app, cluster, database):
    found = superuser_rows(
        cluster,
        database,
        "SELECT proname, proconfig FROM pg_proc"
        " WHERE prosecdef AND pronamespace = 'public'::regnamespace",
    )

    assert {name: config[0].startswith("search_path") for name, config in found} == {
        "ensure_cohort": True,
        "seal_audit": True,
        "waited_for": True,
    }
