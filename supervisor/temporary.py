"""Throw-away servers for tests and benchmarks: quick to make, and gone afterwards."""

from __future__ import annotations

import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from supervisor import postgres, valkey
from supervisor.account import Account, can_pass, give, server_account, shared_home
from supervisor.binaries import postgres_programs
from supervisor.child import Child, stop
from supervisor.files import make_folder
from supervisor.ports import free_port
from supervisor.postgres import APPLICATION, OWNER, SETTINGS, SUPERUSER, Cluster, Passwords
from supervisor.ready import wait_until_ready

# For data that is thrown away: a crash may lose it all.
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "autovacuum_naptime": "1min",
}
KEEPING_NOTHING = {"appendonly": "no"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Urls:
    """The addresses of a throw-away PostgreSQL; the superuser's names the maintenance database."""

    superuser: str
    owner: str
    application: str


@contextmanager
def temporary_cluster(
    folder: Path, settings: Mapping[str, str] = THROW_AWAY
) -> Iterator[tuple[Cluster, Child]]:
    """Run a throw-away PostgreSQL; its log is in the folder, its data wherever it can be.

    `settings`: what is other than where orders are at stake.
    """
    cluster, home = _temporary(folder)
    try:
        postgres.make(cluster)
        child = Child(postgres.part(cluster, folder / "postgres.log", {**SETTINGS, **settings}))
        child.start()
        try:
            wait_until_ready(child)
            postgres.install_roles(cluster)
            yield cluster, child
        finally:
            # Nothing is kept, so nothing needs to be written down on the way out.
            child.ask_to_stop(signal.SIGQUIT)
            stop([child])
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _temporary(folder: Path) -> tuple[Cluster, Path]:
    account = server_account()
    make_folder(folder)
    home = Path(tempfile.mkdtemp(prefix="onward-", dir=_temporary_home(folder, account)))
    give(home, account)
    words = (secrets.token_urlsafe(12) for _ in range(3))
    passwords = Passwords(superuser=next(words), owner=next(words), application=next(words))
    programs = postgres_programs(account)
    cluster = Cluster(
        folder=home / "data",
        port=free_port(),
        passwords=passwords,
        programs=programs,
        account=account,
    )
    return cluster, home


def _temporary_home(folder: Path, account: Account | None) -> Path:
    common = Path(tempfile.gettempdir())
    places = [place for place in (folder, common) if can_pass(place, account)]
    return places[0] if places else shared_home()


@contextmanager
def temporary_postgres(folder: Path, settings: Mapping[str, str] = THROW_AWAY) -> Iterator[Urls]:
    """Run a throw-away PostgreSQL with the platform's roles and its empty database."""
    with temporary_cluster(folder, settings) as (cluster, _child):
        yield Urls(
            superuser=cluster.url(SUPERUSER, "postgres"),
            owner=cluster.url(OWNER),
            application=cluster.url(APPLICATION),
        )


@contextmanager
def temporary_server(folder: Path) -> Iterator[tuple[str, Child]]:
    """Run a throw-away Valkey that keeps nothing."""
    port, password = free_port(), secrets.token_urlsafe(12)
    log = make_folder(folder) / "valkey.log"
    part = valkey.part(
        folder=folder, port=port, password=password, log=log, keeping=KEEPING_NOTHING
    )
    child = Child(part)
    child.start()
    try:
        wait_until_ready(child)
        yield valkey.url(port, password), child
    finally:
        stop([child])


@contextmanager
def temporary_valkey(folder: Path) -> Iterator[str]:
    """Run a throw-away Valkey and yield its address."""
    with temporary_server(folder) as (address, _child):
        yield address
