"""What a killed supervisor left running: remembered while it runs, ended before the next start."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from supervisor.child import Child
from supervisor.files import read_json, write_json

RECORD = "processes.json"
# As long as a worker may take over its job; whatever is left then is killed.
GRACE = 8.0


def remember(file: Path, children: Sequence[Child]) -> None:
    """Write down which processes run now and by which command lines they are known."""
    running = {str(child.pid): list(child.part.command) for child in children if child.pid}
    write_json(file, running)


def end_leftovers(
    file: Path,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Return how many processes of an earlier start had to be ended."""
    commands = {int(pid): command for pid, command in read_json(file).items()}
    found = left_running(commands)
    deadline = clock() + GRACE
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in left_running(commands):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        while left_running(commands) and clock() < deadline:
            sleep(0.05)
    file.unlink(missing_ok=True)
    return len(found)


def left_running(commands: dict[int, list[str]]) -> list[int]:
    """Return the processes that are ours by their session and by their command line."""
    return [
        process.pid
        for process in psutil.process_iter()
        if (session := _session(process)) in commands and _is(process, commands[session])
    ]


def _session(process: psutil.Process) -> int:
    with suppress(ProcessLookupError, PermissionError):
        return os.getsid(process.pid)
    return 0


def _is(process: psutil.Process, command: list[str]) -> bool:
    try:
        return bool(process.cmdline() == command) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
