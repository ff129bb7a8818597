"""When a part counts as ready: it answers what it will be asked."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable

import redis

from supervisor.child import Child
from supervisor.errors import CannotRunError
from supervisor.ports import LOOPBACK
from supervisor.process import ending

PATIENCE = 2.0


def answers_http(port: int, path: str = "/healthz") -> bool:
    """Return whether this machine answers 200 there; no proxy is asked."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def answers_redis(url: str) -> bool:
    """Return whether the Valkey there has read its data and answers."""
    try:
        with redis.Redis.from_url(url, socket_timeout=PATIENCE) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def has_reported(url: str, name: str, pid: int) -> bool:
    """Return whether this very process has said in Valkey that it is alive."""
    try:
        with redis.Redis.from_url(url, socket_timeout=PATIENCE) as client:
            return bool(client.get(f"alive:{name}") == str(pid).encode())
    except redis.RedisError:
        return False


def wait_until_ready(
    child: Child,
    *,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> float:
    """Return how long the started child took to be ready, or say why it never was."""
    while not child.check_ready():
        code = child.exit_code()
        if code is not None:
            raise CannotRunError(f"{child.part.name} {ending(code)} before it was ready.")
        if clock() - child.started_at > child.part.ready_within:
            within = f"{child.part.ready_within:.0f} s"
            raise CannotRunError(f"{child.part.name} was not ready within {within}.")
        pause(0.02)
    return clock() - child.started_at
