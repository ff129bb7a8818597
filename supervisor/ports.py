"""Which port each server listens on: chosen once, remembered, chosen again when taken."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

from supervisor.errors import CannotRunError
from supervisor.files import read_json, write_json

LOOPBACK = "127.0.0.1"

# Below the ports the kernel lends to outgoing connections: while a server restarts, a client
# that keeps trying could otherwise be lent the server's own port and keep it from coming back.
CHOICES = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Return whether a server could listen on this port of the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Connections that have just ended do not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(avoid: frozenset[int] = frozenset()) -> int:
    """Return a port that nothing listens on."""
    while True:
        port = secrets.choice(CHOICES)
        if port not in avoid and is_free(port):
            return port


def remembered_ports(file: Path, names: tuple[str, ...]) -> dict[str, int]:
    """Return a free port for each name, the one it had before where that is still free."""
    known = {name: int(port) for name, port in read_json(file).items()}
    chosen = {name: port for name, port in known.items() if name not in names or is_free(port)}
    for name in names:
        chosen.setdefault(name, free_port(frozenset(chosen.values())))
    if chosen != known:
        write_json(file, chosen)
    return {name: chosen[name] for name in names}


def require_free(port: int) -> int:
    """Return the port people asked for, or refuse in one sentence."""
    if is_free(port):
        return port
    raise CannotRunError(
        f"Port {port} is taken by another program; choose another with --port {port + 1}."
    )
