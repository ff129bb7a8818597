from __future__ import annotations

import psycopg

from supervisor import schema


def test_an_empty_database_is_not_current_and_a_migrated_one_is(cluster):
    with psycopg.connect(cluster.superuser, autocommit=True) as server:
        server.execute("CREATE DATABASE schema_test OWNER onward_owner")
    url = cluster.owner.rpartition("/")[0] + "/schema_test"

    assert schema.is_current(url) is False

    with psycopg.connect(url) as owner:
        owner.execute("CREATE TABLE alembic_version (version_num text)")
        owner.execute("INSERT INTO alembic_version VALUES (%s)", [schema.newest_revision()])
    assert schema.is_current(url) is True


def test_a_database_that_is_away_is_not_current():
    assert schema.is_current("postgresql://nobody@127.0.0.1:1/none") is False
