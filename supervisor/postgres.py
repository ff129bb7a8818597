"""An embedded PostgreSQL: made once, started by us as a direct child, reached over loopback TCP."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from supervisor.account import Account, can_pass, give, server_account, shared_home
from supervisor.binaries import postgres_programs
from supervisor.errors import CannotRunError
from supervisor.ports import LOOPBACK
from supervisor.process import Part

DATABASE = "onward"
OWNER, APPLICATION, SUPERUSER = "onward_owner", "onward_app", "postgres"

SETTINGS = {
    "listen_addresses": LOOPBACK,
    # A socket's path may not exceed about 100 characters, and data folders do.
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    "wal_compression": "on",
    "checkpoint_timeout": "10min",
    # Our statements are short; compiling them costs more than it saves.
    "jit": "off",
    # Queues of due work change all the time and have to stay small.
    "autovacuum_naptime": "20s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    "log_checkpoints": "off",
    # The values of a row that was refused are a person's; a log has no use for them.
    "log_error_verbosity": "terse",
}
# The database's own rules sort and fold case, so every machine agrees; the operating system's
# are asked only for what is a letter, and not every system has the first.
LOCALES = ("C.UTF-8", "C")
# How long a server that a killed supervisor left behind may take to stop.
LEFTOVER_GRACE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Passwords:
    """One password a role."""

    superuser: str
    owner: str
    application: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One PostgreSQL: where its data and programs are and how it is reached."""

    folder: Path
    port: int
    passwords: Passwords
    programs: Path
    account: Account | None

    def url(self, role: str = APPLICATION, database: str = DATABASE) -> str:
        """Return the address at which a role reaches a database."""
        password = {
            SUPERUSER: self.passwords.superuser,
            OWNER: self.passwords.owner,
            APPLICATION: self.passwords.application,
        }[role]
        return f"postgresql://{role}:{password}@{LOOPBACK}:{self.port}/{database}"


def cluster_in(data: Path, port: int, passwords: Passwords) -> Cluster:
    """Return the cluster that belongs to a data folder."""
    account = server_account()
    return Cluster(
        folder=_place(data, account),
        port=port,
        passwords=passwords,
        programs=postgres_programs(account),
        account=account,
    )


def _place(data: Path, account: Account | None) -> Path:
    """Return where the cluster is kept: in the data folder, or where its account can reach it."""
    pointer = data / "postgres.place"
    if pointer.exists():
        return Path(pointer.read_text().strip())
    if (data / "postgres").exists() or can_pass(data, account):
        return data / "postgres"
    place = shared_home() / f"postgres-{secrets.token_hex(8)}"
    pointer.write_text(f"{place}\n")
    return place


