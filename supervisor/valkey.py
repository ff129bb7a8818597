"""An embedded Valkey, the doorbell: what it holds survives a kill."""

from __future__ import annotations

from pathlib import Path

from supervisor.binaries import valkey_server
from supervisor.files import make_folder
from supervisor.ports import LOOPBACK
from supervisor.process import Part
from supervisor.ready import answers_redis

KEPT = {"appendonly": "yes", "appendfsync": "everysec"}


def url(port: int, password: str) -> str:
    """Return the address of a Valkey of ours."""
    return f"redis://:{password}@{LOOPBACK}:{port}/0"


def part(*, folder: Path, port: int, password: str, log: Path, keeping: dict[str, str]) -> Part:
    """Return a Valkey on this folder as a part to be supervised."""
    make_folder(folder, 0o700)
    address = url(port, password)
    return Part(
        name="Valkey",
        command=(str(valkey_server()), str(_configuration(folder, port, password, keeping))),
        environment={},
        folder=folder,
        log=log,
        is_ready=lambda _pid: answers_redis(address),
        grace=3.0,
    )


def _configuration(folder: Path, port: int, password: str, keeping: dict[str, str]) -> Path:
    """Return the configuration in a file: a command line shows everyone its password."""
    settings = {
        "bind": LOOPBACK,
        "port": str(port),
        "requirepass": password,
        "dir": f'"{folder}"',
        "save": '""',
        # A full memory must refuse loudly; an evicted job would be lost in silence.
        "maxmemory-policy": "noeviction",
        # The process must stay recognisable as ours by its command line.
        "set-proc-title": "no",
        **keeping,
    }
    path = folder / "valkey.conf"
    path.touch(mode=0o600)
    path.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    return path
