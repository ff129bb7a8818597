"""The embedded servers: they come back after kill -9 with what they held."""

from __future__ import annotations

import os
import signal
import stat
import subprocess

import psycopg
import pytest
import redis

from supervisor import valkey
from supervisor.child import Child, stop
from supervisor.ports import free_port
from supervisor.postgres import APPLICATION, OWNER, SUPERUSER, clear_leftovers, install_roles, make
from supervisor.ready import wait_until_ready
from supervisor.temporary import temporary_cluster


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    with temporary_cluster(tmp_path_factory.mktemp("postgres")) as running:
        yield running


def kill_and_tend(child: Child) -> list[str]:
    """Kill the server as a machine would, and look after it until it is back."""
    os.kill(child.pid or 0, signal.SIGKILL)
    news = []
    while not news or "is back" not in news[-1]:
        told = child.tend()
        news += [told] if told else []
    return news


def test_postgres_comes_back_after_kill_9_with_its_rows(postgres):
    cluster, child = postgres
    with psycopg.connect(cluster.url(OWNER)) as connection:
        # A throw-away server answers before it writes; this transaction waits for that.
        connection.execute("SET synchronous_commit = on")
        connection.execute("CREATE TABLE kept (id int)")
        connection.execute("INSERT INTO kept VALUES (1), (2)")

    news = kill_and_tend(child)

    assert news[0] == "PostgreSQL was ended by SIGKILL; starting it again in 0.2 s"
    with psycopg.connect(cluster.url(OWNER)) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (2,)


def test_the_roles_have_no_right_that_would_pass_row_security(postgres):
    cluster, _ = postgres
    query = (
        "SELECT rolname, rolsuper, rolbypassrls, rolinherit, rolcreaterole FROM pg_roles "
        "WHERE rolname LIKE 'onward%' ORDER BY rolname"
    )

    with psycopg.connect(cluster.url(SUPERUSER, "postgres")) as connection:
        found = connection.execute(query).fetchall()

    assert found == [
        (APPLICATION, False, False, False, False),
        (OWNER, False, False, True, True),
    ]


def test_the_database_sorts_the_same_on_every_machine_and_knows_letters(postgres):
    cluster, _ = postgres

    with psycopg.connect(cluster.url(APPLICATION)) as connection:
        assert connection.execute("SELECT upper('łódź'), 'a' > 'B'").fetchone() == ("ŁÓDŹ", True)
        assert connection.execute("SHOW data_checksums").fetchone() == ("on",)


def test_a_second_start_makes_nothing_again(postgres):
    cluster, _ = postgres

    assert make(cluster) is False
    install_roles(cluster)


def test_no_password_no_entry(postgres):
    cluster, _ = postgres

    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(host="127.0.0.1", port=cluster.port, user=SUPERUSER, dbname="postgres")


def test_a_stale_pid_file_is_dropped_and_the_process_it_names_lives(tmp_path):
    with subprocess.Popen(["/bin/sleep", "60"]) as innocent:
        (tmp_path / "postmaster.pid").write_text(f"{innocent.pid}\n{tmp_path}\n")

        clear_leftovers(tmp_path)

        assert innocent.poll() is None
        assert not (tmp_path / "postmaster.pid").exists()
        innocent.kill()


def test_valkey_comes_back_after_kill_9_with_its_keys(tmp_path):
    part = valkey.part(
        folder=tmp_path / "with space",
        port=free_port(),
        password="quiet",
        log=tmp_path / "valkey.log",
        keeping={"appendonly": "yes", "appendfsync": "always"},
    )
    child = Child(part)
    child.start()
    try:
        wait_until_ready(child)
        with redis.Redis.from_url(_url(part)) as client:
            client.set("kept", "1")

        kill_and_tend(child)

        with redis.Redis.from_url(_url(part)) as client:
            assert client.get("kept") == b"1"
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    finally:
        stop([child])


def test_valkeys_password_is_not_on_its_command_line(tmp_path):
    part = valkey.part(
        folder=tmp_path, port=20001, password="quiet", log=tmp_path / "log", keeping={}
    )

    assert not any("quiet" in word for word in part.command)
    assert stat.S_IMODE((tmp_path / "valkey.conf").stat().st_mode) == 0o600


def _url(part) -> str:
    settings = dict(
        line.split(" ", 1) for line in (part.folder / "valkey.conf").read_text().splitlines()
    )
    return valkey.url(int(settings["port"]), settings["requirepass"])
