"""One process: what it is started with, its log, and the session it leads."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

from supervisor.account import Account

# A log starts anew above this size, keeping the one before it.
LOG_LIMIT = 5_000_000
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What has to be known of a process to run it."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    log: Path | None
    output: Path | None = None
    is_ready: Callable[[int], bool] = lambda _pid: True
    ready_within: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 8.0
    account: Account | None = None
    before_start: Callable[[], None] = lambda: None


class Running(Protocol):
    """A process that was started."""

    pid: int

    def poll(self) -> int | None:
        """Return its exit code once it has ended."""


Spawn = Callable[[Part], Running]


def spawn(part: Part) -> Running:
    """Return the part's new process, which leads a session of its own and dies with us."""
    user = part.account
    # Known before the fork: between it and exec only what cannot block may be done.
    supervisor, libc = os.getpid(), _libc()

    def die_with_the_supervisor() -> None:
        if libc:
            libc.prctl(PR_SET_PDEATHSIG, int(part.stop_signal))
            if os.getppid() != supervisor:
                os.kill(os.getpid(), signal.SIGKILL)

    log = open_log(part.log) if part.log else None
    output = open_anew(part.output) if part.output else log
    try:
        return subprocess.Popen(
            part.command,
            cwd=part.folder,
            env=dict(part.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_the_supervisor,  # noqa: PLW1509 - the supervisor has one thread
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )
    finally:
        for opened in {log, output}:
            if opened is not None:
                os.close(opened)


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if sys.platform == "linux" else None


def open_log(path: Path) -> int:
    """Return the log opened for appending, started anew when it has grown too long."""
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_suffix(".old.log"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def open_anew(path: Path) -> int:
    """Return the file opened for writing, empty."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def ending(code: int) -> str:
    """Return how a process ended, in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was ended by {signal.Signals(-code).name}"


def session_members(session: int) -> list[int]:
    """Return the processes of a session other than its leader."""
    return [pid for pid in psutil.pids() if pid not in (0, session) and _session(pid) == session]


def _session(pid: int) -> int | None:
    with suppress(ProcessLookupError, PermissionError):
        return os.getsid(pid)
    return None