def make(cluster: Cluster) -> bool:
    """Make the cluster if there is none; return whether it was made."""
    if cluster.folder.exists():
        _require_ours(cluster)
        return False
    fresh = cluster.folder.with_name(cluster.folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    give(fresh, cluster.account)
    _initialise(cluster, fresh / "cluster", _password_file(cluster, fresh))
    # Only a whole cluster gets the name, so that a start killed here begins again.
    (fresh / "cluster").rename(cluster.folder)
    shutil.rmtree(fresh)
    return True


def _require_ours(cluster: Cluster) -> None:
    owner = cluster.folder.stat().st_uid
    expected = cluster.account.uid if cluster.account else os.geteuid()
    if owner != expected:
        raise CannotRunError(
            f"The database in {cluster.folder} belongs to another user (uid {owner}); "
            "run Onward as that user, or choose another folder with --data."
        )


def _password_file(cluster: Cluster, folder: Path) -> Path:
    path = folder / "password"
    path.touch(mode=0o600)
    path.write_text(cluster.passwords.superuser)
    give(path, cluster.account)
    return path


def _initialise(cluster: Cluster, folder: Path, password_file: Path) -> None:
    command = [
        str(cluster.programs / "initdb"),
        f"--pgdata={folder}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--data-checksums",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
    ]
    for locale in LOCALES:
        done = _run([*command, f"--locale={locale}"], cluster.account)
        if done.returncode == 0:
            return
        shutil.rmtree(folder, ignore_errors=True)
    lines = done.stdout.strip().splitlines() or ["no reason was given"]
    raise CannotRunError(f"PostgreSQL could not make its data folder {cluster.folder}: {lines[-1]}")


def _run(command: list[str], account: Account | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd="/",
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        # Ctrl-C is for us; a folder half made would have to be made again.
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def _environment() -> dict[str, str]:
    # Nothing of ours is the server's business; without LC_ALL macOS starts a thread too early.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def part(cluster: Cluster, log: Path, settings: Mapping[str, str] = SETTINGS) -> Part:
    """Return the server of a cluster as a part to be supervised."""
    options = {**settings, "port": str(cluster.port)}
    words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    return Part(
        name="PostgreSQL",
        command=(str(cluster.programs / "postgres"), "-D", str(cluster.folder), *words),
        environment=_environment(),
        folder=Path("/"),
        log=log,
        is_ready=lambda _pid: answers(cluster.url(SUPERUSER, "postgres")),
        # After a power cut the log of changes is read again first; that may take a while.
        ready_within=300.0,
        stop_signal=signal.SIGINT,
        grace=5.0,
        account=cluster.account,
        before_start=lambda: clear_leftovers(cluster.folder),
    )


def answers(url: str) -> bool:
    """Return whether the server takes this connection."""
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def clear_leftovers(folder: Path, sleep: Callable[[float], None] = time.sleep) -> None:
    """Stop a server an earlier start left on this folder, and drop a pid file that is not its own.

    A pid is used again after a crash; PostgreSQL then takes any process of ours for its twin.
    """
    pid_file = folder / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().splitlines()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return
    if not _is_server_of(pid, folder):
        pid_file.unlink(missing_ok=True)
        return
    server = psutil.Process(pid)
    for request in (signal.SIGINT, signal.SIGKILL):
        with suppress(psutil.NoSuchProcess):
            server.send_signal(request)
        deadline = time.monotonic() + LEFTOVER_GRACE
        while _is_server_of(pid, folder) and time.monotonic() < deadline:
            sleep(0.05)


def _is_server_of(pid: int, folder: Path) -> bool:
    """Return whether this process is a PostgreSQL whose command line names this folder."""
    try:
        process = psutil.Process(pid)
        words = process.cmdline()
        is_zombie = process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
    return not is_zombie and "postgres" in "".join(words[:1]) and str(folder) in words


def install_roles(cluster: Cluster) -> None:
    """Give the cluster its roles, passwords and database; what is there already stays."""
    with psycopg.connect(cluster.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        _install_role(connection, OWNER, "CREATEROLE", cluster.passwords.owner)
        _install_role(
            connection, APPLICATION, "NOINHERIT NOCREATEROLE", cluster.passwords.application
        )
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(query, (DATABASE,)).fetchone() is None:
            names = sql.Identifier(DATABASE), sql.Identifier(OWNER)
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
    with psycopg.connect(cluster.url(SUPERUSER, DATABASE), autocommit=True) as connection:
        owner = sql.Identifier(OWNER)
        connection.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(owner))


def _install_role(
    connection: psycopg.Connection[tuple[object, ...]], role: str, rights: str, password: str
) -> None:
    name = sql.Identifier(role)
    query = "SELECT 1 FROM pg_roles WHERE rolname = %s"
    if connection.execute(query, (role,)).fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {}").format(name))
    attributes = f"LOGIN NOSUPERUSER NOCREATEDB NOBYPASSRLS NOREPLICATION {rights}"
    statement = sql.SQL("ALTER ROLE {} WITH {} PASSWORD {}").format(
        name, sql.SQL(attributes), sql.Literal(password)
    )
    connection.execute(statement)
